"""Which fixed-point format each tensor of a model is to have, by the layer that makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.ir import Operation, SSAValue

from gatewright.errors import OptionError
from gatewright.ir.location import layer_of
from gatewright.ir.program import Program
from gatewright.options import LayerFormat, Options
from gatewright.quantization.calibration import Calibration


class Formats:
    """The formats of all tensors of floats of a program."""

    def __init__(self, program: Program, tensors: Sequence[SSAValue], options: Options):
        """Raises OptionError for a precision of a layer that the program does not have."""
        wanted = options.layer_formats()
        self.default = wanted[""].format
        self.tensors = tensors
        by_tensor = formats_of(program, tensors, wanted)
        self.calibration: Calibration | None = None
        self.chosen = [each.format for each in by_tensor]
        if options.calibrate is not None:
            self.calibration = Calibration(program, tensors, options.calibrate, by_tensor)
            self.chosen = self.calibration.formats


def formats_of(program: Program, tensors: Sequence[SSAValue], wanted: Mapping[str, LayerFormat]) -> list[LayerFormat]:
    """The formats of tensors of a program: that of the layer, else of the nearest one around it, else of `""`.

    Raises OptionError for the name of a layer that the program does not have.
    """
    layers = {layer_of(op.location) for op in program.module.walk()} - {None}
    for name in wanted:
        if name and not any(_is_in(layer, name) for layer in layers if layer is not None):
            known = ", ".join(sorted(layer for layer in layers if layer is not None))
            raise OptionError(
                f"the model has no layer {name!r} to give a precision to",
                why=f"it has {known}" if known else "its operations do not tell their layers",
            )
    return [_format(layer_of(v.owner.location) if isinstance(v.owner, Operation) else None, wanted) for v in tensors]


def _format(layer: str | None, wanted: Mapping[str, LayerFormat]) -> LayerFormat:
    names = [name for name in wanted if layer is not None and name and _is_in(layer, name)]
    return wanted[max(names, key=len, default="")]


def _is_in(layer: str, name: str) -> bool:
    return layer == name or layer.startswith(f"{name}.")
