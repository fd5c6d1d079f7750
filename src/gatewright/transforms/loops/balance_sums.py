"""Tree height reduction: add up what a loop adds to a carried value, and then to that."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.ir.rewriting import insert_before
from gatewright.transforms.loops.unroll_and_jam import IN_ANY_ORDER


@dataclass(frozen=True)
class BalanceSumsPass(ModulePass):
    """Take what an iteration adds to a carried integer in pairs, and the carried value last.

    ```
    for k in ... carries s {               for k in ... carries s {
      yield ((s + p) + q) + r       ->       yield s + ((p + q) + r)
    }                                      }
    ```

    Also products, extremes and operations on bits. An iteration then waits for one operation of the iteration before,
    whatever their number (D. J. Kuck, Y. Muraoka and S.-C. Chen, IEEE Transactions on Computers, 1972). Integers wrap,
    so that every order gives the same; floating-point numbers stay as they are.
    """

    name = "balance-sums"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for loop in [inner for inner in op.walk() if isinstance(inner, scf.ForOp)]:
            end = loop.body.block.last_op
            assert end is not None
            for value in list(end.operands):
                _balance(value, loop.body.block)


def _balance(value: SSAValue, body: Block) -> None:
    root = value.owner
    if not isinstance(root, IN_ANY_ORDER) or root.parent is not body:
        return
    taken = _taken(root, body)
    carried = [each for each in taken if isinstance(each, BlockArgument) and each.block is body]
    if len(taken) < 3 or len(carried) != 1:
        return
    others = [each for each in taken if each is not carried[0]]
    kind = type(root)
    while len(others) > 1:
        pairs = zip(others[::2], others[1::2], strict=False)
        joined = [insert_before(kind(one, other), root).results[0] for one, other in pairs]
        others = [*joined, *others[len(others) - len(others) % 2 :]]
    last = insert_before(kind(carried[0], others[0]), root)
    last.results[0].name_hint = root.results[0].name_hint
    Rewriter.replace_op(root, [], list(last.results))


def _taken(root: Operation, body: Block) -> list[SSAValue]:
    """What a chain of operations of one kind takes, in the order of the text, if each but the last is used once."""
    found: list[SSAValue] = []
    pending: list[SSAValue] = list(reversed(root.operands))
    while pending:
        value = pending.pop()
        owner = value.owner
        if (
            isinstance(owner, Operation)
            and type(owner) is type(root)
            and owner.parent is body
            and len(list(value.uses)) == 1
        ):
            pending += reversed(owner.operands)
        else:
            found.append(value)
    return found
