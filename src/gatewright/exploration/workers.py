"""Workers: where tasks run. Processes of this machine, any executor, or an engine that is there already.

A task is bytes, so that every executor can carry it: source and options, pickled with the classes and functions of the
user's own file, and the text of that file.
"""

from __future__ import annotations

import marshal
import os
import pickle
import re
import sys
import time
from collections import ChainMap
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, nullcontext
from io import BytesIO
from linecache import cache, getlines
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gatewright.errors import OptionError

BytesTask = Callable[[bytes], Any]

POLL_SECONDS = 0.2
"""Between two looks at jobs that cannot be waited for."""

EXAMPLES = '"tcp://host:8786" for Dask, "slurm://partition?timeout_min=30" for SLURM'


def packed(content: object, source: object) -> bytes:
    """Some content as bytes that a process can unpack which does not know the file of the source."""
    import cloudpickle

    class Pickler(cloudpickle.Pickler):
        """Keeps the names of files in code, by which its text is found."""

        dispatch_table = ChainMap({CodeType: _code}, cloudpickle.Pickler.dispatch_table)  # type: ignore[misc]

    module = _own_module(source)
    files: dict[str, list[str]] = {}
    if module is not None and (name := getattr(module, "__file__", None)):
        files[name] = getlines(name)
    code = getattr(source, "__code__", None)
    if code is not None:
        files[code.co_filename] = getlines(code.co_filename, getattr(source, "__globals__", None))
    by_value = module is not None and module.__name__ != "__main__"
    if by_value:
        cloudpickle.register_pickle_by_value(module)
    try:
        buffer = BytesIO()
        Pickler(buffer).dump((content, source, _names_in_annotations(source)))
        return pickle.dumps((buffer.getvalue(), files))
    finally:
        if by_value:
            cloudpickle.unregister_pickle_by_value(module)


def _code(code: CodeType) -> tuple[Callable[[bytes], object], tuple[bytes]]:
    return marshal.loads, (marshal.dumps(code),)


def unpacked(task: bytes) -> Any:
    """What was packed. The text of the user's files is there then, also where the files are not."""
    content, files = pickle.loads(task)
    for name, lines in files.items():
        if lines and not Path(name).exists():
            cache[name] = (sum(map(len, lines)), None, lines, name)
    whole, source, names = pickle.loads(content)
    for name, value in names.items():
        source.__globals__.setdefault(name, value)
    return whole


def _names_in_annotations(source: object) -> dict[str, object]:
    """What the annotations of a function name, if they are text: code does not refer to it."""
    if not isinstance(source, FunctionType):
        return {}
    text = " ".join(each for each in source.__annotations__.values() if isinstance(each, str))
    return {name: source.__globals__[name] for name in re.findall(r"\w+", text) if name in source.__globals__}


def _own_module(source: object) -> ModuleType | None:
    """The module that a source was defined in, if it is the user's own."""
    name = getattr(source, "__module__", None) or type(source).__module__
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    installed = file is None or any(part in ("site-packages", "dist-packages") for part in Path(file).parts)
    return None if module is None or (installed and name != "__main__") else module


class Engine:
    """Runs tasks, each a call of one function with bytes, and hands out what comes back as it comes."""

    def __init__(self, executor: Any = None, scheduler: str | None = None, workers: int | None = None):
        """Raises OptionError for what is no executor, no scheduler and no number of workers."""
        if executor is not None and scheduler is not None:
            raise OptionError("executor= and scheduler= both say where to compile", remedy="give one of them")
        if executor is not None and not callable(getattr(executor, "submit", None)):
            raise OptionError(
                f"executor={executor!r} has no submit", remedy="give a concurrent.futures.Executor, or leave it out"
            )
        if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
            raise OptionError(f"workers={workers!r} is no number of processes", remedy="workers=2")
        self._executor, self._scheduler = executor, scheduler
        self.workers = workers or os.cpu_count() or 1

    @property
    def is_here(self) -> bool:
        """Whether tasks run in this process."""
        return self._executor is None and self._scheduler is None and self.workers == 1

    def run(self, task: BytesTask, tasks: Mapping[int, bytes]) -> Iterator[tuple[int, Any]]:
        """Run tasks by number, in any order. What one raises, also a worker's death, is handed out in its place."""
        if self.is_here or (len(tasks) == 1 and self._executor is None and self._scheduler is None):
            for number, content in tasks.items():
                yield number, task(content)
            return
        lost: list[int] = []
        with self._opened() as executor:
            for number, future in _as_completed(
                {number: executor.submit(task, each) for number, each in tasks.items()}
            ):
                try:
                    result = future.result()
                except BrokenProcessPool:  # a worker died, and took others' tasks along
                    lost.append(number)
                    continue
                except Exception as error:
                    result = error
                yield number, result
        yield from self._alone(task, {number: tasks[number] for number in sorted(lost)})

    def _alone(self, task: BytesTask, tasks: Mapping[int, bytes]) -> Iterator[tuple[int, Any]]:
        """Run tasks one by one, each in a pool of its own, to see which of them kills its worker."""
        for number, content in tasks.items():
            if self._executor is not None:
                yield number, RuntimeError("the executor has lost its workers")
                continue
            with _local(1) as executor:
                try:
                    yield number, executor.submit(task, content).result()
                except Exception as error:
                    yield number, error

    def _opened(self) -> AbstractContextManager[Any]:
        if self._executor is not None:
            return nullcontext(self._executor)
        return _local(self.workers) if self._scheduler is None else _of_scheduler(self._scheduler)


@contextmanager
def _local(workers: int) -> Generator[Any, None, None]:
    """Processes of this machine."""
    from loky import ProcessPoolExecutor

    executor = ProcessPoolExecutor(max_workers=workers)
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, kill_workers=True)


def _of_scheduler(address: str) -> AbstractContextManager[Any]:
    kind = urlsplit(address).scheme
    if kind in ("tcp", "tls", "ws", "ucx", "inproc"):
        return _dask(address)
    if kind == "slurm":
        return _slurm(address)
    raise OptionError(f"scheduler={address!r} is no engine", remedy=EXAMPLES)


@contextmanager
def _dask(address: str) -> Generator[Any, None, None]:
    """A Dask cluster that runs already."""
    try:
        from distributed import Client
    except ImportError:
        raise _missing("Dask", "dask") from None
    try:
        client = Client(address, timeout=10)
    except OSError as error:
        raise OptionError(f"no Dask scheduler answers at {address}", why=str(error)) from error
    try:
        yield client.get_executor(pure=False)
    finally:
        client.close()


@contextmanager
def _slurm(address: str) -> Generator[Any, None, None]:
    """Jobs of SLURM: `slurm://partition?timeout_min=30&mem_gb=4`, with the parameters of submitit's executors.

    `cluster=local` runs them as processes here, and `folder=` is where jobs leave their logs.
    """
    try:
        from submitit import AutoExecutor
    except ImportError:
        raise _missing("submitit", "slurm") from None
    parts = urlsplit(address)
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    folder, cluster = given.pop("folder", "gatewright-jobs"), given.pop("cluster", None)
    parameters: dict[str, Any] = {name: int(value) if value.isdecimal() else value for name, value in given.items()}
    if parts.netloc:
        parameters["slurm_partition"] = parts.netloc
    try:
        executor = AutoExecutor(folder=folder, cluster=cluster)
        executor.update_parameters(**parameters)
    except (NameError, ValueError, RuntimeError) as error:
        raise OptionError(f"scheduler={address!r} starts no jobs", why=str(error).splitlines()[0]) from error
    yield executor


def _missing(what: str, extra: str) -> OptionError:
    return OptionError(f"{what} is not installed", remedy=f"pip install 'gatewright[{extra}]'")


def _as_completed(jobs: Mapping[int, Any]) -> Iterator[tuple[int, Any]]:
    """Futures, or what is like them, by number, as they are done."""
    open_ = dict(jobs)
    while open_:
        futures: Sequence[Any] = list(open_.values())
        if all(isinstance(each, Future) for each in futures):
            wait(futures, return_when=FIRST_COMPLETED)
        elif not any(each.done() for each in futures):
            time.sleep(POLL_SECONDS)
        for number in [number for number, each in open_.items() if each.done()]:
            yield number, open_.pop(number)
