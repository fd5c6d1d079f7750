"""Constants of mathematics with as many digits as hardware may need."""

from __future__ import annotations

LN2 = 0xB17217F7D1CF79ABC9E3B39803F2F6AF40F343267298B62D8A
"""The natural logarithm of 2, times 2**BITS. Computed by mpmath; a test compares."""
LOG2_E = 0x171547652B82FE1777D0FFDA0D23A7D11D6AEF551BAD2B4B116
"""The logarithm of e to the base of 2, times 2**BITS."""
TWO_BY_PI = 0xA2F9836E4E441529FC2757D1F534DDC0DB6295993C439041FE
"""Two divided by pi, times 2**BITS."""
BITS = 200


def scaled(constant: int, places: int) -> int:
    """A constant rounded to so many binary places, as an integer."""
    return ((constant >> (BITS - places - 1)) + 1) >> 1
