"""Arrays are memories: outside behind ports, inside as RAM, constant as ROM."""

from __future__ import annotations

import numpy as np
import pytest

from gatewright.errors import UnsupportedError


def copy(source: str, target: str, shape: str, subscripts: str) -> str:
    """A program that copies an element of one array to the same place of another, by way of a local one."""
    return f"""
func.func @copy(%a: memref<{shape}>, %b: memref<{shape}>, %x: i8, %y: i8) {{
  %l = memref.alloc() : memref<{shape}>
  %s:3 = loopschedule.step {{
    %i = arith.index_cast %x : i8 to index
    %j = arith.index_cast %y : i8 to index
    %v = memref.load %a[{subscripts}] : memref<{shape}>
    loopschedule.register %v, %i, %j : {source}, index, index
  }} : {source}, index, index
  loopschedule.step {{
    memref.store %s#0, %l[{subscripts.replace("%i", "%s#1").replace("%j", "%s#2")}] : memref<{shape}>
    loopschedule.register
  }}
  %w = loopschedule.step {{
    %w = memref.load %l[{subscripts.replace("%i", "%s#1").replace("%j", "%s#2")}] : memref<{shape}>
    loopschedule.register %w : {target}
  }} : {target}
  loopschedule.step {{
    memref.store %w, %b[{subscripts.replace("%i", "%s#1").replace("%j", "%s#2")}] : memref<{shape}>
    loopschedule.register
  }}
  return
}}"""


@pytest.mark.parametrize(
    ("shape", "subscripts", "element"),
    [((1,), "%i", "i32"), ((5,), "%i", "i1"), ((3, 7), "%i, %j", "i8"), ((4, 1, 6), "%i, %i, %j", "i16")],
)
def test_every_element_has_its_place(both, shape, subscripts, element):
    text = copy(element, element, f"{'x'.join(map(str, shape))}x{element}", subscripts)
    if len(shape) == 3:
        text = text.replace("%i, %i, %j", "%i, %zero, %j").replace("%s#1, %s#1, %s#2", "%s#1, %zero, %s#2")
        text = text.replace("  %l = ", "  %zero = arith.constant 0 : index\n  %l = ", 1)
    program = both(text)
    kind = {"i1": np.bool_, "i8": np.int8, "i16": np.int16, "i32": np.int32}[element]
    a = (np.arange(np.prod(shape)) * 37 % 101 - 50).reshape(shape)
    a = a % 2 == 0 if element == "i1" else a.astype(kind)
    for i in range(shape[0]):
        for j in range(shape[-1] if len(shape) > 1 else 1):
            program.agree(a, np.zeros(shape, kind), np.int8(i), np.int8(j), reset=False)
    (memory,) = program.design.memories
    assert (memory.words, memory.bits, memory.constant) == (np.prod(shape), int(element[1:]), False)


def test_a_load_beside_a_store_to_its_address_reads_the_old_word(both):
    program = both(
        """
func.func @beside(%a: memref<2xi32>, %x: i32) -> (i32, i32) {
  %zero = arith.constant 0 : index
  %l = memref.alloc() : memref<1xi32>
  loopschedule.step {
    memref.store %x, %l[%zero] : memref<1xi32>
    loopschedule.register
  }
  %v = loopschedule.step {
    %y = arith.addi %x, %x : i32
    memref.store %y, %l[%zero] : memref<1xi32>
    %v = memref.load %l[%zero] : memref<1xi32>
    loopschedule.register %v : i32
  } : i32
  %w = loopschedule.step {
    %w = memref.load %l[%zero] : memref<1xi32>
    loopschedule.register %w : i32
  } : i32
  loopschedule.step {
    memref.store %v, %a[%zero] : memref<2xi32>
    loopschedule.register
  }
  return %v, %w : i32, i32
}"""
    )
    program.agree(np.zeros(2, np.int32), np.int32(21))
    results = program.simulator.run(program.raw((np.zeros(2, np.int32), np.int32(21))), 100).results
    assert [int(result) for result in results] == [21, 42]


ROM = """
"memref.global"() <{sym_name = "weights", sym_visibility = "private", constant,
  initial_value = dense<VALUES> : tensor<2x3xi16>, type = memref<2x3xi16>}> : () -> ()
func.func @weigh(%i: i8, %j: i8) -> (i16, i16) {
  %w = memref.get_global @weights : memref<2x3xi16>
  %again = memref.get_global @weights : memref<2x3xi16>
  %x:3 = loopschedule.step {
    %k = arith.index_cast %i : i8 to index
    %l = arith.index_cast %j : i8 to index
    %x = memref.load %w[%k, %l] : memref<2x3xi16>
    loopschedule.register %x, %k, %l : i16, index, index
  } : i16, index, index
  %y = loopschedule.step for 2 {
    %y = memref.load %again[%x#1, %x#2] : memref<2x3xi16>
    loopschedule.register %y : i16
  } : i16
  return %x#0, %y : i16, i16
}"""


@pytest.mark.parametrize("values", ["[[1, -2, 3], [-32768, 32767, 0]]", "-5"])
def test_a_constant_array_is_one_rom_with_an_image(both, values):
    program = both(ROM.replace("VALUES", values))
    for i in range(2):
        for j in range(3):
            program.agree(np.int8(i), np.int8(j), reset=False)
    assert [(memory.words, memory.constant) for memory in program.design.memories] == [(6, True)]
    ((name, image),) = program.design.images.items()
    assert name == "weigh_w.mem"
    assert image.tolist() == ([65531] * 6 if values == "-5" else [1, 65534, 3, 32768, 32767, 0])


def test_an_array_that_is_never_read_is_left_out(both):
    program = both(
        """
func.func @unread(%x: i32) {
  %zero = arith.constant 0 : index
  %l = memref.alloc() : memref<9xi32>
  loopschedule.step {
    memref.store %x, %l[%zero] : memref<9xi32>
    loopschedule.register
  }
  return
}"""
    )
    program.agree(np.int32(1))
    assert program.design.memories == []


def test_an_array_that_lasts_from_run_to_run_is_an_error(lower):
    text = ROM.replace("VALUES", "1").replace("constant,", "")
    with pytest.raises(UnsupportedError, match="@weights is not a constant array"):
        lower(text)
