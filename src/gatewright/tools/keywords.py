"""What the command line says of a compilation, as keywords of `gatewright.compile`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from gatewright.devices.device import TARGETS
from gatewright.errors import OptionError, SourceError
from gatewright.options import Budget, Options
from gatewright.tools.inputs import example, load_arrays, parse_types
from gatewright.tools.source import ProgramSource


def add_source(parser: argparse.ArgumentParser) -> None:
    """The program, and what is the same for all ways to compile it."""
    parser.add_argument("source", metavar="SOURCE[:NAME]", help="a .py (NAME: which function), .mlir or .onnx file")
    parser.add_argument(
        "--args", metavar="TYPES|FILE.npz", help="parameter types, as 'i32[8,8],u32', or example arrays"
    )
    parser.add_argument(
        "--calibrate", metavar="FILE.npz", help="samples of the inputs, from which 'fixed<16>' chooses where points are"
    )
    parser.add_argument("--labels", metavar="FILE.npy", help="the classes of the samples, to report the accuracy")
    parser.add_argument(
        "--reassociate",
        action="store_true",
        help="let floating-point sums be taken in another order, which rounds otherwise",
    )
    parser.add_argument(
        "--budget",
        metavar="NAME=N,...",
        help="how much hardware there is: multipliers, dsp, luts, memory_bits, ram_blocks",
    )
    parser.add_argument(
        "--dual-port", metavar="ARRAYS", help="arrays with two ports that read and write, as 'a,b'; '*' for all"
    )
    parser.add_argument(
        "--plan", metavar="FILE|TEXT", help="what is decided about the loops, as 'interleave(i, 8)' or a .plan file"
    )
    parser.add_argument(
        "--search", type=int, metavar="N", help="how many plans to try for a nest whose iterations wait (default: 32)"
    )
    parser.add_argument("--device", metavar="NAME", help="a device of the family, whose capacities are the budget")


def add_hardware(parser: argparse.ArgumentParser) -> None:
    """The options that say what one design is to be like."""
    parser.add_argument("--clock-mhz", type=float, metavar="F", help="the clock to meet (default: 100)")
    parser.add_argument("--multipliers", type=int, metavar="N", help="the most multipliers to use")
    parser.add_argument(
        "--target",
        metavar="FAMILY|FILE.toml",
        help=f"the device family: {', '.join(TARGETS)} (default: generic), or a file of one",
    )
    parser.add_argument(
        "--precision",
        metavar="[LAYER=]FORMAT",
        action="append",
        help="fixed-point format of a model, as 'fixed<16,8>', or its width: 'fixed<16>'; again for single layers",
    )
    parser.add_argument("--name", help="the name of the top module")
    parser.add_argument(
        "--dataflow", action="store_true", help="let parts of the program work on different samples of a stream at once"
    )


def keywords(source: ProgramSource, options: argparse.Namespace) -> dict[str, Any]:
    """The keywords of `gatewright.compile`, `args` among them, that the command line gives.

    Raises a GatewrightError for what is no option, and for files that cannot be read.
    """
    chosen = shared_keywords(options) | {
        field: getattr(options, field) for field in ("clock_mhz", "multipliers", "target", "name")
    }
    if options.dataflow:
        chosen["dataflow"] = True
    if options.precision is not None:
        chosen["precision"] = _precision(options.precision)
    chosen = {field: value for field, value in chosen.items() if value is not None}
    chosen |= samples(source, options)
    Options.of(**chosen)
    return chosen | example_arguments(source, options)


def shared_keywords(options: argparse.Namespace) -> dict[str, Any]:
    """Those of `add_source` that say what the hardware is to be like; None for what is not given."""
    return {
        "device": options.device,
        "search": options.search,
        "reassociate": options.reassociate or None,
        "plan": None if options.plan is None else _plan_text(options.plan),
        "budget": None if options.budget is None else _budget(options.budget),
        "dual_port": tuple(options.dual_port.split(",")) if options.dual_port else None,
    }


def example_arguments(source: ProgramSource, options: argparse.Namespace) -> dict[str, Any]:
    """The example arguments of a program, if they are given."""
    if options.args is None:
        return {}
    file = Path(options.args)
    if file.suffix in (".npz", ".npy"):
        return {"args": load_arrays(file, source.parameters)}
    return {"args": tuple(example(type_) for type_ in parse_types(options.args))}


def samples(source: ProgramSource, options: argparse.Namespace) -> dict[str, Any]:
    """What formats are chosen from, if it is given."""
    chosen: dict[str, Any] = {}
    if options.calibrate is not None:
        arrays = load_arrays(Path(options.calibrate), source.parameters)
        if len({array.shape[:1] for array in arrays}) > 1:
            raise OptionError(f"the arrays of {options.calibrate} hold different numbers of samples")
        chosen["calibrate"] = arrays[0] if len(arrays) == 1 else list(zip(*arrays, strict=True))
    if options.labels is not None:
        chosen["labels"] = load_arrays(Path(options.labels), ())[0]
    return chosen


def _plan_text(given: str) -> str:
    """The text of a plan: that of a file, or the text itself."""
    if "(" in given or not given.strip():
        return given
    try:
        return Path(given).read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise SourceError(
            f"cannot read the plan {given}: {reason}", remedy='or give its text: "interleave(i, 8)"'
        ) from error


def _budget(text: str) -> Budget:
    """A budget written as `multipliers=4,dsp=16`."""
    pairs = [each.partition("=") for each in text.split(",")]
    known = [each.name for each in fields(Budget)]
    if not all(name in known and value.isdecimal() for name, _, value in pairs):
        raise OptionError(
            f"--budget {text} is no budget", remedy=f"numbers of {', '.join(known)}: multipliers=4,dsp=16"
        )
    return Budget(**{name: int(value) for name, _, value in pairs})


def _precision(given: Sequence[str]) -> str | dict[str, str]:
    """The format of a whole model, or those of its layers."""
    named = {layer: format_ for layer, _, format_ in (each.rpartition("=") for each in given)}
    return named[""] if list(named) == [""] else named
