"""Measures the runs of a comparison under load. Every figure of the page is defined here.

The step window of a run is the time from the first stage with the most users until the stage at
which users fall again (without one: until the load ends). A question belongs to the window if it
was asked in it, whenever it was answered. All figures about questions are of the window.

The completed time of a question runs from its first try to its whole answer: refused and broken
tries, and the waits between them, are in it. An abandoned question counts as the timeout.

A percentile is the smallest value that at least so many of a hundred values do not exceed.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Callable, Iterable

# A run in which Locust used more of a core than this for 10 s is invalid: it may have been late.
from load_report.figures import CPU_LIMIT as MOST_LOCUST_CPU
from load_report.figures import nearest_rank as percentile

from .results_record import VARIANTS, Question, Run, read_comparison

#: A group of questions is as fast as before the step up to so many times the p95 before it.
RECOVERED = 1.5
#: Questions are looked at in groups of so many seconds to find when a run has recovered.
GROUP_SECS = 10


@dataclass(frozen=True)
class Window:
    """From (included) and to (not included), in epoch seconds."""

    begin: float
    end: float

    def holds(self, at: float) -> bool:
        return self.begin <= at < self.end


@dataclass(frozen=True)
class Leaving:
    """What became of the instances that were told to leave, or left untold, during a run."""

    told: int
    #: Of these the ones that ended with another exit status than 0, or were gone without one.
    bad_exits: int
    #: Gone without having been told.
    died: int
    #: Answers cut, by the instances' own count.
    cut: int


@dataclass(frozen=True)
class Result:
    """The figures of one run; seconds unless said otherwise, shares from 0 to 1."""

    run: Run
    window: Window
    questions: int
    done: int
    abandoned: int
    p50: float
    p95: float
    p99: float
    #: Of the try that succeeded; abandoned questions have none. None: nothing was answered.
    first_token_p95: float | None
    #: The same of the questions asked before the step.
    first_token_before: float | None
    #: Questions of which at least one try was refused.
    refused_questions: float
    #: Tries that were refused.
    refused_tries: float
    #: Tries that broke off: no `done` at the end, a lost connection, another status than 503.
    broken_tries: int
    #: The p95 of all questions asked before the step. None: there was no step.
    before_p95: float | None
    #: See `recovery`; infinite: never. None: there was no step.
    recovery: float | None
    most_wanted: float
    instance_secs: float
    #: In hours of the controllers' clock.
    instance_hours: float
    alarms: int
    notices: int
    leaving: Leaving
    #: Why this run is left out of the medians; empty: it is valid.
    invalid: list[str]

    @property
    def valid(self) -> bool:
        return not self.invalid


def completed(question: Question, run: Run) -> float:
    """Seconds until the answer was whole; the timeout if it never was."""
    return question.took if question.done else run.timeout


def step_window(run: Run) -> Window:
    """From the first stage with the most users until users fall again."""
    most = max(stage.users or 0 for stage in run.stages)
    first = next(place for place, stage in enumerate(run.stages) if stage.users == most)
    fewer = (stage.at for stage in run.stages[first:] if (stage.users or 0) < most)
    fall = next(fewer, None)
    end = run.load_ended if fall is None else run.began + fall
    return Window(run.began + run.stages[first].at, end)


def recovery(run: Run, window: Window, before_p95: float) -> float:
    """Seconds from the step until the run was as fast as before it, and stayed so.

    That is the first whole second from which on the p95 of the questions of every 10 s that begin
    then or later, and end inside the window, is at most 1.5 times the p95 before the step. 10 s
    in which nobody asked are not fast. Infinite: there is no such second.
    """
    asked = sorted((q.asked, completed(q, run)) for q in run.questions)
    times = [at for at, _ in asked]
    last = math.floor(window.end - window.begin - GROUP_SECS)
    found = math.inf
    for second in range(last, -1, -1):
        begin = bisect_left(times, window.begin + second)
        end = bisect_left(times, window.begin + second + GROUP_SECS)
        took = [seconds for _, seconds in asked[begin:end]]
        if not took or percentile(took, 95) > RECOVERED * before_p95:
            return found
        found = float(second)
    return found


def measure(run: Run) -> Result:
    """The figures of one run."""
    window = step_window(run)
    asked = [q for q in run.questions if window.holds(q.asked)]
    earlier = [q for q in run.questions if q.asked < window.begin]
    before = [completed(q, run) for q in earlier]
    before_p95 = percentile(before, 95) if before else None
    took = [completed(q, run) for q in asked] or [math.nan]
    paid = instance_secs(run)
    return Result(
        run=run,
        window=window,
        questions=len(asked),
        done=sum(q.done for q in asked),
        abandoned=sum(not q.done for q in asked),
        p50=percentile(took, 50),
        p95=percentile(took, 95),
        p99=percentile(took, 99),
        first_token_p95=_first_token(asked),
        first_token_before=_first_token(earlier),
        refused_questions=_share(sum(q.refused > 0 for q in asked), len(asked)),
        refused_tries=_share(sum(q.refused for q in asked), sum(q.tries for q in asked)),
        broken_tries=sum(q.broken for q in asked),
        before_p95=before_p95,
        recovery=None if before_p95 is None else recovery(run, window, before_p95),
        most_wanted=max((n for n in run.seconds.wanted if n is not None), default=0),
        instance_secs=paid,
        instance_hours=paid / run.minute_secs / 60,
        alarms=sum(alarm.state == "ALARM" for alarm in run.alarms),
        notices=len(run.notices),
        leaving=_leaving(run),
        invalid=_invalid(run, asked),
    )


def _first_token(asked: Iterable[Question]) -> float | None:
    """The p95 of the time to the first token, from the try that succeeded."""
    tokens = [q.first_token for q in asked if q.done and q.first_token is not None]
    return percentile(tokens, 95) if tokens else None


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def instance_secs(run: Run) -> float:
    """Seconds for which instances were there, from being asked for to being gone.

    Counted from the beginning of the run to the end of the load, so that it is the same span in
    all runs however long the last answers took.
    """
    spans = (
        min(i.gone if i.gone is not None else run.load_ended, run.load_ended)
        - max(i.asked, run.began)
        for i in run.instances
    )
    return sum(max(span, 0.0) for span in spans)


def _leaving(run: Run) -> Leaving:
    told = [i for i in run.instances if i.told is not None and i.told < run.ended]
    died = [i for i in run.instances if i.told is None and i.gone is not None]
    return Leaving(
        told=len(told),
        bad_exits=sum(i.gone is not None and i.exit != 0 for i in told),
        died=sum(i.gone is not None and i.gone < run.ended for i in died),
        cut=sum(i.cut for i in run.instances),
    )


def _invalid(run: Run, asked: list[Question]) -> list[str]:
    found = []
    if run.locust_cpu.max_10s > MOST_LOCUST_CPU:
        used, most = (f"{n * 100:.0f} %" for n in (run.locust_cpu.max_10s, MOST_LOCUST_CPU))
        found.append(f"Locust used {used} of a core for 10 s, and {most} is allowed")
    if not asked:
        found.append("nobody asked anything in the step window")
    return found


@dataclass(frozen=True)
class Figure:
    """A line of the summary: what it is called, how it is shown, where it stands."""

    label: str
    kind: str
    of: Callable[[Result], float | None]


FIGURES = [
    Figure("completed answer, p50", "secs", lambda r: r.p50),
    Figure("completed answer, p95", "secs", lambda r: r.p95),
    Figure("completed answer, p99", "secs", lambda r: r.p99),
    Figure("first token, p95", "ms", lambda r: r.first_token_p95),
    Figure("first token, p95 before the step", "ms", lambda r: r.first_token_before),
    Figure("questions asked", "count", lambda r: r.questions),
    Figure("questions answered", "count", lambda r: r.done),
    Figure("questions abandoned", "count", lambda r: r.abandoned),
    Figure("questions refused at least once", "share", lambda r: r.refused_questions),
    Figure("tries refused", "share", lambda r: r.refused_tries),
    Figure("tries broken off", "count", lambda r: r.broken_tries),
    Figure("p95 before the step", "secs", lambda r: r.before_p95),
    Figure("time to recover", "secs", lambda r: r.recovery),
    Figure("most instances wanted", "count", lambda r: r.most_wanted),
    Figure("instance-hours (controllers' clock)", "hours", lambda r: r.instance_hours),
    Figure("alarms raised", "count", lambda r: r.alarms),
    Figure("notices", "count", lambda r: r.notices),
    Figure("instances told to leave", "count", lambda r: r.leaving.told),
    Figure("answers cut", "count", lambda r: r.run.sessions.cuts + r.leaving.cut),
    Figure("sessions lost", "count", lambda r: r.run.sessions.signed_out),
    Figure("turns missing or wrong", "count", lambda r: r.run.sessions.missing_or_wrong),
    Figure("Locust's CPU, busiest 10 s", "share", lambda r: r.run.locust_cpu.max_10s),
]


@dataclass(frozen=True)
class Spread:
    """The median of several runs, and their range."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Variant:
    """All runs of one variant."""

    name: str
    results: list[Result]

    @property
    def title(self) -> str:
        return VARIANTS[self.name]

    @property
    def valid(self) -> list[Result]:
        return [result for result in self.results if result.valid]

    def spread(self, figure: Figure) -> Spread | None:
        """Over the valid runs; None when none of them has the figure."""
        values = [v for v in map(figure.of, self.valid) if v is not None]
        if not values:
            return None
        return Spread(median(values), min(values), max(values))

    @property
    def p95(self) -> float | None:
        return median(r.p95 for r in self.valid) if self.valid else None

    @property
    def shown(self) -> Result:
        """The run that is drawn: of the valid ones the one with the median p95 (of two, the
        slower); without a valid one, the first."""
        ordered = sorted(self.valid, key=lambda r: r.p95)
        return ordered[len(ordered) // 2] if ordered else self.results[0]


@dataclass(frozen=True)
class Comparison:
    """What the same load did to the variants."""

    variants: list[Variant]

    def variant(self, name: str) -> Variant | None:
        return next((v for v in self.variants if v.name == name), None)

    @property
    def results(self) -> list[Result]:
        return [result for variant in self.variants for result in variant.results]

    def below(self, name: str, other: str) -> float | None:
        """By what share the median p95 of one variant is below another's; below 0: it is above."""
        ours, theirs = (v.p95 if v else None for v in map(self.variant, (name, other)))
        return None if ours is None or not theirs else 1 - ours / theirs

    def below_at_worst(self, name: str, other: str) -> float | None:
        """The same for the slowest run of the one and the fastest of the other."""
        ours, theirs = self.variant(name), self.variant(other)
        if not (ours and theirs and ours.valid and theirs.valid):
            return None
        return 1 - max(r.p95 for r in ours.valid) / min(r.p95 for r in theirs.valid)


def compare(runs: list[Run]) -> Comparison:
    """The runs' figures, by variant."""
    results = [measure(run) for run in runs]
    found = [Variant(name, [r for r in results if r.run.variant == name]) for name in VARIANTS]
    return Comparison([variant for variant in found if variant.results])


def read(folder: Path) -> Comparison:
    """A comparison from its folder."""
    return compare(read_comparison(folder))
