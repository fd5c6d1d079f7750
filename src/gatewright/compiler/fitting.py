"""Fitting a program into a budget: the largest pool of multipliers with which the rest of the budget is kept."""

from __future__ import annotations

from dataclasses import replace

from gatewright.compiler.compilation import Compilation
from gatewright.compiler.dataflow import compilation_of
from gatewright.errors import OptionError
from gatewright.ir.program import Program
from gatewright.machine.use import Use
from gatewright.options import Options

_OF_PRODUCTS = ("dsp", "luts")
"""What fewer multipliers make less of."""
_WORDS = {"dsp": "DSP blocks", "luts": "look-up tables", "memory_bits": "bits of memory", "ram_blocks": "blocks of RAM"}


def fitted(program: Program, options: Options) -> Compilation:
    """The compilation of a program within its budget.

    Raises OptionError, which says what the least is, for a budget that the program does not fit.
    """
    compiled = compilation_of(program, options)
    if options.budget is None or not (beyond := compiled.rtl.use.beyond(options.budget)):
        return compiled
    if set(beyond) - set(_OF_PRODUCTS):
        raise _too_small(beyond, "memory is what the program's arrays take")
    return _with_fewer_multipliers(program, options, compiled.rtl.use)


def _with_fewer_multipliers(program: Program, options: Options, use: Use) -> Compilation:
    """The compilation with the most multipliers that fits, found by bisection: more of them never use less."""
    assert options.budget is not None
    least = _with_pool(program, options, 1)
    if beyond := least.rtl.use.beyond(options.budget):
        raise _too_small(beyond, _why(least.rtl.use))
    low, high, best = 1, use.multipliers, least
    while high - low > 1:
        middle = (low + high) // 2
        tried = _with_pool(program, options, middle)
        if tried.rtl.use.beyond(options.budget):
            high = middle
        else:
            low, best = middle, tried
    return best


def _with_pool(program: Program, options: Options, multipliers: int) -> Compilation:
    assert options.budget is not None
    budget = replace(options.budget, multipliers=multipliers)
    return compilation_of(program, replace(options, multipliers=multipliers, budget=budget))


def _why(use: Use) -> str:
    units = "one multiplier" if use.multipliers == 1 else f"{use.multipliers} multipliers, one of each type,"
    return (
        f"with {units} and one unit of every other operator it takes that many"
        if use.multipliers
        else "it takes that many"
    )


def _too_small(beyond: dict[str, tuple[int, int]], why: str) -> OptionError:
    given = ", ".join(f"{name}={budget}" for name, (_, budget) in beyond.items())
    needed = ", ".join(f"{used} {_WORDS[name]}" for name, (used, _) in beyond.items())
    remedy = ", ".join(f"{name}={used}" for name, (used, _) in beyond.items())
    return OptionError(
        f"the program does not fit {given}: the least is {needed}", why=why, remedy=f"gw.Budget({remedy})"
    )
