"""The space of an exploration: combinations, and names of points that follow from what they are."""

from __future__ import annotations

import numpy as np
import pytest

import gatewright as gw
from gatewright.exploration.space import Space


def test_every_combination_is_a_point_and_the_last_option_changes_fastest():
    points = list(Space({"multipliers": [1, 4], "name": "f", "clock_mhz": [100, 150]}))
    assert [point.index for point in points] == [0, 1, 2, 3]
    assert [tuple(point.options.values()) for point in points] == [
        (1, "f", 100), (1, "f", 150), (4, "f", 100), (4, "f", 150),
    ]  # fmt: skip


def test_a_value_given_twice_is_one_and_samples_are_no_axis():
    space = Space({"multipliers": [2, 2], "calibrate": [np.zeros(3), np.ones(3)], "precision": "fixed<16>"})
    assert len(list(space)) == 1 and space.varied == ()


@pytest.mark.parametrize("options", [{"multipliers": []}, {"multiplier": [1]}])
def test_what_is_no_space_is_refused(options):
    with pytest.raises(gw.GatewrightError):
        Space(options)


def test_a_key_follows_from_program_options_and_version():
    def key(options, fingerprint="program", version="1"):
        return next(iter(Space(options))).key(fingerprint, version)

    assert (
        key({"multipliers": 4})
        == key({"multipliers": 4, "clock_mhz": 100.0})
        == key({"clock_mhz": 100, "multipliers": 4})
    )
    others = [
        key({"multipliers": 4}),
        key({"multipliers": 2}),
        key({"multipliers": 4}, "other"),
        key({"multipliers": 4}, version="2"),
    ]
    assert len(set(others)) == 4


def test_keys_tell_samples_apart():
    keys = [
        next(iter(Space({"precision": "fixed<16>", "calibrate": each}))).key("f", "1")
        for each in (np.zeros(3), np.ones(3))
    ]
    assert keys[0] != keys[1]
