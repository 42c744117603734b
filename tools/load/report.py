"""The table that is printed, and the CSV files.

`summary.csv` has a line for each call: how many, a second, p50, p90, p99 and the largest in
milliseconds, and how they ended. `seconds.csv` has the same for each second. The beginning (sessions
that are created) and the end (those that are ended) are counted apart: phase `before`, `after`.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .meter import OK, Call

#: Ends of a call that are answers.
ANSWERS = (OK, "conflict", "gone")


@dataclass(frozen=True)
class Line:
    """Calls of one name."""

    layer: str
    name: str
    calls: int
    a_second: float
    p50: float
    p90: float
    p99: float
    most: float
    ends: Counter[str]

    @property
    def errors(self) -> int:
        return sum(n for end, n in self.ends.items() if end not in ANSWERS)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed (nearest rank); 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def lines(calls: Iterable[Call], seconds: float) -> list[Line]:
    by: dict[tuple[str, str], list[Call]] = {}
    for call in calls:
        by.setdefault((call.layer, call.name), []).append(call)
        by.setdefault((call.layer, "all"), []).append(call)
    found = []
    for (layer, name), those in sorted(by.items(), key=lambda item: (item[0][0], item[0][1] == "all", item[0][1])):
        ms = [call.ms for call in those]
        shares = [percentile(ms, share) for share in (0.5, 0.9, 0.99, 1.0)]
        ends = Counter(call.end for call in those)
        found.append(Line(layer, name, len(those), len(those) / seconds, *shares, ends))
    return found


def phase(call: Call, seconds: float) -> str:
    return "before" if call.at < 0 else "after" if call.at >= seconds else "load"


def table(found: list[Line]) -> str:
    head = f"{'':<10}{'call':<10}{'calls':>8}{'a second':>10}{'p50 ms':>9}{'p90 ms':>9}{'p99 ms':>9}{'most ms':>9}{'errors':>8}{'throttled':>11}  ends"
    rows = [head]
    for line in found:
        ends = ", ".join(f"{end} {n}" for end, n in line.ends.most_common())
        rows.append(
            f"{line.layer:<10}{line.name:<10}{line.calls:>8}{line.a_second:>10.1f}{line.p50:>9.2f}{line.p90:>9.2f}"
            f"{line.p99:>9.2f}{line.most:>9.2f}{line.errors:>8}{line.ends['throttled']:>11}  {ends}"
        )
    return "\n".join(rows)


SUMMARY = ["phase", "layer", "call", "calls", "per_second", "p50_ms", "p90_ms", "p99_ms", "max_ms", "errors", "throttled", "conflicts", "ends"]  # fmt: skip
SECONDS = ["second", "layer", "call", "calls", "p50_ms", "p90_ms", "p99_ms", "max_ms", "errors", "throttled", "conflicts"]  # fmt: skip


def write(folder: Path, calls: list[Call], seconds: float) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    summary, by_second = folder / "summary.csv", folder / "seconds.csv"
    with summary.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(SUMMARY)
        for which in ("before", "load", "after"):
            those = [c for c in calls if phase(c, seconds) == which]
            # The load lasts as long as was asked; the rest as long as it took.
            took = seconds if which == "load" else _took(those)
            for line in lines(those, took):
                ends = ";".join(f"{end}={n}" for end, n in sorted(line.ends.items()))
                rows.writerow([which, line.layer, line.name, line.calls, f"{line.a_second:.2f}", *_ms(line), line.errors, line.ends["throttled"], line.ends["conflict"], ends])  # fmt: skip
    with by_second.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(SECONDS)
        for second in range(math.ceil(seconds)):
            for line in lines((c for c in calls if int(math.floor(c.at)) == second), 1.0):
                rows.writerow([second, line.layer, line.name, line.calls, *_ms(line), line.errors, line.ends["throttled"], line.ends["conflict"]])  # fmt: skip
    return [summary, by_second]


def _ms(line: Line) -> list[str]:
    return [f"{value:.3f}" for value in (line.p50, line.p90, line.p99, line.most)]


def _took(calls: list[Call]) -> float:
    if not calls:
        return 1.0
    return max(0.001, max(c.at + c.ms / 1000 for c in calls) - min(c.at for c in calls))
