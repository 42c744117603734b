"""What a chart shows of a run, as points in time."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Iterable

from .charts_draw import Point
from .results import completed, percentile
from .results_record import Run

#: Seconds of which a percentile or a rate is drawn as one point.
SLICE_SECS = 5


def length(run: Run) -> float:
    """Seconds from the beginning of a run to its end."""
    return run.ended - run.began


def latency(run: Run, percent: int) -> list[Point]:
    """The percentile of the completed time, of the questions asked in each slice."""
    slices: dict[int, list[float]] = defaultdict(list)
    for question in run.questions:
        slices[int((question.asked - run.began) // SLICE_SECS)].append(completed(question, run))
    return [
        ((n + 0.5) * SLICE_SECS, percentile(slices[n], percent) if n in slices else None)
        for n in range(math.ceil(length(run) / SLICE_SECS))
    ]


def answered(run: Run) -> list[Point]:
    """Whole answers a second, by when they were whole."""
    ends = (q.asked + q.took - run.began for q in run.questions if q.done)
    return _rate(run, ((at, 1.0) for at in ends))


def refused(run: Run) -> list[Point]:
    """Refused tries a second, by when they were refused."""
    seconds = run.seconds
    found = zip(seconds.at, seconds.refused)
    return _rate(run, ((at - run.began, n) for at, n in found if n is not None))


def _rate(run: Run, events: Iterable[tuple[float, float]]) -> list[Point]:
    slices: dict[int, float] = defaultdict(float)
    for at, count in events:
        slices[int(at // SLICE_SECS)] += count
    number = math.ceil(length(run) / SLICE_SECS)
    return [((n + 0.5) * SLICE_SECS, slices[n] / SLICE_SECS) for n in range(number)]


def second_by_second(run: Run, name: str) -> list[Point]:
    """One of the series of the record."""
    return [(at - run.began, n) for at, n in zip(run.seconds.at, getattr(run.seconds, name))]


def highest(*series: list[Point]) -> float:
    """The highest value of all."""
    return max((n for points in series for _, n in points if n is not None), default=0.0)
