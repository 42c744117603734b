"""Who scales: nobody, native step scaling, or Tidegate's deployed functions.

Each is told of every minute of the story when it has ended, and says at any time which instances
there should be.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from demo import people, stage
from demo.cast import ROUTER, Fleet
from demo.cloud import Cloud, stamp
from demo.delivery import Delivery
from demo.watch import Change, Watched

from . import alarms
from .cast import Minute, metrics, steps
from .native import StepScaling
from .story import Clock

#: After the minute's end, in seconds of the story: an alarm is told, a tick comes, the router's tick.
ALARM_LAG, TICK_LAG, ROUTER_LAG = 10.0, 20.0, 30.0


@dataclass(frozen=True)
class Told:
    """An alarm's change or a decision, with the real time."""

    at: float
    what: dict[str, Any]


@dataclass
class Fixed:
    """The smallest fleet, or another one, and nothing else."""

    fleet: Fleet
    size: int
    #: Minutes that the spike alarm waits for.
    periods: int = 2
    changes: list[Told] = field(default_factory=list)
    decisions: list[Told] = field(default_factory=list)
    watched: list[Watched] = field(default_factory=list)
    clock: Clock | None = None

    def __post_init__(self) -> None:
        self.watched = [alarms.spike(self.fleet, self.periods), alarms.errors(self.fleet)]

    def begin(self, clock: Clock) -> None:
        self.clock = clock

    def minute(self, minute: Minute) -> None:
        self.look(minute)

    def ids(self) -> list[str]:
        return [f"i-fixed{n:04d}" for n in range(self.size)]

    def look(self, minute: Minute) -> list[tuple[Watched, Change]]:
        """Lets the alarms look at a minute; those that change."""
        assert self.clock is not None
        found = []
        at = self.clock.minute(minute.number + 1) + timedelta(seconds=ALARM_LAG)
        for alarm in self.watched:
            state = alarm.see(minute, minute.number)  # type: ignore[arg-type]
            if state is not None:
                change = alarm.change(state, at)
                found.append((alarm, change))
                said = {"alarm": change.alarm, "state": state, "reason": change.reason}
                self.changes.append(Told(self.real(at), said))
        return found

    def real(self, at: datetime) -> float:
        """A time of the story in epoch seconds of the real one."""
        assert self.clock is not None
        return self.clock.began + self.clock.real((at - self.clock.start).total_seconds())


@dataclass
class Native(Fixed):
    """Step scaling by the group itself."""

    group: StepScaling | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.watched.append(alarms.low(self.fleet))

    def begin(self, clock: Clock) -> None:
        super().begin(clock)
        warmup = timedelta(seconds=int(self.fleet.policy["spike"][0]["warmup_secs"]))
        terms = (steps(self.fleet), self.fleet.spike_threshold, warmup)
        self.group = StepScaling(*terms, self.size, self.fleet.max_size)
        self.group.begin(clock.start)

    def minute(self, minute: Minute) -> None:
        assert self.group is not None and self.clock is not None
        self.look(minute)
        high, _, low = self.watched
        at = self.clock.minute(minute.number + 1) + timedelta(seconds=ALARM_LAG)
        states = (high.state == "ALARM", low.state == "ALARM")
        before = len(self.group.ids)
        why = self.group.minute(at, minute.each, *states)
        if why is not None:
            said = {
                "function": "step scaling",
                "trigger": (high if states[0] else low).watch.name,
                "action": f"desired {before} to {len(self.group.ids)}",
                "reason": why,
            }
            self.decisions.append(Told(self.real(at), said))

    def ids(self) -> list[str]:
        return self.group.ids if self.group else super().ids()


@dataclass
class Tidegate(Fixed):
    """The deployed functions decide; the endpoint's group says which instances there should be."""

    cloud: Cloud | None = None
    faults: list[str] = field(default_factory=list)
    invocations: int = 0

    def begin(self, clock: Clock) -> None:
        super().begin(clock)
        self.delivery = Delivery(self._cloud)
        self.delivery.open()
        people.listen(self._cloud, self.delivery)
        self._put_clock(clock.start)
        for alarm in self.watched:
            self._set_state(alarm.watch.name, "OK", "the run begins with this alarm quiet")

    def minute(self, minute: Minute) -> None:
        assert self.clock is not None
        at = self.clock.minute(minute.number)
        known = metrics(self.fleet)
        values = {"wanted": minute.wanted, "each": minute.each, "healthy": float(minute.healthy)}
        values["errors"] = minute.errors
        put = [(known[name], at, round(value, 3)) for name, value in values.items()]
        stage.put_metrics(self._cloud, put)
        ended = self.clock.minute(minute.number + 1)
        changes = self.look(minute)
        for alarm, change in changes:
            self._set_state(change.alarm, change.state, change.reason)
            if change.alarm == self.fleet.spike_alarm:
                event = alarms.payload(alarm, change, self._cloud.account, self._cloud.region)
                self._invoke("spike-step-scaler", event, change.at)
        if changes:
            self.delivery.send([change for _, change in changes])
        if minute.number % 5 == 4:
            self._wake("daytime-scale-up", "day", ended)
        self._wake("spike-step-scaler", "tick", ended + timedelta(seconds=TICK_LAG))
        self._wake(ROUTER, "tick", ended + timedelta(seconds=ROUTER_LAG))

    def ids(self) -> list[str]:
        """The endpoint raises desired to a raised MinSize not by itself; AWS does."""
        name = self.fleet.name
        group = self._cloud.describe([name])[name]
        if group["DesiredCapacity"] < group["MinSize"]:
            wanted = {"AutoScalingGroupName": name, "DesiredCapacity": group["MinSize"]}
            self._cloud.groups.set_desired_capacity(**wanted)
            group = self._cloud.describe([name])[name]
        return [i["InstanceId"] for i in group["Instances"]]

    @property
    def _cloud(self) -> Cloud:
        assert self.cloud is not None
        return self.cloud

    def _wake(self, function: str, schedule: str, at: datetime) -> None:
        event = {
            "schedule": schedule,
            "scheduled_time": stamp(at),
            "execution_id": f"{self.invocations:08x}",
        }
        self._invoke(function, event, at)

    def _invoke(self, function: str, event: dict[str, Any], at: datetime) -> None:
        self._put_clock(at)
        answer, failed = self._cloud.invoke(function, event)
        self.invocations += 1
        if failed or answer.get("errors"):
            self.faults.append(f"{stamp(at)} {function}: {failed or answer['errors']}")

    def _put_clock(self, at: datetime) -> None:
        stage.put_clock(self._cloud, at)

    def _set_state(self, alarm: str, state: str, text: str) -> None:
        said = {"AlarmName": alarm, "StateValue": state, "StateReason": text}
        self._cloud.metrics.set_alarm_state(**said)
