"""Reads the record of one run under load, and refuses one that is not whole.

A record is the file `VARIANT-N/run.json`. Its fields are those of the classes below; times are
epoch seconds. What is missing, of another type or against another field is a `RecordError` that
names the file and the field, and so is a run that ended before its last stage.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

#: In the order in which they are shown.
VARIANTS = {"tidegate": "Tidegate", "native": "native step scaling", "fixed": "fixed fleet"}
#: Seconds that a series may end before the last stage does.
SLACK_SECS = 5.0
#: The longest that a user thinks between two questions, in seconds.
LONGEST_THINK_SECS = 15.0
#: Types whose values are taken as they are, and what they are called.
PLAIN = {int: "a whole number", str: "a text", bool: "true or false"}


class RecordError(Exception):
    """A record that cannot be used: which file, which field, and why."""


@dataclass(frozen=True)
class Stage:
    """From `at` (seconds since the run began) on, so many users; the end of the run has none."""

    at: float
    users: int | None


@dataclass(frozen=True)
class Machine:
    """What all of it ran on."""

    cpus: int
    model: str
    memory_gb: float
    kernel: str


@dataclass(frozen=True)
class Seconds:
    """What was seen in each second; lists of one length."""

    at: list[float]
    users: list[float | None]
    wanted: list[float | None]
    in_service: list[float | None]
    booting: list[float | None]
    draining: list[float | None]
    in_flight: list[float | None]
    requests: list[float | None]
    refused: list[float | None]
    demand: list[float | None]


@dataclass(frozen=True)
class Question:
    """One turn of a user, from the first try to the whole answer, or to the timeout."""

    asked: float
    took: float
    outcome: str
    first_token: float | None
    tries: int
    refused: int
    broken: int

    @property
    def done(self) -> bool:
        return self.outcome == "done"


@dataclass(frozen=True)
class Alarm:
    at: float
    alarm: str
    state: str
    reason: str


@dataclass(frozen=True)
class Notice:
    at: float
    topic: str
    subject: str
    body: str


@dataclass(frozen=True)
class Decision:
    at: float
    function: str
    trigger: str
    action: str
    reason: str


@dataclass(frozen=True)
class Instance:
    """One process of the fleet: when it was asked for, served, was told to leave, was gone."""

    id: str
    asked: float
    serving: float | None
    told: float | None
    gone: float | None
    exit: int | None
    cut: int


@dataclass(frozen=True)
class Sessions:
    """What the users saw when they looked at their histories."""

    checks: int
    turns: int
    missing: int
    wrong: int
    signed_out: int
    cuts: int

    @property
    def missing_or_wrong(self) -> int:
        return self.missing + self.wrong


@dataclass(frozen=True)
class Step:
    at: float
    text: str


@dataclass(frozen=True)
class Browser:
    """The user in a real browser."""

    turns: int
    reloads: int
    lost_sessions: int
    missing_turns: int
    streamed: bool
    longest_answer_secs: float
    ended_here: bool
    ended_there: bool
    faults: list[str]
    steps: list[Step]


@dataclass(frozen=True)
class LocustCpu:
    """Locust's own share of one core."""

    mean: float
    max_10s: float


@dataclass(frozen=True)
class Run:
    """The record of one run."""

    variant: str
    number: int
    seed: int
    minute_secs: float
    began: float
    ended: float
    stages: list[Stage]
    timeout: float
    machine: Machine
    limits: dict[str, Any]
    seconds: Seconds
    questions: list[Question]
    alarms: list[Alarm]
    notices: list[Notice]
    decisions: list[Decision]
    instances: list[Instance]
    sessions: Sessions
    browser: Browser | None
    locust_cpu: LocustCpu
    faults: list[str]

    @property
    def name(self) -> str:
        return f"{self.variant}-{self.number}"

    @property
    def last_stage(self) -> float:
        """When the last stage began, which with an end among the stages is the end of the load."""
        return self.began + self.stages[-1].at

    @property
    def load_ended(self) -> float:
        """When the users were told to stop; without an end among the stages, the run's end."""
        return self.ended if self.stages[-1].users else self.last_stage


def read_comparison(folder: Path) -> list[Run]:
    """All runs of a comparison, by variant and number."""
    order = list(VARIANTS)
    found = sorted(path for path in folder.glob("*-[0-9]*") if path.is_dir())
    if not found:
        raise RecordError(f"{folder}: no VARIANT-N/run.json in it")
    # A run writes its record last: a folder without one is of a run that did not come to its end.
    runs = [read_run(path / "run.json") for path in found]
    return sorted(runs, key=lambda run: (order.index(run.variant), run.number))


def read_run(path: Path) -> Run:
    """One record, checked."""
    if not path.exists():
        raise RecordError(f"{path}: is missing: the run was cut short")
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: cannot be read as JSON: {error}") from error
    try:
        run = _value(Run, raw, "")
        _check(run)
        if path.parent.name != run.name:
            raise RecordError(f"variant, number: this is the record of {run.name}")
    except RecordError as error:
        raise RecordError(f"{path}: {error}") from error
    return run


def _value(kind: Any, raw: Any, where: str) -> Any:
    """`raw` as a value of the type `kind`; `where` is the field's name."""
    # First what most values are: a record has tens of thousands.
    if kind is float:
        number = isinstance(raw, (int, float)) and not isinstance(raw, bool)
        _expect(number and math.isfinite(raw), where, "a number", raw)
        return float(raw)
    if kind in PLAIN:
        whole = isinstance(raw, kind) and (kind is bool or not isinstance(raw, bool))
        _expect(whole, where, PLAIN[kind], raw)
        return raw
    if isinstance(kind, UnionType):
        wanted = next(part for part in get_args(kind) if part is not type(None))
        return None if raw is None else _value(wanted, raw, where)
    if get_origin(kind) is list:
        _expect(isinstance(raw, list), where, "a list", raw)
        (inner,) = get_args(kind)
        return [_value(inner, item, f"{where}[{place}]") for place, item in enumerate(raw)]
    if is_dataclass(kind):
        return _object(kind, raw, where)
    _expect(isinstance(raw, dict), where, "an object", raw)
    return raw


def _object(kind: Any, raw: Any, where: str) -> Any:
    hints = _hints(kind)
    names = list(hints)
    if isinstance(raw, list) and len(raw) == len(names):
        raw = dict(zip(names, raw))
    _expect(isinstance(raw, dict), where, "an object", raw)
    found = {}
    for name, hint in hints.items():
        inner = f"{where}.{name}" if where else name
        if name not in raw:
            raise RecordError(f"{inner} is missing")
        found[name] = _value(hint, raw[name], inner)
    return kind(**found)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _expect(holds: bool, where: str, what: str, raw: Any) -> None:
    if not holds:
        raise RecordError(f"{where or 'the record'}: {what} is expected,"
                          f" not {str(raw)[:60]!r}")


def _check(run: Run) -> None:
    """What the types do not say."""
    _require(run.variant in VARIANTS, f"variant: {run.variant!r} is none of {', '.join(VARIANTS)}")
    _require(run.minute_secs > 0, "minute_secs: must be above 0")
    _require(run.timeout > 0, "timeout: must be above 0")
    _require("concurrency" in run.limits, "limits.concurrency is missing")
    _check_stages(run)
    _check_questions(run)
    _check_seconds(run)
    states = {alarm.state for alarm in run.alarms} - {"ALARM", "OK"}
    _require(not states, f"alarms: state must be ALARM or OK, not {sorted(states)}")


def _require(holds: bool, why: str) -> None:
    if not holds:
        raise RecordError(why)


def _check_stages(run: Run) -> None:
    starts = [stage.at for stage in run.stages]
    _require(any(stage.users for stage in run.stages), "stages: no stage has users")
    _require(starts == sorted(set(starts)), "stages: each must begin after the one before")
    late = run.last_stage - run.ended
    _require(late <= 1, f"ended: the run is cut short, {late:.0f} s before its last stage")


def _check_questions(run: Run) -> None:
    for place, question in enumerate(run.questions):
        known = question.outcome in ("done", "abandoned")
        _require(known, f"questions[{place}].outcome: {question.outcome!r} is not known")
        tried = question.refused + question.broken <= question.tries
        _require(tried, f"questions[{place}].tries: fewer than were refused and broken")
        _require(question.took >= 0, f"questions[{place}].took: below 0")
    last = max((question.asked for question in run.questions), default=run.began)
    silent = run.load_ended - last
    allowed = run.timeout + LONGEST_THINK_SECS
    _require(silent <= allowed,
             f"questions: the run is cut short, none was asked in its last {silent:.0f} s")


def _check_seconds(run: Run) -> None:
    seconds = run.seconds
    _require(bool(seconds.at), "seconds.at: empty")
    for field in fields(seconds):
        length = len(getattr(seconds, field.name))
        _require(length == len(seconds.at),
                 f"seconds.{field.name}: {length} values for {len(seconds.at)} seconds")
    _require(seconds.at == sorted(seconds.at), "seconds.at: not in order")
    short = run.load_ended - seconds.at[-1]
    _require(short <= SLACK_SECS,
             f"seconds.at: the run is cut short, the series end {short:.0f} s before the load does")
