"""`gatewright-opt`: read IR, run passes and pipelines by name (`-p a,b{option=1}`), print IR."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from xdsl.context import Context
from xdsl.dialects import get_all_dialects
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.arg_spec import ArgSpec, parse_pipeline
from xdsl.utils.exceptions import (
    ArgSpecParseError,
    DiagnosticException,
    ParseError,
    PassFailedException,
    VerifyException,
)
from xdsl.utils.target import Target
from xdsl.xdsl_opt_main import xDSLOptMain

from gatewright.compiler.driver import Phase, observed, run_phases
from gatewright.compiler.pipelines import PIPELINES
from gatewright.dialects.notes import verify_notes
from gatewright.errors import GatewrightError, InternalError, IrError, OptionError, OutputError, SourceError
from gatewright.ir.contents import beside, names_of, restore
from gatewright.ir.context import GatewrightContext
from gatewright.options import Options
from gatewright.reporting.folder import reason_of
from gatewright.tools.failure import INTERNAL_ERROR, INTERRUPTED, report_internal_error
from gatewright.tools.instruments import add_instruments, instruments, print_times
from gatewright.tools.registry import dialect_factories, pass_factories


@dataclass(frozen=True)
class VerilogTarget(Target):
    """SystemVerilog of a module at the rtl level, by CIRCT."""

    name = "verilog"

    def emit(self, ctx: Context, module: ModuleOp, output: IO[str]) -> None:
        """Write all modules as one text."""
        from gatewright.bridge.circt import CirctError, verilog

        try:
            output.write(verilog(str(module)))
        except CirctError as error:
            reason = " ".join(str(error).partition(" note:")[0].split())
            raise IrError("this module has no SystemVerilog", why=reason) from error


class GatewrightOptMain(xDSLOptMain):
    """xDSL's driver with our dialects, ours instead of xDSL's where both have one, and our passes."""

    version_format = f"gatewright-opt {version('gatewright')}, xdsl {{xdsl_version}}"

    def register_all_dialects(self) -> None:
        self.ctx = GatewrightContext()
        for name, factory in (get_all_dialects() | dialect_factories()).items():
            self.ctx.register_dialect(name, factory)

    def register_all_passes(self) -> None:
        super().register_all_passes()
        for name, factory in pass_factories().items():
            self.register_pass(name, factory)

    def register_all_targets(self) -> None:
        super().register_all_targets()
        self.available_targets["verilog"] = lambda: VerilogTarget

    def register_all_arguments(self, arg_parser: argparse.ArgumentParser) -> None:
        super().register_all_arguments(arg_parser)
        add_instruments(arg_parser)
        arg_parser.add_argument(
            "--list-pipelines",
            action="store_true",
            help="print the named pipelines, which -p takes like passes, and end",
        )

    def setup_pipeline(self) -> None:
        self.phases = list(self._phases())

    def _phases(self) -> Iterator[Phase]:
        """What is asked for: named pipelines as their phases, and each pass by itself."""
        for spec in parse_pipeline(self.args.passes):
            if spec.name in PIPELINES:
                yield from PIPELINES[spec.name](_options(spec))
            elif spec.name in self.available_passes:
                yield Phase(spec.name, (self.available_passes[spec.name]().from_pass_spec(spec),))
            else:
                raise ValueError(f"there is no pass or pipeline {spec.name}")

    def apply_passes(self, prog: ModuleOp) -> None:
        if self.args.disable_verify:
            for phase in self.phases:
                for each in (*phase.passes, *phase.clean_up):
                    each.apply(self.ctx, prog)
            return
        prog.verify()
        verify_notes(prog)
        with observed(instruments(self.args)) as seen:
            run_phases(self.ctx, prog, self.phases, trusted=False)
        if self.args.time_passes:
            print_times(seen)

    def parse_chunk(self, chunk: IO[bytes], file_extension: str, start_offset: int = 0) -> ModuleOp | None:
        module = super().parse_chunk(chunk, file_extension, start_offset)
        if module is not None and self.args.input_file is not None:
            restore(module, beside(Path(self.args.input_file), names_of(module)))
        return module

    def prepare_input(self) -> tuple[list[tuple[IO[bytes], int]], str]:
        try:
            self.chunks, extension = super().prepare_input()
            return self.chunks, extension
        except OSError as error:
            raise SourceError(f"cannot read {self.args.input_file}", why=reason_of(error)) from error
        except ValueError as error:
            raise SourceError(f"cannot read {self.args.input_file}", why="its name does not end in .mlir") from error

    def prepare_output(self) -> IO[str]:
        try:
            return super().prepare_output()
        except OSError as error:
            for chunk, _ in self.chunks:
                chunk.close()
            raise OutputError(f"cannot write {self.args.output_file}", why=reason_of(error)) from error


def _options(spec: ArgSpec) -> Options:
    """The options of a named pipeline: those of a compilation, as `lower-to-schedule{multipliers=1 target="ecp5"}`."""
    known = {field.name for field in fields(Options)}
    unknown = [name for name in spec.parameters if name not in known]
    if unknown:
        raise OptionError(f"{spec.name} has no option {unknown[0]}", remedy=f"one of {', '.join(sorted(known))}")
    given: dict[str, Any] = {name: each[0] if len(each) == 1 else each for name, each in spec.parameters.items()}
    return Options(**given)


def list_pipelines() -> str:
    """The named pipelines with their phases: the passes, the clean-up behind `|`, the form they leave behind `=>`."""
    lines = []
    for name, phases in PIPELINES.items():
        lines += [name, *(f"  {phase}" for phase in phases(Options())), ""]
    return "\n".join(lines)


def _tool(arguments: Sequence[str] | None) -> GatewrightOptMain:
    try:
        return GatewrightOptMain("Run Gatewright's and xDSL's passes on IR", arguments)
    except (ArgSpecParseError, ValueError) as error:
        raise OptionError(f"the passes cannot be run: {str(error).strip().splitlines()[-1].strip()}") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `gatewright-opt` and return its exit code: 1 when text does not parse or verify, or a pass refuses it."""
    try:
        tool = _tool(arguments)
        if tool.args.list_pipelines:
            print(list_pipelines())
            return 0
        tool.run()
        sys.stdout.flush()
        return 0
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except InternalError as error:
        print(error, file=sys.stderr)
        return INTERNAL_ERROR
    except GatewrightError as error:
        print(error, file=sys.stderr)
    except (ParseError, VerifyException, PassFailedException, DiagnosticException) as error:
        print(str(error).rstrip(), file=sys.stderr)
        for note in getattr(error, "__notes__", ()):
            print(note, file=sys.stderr)
    except Exception as error:
        return report_internal_error(error)
    return 1


if __name__ == "__main__":
    sys.exit(main())
