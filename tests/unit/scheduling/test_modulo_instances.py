"""Modulo scheduling problems of others, with the least interval that each is known to have.

The graphs are those of CIRCT's tests of its scheduling library (llvm/circt, test/Scheduling) and of its lowering of
loops (test/Conversion/AffineToLoopSchedule), and of the guides of AMD and Intel, re-typed.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from gatewright.scheduling.modulo import Solver, modulo_schedule
from gatewright.scheduling.problem import OperatorType, Problem


@dataclass(frozen=True)
class Instance:
    """A problem in short: `name: operator <- sources`, where `source@2` is the result of two iterations before."""

    name: str
    operators: list[OperatorType]
    text: str
    interval: int
    last: int | None = None
    """The start of the last operation in a shortest schedule, where the source gives it."""
    period: float = 5.0
    reason: str = ""
    """What keeps the interval from being smaller, in our words."""

    def __str__(self) -> str:
        return self.name

    def problem(self) -> Problem:
        """The problem, each operation labelled with its name."""
        problem = Problem(self.period)
        operators = {operator.name: operator for operator in self.operators}
        lines = [line.split() for line in self.text.strip().splitlines()]
        names = [name.rstrip(":") for name, *_ in lines]
        for name, (_, operator, *_) in zip(names, lines, strict=True):
            problem.add_operation(operators[operator], name)
        for target, (_, _, *sources) in enumerate(lines):
            for source in sources[1:]:
                name, _, distance = source.partition("@")
                problem.add_dependence(names.index(name), target, "value", distance=int(distance or 0))
        return problem


def cycles(*latencies: int) -> list[OperatorType]:
    """Unlimited operators named by their latencies: `_3` takes three cycles."""
    return [OperatorType(f"_{latency}", latency) for latency in latencies]


PORT = OperatorType("port", 1, limit=1)
TWO_PORTS = OperatorType("port", 1, limit=2)

INSTANCES = [
    Instance(
        "canis14_fig2",  # A. Canis, S. Brown and J. Anderson, FPL 2014; CIRCT's own solver stops at 4
        [PORT, *cycles(1)],
        """
        load_a: port <- store_a@1
        load_b: port
        add:    _1   <- load_a load_b
        store_a: port <- add
        """,
        interval=3,
        last=4,
        reason="load_a -> add -> store_a -> load_a takes 3 cycles and comes back after 1 iteration",
    ),
    Instance(
        "minII_feasible",  # CIRCT's own solver stops at 4
        [*cycles(0, 1, 2), OperatorType("sub", 3, limit=1)],
        """
        const: _0
        phi1:  _2  <- sub3@5
        phi2:  _2  <- sub2@3
        xor:   _1  <- phi1 const
        sub1:  sub <- xor phi2
        sub2:  sub <- const sub1
        sub3:  sub <- sub1 sub2
        last:  _1  <- sub3
        """,
        interval=3,
    ),
    Instance(
        "minII_infeasible",
        [*cycles(1), OperatorType("limited", 1, limit=2)],
        """
        start: _1
        phi:   _1      <- start mux@1
        a:     limited <- phi
        b:     limited <- phi
        c:     limited <- phi
        mux:   _1      <- a b c
        last:  _1      <- mux
        """,
        interval=4,
        last=5,
        reason="at least 3 because phi -> a -> mux -> phi takes 3 cycles and comes back after 1 iteration;"
        " at 3 the dependences leave no room for limited",
    ),
    Instance(
        "cyclic",
        cycles(0, 1, 2),
        """
        a:    _1
        b:    _0 <- e@1
        c:    _2 <- e@2
        d:    _1 <- b c
        e:    _1 <- c a
        last: _1 <- d
        """,
        interval=2,
        last=3,
        reason="c -> e -> c takes 3 cycles and comes back after 2 iterations",
    ),
    Instance(
        "mobility",
        cycles(1, 4),
        """
        a:    _1
        b:    _4 <- a
        c:    _1 <- a f@1
        d:    _1 <- b c
        e:    _4 <- d
        f:    _1 <- d
        last: _1 <- e f
        """,
        interval=3,
        last=10,
        reason="c -> d -> f -> c takes 3 cycles and comes back after 1 iteration",
    ),
    Instance(
        "interleaved_cycles",
        cycles(1, 10),
        """
        a:    _1
        b:    _10 <- a
        c:    _1  <- a g@2
        d:    _1  <- b c
        e:    _10 <- d
        f:    _1  <- d j@2
        g:    _1  <- f
        h:    _1  <- e g
        i:    _10 <- h
        j:    _1  <- h
        last: _1  <- i j
        """,
        interval=4,
        last=33,
    ),
    Instance(
        "self_arc",
        cycles(1, 3),
        """
        a:    _1
        b:    _3 <- a b@1
        last: _1 <- b
        """,
        interval=3,
        last=4,
        reason="b -> b takes 3 cycles and comes back after 1 iteration",
    ),
    Instance(
        "adder_chain",
        [OperatorType("add", delay=2.34), *cycles(1)],
        """
        a:    add
        b:    add <- a
        c:    add <- b
        d:    add <- c
        e:    add <- d
        last: _1  <- e
        """,
        interval=1,
        last=2,
        reason="an iteration starts at most once a cycle",
    ),
    Instance(
        "multi_cycle",
        [OperatorType("add", delay=2.34), OperatorType("mul", 3, delay=2.5, output_delay=3.75), *cycles(1)],
        """
        a:    add
        b:    add <- a
        c:    mul <- b a
        d:    add <- c b
        e:    add <- d c
        last: _1  <- e
        """,
        interval=1,
        last=5,
    ),
    Instance(
        "mco_outgoing_delays",
        [OperatorType("quick", 2, delay=0.1, output_delay=0.1), OperatorType("slow", 3, delay=5.0, output_delay=0.1)],
        """
        a:    quick
        b:    slow  <- a
        c:    quick <- b
        last: quick <- c
        """,
        interval=1,
        last=8,
    ),
    Instance(
        "chaining_and_cyclic",
        [
            OperatorType("adder", delay=1.0),
            OperatorType("mult", delay=3.0),
            OperatorType("two", 1, output_delay=0.75),
            OperatorType("three", delay=3.5),
            OperatorType("four", 1, delay=1.2, output_delay=1.2),
            OperatorType("five", delay=3.8),
        ],
        """
        a:    adder <- c@1
        b:    mult  <- a
        c:    two   <- a e@1
        d:    three <- a
        e:    four  <- b d
        last: five  <- e c
        """,
        interval=2,
        last=2,
    ),
    Instance(
        "full_load",
        [OperatorType("add", 3, limit=1), *cycles(0, 1)],
        """
        a: add
        b: add
        c: add
        d: add
        e: add
        barrier: _0 <- a b c d e
        last: _1 <- barrier
        """,
        interval=5,
        last=7,
        reason="5 uses of add on 1 unit",
    ),
    Instance(
        "partial_load",
        [OperatorType("add", 3, limit=3), *cycles(0, 1)],
        """
        a: add
        b: add
        c: add
        d: add
        e: add
        barrier: _0 <- a b c d e
        last: _1 <- barrier
        """,
        interval=2,
        last=4,
        reason="5 uses of add on 3 units",
    ),
    Instance(
        "multiple",
        [OperatorType("slow", 3, limit=2), OperatorType("fast", 1, limit=1), *cycles(0, 1)],
        """
        a: slow
        b: slow
        c: fast
        d: slow
        e: fast
        barrier: _0 <- a b c d e
        last: _1 <- barrier
        """,
        interval=2,
        last=4,
    ),
    Instance(
        "minimal, AffineToLoopSchedule",
        [OperatorType("store", limit=1), *cycles(0)],
        """
        next:  _0    <- next@1
        store: store <- next@1
        """,
        interval=1,
    ),
    Instance(
        "dot, AffineToLoopSchedule",
        [OperatorType("portA", 1, limit=1), OperatorType("portB", 1, limit=1), *cycles(0, 3)],
        """
        a:   portA
        b:   portB
        mul: _3 <- a b
        sum: _0 <- mul sum@1
        """,
        interval=1,
        last=4,
    ),
    Instance(
        "dot_mul_accumulate, AffineToLoopSchedule",
        [OperatorType("portA", 1, limit=1), OperatorType("portB", 1, limit=1), *cycles(3)],
        """
        a:   portA
        b:   portB
        mul: _3 <- a b
        acc: _3 <- mul acc@1
        """,
        interval=3,
        last=4,
        reason="acc -> acc takes 3 cycles and comes back after 1 iteration",
    ),
    Instance(
        "dot_shared_mem, AffineToLoopSchedule",
        [PORT, *cycles(0, 3)],
        """
        low:  port
        high: port
        mul:  _3 <- low high
        sum:  _0 <- mul sum@1
        """,
        interval=2,
        last=5,
        reason="2 uses of port on 1 unit",
    ),
    Instance(
        "four reads of one port",
        [PORT, *cycles(0)],
        """
        a: port
        b: port
        c: port
        d: port
        x: _0 <- a b
        y: _0 <- c d
        z: _0 <- x y
        """,
        interval=4,
        last=4,
        reason="4 uses of port on 1 unit",
    ),
    Instance(
        "four stores to two ports, AMD UG1448, HLS 200-448",
        [TWO_PORTS, OperatorType("input", 1, limit=2)],
        """
        a: input
        b: input
        p: port <- a
        q: port <- b
        r: port <- a
        s: port <- b
        """,
        interval=2,
        reason="4 uses of port on 2 units",
    ),
    Instance(
        "two dependent reads of two single ports, AMD UG1448, HLS 200-885",
        [OperatorType("b0", 1, limit=1), OperatorType("b1", 1, limit=1), *cycles(0)],
        """
        then_u: b1
        then_v: b0 <- then_u
        else_u: b0
        else_v: b1 <- else_u
        v: _0 <- then_v else_v
        """,
        interval=2,
    ),
    Instance(
        "the third stage feeds the first, Intel 683152",
        cycles(1),
        """
        one:   _1 <- three@1
        two:   _1 <- one
        three: _1 <- two
        """,
        interval=3,
        last=2,
    ),
    Instance(
        "a division in a recurrence with its own divider",
        [OperatorType("divide", 8, interval=8, limit=1), *cycles(0)],
        """
        next: _0 <- quotient@1
        quotient: divide <- next
        """,
        interval=8,
    ),
    Instance(
        "three divisions on two dividers",  # the units hold one each for four of seven cycles, and nothing more
        [OperatorType("divide", 4, interval=4, limit=2)],
        """
        a: divide
        b: divide
        c: divide
        """,
        interval=8,
        reason="3 uses of divide on 2 units, each for 4 cycles",
    ),
]


@pytest.mark.parametrize("instance", INSTANCES, ids=str)
def test_the_interval_is_the_known_one(instance: Instance):
    problem = instance.problem()
    result = modulo_schedule(problem)
    assert (result.interval, result.proven, result.shortest) == (instance.interval, True, True)
    if instance.last is not None:
        assert result.schedule.start[-1] == instance.last
    if instance.reason:
        assert result.describe(problem) == instance.reason


@pytest.mark.parametrize("instance", INSTANCES, ids=str)
def test_the_heuristic_alone_finds_a_schedule(instance: Instance):
    result = modulo_schedule(instance.problem(), effort=0)
    assert result.solver is not Solver.EXACT
    assert result.interval >= instance.interval
    assert result.proven <= (result.interval == instance.interval)


def test_only_the_operator_that_is_in_the_way_is_named():
    instance = next(each for each in INSTANCES if each.name == "minII_infeasible")
    problem = instance.problem()
    problem.add_operation(OperatorType("other", 1, limit=1), "bystander")
    assert modulo_schedule(problem).contended == ("limited",)


def test_without_effort_it_is_said_which_intervals_remain_open():
    instance = next(each for each in INSTANCES if each.name == "minII_infeasible")
    problem = instance.problem()
    result = modulo_schedule(problem, effort=0)
    assert (result.interval, result.proven, result.undecided) == (4, False, (3,))
    assert result.describe(problem).endswith("; a schedule at 3 was neither found nor excluded within the effort")
