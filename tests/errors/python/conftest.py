"""Functions in a file of their own, so that messages can name its lines."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from gatewright.errors import GatewrightError
from gatewright.frontends.python import load
from gatewright.options import Options

HEADER = "import numpy as np\n\nimport gatewright.types as gw\n\n\n"


@pytest.fixture
def message(tmp_path: Path) -> Callable[..., str]:
    """What compiling the function `f` of a text says; the text begins in line 6 of kernel.py."""

    def compiled(text: str, *examples: object, **options: object) -> str:
        file = tmp_path / "kernel.py"
        file.write_text(HEADER + text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("kernel_under_test", file)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        with pytest.raises(GatewrightError) as raised:
            load(module.f, examples or None, Options.of(**options))
        return str(raised.value)

    return compiled
