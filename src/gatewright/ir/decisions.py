"""The decisions of a plan at the function that they are about: those that are asked for, and those that are made."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.dialects import func
from xdsl.dialects.builtin import ArrayAttr, BoolAttr, IntegerAttr, IntegerType, NoneAttr, StringAttr, i64
from xdsl.ir import Attribute

from gatewright.dialects.notes import ASKED, PLAN, DecisionAttr
from gatewright.errors import OptionError
from gatewright.plan import ASKED as ASKED_FOR
from gatewright.plan import Decision, DecisionValue, Plan


def value_attribute(value: DecisionValue) -> IntegerAttr | StringAttr | NoneAttr:
    """The value of a decision as an attribute."""
    match value:
        case None:
            return NoneAttr()
        case bool():
            return BoolAttr.from_bool(value)
        case int():
            return IntegerAttr(value, i64)
    return StringAttr(value)


def value_of(attribute: Attribute | None) -> DecisionValue:
    """The value of a decision from an attribute."""
    match attribute:
        case IntegerAttr(type=IntegerType(width=width)) if width.data == 1:
            return bool(attribute.value.data)
        case IntegerAttr():
            return attribute.value.data
        case StringAttr():
            return attribute.data
    return None


def to_attribute(decision: Decision) -> DecisionAttr:
    """A decision as an attribute."""
    loops = ArrayAttr([StringAttr(each) for each in decision.subject])
    return DecisionAttr(StringAttr(decision.kind), loops, value_attribute(decision.value), StringAttr(decision.reason))


def to_decision(attribute: DecisionAttr) -> Decision:
    """A decision from an attribute. Raises OptionError if it is none of a plan."""
    subject = tuple(each.data for each in attribute.loops)
    return Decision(attribute.kind.data, subject, value_of(attribute.value), attribute.reason.data)


def asked(function: func.FuncOp) -> Plan:
    """What the user has decided about a function."""
    return Plan(tuple(map(to_decision, ASKED.value(function))))


def ask(function: func.FuncOp, decisions: Iterable[Decision]) -> None:
    """Note what the user decides, beside what is decided already. Raises OptionError for a contradiction."""
    before = asked(function)
    added = [each for each in decisions if before.find(*each.topic) != each]
    for each in added:
        if (other := before.find(*each.topic)) is not None:
            raise OptionError(f"{other} in the source and {each} in the plan cannot both be done", remedy="say it once")
    if added:
        ASKED.set(function, map(to_attribute, (*before, *added)))


def plan_of(function: func.FuncOp) -> Plan:
    """What is decided about a function."""
    return Plan(tuple(map(to_decision, PLAN.value(function))))


def record(function: func.FuncOp, decision: Decision) -> None:
    """Note a decision that is made; of one topic the last one counts."""
    before = [each for each in plan_of(function) if each.topic != decision.topic]
    given = asked(function).find(*decision.topic)
    if given is not None and not decision.reason:
        decision = Decision(decision.kind, decision.subject, decision.value, given.reason or ASKED_FOR)
    PLAN.set(function, map(to_attribute, Plan((*before, decision))))
