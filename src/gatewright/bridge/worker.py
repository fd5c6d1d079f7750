"""A process of its own for torch-mlir's passes, kept warm from one call to the next.

There are programs on which a foreign compiler ends its process or never comes back. Here that ends the worker, within
bounds on its time and memory, and the caller gets an error.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

PROCESSOR_SECONDS = 300
"""The processor time of one call, which does not depend on what else the machine does."""
_WALL_SECONDS = 8 * PROCESSOR_SECONDS
"""The time after which a call is taken to wait for what never comes."""
MEMORY_SHARE = 0.75
"""The part of the machine's memory that the worker may have."""


class MlirError(Exception):
    """MLIR refuses a program, or ends on it. `str(error)` is its message."""

    def __init__(self, message: str, places: Sequence[tuple[str, int, int]] = ()):
        super().__init__(message)
        self.places = places
        """Where: file, line and column from 1; the innermost first where a call leads to another."""


class _Worker:
    """The process and the connection to it."""

    def __init__(self):
        ours, theirs = socket.socketpair()
        with theirs:
            root = str(Path(__file__).resolve().parents[2])
            path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gatewright.bridge.server", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": path},
            )
        self.connection = Connection(ours.detach())

    def call(self, task: str, given: tuple[Any, ...]) -> Any:
        """What a task of the server returns. Raises MlirError, and EOFError or OSError if the process has ended."""
        self.connection.send((task, given))
        if not self.connection.poll(_WALL_SECONDS):
            raise TimeoutError
        result, error = self.connection.recv()
        if error is not None:
            raise MlirError(*error)
        return result

    def stop(self) -> int:
        """End the process; its exit code."""
        self.connection.close()
        self.process.kill()
        return self.process.wait()


_worker: _Worker | None = None
_lock = threading.RLock()


def start() -> None:
    """Start the worker if there is none, without waiting until it can work."""
    global _worker
    with _lock:
        if _worker is None:
            _worker = _Worker()


def call(task: str, *given: Any) -> Any:
    """Run a task of `gatewright.bridge.server` in the worker.

    Raises MlirError for what it refuses, for a program on which it crashes, and for one that takes too long.
    """
    with _lock:
        start()
        assert _worker is not None
        try:
            return _worker.call(task, given)
        except (EOFError, OSError) as error:
            raise MlirError(_end(isinstance(error, TimeoutError))) from error
        except BaseException as error:
            if not isinstance(error, MlirError):  # interrupted: an answer may still come, which is not that to the next
                _stop()
            raise


def _end(late: bool) -> str:
    """Clear away a worker that does not answer; what happened to it."""
    assert _worker is not None
    code = _worker.process.poll() if late else _worker.process.wait()
    _stop()
    if late or code in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"it takes more than {PROCESSOR_SECONDS} seconds or too much memory on this program"
    return "it crashes on this program"


def _stop() -> None:
    global _worker
    if _worker is not None:
        _worker.stop()
        _worker = None


def _forget() -> None:
    """In a process that was forked, have a worker of its own."""
    global _worker, _lock
    if _worker is not None:
        _worker.connection.close()
        _worker = None
    _lock = threading.RLock()


atexit.register(_stop)
os.register_at_fork(after_in_child=_forget)
