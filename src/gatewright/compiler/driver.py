"""The driver: runs passes in phases, checks what they leave, and shows what they do.

After each phase its clean-up runs until nothing changes, so that no list of passes repeats it; after the last one the
module is checked. What passes ask of an analysis is kept until the function changes. A pass that crashes or leaves an
invalid module is a fault of the compiler: the driver then runs the passes again, each with a check, to find the one,
and writes a folder with the IR before it and the command that reproduces the fault.
"""

from __future__ import annotations

import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import PassFailedException, VerifyException

from gatewright.compiler.forms import ModuleForm, check_level
from gatewright.dialects.notes import verify_notes
from gatewright.errors import GatewrightError, InternalError
from gatewright.ir.analyses import kept_analyses, parts, same_parts
from gatewright.ir.dominance import use_before_definition

MOST_CLEAN_UPS = 8
"""Rounds of clean-up after a phase; by then nothing is known to be left to do."""


@dataclass(frozen=True)
class Phase:
    """Passes that bring a module from one form to another."""

    name: str
    passes: tuple[ModulePass, ...]
    clean_up: tuple[ModulePass, ...] = ()
    """What runs behind them, again and again until nothing changes."""
    form: ModuleForm | None = None
    """In which the phase is to leave the module."""
    only_if_changed: bool = False
    """Whether the clean-up is only for what the passes have changed."""

    def __str__(self) -> str:
        text = ",".join(str(each.pipeline_pass_spec()) for each in self.passes)
        if self.clean_up:
            text += f" | {','.join(str(each.pipeline_pass_spec()) for each in self.clean_up)}"
        return f"{self.name}: {text}" + ("" if self.form is None else f" => {self.form.name}")


@dataclass
class Instruments:
    """What is to be seen of the passes."""

    print_before: frozenset[str] = frozenset()
    """Names of passes before which the IR is printed; `*` stands for all."""
    print_after: frozenset[str] = frozenset()
    output: IO[str] | None = None
    """Where IR is printed; the standard error output by default."""
    seconds: dict[str, list[float]] = field(default_factory=dict)
    """What every run of each pass took."""
    progress: Callable[[str], None] | None = None
    """Is told the name of each pass that begins."""

    def show(self, when: str, each: ModulePass, module: ModuleOp) -> None:
        """Print the IR before or after a pass, if that is asked for."""
        if when == "before" and self.progress is not None:
            self.progress(each.name)
        if {each.name, "*"} & (self.print_before if when == "before" else self.print_after):
            print(f"// IR {when} {each.pipeline_pass_spec()}\n{module!s}", file=self.output or sys.stderr, flush=True)


_INSTRUMENTS: ContextVar[Instruments | None] = ContextVar("instruments", default=None)


@contextmanager
def observed(instruments: Instruments) -> Generator[Instruments, None, None]:
    """Show what the passes do that run inside."""
    token = _INSTRUMENTS.set(instruments)
    try:
        yield instruments
    finally:
        _INSTRUMENTS.reset(token)


def run_phases(
    ctx: Context,
    module: ModuleOp,
    phases: Sequence[Phase],
    source: ModuleOp | None = None,
    *,
    trusted: bool = True,
    checked: bool = False,
    trial: bool = False,
) -> None:
    """Run phases on a module, which they change; `source` is the same module, which stays as it is.

    What is `checked` is valid: the driver has left it so. What comes of a `trial` is not checked: it is looked at and
    thrown away, and what is learnt from it is done again.

    Raises InternalError for a pass that crashes or leaves an invalid module. One that finds that the module was wrong
    before (VerifyException) is at fault too, unless the module is the user's own and not `trusted`.
    """
    with kept_analyses():
        _PhaseRun(ctx, module, source, trusted).run(phases, checked or trial, not trial)


def run_passes(ctx: Context, module: ModuleOp, passes: Sequence[ModulePass]) -> None:
    """Run passes in order, as `run_phases` does."""
    run_phases(ctx, module, [Phase("passes", tuple(passes))])


class _PhaseRun:
    """One run of some phases over a module."""

    def __init__(self, ctx: Context, module: ModuleOp, source: ModuleOp | None, trusted: bool):
        self._ctx, self._module, self._trusted = ctx, module, trusted
        self._source = module.clone() if source is None else source
        self._done: list[ModulePass] = []
        self._instruments = _INSTRUMENTS.get() or Instruments()

    def run(self, phases: Sequence[Phase], checked: bool, check: bool) -> None:
        """Run the phases on what is `checked`, and `check` what they leave."""
        if self._trusted and not checked:
            self._verify("a front end")
        for phase in phases:
            before = parts(self._module) if phase.only_if_changed else []
            for each in phase.passes:
                self._pass(each)
            if not phase.only_if_changed or not same_parts(before, parts(self._module)):
                self._clean(phase.clean_up)
            if phase.form is not None and check:
                try:
                    phase.form(self._module)
                except VerifyException as error:
                    if not self._trusted:
                        raise
                    raise self._fault(None, f"the phase {phase.name} left another form: {error}", error) from error
        if not self._done or not check:
            return
        try:
            self._check(self._module)
        except VerifyException as error:
            raise self._culprit() or self._invalid(self._done[-1], error) from error

    def _clean(self, passes: Sequence[ModulePass]) -> None:
        """Run passes, all of them, again and again until nothing changes."""
        before = parts(self._module) if passes else []
        for _ in range(MOST_CLEAN_UPS if passes else 0):
            for each in passes:
                self._pass(each)
            after = parts(self._module)
            if same_parts(before, after):
                break
            before = after

    def _pass(self, each: ModulePass) -> None:
        """Run a pass."""
        self._instruments.show("before", each, self._module)
        begin = time.perf_counter()
        if not self._trusted:
            check_level(each, self._module)
        try:
            each.apply(self._ctx, self._module)
        except GatewrightError:
            raise
        except (VerifyException, PassFailedException) as error:
            if not self._trusted:
                raise
            what = f"{each.name} refuses what the passes before it produced: {error}"
            raise self._culprit() or self._fault(each, what, error) from error
        except Exception as error:
            what = f"{each.name} failed: {type(error).__name__}: {error}".splitlines()[0]
            raise self._culprit() or self._fault(each, what, error) from error
        self._instruments.seconds.setdefault(each.name, []).append(time.perf_counter() - begin)
        self._done.append(each)
        self._instruments.show("after", each, self._module)

    def _verify(self, culprit: str) -> None:
        """Check what the passes are given."""
        try:
            self._check(self._module)
        except VerifyException as error:
            raise self._fault(None, f"{culprit} produced invalid IR: {error}", error) from error

    @staticmethod
    def _check(module: ModuleOp) -> None:
        """Raise VerifyException for a module that is not valid."""
        module.verify()
        verify_notes(module)
        early = use_before_definition(module)
        if early is not None:
            raise VerifyException(f"{early} uses a value defined behind it")

    def _culprit(self) -> InternalError | None:
        """The error for the first of the passes so far that leaves an invalid module: they run again, each checked."""
        module, done = self._source.clone(), list(self._done)
        for number, each in enumerate(done):
            try:
                each.apply(self._ctx, module)
            except Exception:  # it has not failed before, so this says nothing
                return None
            try:
                self._check(module)
            except VerifyException as error:
                self._done = done[:number]
                return self._invalid(each, error)
        return None

    def _invalid(self, each: ModulePass, error: VerifyException) -> InternalError:
        return self._fault(each, f"{each.name} produced invalid IR: {error}", error)

    def _fault(self, each: ModulePass | None, what: str, error: Exception) -> InternalError:
        """The error for a pass that is wrong, with a folder that reproduces it."""
        folder = self._reproducer(each, error) if each is not None else None
        help_ = None if folder is None else f"report it with {folder}, which reproduces it: sh {folder}/reproduce.sh"
        return InternalError(what, why="this is a fault of Gatewright, not of the program", remedy=help_)

    def _reproducer(self, each: ModulePass, error: Exception) -> Path | None:
        """Write the IR before a pass, the command that runs the pass on it, and the trace."""
        before = self._source.clone()
        spec = str(each.pipeline_pass_spec())
        try:
            for done in self._done:
                done.apply(self._ctx, before)
            folder = Path(tempfile.mkdtemp(prefix=f"gatewright-{each.name}-"))
            (folder / "before.mlir").write_text(f"{before!s}\n", encoding="utf-8")
            command = f'gatewright-opt "$(dirname "$0")/before.mlir" -p \'{spec}\'\n'
            (folder / "reproduce.sh").write_text(command, encoding="utf-8")
            passes = ",".join(str(done.pipeline_pass_spec()) for done in self._done)
            (folder / "passes.txt").write_text(f"{passes}\n", encoding="utf-8")
            trace = "".join(traceback.format_exception(error))
            (folder / "trace.txt").write_text(trace, encoding="utf-8")
        except Exception:  # what is wrong with the pass is more important than this
            return None
        return folder
