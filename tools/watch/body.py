"""Reads a dashboard's body: its widgets, and the metrics that they show."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from watch.world import Stack

#: SEARCH('{NAMESPACE,DIMENSION,...} MetricName="..." DIMENSION=("VALUE" OR "VALUE")', 'STATISTIC', PERIOD)
SEARCH = re.compile(r"SEARCH\('\{([\w/]+)((?:,\w+)*)\} ([^']*)', '([\w.]+)', (\d+)\)")
TERM = re.compile(r"(\w+)=\(?((?:\"[^\"]*\"(?: OR )?)+)\)?")


@dataclass(frozen=True)
class Metric:
    """A metric that is shown; a dimension that any value will do for has None."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str | None], ...]

    def __str__(self) -> str:
        return f"{self.namespace} {self.name}"


def body_of(stack: Stack) -> dict | None:
    """The dashboard of a stack, as JSON; None without one."""
    for _, resource, properties in stack.existing():
        if resource["Type"] == "AWS::CloudWatch::Dashboard":
            return json.loads(properties["DashboardBody"])
    return None


def entries(widget: dict) -> Iterator[tuple[list, dict]]:
    """Each line of a metric widget: what stands before its options, and the options."""
    for line in widget["properties"].get("metrics", []):
        options = line[-1] if isinstance(line[-1], dict) else {}
        yield [item for item in line if not isinstance(item, dict)], options


def metrics_of(widget: dict) -> Iterator[Metric]:
    """Every metric of a widget, those of its searches too."""
    for words, options in entries(widget):
        if words:
            yield Metric(words[0], words[1], tuple(zip(words[2::2], words[3::2], strict=True)))
        yield from searched(options.get("expression", ""))


def searched(expression: str) -> Iterator[Metric]:
    """The metrics that an expression searches for."""
    for namespace, dimensions, terms, _, _ in SEARCH.findall(expression):
        wanted = {name: re.findall(r'"([^"]*)"', values) for name, values in TERM.findall(terms)}
        names = dimensions.strip(",").split(",")
        for metric in wanted.pop("MetricName", []):
            if set(wanted) <= set(names):
                for place in range(max([len(v) for v in wanted.values()], default=1)):
                    chosen = {n: v[min(place, len(v) - 1)] for n, v in wanted.items()}
                    yield Metric(namespace, metric, tuple((n, chosen.get(n)) for n in names))


def identifiers(expression: str) -> set[str]:
    """The ids that a metric-math expression refers to."""
    plain = re.sub(r"SEARCH\([^)]*\)(?:', '\w+', \d+\))?", "", SEARCH.sub("", expression))
    return set(re.findall(r"\b[a-z]\w*\b", plain))
