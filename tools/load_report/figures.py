"""The figures of a run: over all, and over time.

An abandoned question counts with the timeout, as its user has waited that long.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Callable, Iterable

from .run import Question, Run

#: Seconds over which Locust's own processor time is judged.
CPU_WINDOW = 10
#: A share of one core above which Locust delays what it measures.
CPU_LIMIT = 0.8
SHARES = (0.5, 0.95, 0.99)


@dataclass(frozen=True)
class Figures:
    """Times in seconds; the three of a pair of times are p50, p95 and p99."""

    questions: int
    done: int
    abandoned: int
    tries: int
    refused: int
    broken: int
    took: list[float]
    first_token: list[float]
    checks: int
    turns: int
    lost: int
    signed_out: int
    cut: int
    cpu_mean: float
    cpu_max: float


def percentile(values: list[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed (nearest rank); NaN of none."""
    return nearest_rank(values, round(share * 100)) if values else math.nan


def nearest_rank(values: Iterable[float], percent: int) -> float:
    """The nearest-rank percentile of at least one value."""
    ordered = sorted(values)
    rank = -(-percent * len(ordered) // 100)
    return ordered[max(rank, 1) - 1]


def of(run: Run) -> Figures:
    cpu = [second.cpu for second in run.seconds]
    windows = [cpu[at : at + CPU_WINDOW] for at in range(max(1, len(cpu) - CPU_WINDOW + 1))]
    done = sum(question.is_done for question in run.questions)
    return Figures(
        questions=len(run.questions),
        done=done,
        abandoned=len(run.questions) - done,
        tries=sum(second.tries for second in run.tries),
        refused=sum(second.refused for second in run.tries),
        broken=sum(second.broken for second in run.tries),
        took=[percentile(took(run.questions), share) for share in SHARES],
        first_token=[percentile(first_tokens(run.questions), share) for share in SHARES],
        checks=len(run.checks),
        turns=sum(check.turns for check in run.checks),
        lost=sum(check.missing + check.wrong for check in run.checks),
        signed_out=sum(check.signed_out for check in run.checks),
        cut=run.cuts,
        cpu_mean=sum(cpu) / len(cpu) if cpu else 0.0,
        cpu_max=max((sum(window) / len(window) for window in windows if window), default=0.0),
    )


def took(questions: list[Question]) -> list[float]:
    return [question.took for question in questions]


def first_tokens(questions: list[Question]) -> list[float]:
    return [q.first_token for q in questions if q.first_token is not None]


def bin_width(run: Run) -> float:
    """Seconds that are drawn as one point of a percentile: some sixty points, 5 s at least."""
    return max(5.0, math.ceil(run.length / 60 / 5) * 5)


def over_time(
    run: Run, values: Callable[[list[Question]], list[float]], share: float
) -> list[tuple[float, float]]:
    """A percentile by the time at which the questions were asked: (second, value)."""
    width = bin_width(run)
    bins: dict[int, list[Question]] = {}
    for question in run.questions:
        bins.setdefault(int((question.asked - run.began) // width), []).append(question)
    points = []
    for number, questions in sorted(bins.items()):
        if found := values(questions):
            points.append(((number + 0.5) * width, percentile(found, share)))
    return points
