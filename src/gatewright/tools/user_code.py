"""Run the user's own Python: what goes wrong in it is told as the user's error, what goes wrong in us as ours."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from gatewright.errors import GatewrightError, SourceError, SourceLocation

_PACKAGE = str(Path(__file__).parents[1])
_INSTALLED_BY = {"torch": "gatewright[torch]", "onnx": "gatewright[onnx]", "sklearn": "scikit-learn"}


@contextmanager
def user_code(file: Path) -> Generator[None, None, None]:
    """Turn an exception that the code in `file` raises into a SourceError that points at its line.

    An exception that comes out of the compiler, called by that code, is left as it is.
    """
    try:
        yield
    except GatewrightError:
        raise
    except SyntaxError as error:
        raise _syntax_error(error, file) from error
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [number for number, frame in enumerate(frames) if frame.filename == str(file)]
        if own and any(frame.filename.startswith(_PACKAGE) for frame in frames[own[-1] :]):
            raise
        location = SourceLocation(str(file), frames[own[-1]].lineno or 1, **_extent(frames[own[-1]])) if own else None
        message = str(error).strip().splitlines()
        raise SourceError(
            f"{file.name if not own else 'it'} failed with {type(error).__name__}{': ' if message else ''}"
            f"{message[0] if message else ''}",
            where=location,
            remedy=_remedy(error),
        ) from error


def load_module(file: Path) -> ModuleType:
    """Import the Python file `file`, which may import what lies beside it."""
    if not file.is_file():
        raise SourceError(f"cannot read {file}", why="there is no such file")
    folder = str(file.absolute().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    file = file.absolute()
    spec = importlib.util.spec_from_file_location(f"gatewright_source_{file.stem}", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    with user_code(file):
        spec.loader.exec_module(module)
    return module


def _syntax_error(error: SyntaxError, file: Path) -> SourceError:
    where = None
    if error.lineno is not None:
        width = (error.end_offset or 0) - (error.offset or 1) if error.end_lineno == error.lineno else 1
        column = max(0, (error.offset or 1) - 1)
        where = SourceLocation(error.filename or str(file), error.lineno, column, max(1, width))
    name = "this" if where else file.name
    return SourceError(f"{name} is not valid Python: {error.msg}", where=where)


def _extent(frame: traceback.FrameSummary) -> dict[str, int]:
    if frame.colno is None or frame.end_colno is None or frame.end_lineno != frame.lineno:
        return {}
    return {"column": frame.colno, "width": max(1, frame.end_colno - frame.colno)}


def _remedy(error: Exception) -> str | None:
    if isinstance(error, ModuleNotFoundError) and error.name in _INSTALLED_BY:
        return f"pip install '{_INSTALLED_BY[error.name]}'"
    return None
