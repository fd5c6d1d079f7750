"""Writes random sequences of pipelines that load what earlier ones store, a few stages apart."""

from __future__ import annotations

import random

ARRAYS = ("a", "b", "c", "d")
EXTENT = 4


def generate(seed: int) -> str:
    """The text of a function that runs some pipelines one after the other, sometimes a few times."""
    drawn = random.Random(seed)
    steps: list[str] = []
    for number in range(drawn.randint(2, 4)):
        steps.append(_step(drawn, number))
        steps += [_plain(drawn, number)] if drawn.random() < 0.4 else []
    body = "\n".join(steps)
    if drawn.random() < 0.3:
        body = _repeated(body)
    parameters = ", ".join(f"%{array}: memref<{EXTENT}xi32>" for array in ARRAYS)
    constants = "\n".join(f"%c{number} = arith.constant {number} : index" for number in range(9))
    constants += "\n%mask = arith.constant 7 : i32"
    return f"func.func @f({parameters}, %n: i32) {{\n{constants}\n{body}\nreturn\n}}"


def _plain(drawn: random.Random, number: int) -> str:
    """A step of some cycles without a loop, which may load and store."""
    array, kind = drawn.choice(ARRAYS), f"memref<{EXTENT}xi32>"
    work = [
        "",
        f"%q{number} = memref.load %{array}[%c{drawn.randint(0, EXTENT - 1)}] : {kind}",
        f"memref.store %n, %{array}[%c{drawn.randint(0, EXTENT - 1)}] : {kind}",
    ]
    return f"loopschedule.step for {drawn.randint(1, 5)} {{\n{drawn.choice(work)}\nloopschedule.register\n}}"


def _repeated(body: str) -> str:
    """Some steps in a loop of three iterations."""
    return f"""loopschedule.step {{
  loopschedule.seq_while iter_args(%again = %c0) : (index) -> () {{
    %more = arith.cmpi slt, %again, %c3 : index
    loopschedule.register %more : i1
  }} do {{
    %once = loopschedule.step {{
      %followed = arith.addi %again, %c1 : index
      loopschedule.register %followed : index
    }} : index
    {body}
    loopschedule.terminator iter_args(%once), results() : (index) -> ()
  }}
  loopschedule.register
}}"""


def _step(drawn: random.Random, number: int) -> str:
    """A step with a pipeline, of a number of iterations that is known or depends on data."""
    name, interval = f"p{number}", drawn.choice([1, 1, 2, 3])
    known = drawn.random() < 0.6
    trips = drawn.randint(0, 8)
    bound, before = f"%c{trips}", ""
    if not known:
        bound, before = (
            f"%{name}n",
            f"%{name}k = arith.andi %n, %mask : i32\n%{name}n = arith.index_cast %{name}k : i32 to index\n",
        )
    stages: dict[int, list[str]] = {0: [f"%{name}x = arith.addi %{name}i, %c1 : index"]}
    registered: dict[int, list[tuple[str, str]]] = {0: [(f"%{name}x", "index")]}
    for array in ARRAYS:
        _accesses(drawn, name, array, interval, stages, registered)
    outs = {start: [f"%{name}s{start}_{k}" for k in range(len(values))] for start, values in registered.items()}
    text = "\n".join(
        _stage(start, stages[start], registered.get(start, []), outs.get(start, [])) for start in sorted(stages)
    )
    for start, values in registered.items():
        for (inside, _), out in zip(values, outs[start], strict=True):
            text = text.replace(f"later({inside})", out)
    count = f"trip_count = {trips} " if known else ""
    return f"""loopschedule.step {{
  {before}loopschedule.pipeline II = {interval} {count}iter_args(%{name}i = %c0) : (index) -> () {{
    %{name}m = arith.cmpi slt, %{name}i, {bound} : index
    loopschedule.register %{name}m : i1
  }} do {{
    {text}
    loopschedule.terminator iter_args({outs[0][0]}), results() : (index) -> ()
  }}
  loopschedule.register
}}"""


def _accesses(
    drawn: random.Random,
    name: str,
    array: str,
    interval: int,
    stages: dict[int, list[str]],
    registered: dict[int, list[tuple[str, str]]],
) -> None:
    """Load from an array and store something to another, both at addresses that run up, down or in strides."""
    if drawn.random() < 0.6:
        return
    load, store = drawn.randint(1, 7), drawn.randint(1, 8)
    for key in ("l", "t"):
        address, factor, offset = f"%{name}{array}{key}", drawn.choice([1, 1, 3, 7]), drawn.randint(0, 3)
        stages[0] += [
            f"{address}0 = arith.muli %{name}i, %c{factor} : index",
            f"{address}1 = arith.addi {address}0, %c{offset} : index",
            f"{address} = arith.andi {address}1, %c3 : index",
        ]
        registered[0].append((address, "index"))
    kind = f"memref<{EXTENT}xi32>"
    loaded = f"%{name}{array}v"
    stages.setdefault(load, []).append(f"{loaded} = memref.load %{array}[later(%{name}{array}l)] : {kind}")
    registered.setdefault(load, []).append((loaded, "i32"))
    target = drawn.choice(ARRAYS)
    stored = stages.setdefault(store, [])
    everything = [line for lines in stages.values() for line in lines if "store" in line and f"%{target}[" in line]
    if everything or drawn.random() < 0.2:
        return
    address = f"later(%{name}{array}t)"
    value = f"arith.addi later({loaded}), later({loaded}) : i32"
    if store <= load:
        value = f"arith.index_cast {address} : index to i32"
    stored += [f"%{name}{array}w = {value}", f"memref.store %{name}{array}w, %{target}[{address}] : {kind}"]


def _stage(start: int, lines: list[str], values: list[tuple[str, str]], outs: list[str]) -> str:
    names, types = ", ".join(value for value, _ in values), ", ".join(type_ for _, type_ in values)
    register = f"loopschedule.register {names} : {types}" if values else "loopschedule.register"
    opening = f"{', '.join(outs)} = " if outs else ""
    closing = f" : {types}" if values else ""
    return (
        f"{opening}loopschedule.pipeline.stage start = {start} {{\n" + "\n".join([*lines, register]) + f"\n}}{closing}"
    )
