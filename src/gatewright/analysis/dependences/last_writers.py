"""Which store wrote what a load reads, for every execution of it.

Source: P. Feautrier, Dataflow analysis of array and scalar references, International Journal of Parallel Programming
20, 1991; computed by isl (S. Verdoolaege, isl: an integer set library, ICMS 2010).
"""

from __future__ import annotations

from dataclasses import dataclass

import islpy as isl

from gatewright.analysis.dependences.analysis import DependenceAnalysis, DistanceRange, extremes
from gatewright.analysis.dependences.description import ArrayAccess, affine, condition
from gatewright.analysis.dependences.instances import Instances

PARAM, IN, OUT, SET = isl.dim_type.param, isl.dim_type.in_, isl.dim_type.out, isl.dim_type.set


@dataclass(frozen=True)
class LastWriter:
    """A store that may have written what a load reads."""

    store: ArrayAccess | None
    """None for what the array held at the beginning."""
    certain: bool
    """True if these executions of the load read what this store wrote and nothing else."""
    loads: isl.Set
    """The executions of the load, by the counters of the loops around it and the symbols that it depends on."""
    distance: tuple[DistanceRange, ...]
    """For each loop around both, by how much its counter is greater at the load than at the store."""


def last_writers(analysis: DependenceAnalysis, load: ArrayAccess) -> list[LastWriter]:
    """The stores that may have written what a load reads, in the order of the text; then the initial contents."""
    reader = analysis.of(load)
    writers = [each for each in analysis.instances if each.access.stores and each.access.array == load.array]
    depth = 1 + max(len(each.loops) for each in [reader, *writers])
    reads = isl.UnionMap.from_map(_accesses(reader))
    schedule = isl.UnionMap.from_map(_schedule(reader, depth))
    certain = possible = isl.UnionMap.empty(reads.get_space())
    for writer in writers:
        schedule = schedule.union(isl.UnionMap.from_map(_schedule(writer, depth)))
        if _always_writes(writer):
            certain = certain.union(isl.UnionMap.from_map(_accesses(writer)))
        else:
            possible = possible.union(isl.UnionMap.from_map(_accesses(writer)))
    info = isl.UnionAccessInfo.from_sink(reads).set_must_source(certain).set_may_source(possible)
    flow = info.set_schedule_map(schedule).compute_flow()
    must, may = flow.get_must_dependence(), flow.get_may_dependence()
    one_element = all(subscript is not None for subscript in load.subscripts)
    found = []
    for writer in writers:
        for pairs, is_certain in ((must, one_element), (may.subtract(must), False)):
            found += _writer(writer, reader, pairs, is_certain)
    surely_none, perhaps_none = flow.get_must_no_source(), flow.get_may_no_source()
    for pairs, is_certain in ((surely_none, one_element), (perhaps_none.subtract(surely_none), False)):
        loads = pairs.domain().extract_set(_executions(reader).get_space()).coalesce()
        if not loads.is_empty():
            found.append(LastWriter(None, is_certain, loads, ()))
    return found


def _writer(writer: Instances, reader: Instances, pairs: isl.UnionMap, certain: bool) -> list[LastWriter]:
    source, target = _executions(writer).get_space(), _executions(reader).get_space()
    source = source.align_params(target)
    chosen = pairs.extract_map(source.map_from_domain_and_range(target.align_params(source)))
    if chosen.is_empty():
        return []
    wrapped = chosen.wrap().flatten()
    local, behind = isl.LocalSpace.from_space(wrapped.get_space()), chosen.dim(IN)
    distance = []
    for position in range(writer.common_loops(reader)):
        at_store, at_load = (isl.Aff.var_on_domain(local, SET, each) for each in (position, behind + position))
        distance.append(extremes(isl.PwAff.from_aff(at_load.sub(at_store)).intersect_domain(wrapped)))
    return [LastWriter(writer.access, certain, chosen.range().coalesce(), tuple(distance))]


def _always_writes(instances: Instances) -> bool:
    """True if every execution in the set happens and writes the element that is given."""
    known = all(subscript is not None for subscript in instances.access.subscripts)
    return known and not instances.conditional and len(_names(instances)) == len(instances.loops)


def _names(instances: Instances) -> list[str]:
    """The counters of the loops around an access, and the symbols that it really depends on."""
    used = set(instances.domain.get_var_names(PARAM))
    for subscript in instances.access.subscripts:
        used.update(subscript.get_var_names(PARAM) if subscript is not None else ())
    return [loop.name for loop in instances.loops] + [name for name, _ in instances.symbols if name in used]


def _tuple(values: isl.Set, names: list[str]) -> isl.Set:
    """A set of values of parameters as a set of tuples of the parameters with the given names."""
    values &= condition("true") if not names else condition(" and ".join(f"{name} = {name}" for name in names))
    for position, name in enumerate(names):
        found = values.find_dim_by_name(PARAM, name)
        values = values.move_dims(SET, position, PARAM, found, 1)
    return values


def _executions(instances: Instances) -> isl.Set:
    return _tuple(instances.domain, _names(instances)).set_tuple_name(f"S{instances.order}")


def _accesses(instances: Instances) -> isl.Map:
    """From the executions of an access to the elements that it may touch."""
    names, values = _names(instances), instances.domain
    elements = [f"element_{position}" for position in range(len(instances.access.subscripts))]
    for name, subscript in zip(elements, instances.access.subscripts, strict=True):
        if subscript is not None:
            values &= affine(name).eq_set(subscript)
    both = isl.Map.from_domain(_tuple(values, [*names, *elements]))
    relation = both.move_dims(OUT, 0, IN, len(names), len(elements))
    return relation.set_tuple_name(IN, f"S{instances.order}").set_tuple_name(OUT, instances.access.array)


def _schedule(instances: Instances, depth: int) -> isl.Map:
    """The order of the text, level by level: place, counter, place, counter, ..., filled up with zeros."""
    values, times = instances.domain, []
    for level in range(depth):
        place = instances.positions[level] if level < len(instances.positions) else 0
        counter = affine(instances.loops[level].name) if level < len(instances.loops) else affine(0)
        for time in (affine(place), counter):
            times.append(f"time_{len(times)}")
            values &= affine(times[-1]).eq_set(time)
    names = _names(instances)
    both = isl.Map.from_domain(_tuple(values, [*names, *times]))
    return both.move_dims(OUT, 0, IN, len(names), len(times)).set_tuple_name(IN, f"S{instances.order}")
