"""The fewest cycles that a program takes with a budget, whatever design comes out.

The larger of two things, each of which needs a cycle for each of its uses: products on the multipliers of the budget,
and elements of arrays outside the design that have to cross their ports. Both are facts of the program, so the bound
moves with neither the schedule nor the passes before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, prod

from xdsl.dialects import func
from xdsl.ir import SSAValue

from gatewright.analysis.work import Work, work_of
from gatewright.ir.interface import argument_names
from gatewright.plan import Plan, bank_factors


def lower_bound(
    function: func.FuncOp,
    multipliers: int | None,
    dual: frozenset[str] = frozenset(),
    banks: Mapping[str, int] | None = None,
) -> tuple[int, str] | None:
    """The bound in cycles of a function of loops and what sets it; None if a number of iterations is not known.

    `multipliers` is the pool of all products, `dual` names the arrays in true dual port memories (`*` for all), `banks`
    are how many memories arrays are in, by name.
    """
    work = work_of(function)
    if work is None:
        return None
    names: dict[SSAValue, str] = dict(zip(function.body.block.args, argument_names(function), strict=True))
    bounds = [(0, "nothing"), *_products(work, multipliers)]
    for array in work.loaded:
        name = names[array]
        count = (banks or {}).get(name, 1)
        each = "port of" if count == 1 else f"ports of the {count} banks of"
        if {name, "*"} & dual:
            both = ceil((work.loaded[array] + work.stored[array]) / (2 * count))
            bounds.append((both, f"the two {each.replace('port of', 'ports of')} {name}"))
        else:
            bounds.append((ceil(work.loaded[array] / count), f"the read {each} {name}"))
            bounds.append((ceil(work.stored[array] / count), f"the write {each} {name}"))
    return max(bounds, key=lambda bound: bound[0])


def banks_of(plan: Plan) -> dict[str, int]:
    """How many memories arrays are in, by name."""
    return {each.subject[0]: prod(bank_factors(each.value)) for each in plan if each.kind == "bank"}


def _products(work: Work, multipliers: int | None) -> list[tuple[int, str]]:
    """The bound of the products: all of them on the whole pool, and those of each type on what others leave of it.

    At least one multiplier of each type is there, since a multiplier of one type makes no products of another.
    """
    if multipliers is None:
        return []
    total, types = sum(work.products.values()), len(work.products)
    units = max(multipliers, types)
    what = "1 multiplier" if units == 1 else f"{units} multipliers"
    found = [(ceil(total / units), f"products on {what}")]
    most = units - types + 1
    for type_, count in work.products.items():
        each = "1 multiplier" if most == 1 else f"{most} multipliers"
        found.append((ceil(count / most), f"{type_} products on {each}"))
    return found
