"""Models in files of their own, so that messages can name their lines."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

import gatewright as gw

HEADER = """\
import torch
from torch import nn


class Model(nn.Module):
"""


@pytest.fixture
def message(tmp_path: Path) -> Callable[..., str]:
    """What compiling a model says, whose class has the given body, which begins in line 6 of model.py."""

    def compiled(body: str, *args: object, precision: str | None = "fixed<16,8>") -> str:
        file = tmp_path / "model.py"
        file.write_text(HEADER + body, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("model_under_test", file)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        with pytest.raises(gw.GatewrightError) as raised:
            gw.compile(module.Model(), args=args or None, precision=precision)
        return str(raised.value)

    return compiled
