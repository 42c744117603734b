"""What a PromQL expression names: its series, and the labels that it matches or groups by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import promql_parser

from monitoring.files import Files, rules_of

#: What Prometheus adds to each series, and makes by itself.
ADDED = {"job", "instance", "zone", "service"}
#: What Grafana puts in place of its own variables; here any time will do.
INTERVAL = re.compile(r"\$__(rate_)?interval|\$__range")


@dataclass(frozen=True)
class Series:
    """A series that an expression reads: its name, and the labels that it matches."""

    name: str
    labels: frozenset[str]


def parsed(expression: str) -> promql_parser.Expr:
    """Raises ValueError on what Prometheus would refuse."""
    return promql_parser.parse(INTERVAL.sub("5m", expression))


def series_of(expression: str) -> Iterator[Series]:
    """Every series that an expression reads."""
    for node in nodes(parsed(expression)):
        if isinstance(node, promql_parser.VectorSelector):
            yield Series(node.name or "", frozenset(m.name for m in node.matchers.matchers))


def grouped_by(expression: str) -> set[str]:
    """The labels that an expression groups by or joins on."""
    found: set[str] = set()
    for node in nodes(parsed(expression)):
        modifier = getattr(node, "modifier", None)
        if isinstance(node, promql_parser.AggregateExpr) and modifier is not None:
            found |= set(modifier.labels)
    return found


def nodes(root: promql_parser.Expr) -> Iterator[promql_parser.Expr]:
    """The expression and everything inside."""
    yield root
    for name in ("expr", "lhs", "rhs", "param", "vs", "vector_selector"):
        inner = getattr(root, name, None)
        if inner is not None and not isinstance(inner, str | int | float):
            yield from nodes(inner)
    for inner in getattr(root, "args", None) or []:
        yield from nodes(inner)


def known_series(files: Files) -> dict[str, set[str]]:
    """Each series that there is, with its labels."""
    found: dict[str, set[str]] = {"up": set(ADDED)}
    for name, (kind, labels) in files.exported.items():
        own = {*labels, *ADDED}
        if kind == "histogram":
            found |= {f"{name}_bucket": own | {"le"}, f"{name}_sum": own, f"{name}_count": own}
        else:
            found[name] = own
    for rule in rules_of(files, "record"):
        found[rule["record"]] = grouped_by(rule["expr"])
    return found


def faults_of(expression: str, known: dict[str, set[str]]) -> Iterator[str]:
    """Why an expression cannot be what was meant."""
    try:
        read = list(series_of(expression))
    except ValueError as error:
        yield f"{error}: {expression}"
        return
    if not read:
        yield f"reads no series: {expression}"
    labels: set[str] = set()
    for series in read:
        if series.name not in known:
            yield f"there is no series {series.name}"
            continue
        labels |= known[series.name]
        for label in sorted(series.labels - known[series.name]):
            yield f"{series.name} has no label {label}"
    for label in sorted(grouped_by(expression) - labels):
        yield f"groups by {label}, which none of its series has: {expression}"
    yield from misread(expression, read, known)


def misread(expression: str, read: list[Series], known: dict[str, set[str]]) -> Iterator[str]:
    """A counter that is not looked at by its growth, a gauge that is."""
    rated = {
        s.name
        for node in nodes(parsed(expression))
        if isinstance(node, promql_parser.Call) and node.func.name in ("rate", "increase", "irate")
        for inner in node.args
        for s in series_of(str(inner))
    }
    for name in sorted({series.name for series in read} & set(known)):
        grows = name.endswith(("_total", "_bucket", "_sum", "_count"))
        if grows != (name in rated):
            yield f"{name} {'grows for ever' if grows else 'is no counter'}: {expression}"
