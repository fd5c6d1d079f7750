"""What a command says and returns when it did not do its work."""

from __future__ import annotations

import platform
import sys
import tempfile
import traceback
from importlib.metadata import version

USER_ERROR = 1
"""The exit code when the user can mend it."""
INTERNAL_ERROR = 70
"""The exit code when Gatewright itself is wrong (EX_SOFTWARE of sysexits.h)."""
INTERRUPTED = 130
"""The exit code after control-C, as shells have it."""


def report_internal_error(error: BaseException) -> int:
    """Say on one line that `error` is a bug of ours and where its trace has been written; return the exit code."""
    trace = "".join(traceback.format_exception(error))
    packages = ", ".join(f"{name} {version(name)}" for name in ("gatewright", "xdsl", "torch-mlir", "pycde"))
    text = f"{packages}, Python {platform.python_version()} on {platform.platform()}\n{sys.argv}\n\n{trace}"
    summary = f"{type(error).__name__}: {error}".splitlines()[0]
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="gatewright-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
        where = f"the trace is in {file.name}"
    except OSError:
        where = f"the trace could not be written; it follows\n{text}"
    print(f"this is a bug in Gatewright ({summary}); {where}", file=sys.stderr)
    return INTERNAL_ERROR
