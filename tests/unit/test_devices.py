"""Device families: their files, what is wrong with one, and devices as budgets."""

from __future__ import annotations

from pathlib import Path

import pytest

import gatewright as gw
from gatewright.devices.device import TARGETS, device_of


def products(a: gw.i32[64, 32], b: gw.i32[64, 32], c: gw.i32[64]):
    for i in range(64):
        s = 0
        for k in range(32):
            s += a[i, k] * b[i, k]
        c[i] = s


def reversed_rows(a: gw.i32[64, 32]):
    kept = a.copy()
    for i in range(64):
        for k in range(32):
            a[i, k] = kept[63 - i, k]


def test_there_is_a_file_for_each_family():
    assert TARGETS == ("ecp5", "generic", "gowin", "ice40", "xc7")
    for target in TARGETS:
        assert device_of(target).source.strip()
        assert target == "generic" or device_of(target).parts


@pytest.mark.parametrize("target", TARGETS)
def test_a_program_is_compiled_for_each_family(target: str):
    report = gw.compile(products, target=target).report
    assert report["cycles"] > 2048 and report["luts"] > 0 and report["target"] == target


@pytest.mark.parametrize(
    ("target", "words", "bits", "blocks"),
    [
        ("ecp5", 512, 36, 1),
        ("ecp5", 512, 37, 2),
        ("ecp5", 1024, 32, 2),
        ("ecp5", 16384, 1, 1),
        ("ecp5", 1, 1, 1),
        ("ice40", 256, 32, 2),
        ("ice40", 2048, 8, 4),
    ],
)
def test_blocks_of_a_memory(target: str, words: int, bits: int, blocks: int):
    assert device_of(target).ram_blocks(words, bits) == blocks


def test_what_a_device_has_is_the_budget():
    need = gw.compile(products, target="ice40").report["dsp"]
    assert need <= 8
    with pytest.raises(gw.OptionError, match="does not fit dsp=0"):
        gw.compile(products, target="ice40", device="HX8K")
    assert gw.compile(products, target="ice40", device="UP5K").report["dsp"] == need
    assert gw.compile(reversed_rows, target="ecp5", device="LFE5U-12F").report["ram_blocks"] == 4
    with pytest.raises(gw.OptionError, match="does not fit ram_blocks=3: the least is 4 blocks of RAM"):
        gw.compile(reversed_rows, target="ecp5", device="LFE5U-12F", budget=gw.Budget(ram_blocks=3))


def test_a_file_of_ones_own(tmp_path: Path):
    file = tmp_path / "mine.toml"
    file.write_text('based_on = "ecp5"\n[delays]\nmultiply = 30.0\n[parts]\n')
    device = device_of(str(file))
    assert device.technology.multiply == 30 and device.technology.lut == device_of("ecp5").technology.lut
    assert not device.parts
    assert gw.compile(products, target=file).report["cycles"] > gw.compile(products, target="ecp5").report["cycles"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('based_on = "ecp5"\ndelays = 3', "delays: a table of numbers is expected"),
        ('based_on = "ecp6"', "is based on 'ecp6', which is no device family"),
        ('based_on = "ecp5"\n[delays]\nluts = 3', "delays: luts is unknown"),
        ('based_on = "ecp5"\n[delays]\nlut = "a"', "delays: lut='a' is not a number from 0 on"),
        ('based_on = "ecp5"\n[delays]\nlut_inputs = 4.5', "delays: lut_inputs=4.5 is not a whole number from 2 on"),
        ('based_on = "ecp5"\n[ram]\nshapes = [[1, 2, 3]]', "shapes of ram are a list of pairs"),
        ('based_on = "ecp5"\n[parts]\nx = { luts = 3 }', "part x: dsp is missing"),
        ('based_on = "ecp5"\nparts = 4', "parts are a table of devices by name"),
        ('based_on = "ecp5"\ntitle = 3', "title=3 is not a text"),
        ('based_on = "ecp5"\n[delays]\nlut = nan', "delays: lut=nan is not a number from 0 on"),
        ('based_on = "ecp5"\n[delays]\nlut = inf', "delays: lut=inf is not a number from 0 on"),
        ('based_on = "ecp5"\n[delays]\nlut_inputs = 1', "lut_inputs=1 is not a whole number from 2 on"),
        ('based_on = "ecp5"\n[delays]\nmultiplier_bits = 1', "multiplier_bits=1 is not a whole number from 2 on"),
        ("[delays]\nlut = 1", "costs is missing"),
        ("not toml", "is no file of a device family"),
    ],
)
def test_what_is_wrong_with_a_file(text: str, what: str, tmp_path: Path):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(gw.OptionError) as error:
        device_of(str(file))
    assert what in error.value.what


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"target": "ecp6"}, "unknown target 'ecp6'"),
        ({"target": 3}, "target=3 is no device family"),
        ({"target": "ecp5", "device": "x"}, "ecp5 has no device 'x'"),
        ({"target": "ice40", "clock_mhz": 400}, "clock_mhz=400 is too fast for ice40"),
        ({"device": "x"}, "generic has no device 'x'"),
    ],
)
def test_what_there_is_not(options: dict[str, object], what: str):
    with pytest.raises(gw.OptionError) as error:
        gw.compile(products, **options)
    assert error.value.what == what
