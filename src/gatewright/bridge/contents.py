"""Modules of MLIR as text that names the contents of their constants, and these beside it, as xDSL packs them.

MLIR packs an element into whole bytes, xDSL into 1, 2, 4 or 8 of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from itertools import count
from typing import Any

import numpy as np

from gatewright.ir.contents import container_bytes, name_in, name_of

_HANDLE = re.compile(r'dense_resource<"?([\w.$-]+)"?>')
_BLOB = re.compile(r'"?([\w.$-]+)"?: "0x[0-9A-Fa-f]{8}([0-9A-Fa-f]*)"')
"""The contents of a resource of the user's own, after four bytes that tell its alignment."""
_HEXADECIMAL = re.compile(r'dense<"0x([0-9A-Fa-f]*)">')
_LITERAL = re.compile(r"0x[0-9A-Fa-f]+|true|false|[-+]?\d[\d.eE+-]*")
_NUMBERS = count()
_FLOATS = {"f16": "<f2", "f32": "<f4", "f64": "<f8"}


@dataclass(frozen=True)
class Carried:
    """The text of a module, and the contents of those constants that are only named there."""

    text: str
    contents: Mapping[str, bytes] = field(default_factory=dict)


def printed(module: Any, contents: dict[str, bytes]) -> Carried:
    """An MLIR module in generic form, locations inline; `contents` are those of the resources that it names already."""
    for op, name, attribute in list(_constants(module)):
        op.attributes[name] = named(_packed(attribute), attribute.type, contents)
    own = [each for each in _resources(module) if name_in(each[2], contents) is None]
    # Of resources that the user's text has, only that which MLIR prints of a whole module says the contents.
    blobs = dict(_BLOB.findall(module.operation.get_asm().rpartition("\n{-#")[2])) if own else {}
    for op, name, handle in own:
        type_ = op.attributes[name].type
        data = bytes.fromhex(blobs[handle])
        width = _width_of(_ir().RankedTensorType(type_).element_type)
        op.attributes[name] = named(_from_mlir(data, width), type_, contents)
    text = module.operation.get_asm(enable_debug_info=True, use_local_scope=True, print_generic_op_form=True)
    return Carried(text, contents)


def named(data: bytes, type_: Any, contents: dict[str, bytes], buffer: Any = None) -> Any:
    """The attribute that names some contents, which are noted. MLIR itself sees a `buffer`, or nothing of use."""
    shown = np.zeros(1, np.uint8) if buffer is None else buffer
    contents[name_of(data)] = data
    handle = f"{name_of(data)}_{next(_NUMBERS)}"  # of two resources with one name MLIR renames the second
    with type_.context:
        return _ir().DenseResourceElementsAttr.get_from_buffer(shown, handle, type_, alignment=8)


def put_back(module: Any, contents: Mapping[str, bytes]) -> None:
    """Put contents into an MLIR module that names them."""
    if not contents:
        return
    ir = _ir()
    for op, name, handle in list(_resources(module)):
        found = name_in(handle, contents)
        if found is not None:
            type_ = ir.RankedTensorType(op.attributes[name].type)
            data = np.frombuffer(_in_whole_bytes(contents[found], _width_of(type_.element_type)), np.uint8)
            op.attributes[name] = ir.DenseElementsAttr.get(data, type=type_.element_type, shape=type_.shape)


def _resources(module: Any) -> Iterator[tuple[Any, str, str]]:
    """The constants of a module that name their contents: operation, name, handle."""
    ir = _ir()
    for op in _operations(module):
        for name in list(op.attributes):
            # A resource without contents has no class of its own in Python.
            if type(op.attributes[name]) in (ir.Attribute, ir.DenseResourceElementsAttr):
                handle = _HANDLE.match(str(op.attributes[name]))
                if handle is not None:
                    yield op, name, handle[1]


def in_mlirs_packing(text: str) -> str:
    """Text that xDSL printed, whose integers of odd widths MLIR is to read."""
    return re.sub(r'dense<"0x([0-9A-Fa-f]*)"> : tensor<((?:\d+x)*)i(\d+)>', _repacked, text)


def sign_extended(values: np.ndarray, width: int) -> np.ndarray:
    """Unsigned integers whose low `width` bits are two's complement, as signed integers of the same size."""
    places = 8 * values.dtype.itemsize - width
    signed = values.view(f"<i{values.dtype.itemsize}")
    return (signed << places) >> places if places else signed


def _ir() -> Any:
    return import_module("torch_mlir.ir")


def _operations(module: Any) -> list[Any]:
    found: list[Any] = []
    module.operation.walk(lambda op: found.append(op) or _ir().WalkResult.ADVANCE)
    return found


def _constants(module: Any) -> Iterator[tuple[Any, str, Any]]:
    """The constants of a module whose text would not say it all as xDSL reads it: operation, name, attribute."""
    ir = _ir()
    for op in _operations(module):
        for name in list(op.attributes):
            attribute = op.attributes[name]
            if isinstance(attribute, ir.DenseElementsAttr) and not (attribute.is_splat and _is_finite(attribute)):
                yield op, name, attribute


def _is_finite(attribute: Any) -> bool:
    """Whether the one element of a constant is a number with a decimal form."""
    value = attribute.get_splat_value()
    return not isinstance(value, _ir().FloatAttr) or bool(np.isfinite(value.value))


def _packed(attribute: Any) -> bytes:
    """The elements of an MLIR constant as xDSL packs them; of equal ones a single one."""
    kind = str(attribute.type.element_type)
    if attribute.is_splat or (kind not in _FLOATS and kind not in ("i1", "i8", "i16", "i32", "i64", "index")):
        return _of_text(str(attribute), kind)
    elements = np.array(attribute)
    return np.ascontiguousarray(elements).astype(elements.dtype.newbyteorder("<")).tobytes()


def _of_text(text: str, kind: str) -> bytes:
    """The elements in the text of one constant."""
    if (hexadecimal := _HEXADECIMAL.search(text)) is not None:
        data = bytes.fromhex(hexadecimal[1])
        return _from_mlir(data, int(kind[1:])) if kind.startswith("i") and kind != "index" else data
    literals = _LITERAL.findall(text.rpartition(" : ")[0])
    if kind.startswith("i"):
        size = 8 if kind == "index" else container_bytes(int(kind[1:]))
        words = {"true": 1, "false": 0}
        return np.array([words[each] if each in words else int(each) for each in literals], f"<i{size}").tobytes()
    return b"".join(_float_bytes(each, kind) for each in literals)


def _float_bytes(literal: str, kind: str) -> bytes:
    if literal.startswith("0x"):
        size = np.dtype(_FLOATS[kind]).itemsize if kind in _FLOATS else 2
        return int(literal, 16).to_bytes(size, "little")
    if kind == "bf16":
        return np.array(float(literal), "<f4").tobytes()[2:]
    return np.array(float(literal), _FLOATS[kind]).tobytes()


def _from_mlir(data: bytes, width: int) -> bytes:
    if width in (0, 8, 16, 32, 64):
        return data
    given, size, taken = np.frombuffer(data, np.uint8), container_bytes(width), (width + 7) // 8
    padded = np.zeros((len(given) // taken, size), np.uint8)
    padded[:, :taken] = given.reshape(len(padded), -1)
    values = padded.view(f"<u{size}").reshape(-1)
    return (values if width == 1 else sign_extended(values, width)).tobytes()


def _width_of(element: Any) -> int:
    """The bits of an integer; 0 for any other type, which both pack alike."""
    return element.width if isinstance(element, _ir().IntegerType) else 0


def _in_whole_bytes(data: bytes, width: int) -> bytes:
    """Integers of odd widths in as many bytes as they need."""
    if width in (0, 8, 16, 32, 64):
        return data
    size = container_bytes(width)
    values = np.frombuffer(data, f"<u{size}") & np.array((1 << width) - 1, f"<u{size}")
    return values.view(np.uint8).reshape(-1, size)[:, : (width + 7) // 8].tobytes()


def _repacked(match: re.Match[str]) -> str:
    packed = _in_whole_bytes(bytes.fromhex(match[1]), int(match[3]))
    return f'dense<"0x{packed.hex().upper()}"> : tensor<{match[2]}i{match[3]}>'
