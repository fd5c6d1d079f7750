"""What the worker process does: torch-mlir's passes on a program, one call after the other.

Run as a module with the number of a file descriptor, it answers there what `bridge.worker` asks.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from gatewright.bridge.mlir import lower_bytecode, lower_text
from gatewright.bridge.onnx import lower_onnx
from gatewright.bridge.worker import MEMORY_SHARE, PROCESSOR_SECONDS, MlirError

TASKS: dict[str, Callable[..., Any]] = {
    "text": lower_text,
    "bytecode": lower_bytecode,
    "onnx": lower_onnx,
}


def _serve(connection: Connection) -> None:
    while True:
        try:
            task, given = connection.recv()
        except (EOFError, OSError):  # the caller has ended
            return
        _allow_time()
        try:
            answer = TASKS[task](*given), None
        except MlirError as error:
            answer = None, (str(error), error.places)
        except Exception as error:  # an importer raises anything at all
            answer = None, (f"{type(error).__name__}: {error}", ())
        connection.send(answer)


def _allow_time() -> None:
    """Let the system end this process when a call has had its time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    limit = int(used.ru_utime + used.ru_stime) + PROCESSOR_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (limit if hard < 0 else min(limit, hard), hard))


def _bound_memory() -> None:
    most = int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * MEMORY_SHARE)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most if hard < 0 else min(most, hard), hard))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _bound_memory()
    _serve(Connection(int(sys.argv[1])))
