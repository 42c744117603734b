"""When the schedules wake which function, thinned in quiet times.

The template's schedules fire all day: night and day every 5 minutes, tick every minute.
The story takes every tick around the surge, every second nightly wake-up until 03:30, every one
of the day's around 08:00, and fewer otherwise: all 2,016 wake-ups of a day would take minutes and
show the same. The router's tick is taken around alarms that change. Nothing is moved: every wake-up below is one that the schedules would send at that
minute.
"""

from __future__ import annotations

from dataclasses import dataclass

from .traffic import Spike

#: Minutes after noon.
NIGHT = 10 * 60
MIDNIGHT_LULL = 15 * 60 + 30
BEFORE_DAY = 19 * 60 + 20
DAY = 20 * 60
AFTER_RUSH = 21 * 60 + 30
#: Minutes after an alarm's change in which the router's tick is taken.
AFTER_CHANGES = {0, 1, 2, 5, 6, 10, 11, 15, 16}


@dataclass(frozen=True)
class Wake:
    """A schedule's wake-up: which function, and its event's word."""

    function: str
    schedule: str


NIGHTLY = Wake("nightly-scale-down", "night")
DAYTIME = Wake("daytime-scale-up", "day")
TICK = Wake("spike-step-scaler", "tick")


@dataclass(frozen=True)
class Plan:
    """How densely the wake-ups are taken."""

    #: From here every tick counts; from there every second one, while the fleets settle.
    spike_from: int
    settle_from: int
    settle_until: int
    quick: bool = False

    def wakes(self, minute: int) -> list[Wake]:
        """What is sent in this minute, in the order of arrival."""
        found = []
        if NIGHT <= minute <= DAY and minute % self._night_every(minute) == 0:
            found.append(NIGHTLY)
        if minute % self._day_every(minute) == 0:
            found.append(DAYTIME)
        if self._ticks(minute):
            found.append(TICK)
        return found

    def _night_every(self, minute: int) -> int:
        if minute < MIDNIGHT_LULL:
            return 10
        return 60 if self.quick else 30

    def _day_every(self, minute: int) -> int:
        if BEFORE_DAY <= minute <= DAY + 30:
            return 5
        return 120 if self.quick else 60

    def _ticks(self, minute: int) -> bool:
        if self.spike_from <= minute < self.settle_from:
            return True
        if self.settle_from <= minute < self.settle_until:
            return minute % 2 == 0
        if NIGHT <= minute < BEFORE_DAY:
            return minute % (60 if self.quick else 30) == 5
        if BEFORE_DAY <= minute < AFTER_RUSH:
            # Two minutes after the day's own wake-up, so that each is seen doing its part.
            return minute % 5 == 2
        return minute % (20 if self.quick else 10) == 7


def plan(spikes: list[Spike], quick: bool) -> Plan:
    """Dense around the spikes, by the minute."""
    first = min(s.starts for s in spikes)
    last = max(s.starts + s.lasts for s in spikes)
    return Plan(first - 2, last + 12, last + 110, quick)


def router_ticks(minute: int, changes: list[int]) -> bool:
    """Whether the router's tick of this minute is taken; it fires every minute.

    After alarms' changes: while groups gather, and where an interval or an escalation ends.
    """
    since = {minute - change for change in changes}
    return bool(since & AFTER_CHANGES) or minute % 30 == 9
