"""Functions in a file of their own, so that messages can name its lines."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from gatewright.errors import GatewrightError
from gatewright.frontends.python import load
from gatewright.options import Options

HEADER = "import numpy as np\n\nimport gatewright.numbers.types as gw\n\n\n"


def module_of(text: str, folder: Path) -> ModuleType:
    """The text as a module with a file; it begins in line 6 of kernel.py."""
    file = folder / "kernel.py"
    file.write_text(HEADER + text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("kernel_under_test", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def message(tmp_path: Path) -> Callable[..., str]:
    """What compiling the function `f` of a text says; the text begins in line 6 of kernel.py."""

    def compiled(text: str, *examples: object, **options: object) -> str:
        with pytest.raises(GatewrightError) as raised:
            load(module_of(text, tmp_path).f, examples or None, Options.of(**options))
        return str(raised.value)

    return compiled


@pytest.fixture
def message_or_none(tmp_path: Path) -> Callable[..., str | None]:
    """What compiling `f` says, if it says anything; None too for a text that Python itself cannot read."""

    def compiled(text: str, *examples: object) -> str | None:
        try:
            load(module_of(text, tmp_path).f, examples, Options())
        except (GatewrightError, SyntaxError) as error:
            return str(error) if isinstance(error, GatewrightError) else None
        return None

    return compiled
