"""The contents of constants beside a module, as bytes by names that follow from them, instead of in its text."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from hashlib import sha256
from math import prod
from pathlib import Path

import numpy as np
from xdsl.dialects.builtin import (
    BFloat16Type,
    BytesAttr,
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    Float16Type,
    Float32Type,
    Float64Type,
    IndexType,
    IntegerType,
    ModuleOp,
)
from xdsl.ir import Attribute

from gatewright.errors import SourceError
from gatewright.ir.floats import contents_bits, scalar_bits

_NAME = re.compile(r"\bcontents_[0-9a-f]{24}")


def container_bytes(width: int) -> int:
    """Bytes that one integer of `width` bits takes in a `dense` attribute: 1, 2, 4 or 8."""
    return next(size for size in (1, 2, 4, 8) if width <= 8 * size)


def words_of(contents: DenseIntOrFPElementsAttr) -> np.ndarray:
    """The elements as unsigned integers that have their bits, in row-major order."""
    element, data, count = contents.get_element_type(), contents.data.data, prod(contents.get_shape())
    width = scalar_bits(element)
    assert width is not None, f"{element} is no type of numbers"
    if width > 64:
        words = np.array([each & ((1 << width) - 1) for each in contents.get_values() if isinstance(each, int)], object)
    elif isinstance(element, IntegerType | IndexType):
        words = np.frombuffer(data, f"<u{container_bytes(width)}").astype(np.uint64)
        words &= np.uint64((1 << width) - 1)
    elif isinstance(element, Float16Type | BFloat16Type | Float32Type | Float64Type):
        words = np.frombuffer(data, f"<u{width // 8}").astype(np.uint64)
    else:
        words = np.array(contents_bits(contents), np.uint64)
    return np.repeat(words, count) if len(words) == 1 else words


def name_of(data: bytes) -> str:
    """The name of some contents: the same for the same bytes."""
    return f"contents_{sha256(data).hexdigest()[:24]}"


def name_in(handle: str, contents: Collection[str]) -> str | None:
    """The name, among some, that a handle of a resource stands for; None if it is none of them.

    MLIR and xDSL put numbers behind handles to tell several of one name apart.
    """
    found = _NAME.match(handle)
    names = (handle, found[0] if found is not None else handle, re.sub(r"(_\d+)+$", "", handle))
    return next((name for name in names if name in contents), None)


def set_aside(module: ModuleOp, most_inline: int = 0) -> dict[str, bytes]:
    """Have a module name the contents of its constants of more elements than `most_inline`, and return these.

    Constants whose elements are all the same stay as they are.
    """
    contents: dict[str, bytes] = {}
    for op in module.walk():
        for attributes in (op.properties, op.attributes):
            for key, value in attributes.items():
                if isinstance(value, DenseIntOrFPElementsAttr) and len(value) > most_inline and not value.is_splat():
                    name = name_of(value.data.data)
                    contents[name] = value.data.data
                    attributes[key] = DenseResourceAttr.from_params(name, value.type)
    return contents


def restore(module: ModuleOp, contents: Mapping[str, bytes]) -> None:
    """Put contents back in the place of their names. Names that are not known stay."""
    if not contents:
        return
    packed = {name: BytesAttr(data) for name, data in contents.items()}
    for op in module.walk():
        for attributes in (op.properties, op.attributes):
            for key, value in attributes.items():
                if isinstance(value, DenseResourceAttr):
                    name = name_in(value.resource_handle.data, contents)
                    attributes[key] = value if name is None else dense_of_bytes(value.type, packed[name])


def dense_of_bytes(type_: Attribute, data: BytesAttr) -> DenseIntOrFPElementsAttr:
    """A constant of a type of arrays, from the bytes of its elements."""
    return DenseIntOrFPElementsAttr(type_, data)  # pyright: ignore[reportArgumentType]


MOST_INLINE = 1024
"""Elements of the largest constant that stands in the text of a level that is saved."""

FILES = "*.contents.npz"
"""The files that hold contents for the texts beside them."""


def text_and_contents(module: ModuleOp) -> tuple[str, dict[str, bytes]]:
    """The text of a module that names the contents of its large constants, and these."""
    copy = module.clone()
    contents = set_aside(copy, MOST_INLINE)
    return f"{copy!s}\n", contents


def write(file: Path, contents: Mapping[str, bytes]) -> None:
    """Write contents to a file for texts beside it, in NumPy's format: arrays of bytes by name."""
    arrays = {name: np.frombuffer(contents[name], np.uint8) for name in sorted(contents)}
    np.savez(file, allow_pickle=False, **arrays)


def names_in(text: str) -> set[str]:
    """The names of contents in a text."""
    return set(_NAME.findall(text))


def names_of(module: ModuleOp) -> set[str]:
    """The names of contents that a module has in the place of these."""
    values = (value for op in module.walk() for value in (*op.properties.values(), *op.attributes.values()))
    handles = (value.resource_handle.data for value in values if isinstance(value, DenseResourceAttr))
    return {name for handle in handles for name in names_in(handle)}


def beside(file: Path, wanted: set[str]) -> dict[str, bytes]:
    """The contents of some names, from the files beside a text. Raises SourceError for one that no file has."""
    found: dict[str, bytes] = {}
    for each in sorted(file.parent.glob(FILES)) if wanted else ():
        with np.load(each, allow_pickle=False) as arrays:
            found |= {name: arrays[name].tobytes() for name in wanted & set(arrays.files)}
    if missing := sorted(wanted - found.keys()):
        raise SourceError(
            f"{file.name} names {missing[0]}, and no file beside it has it",
            why="large constants stand in a file beside the text that is saved with them",
            remedy=f"put the {FILES} file of the design into the same folder",
        )
    return found
