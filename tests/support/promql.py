"""The metrics and labels that PromQL expressions use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import promql_parser as promql

# Prometheus adds these to whatever it scrapes.
ADDED = frozenset({"job", "instance"})
Exported = Mapping[str, frozenset[str]]


def problems(expression: str, exported: Exported) -> Iterator[str]:
    """Say what an expression asks for that is not exported. Raises ValueError where it is none.

    `exported` has the labels of each series, by its name.
    """
    yield from _problems(promql.parse(_plain(expression)), exported)


def metrics(expression: str) -> set[str]:
    """Return the names of the series that an expression reads."""
    return {str(one.name) for one in _selectors(promql.parse(_plain(expression)))}


def _plain(expression: str) -> str:
    """Fill in Grafana's variables."""
    return re.sub(r"\$__\w+|\$\w+", lambda found: _filling(found[0]), expression)


def _filling(variable: str) -> str:
    return "5m" if variable.startswith("$__") else ".*"


def _problems(node: Any, exported: Exported) -> Iterator[str]:
    if isinstance(node, promql.VectorSelector):
        if node.name is None or node.name not in exported:
            yield f"{node.name} is not exported"
        else:
            used = {matcher.name for matcher in node.matchers.matchers}
            for label in used - exported[node.name] - ADDED:
                yield f"{node.name} has no label {label}"
    if isinstance(node, promql.AggregateExpr) and node.modifier:
        known = ADDED.union(*(exported.get(one.name, set()) for one in _selectors(node)))
        for label in set(node.modifier.labels) - known:
            yield f"nothing in {node.prettify()} has a label {label}"
    for child in _children(node):
        yield from _problems(child, exported)


def _selectors(node: Any) -> Iterator[Any]:
    if isinstance(node, promql.VectorSelector):
        yield node
    for child in _children(node):
        yield from _selectors(child)


def _children(node: Any) -> list[Any]:
    names = ("expr", "lhs", "rhs", "param", "vector_selector")
    found = [getattr(node, name, None) for name in names]
    return [one for one in (*found, *getattr(node, "args", ())) if one is not None]
