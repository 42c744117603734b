"""One fleet's day as facts: the record, in the words that checks, table and page ask in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from .cast import FUNCTIONS, MINUTE, STORY_MINUTES, Fleet, clock_time, local
from .record import Record, parse


@dataclass(frozen=True)
class Step:
    """One change of a group by a function, from the call log, with the sizes before it."""

    index: int  # in the fleet's writes
    at: datetime
    at_text: str
    by: str
    min_before: int
    min_after: int
    desired_before: int
    desired_written: int | None
    #: What woke the function and its reason's code, from the ledger.
    signal: str
    code: str

    @property
    def origin(self) -> int:
        """The capacity that it starts from: desired where it is written, else MinSize."""
        return self.min_before if self.desired_written is None else self.desired_before

    @property
    def to(self) -> int:
        return self.min_after if self.desired_written is None else self.desired_written

    @property
    def lowers(self) -> bool:
        return self.to < self.origin


class Facts:
    """One fleet's day."""

    def __init__(self, record: Record, fleet: Fleet) -> None:
        self.record = record
        self.fleet = fleet
        self.start = parse(record.start)
        self.ledger = record.ledger[fleet.name]
        self.writes = [w for w in record.writes if w["fleet"] == fleet.name]
        self.scheduled = record.scheduled[fleet.name]
        self.series = record.series[fleet.name]

    # --- times ----------------------------------------------------------------------------------

    @property
    def night(self) -> datetime:
        return self._local(self.fleet.policy["night"]["starts"], 0)

    @property
    def day(self) -> datetime:
        """The next morning's deadline."""
        return self._local(self.fleet.policy["day"]["starts"], 1)

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=STORY_MINUTES)

    def _local(self, text: str, days: int) -> datetime:
        hour, minute = (int(x) for x in text.split(":"))
        day = local(self.start) + timedelta(days=days)
        return day.replace(hour=hour, minute=minute, second=0, microsecond=0)

    def minute_at(self, minute: int) -> datetime:
        return self.start + minute * MINUTE

    def minute_of(self, at: datetime) -> float:
        return (at - self.start) / MINUTE

    @staticmethod
    def at(entry: dict[str, Any]) -> datetime:
        return parse(entry["at"])

    def clock(self, entry: dict[str, Any]) -> str:
        return clock_time(self.at(entry))

    # --- what was done --------------------------------------------------------------------------

    @cached_property
    def advice(self) -> list[dict[str, Any]]:
        """What sizing advised, oldest first, where the ledger has it."""
        return [entry["sizing"] for entry in self.ledger if entry.get("sizing")]

    @cached_property
    def steps(self) -> list[Step]:
        """Every change of sizes by a function, oldest first; one for the calls of one moment."""
        decided = {(e["at"], e["function"]): e for e in self.ledger if e["outcome"] == "applied"}
        found: list[Step] = []
        for index, write in enumerate(self.writes):
            function = next((f for f in FUNCTIONS if write["by"].endswith(f)), None)
            if function is None or not ("min" in write or "desired" in write):
                continue
            if write["action"] == "PutScheduledUpdateGroupAction":
                continue
            before = self.sizes_before(parse(write["at"]))
            entry = decided.get((write["at"], function), {})
            step = Step(
                index,
                parse(write["at"]),
                write["at"],
                function,
                before["min"],
                write.get("min", before["min"]),
                before["desired"],
                write.get("desired"),
                entry.get("signal", "?"),
                entry.get("reason", {}).get("code", "?"),
            )
            same = bool(found) and (found[-1].at, found[-1].by) == (step.at, step.by)
            if same:  # MinSize first, then desired: one lowering
                last = found.pop()
                step = Step(**{**vars(last), "desired_written": step.desired_written})
            found.append(step)
        return found

    @property
    def lowerings(self) -> list[Step]:
        return [s for s in self.steps if s.lowers]

    @property
    def raises(self) -> list[Step]:
        return [s for s in self.steps if s.to > s.origin]

    def held(self, function: str, code: str) -> list[dict[str, Any]]:
        return [
            e
            for e in self.ledger
            if e["function"] == function
            and e["action"]["kind"] == "hold"
            and e["reason"]["code"] == code
        ]

    # --- what was there -------------------------------------------------------------------------

    @cached_property
    def _polls(self) -> list[tuple[datetime, dict[str, int]]]:
        return [(parse(p["at"]), p["groups"][self.fleet.name]) for p in self.record.polls]

    def sizes_before(self, at: datetime) -> dict[str, int]:
        return [sizes for when, sizes in self._polls if when < at][-1]

    def sizes_after(self, at: datetime) -> dict[str, int]:
        """At this moment, after what was done in it."""
        return [sizes for when, sizes in self._polls if when <= at][-1]

    def sizes_between(self, first: datetime, last: datetime) -> list[dict[str, int]]:
        return [sizes for when, sizes in self._polls if first <= when < last]

    def desired_changes(self) -> list[tuple[float, int]]:
        """What is asked and paid for: each new value with the minute at which it begins."""
        found: list[tuple[float, int]] = []
        for at, sizes in self._polls:
            if not found or found[-1][1] != sizes["desired"]:
                found.append((max(0.0, self.minute_of(at)), sizes["desired"]))
        return found

    # --- what was measured ----------------------------------------------------------------------

    def requests(self, minute: int) -> float:
        return self.series["requests"][minute] or 0.0

    def serving(self, minute: int) -> float:
        return self.series["healthy"][minute] or 0.0

    def needed(self, minute: int) -> int:
        """Instances that serve this minute's requests, without headroom."""
        return math.ceil(self.requests(minute) / self.fleet.capacity)

    def short_minutes(self) -> list[int]:
        """Minutes with more requests than the booted instances serve well."""
        every = range(STORY_MINUTES)
        return [m for m in every if self.requests(m) > self.serving(m) * self.fleet.capacity]

    def short_outside_spikes(self) -> list[int]:
        """Of these, the ones that no surge explains: before an alarm can have fired, it is one."""
        spikes = self.alarm_spans(self.fleet.spike_alarm)
        around = [(a - 3 * MINUTE, b) for a, b in spikes]
        return [
            m
            for m in self.short_minutes()
            if not any(a <= self.minute_at(m) < b for a, b in around)
        ]

    def breaching_minutes(self) -> list[int]:
        """Minutes in which the spike alarm's metric was at or above its threshold."""
        name = "per_target" if self.fleet.spike_metric == "requests" else "cpu"
        values = self.series[name]
        threshold = self.fleet.spike_threshold
        return [m for m, v in enumerate(values) if v is not None and v >= threshold]

    def alarm_spans(self, alarm: str) -> list[tuple[datetime, datetime]]:
        """Spans in ALARM, by the endpoint's history."""
        spans, since = [], None
        for change in self.record.alarms[alarm]:
            at = parse(change["at"])
            if change["state"] == "ALARM":
                since = since or at
            elif since is not None:
                spans.append((since, at))
                since = None
        return spans + ([(since, self.end)] if since is not None else [])

    # --- what it cost ---------------------------------------------------------------------------

    def instance_hours(self) -> float:
        changes = self.desired_changes()
        ends = [minute for minute, _ in changes[1:]] + [float(STORY_MINUTES)]
        return sum(n * (end - begin) for (begin, n), end in zip(changes, ends)) / 60

    def fixed_size(self) -> int:
        """A fixed fleet that serves the day's highest minute, without headroom."""
        return max(self.needed(m) for m in range(STORY_MINUTES))

    def fixed_hours(self) -> float:
        return self.fixed_size() * STORY_MINUTES / 60

    def usual_size(self) -> int:
        """The same for the highest minute apart from the surge."""
        spans = self.alarm_spans(self.fleet.spike_alarm)
        surges = [(a - 10 * MINUTE, b + 30 * MINUTE) for a, b in spans]
        usual = [
            m
            for m in range(STORY_MINUTES)
            if not any(a <= self.minute_at(m) < b for a, b in surges)
        ]
        return max(self.needed(m) for m in usual)
