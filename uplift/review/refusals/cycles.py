"""Resources that wait for each other: CloudFormation refuses a circular dependency (user guide, "DependsOn attribute")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from uplift.review.refusals.references import conditions_in, targets_in
from uplift.review.refusals.refusal import Refusal
from uplift.review.templates.template import StackTemplate


def circular_dependencies(base: StackTemplate | None, head: StackTemplate) -> Iterator[Refusal]:
    """Each circle once, on a resource of it that changed."""
    graph = _graph(head)
    known = _graph(base) if base is not None else {}
    for circle in _circles(graph):
        where = next((one for one in circle if known.get(one) != graph[one]), None)
        if where is None:
            continue
        start = circle.index(where)
        round_trip = [*circle[start:], *circle[:start], where]
        yield Refusal(
            where, f"circular dependency {' → '.join(round_trip)}", "each of them waits for the next", "take one of these references out"
        )


def circular_conditions(stack: StackTemplate) -> Iterator[Refusal]:
    """Conditions that ask each other, whether anything uses them or not (user guide, "Conditions")."""
    conditions = stack.section("Conditions")
    graph = {name: frozenset(conditions_in(value)) & conditions.keys() for name, value in conditions.items()}
    for circle in _circles(graph):
        yield Refusal(
            "",
            f"circular condition {' → '.join([*circle, circle[0]])}",
            "each of them waits for the next",
            "take one of these conditions out",
        )


def _graph(stack: StackTemplate) -> dict[str, frozenset[str]]:
    names = stack.section("Resources").keys()
    return {name: frozenset(targets_in(stack.as_written(name)) & names) for name in names}


def _circles(graph: Mapping[str, frozenset[str]]) -> Iterator[list[str]]:
    """One circle through each knot of resources that reach each other."""
    left = dict(graph)
    # What nothing waits for, or what waits for nothing, is in no circle.
    while free := [name for name, targets in left.items() if not targets & left.keys()]:
        for name in free:
            del left[name]
    seen: set[str] = set()
    for name in left:
        if name not in seen and (circle := _circle_through(name, left)):
            seen.update(circle)
            yield circle


def _circle_through(start: str, graph: Mapping[str, frozenset[str]]) -> list[str]:
    """The shortest way from a resource back to itself; empty where there is none."""
    ways = {start: [start]}
    reached = [start]
    for name in reached:
        for target in sorted(graph[name] & graph.keys()):
            if target == start:
                return ways[name]
            if target not in ways:
                ways[target] = [*ways[name], target]
                reached.append(target)
    return []
