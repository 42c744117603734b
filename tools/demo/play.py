"""The day itself: minute by minute, what happens in the world and who is woken by it.

Each minute the driver measures the one that has just ended, lets its alarms and target tracking
(see world) look at it, and sends the wake-ups of the schedules. Before every wake-up the metrics
are published and the story's clock is put forward; after it the groups are looked at.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Callable

from . import stage, visit, watch, world
from .cast import MINUTE, ROUTER, STORY_MINUTES, Fleet
from .cloud import Cloud, stamp
from .delivery import Delivery
from .schedule import TICK, Plan, Wake, plan, router_ticks
from .traffic import Traffic
from .visit import Visit
from .watch import Change, Watched
from .world import Alarm, Group, Minute

#: How long after the full minute an alarm's delivery, a tick, and the router's tick arrive.
ALARM_LAG = timedelta(seconds=10)
TICK_LAG = timedelta(seconds=20)
ROUTER_LAG = timedelta(seconds=30)

Progress = Callable[[int, "Play"], None]


@dataclass
class Trouble:
    """A wake-up that the function did not answer as it should."""

    at: datetime
    function: str
    what: str


@dataclass
class Play:
    """The state of the play."""

    cloud: Cloud
    fleets: list[Fleet]
    start: datetime
    day: dict[str, Traffic]
    seed: int
    quick: bool = False
    groups: dict[str, Group] = field(default_factory=dict)
    minutes: dict[str, list[Minute]] = field(default_factory=dict)
    alarms: dict[str, Alarm] = field(default_factory=dict)
    watched: list[Watched] = field(default_factory=list)
    vetoes: dict[str, range] = field(default_factory=dict)
    polls: list[dict[str, Any]] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    invocations: int = 0
    _unpublished: list[Any] = field(default_factory=list)
    #: Alarms that changed in this minute.
    _changes: list[Change] = field(default_factory=list)
    #: The minutes in which alarms changed.
    _changed: list[int] = field(default_factory=list)
    #: The session of one user; none where the stack keeps none.
    visit: Visit | None = None

    @cached_property
    def delivery(self) -> Delivery:
        return Delivery(self.cloud)

    @property
    def plan(self) -> Plan:
        return plan([t.spike for t in self.day.values()], self.quick)

    def run(self, progress: Progress) -> None:
        """Plays the day."""
        self._enter()
        plan = self.plan
        for minute in range(STORY_MINUTES + 1):
            now = self.start + minute * MINUTE
            for fleet in self.fleets:
                self._measure(fleet, minute)
                self._veto(fleet, minute)
                self._watch(fleet, minute)
                self._track(fleet, now)
            # In the order of their times: a day's or night's wake-up, alarms, the tick.
            wakes = plan.wakes(minute)
            for wake in (w for w in wakes if w != TICK):
                self._wake(wake, now)
            for fleet in self.fleets:
                self._alarm(fleet, now)
            self._announce(minute)
            for wake in (w for w in wakes if w == TICK):
                self._wake(wake, now)
            if router_ticks(minute, self._changed):
                self._wake(Wake(ROUTER, "tick"), now)
            if self.visit is not None:
                self.visit.minute(minute, now, self.groups[visit.FLEET])
            progress(minute, self)
        self._publish()

    # --- before ---------------------------------------------------------------------------------

    def _enter(self) -> None:
        """The fleets at noon, their alarms quiet."""
        dice = random.Random(f"{self.seed}:stage")
        for fleet in self.fleets:
            boot = timedelta(seconds=dice.randint(125, 170))
            self.groups[fleet.name] = Group(fleet, boot)
            self.minutes[fleet.name] = []
            self.alarms[fleet.name] = Alarm(fleet)
            begins = 9 * 60 + dice.randint(40, 55)
            self.vetoes[fleet.name] = range(begins, 10 * 60 + dice.randint(15, 35))
            quiet = "the story begins with this alarm quiet"
            tracking = stage.tracking_alarms(self.cloud, fleet)
            watches = watch.of_fleet(fleet, self.seed, tracking)
            for one in watches:
                stage.people_alarm(self.cloud, one)
            self.watched.extend(Watched(w) for w in watches)
            for name in (fleet.spike_alarm, *(w.name for w in watches)):
                self._set_state(name, "OK", quiet)
        self.delivery.open()
        self._look(self.start, "the stage")

    # --- one minute -----------------------------------------------------------------------------

    def _measure(self, fleet: Fleet, minute: int) -> None:
        if minute == 0:
            return
        at = self.start + (minute - 1) * MINUTE
        requests = self.day[fleet.name].requests[minute - 1]
        measured = world.measure(self.groups[fleet.name], at, requests)
        self.minutes[fleet.name].append(measured)
        self._unpublished.extend(measured.points(fleet))

    def _veto(self, fleet: Fleet, minute: int) -> None:
        """Errors of a dependency for a while: the alarm that forbids lowering."""
        times = self.vetoes[fleet.name]
        at = self.start + (minute - 1) * MINUTE
        if minute == times.start:
            text = f"Threshold Crossed: 2 datapoints [83.0 ({at:%d/%m/%y %H:%M:%S}), 71.0] were"
            text += " greater than or equal to the threshold (50.0)."
            self._set_state(fleet.veto_alarm, "ALARM", text)
            self._veto_changed(fleet, "ALARM", minute, text)
        elif minute == times.stop:
            text = f"Insufficient Data: 2 datapoints were unknown ({at:%d/%m/%y %H:%M:%S})."
            self._set_state(fleet.veto_alarm, "INSUFFICIENT_DATA", text)
            self._veto_changed(fleet, "OK", minute, watch.NO_ERRORS)

    def _veto_changed(self, fleet: Fleet, state: str, minute: int, text: str) -> None:
        at = self.start + minute * MINUTE + ALARM_LAG
        self._changes.append(watch.veto_change(fleet, state, at, text))

    def _watch(self, fleet: Fleet, minute: int) -> None:
        """CloudWatch's part for the alarms that people have."""
        if minute == 0:
            return
        measured = self.minutes[fleet.name][-1]
        for watched in (w for w in self.watched if w.watch.fleet is fleet):
            state = watched.see(measured, minute - 1)
            if state is not None:
                change = watched.change(state, self.start + minute * MINUTE + ALARM_LAG)
                self._set_state(change.alarm, state, change.reason)
                self._changes.append(change)

    def _announce(self, minute: int) -> None:
        """What EventBridge delivers of the minute's changes: some twice, some never."""
        if not self._changes:
            return
        changes, self._changes = self._changes, []
        self._changed.append(minute)
        self._publish()
        stage.put_clock(self.cloud, changes[0].at)
        self.delivery.send([again for change in changes for again in watch.delivered(change)])
        self._look(changes[0].at, f"{ROUTER} ({len(changes)} alarms)")

    def _alarm(self, fleet: Fleet, now: datetime) -> None:
        """CloudWatch's part: the state at the endpoint, and one delivery for each transition."""
        alarm, minutes = self.alarms[fleet.name], self.minutes[fleet.name]
        state = alarm.evaluate(minutes)
        if state is None:
            return
        at = now + ALARM_LAG
        account, region = self.cloud.account, self.cloud.region
        text, _ = world.reason(alarm, state, minutes)
        event = world.payload(alarm, state, minutes, at, account, region)
        self._set_state(fleet.spike_alarm, state, text)
        alarm.state = state
        detail = event["alarmData"]
        self._changes.append(Change(fleet.name, fleet.spike_alarm, state, at, text, detail))
        self._invoke("spike-step-scaler", event, at, f"{fleet.spike_alarm} {state}")

    def _track(self, fleet: Fleet, now: datetime) -> None:
        """Target tracking's part in a `floor` fleet: it lowers desired above MinSize."""
        if fleet.mode != "floor":
            return
        wanted = world.tracked_desired(self.groups[fleet.name], self.minutes[fleet.name])
        if wanted is None:
            return
        stage.put_clock(self.cloud, now)
        self._set_desired(fleet.name, wanted)
        self._look(now, "target tracking")

    def _wake(self, wake: Wake, now: datetime) -> None:
        event = {
            "schedule": wake.schedule,
            "scheduled_time": stamp(now),
            "execution_id": f"{self.seed:08x}-{self.invocations:08x}",
        }
        lag = {TICK: TICK_LAG, Wake(ROUTER, "tick"): ROUTER_LAG}.get(wake, timedelta(0))
        at = now + lag
        self._invoke(wake.function, event, at, wake.schedule)

    # --- what the endpoint is told and asked ----------------------------------------------------

    def _invoke(self, function: str, event: dict[str, Any], at: datetime, why: str) -> None:
        self._publish()
        stage.put_clock(self.cloud, at)
        answer, failed = self.cloud.invoke(function, event)
        self.invocations += 1
        if failed or answer.get("errors"):
            self.troubles.append(Trouble(at, function, failed or str(answer["errors"])))
        self._look(at, f"{function} ({why})")

    def _publish(self) -> None:
        stage.put_metrics(self.cloud, self._unpublished)
        self._unpublished.clear()

    def _look(self, at: datetime, after: str) -> None:
        """Sees the groups, and does what AWS would have done to them by now."""
        described = self.cloud.describe(list(self.groups))
        low = {n: g for n, g in described.items() if g["DesiredCapacity"] < g["MinSize"]}
        for name, short in low.items():
            self._set_desired(name, short["MinSize"])
        if low:
            described = self.cloud.describe(list(self.groups))
        seen = {}
        for name, group in self.groups.items():
            group.see(described[name], at)
            states = [i["LifecycleState"] for i in described[name]["Instances"]]
            seen[name] = {
                "min": group.min_size,
                "max": described[name]["MaxSize"],
                "desired": group.desired,
                "in_service": states.count("InService"),
                "serving": group.serving(at),
            }
        if self.polls and stamp(at) < self.polls[-1]["at"]:
            raise RuntimeError(f"{after} at {stamp(at)} is before {self.polls[-1]}")
        self.polls.append({"at": stamp(at), "after": after, "groups": seen})

    def _set_desired(self, name: str, desired: int) -> None:
        self.cloud.groups.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=desired)

    def _set_state(self, alarm: str, state: str, text: str) -> None:
        self.cloud.metrics.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason=text)
