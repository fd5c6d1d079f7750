"""Name loops, and make directives decisions about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.ir import Block, SSAValue
from xdsl.passes import ModulePass

from gatewright.dialects.gw import DirectiveOp
from gatewright.errors import GatewrightError, OptionError, UnsupportedError
from gatewright.ir.array_names import name_arrays, names_of_arrays
from gatewright.ir.decisions import ask, value_of
from gatewright.ir.location import source_location
from gatewright.ir.loop_labels import label_of, name_loops
from gatewright.ir.rewriting import functions_of
from gatewright.plan import ASKED, Decision, bank_factors, bank_value


@dataclass(frozen=True)
class LabelLoopsPass(ModulePass):
    """Give each loop a name of its own, after its counter, and turn directives into decisions about loops by name.

    ```
    func.func @f() {                                func.func @f() attributes {gw.asked = [
                                                        #gw.decision<interleave(i), 8 : i64, "asked for">]} {
      scf.for %i = ... {                              scf.for %i = ... {
        gw.directive "interleave" = 8 for %i   ->       ...
        ...                                           } {gw.loop = ["i"]}
      }                                               scf.for %i = ... {
      scf.for %i = ... {                                ...
        ...                                           } {gw.loop = ["i_2"]}
      }                                             }
    }
    ```

    Plans, reports and messages call a loop by its name, whatever becomes of it. Loops that have names keep them.
    """

    name = "label-loops"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            name_loops(function)
            name_arrays(function)
            found = [inner for inner in function.walk() if isinstance(inner, DirectiveOp)]
            ask(function, _decisions(found, names_of_arrays(function)))
            for directive in found:
                directive.detach()
                directive.erase()


def _decisions(directives: list[DirectiveOp], arrays: Mapping[SSAValue, str]) -> Iterable[Decision]:
    """The decisions that directives ask for; the same one in the same place counts once."""
    seen: dict[tuple[str, str], Decision] = {}
    for directive in directives:
        try:
            names = tuple(_name_of(counter, arrays) for counter in directive.operands)
            decision = Decision(directive.kind.data, names, value_of(directive.value), ASKED)
            before = seen.get(decision.topic)
            if decision.kind == "bank" and before is not None:
                seen[decision.topic] = _in_banks_of_both(before, decision)
                continue
        except GatewrightError as error:
            if error.where is None:
                error.where = source_location(directive)
            raise
        if decision.topic not in seen:
            seen[decision.topic] = decision
        elif seen[decision.topic] != decision:
            raise OptionError(
                f"{seen[decision.topic]} and {decision} cannot both be done",
                remedy="say it once",
                where=source_location(directive),
            )
    return seen.values()


def _in_banks_of_both(one: Decision, other: Decision) -> Decision:
    """An array that is kept in banks along one axis, and along another."""
    factors = zip(bank_factors(one.value), bank_factors(other.value), strict=True)
    return Decision("bank", one.subject, bank_value(map(max, factors)), ASKED)


def _name_of(subject: SSAValue, arrays: Mapping[SSAValue, str]) -> str:
    """The name of an array, or of the loop of a counter."""
    if isinstance(subject.type, MemRefType):
        if subject not in arrays:
            raise UnsupportedError("a directive is about no array of the function")
        return arrays[subject]
    return _loop_of(subject)


def _loop_of(counter: SSAValue) -> str:
    loop = counter.owner.parent_op() if isinstance(counter.owner, Block) else None
    if not isinstance(loop, scf.ForOp) or counter is not loop.body.block.args[0]:
        raise UnsupportedError("a directive names what is no counter of a loop", remedy="name the counter of a loop")
    return label_of(loop)
