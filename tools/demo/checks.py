"""The assertions of the demo, on the record alone.

Each check reads what the endpoint, its call log and the ledger say of one fleet and yields
findings: a statement, whether it holds, and what was seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Callable, Iterator

from . import told_checks, visit_checks
from .cast import FUNCTIONS, Fleet, clock_time
from .facts import Facts
from .record import Record
from .told import Told
from .visit_checks import Visited

NIGHTLY, DAYTIME, SPIKE = FUNCTIONS
#: A spike shorter than this would show nothing of the tick.
SPIKE_MINUTES = 5
#: From an alarm's transition to the capacity that it asks for.
ANSWER = timedelta(minutes=1)


@dataclass(frozen=True)
class Finding:
    """One assertion and how it came out."""

    fleet: str
    statement: str
    holds: bool
    seen: str


Check = Callable[[Facts], Iterator[tuple[str, bool, Any]]]


def run(record: Record, fleets: list[Fleet]) -> list[Finding]:
    """Every check on every fleet."""
    found = []
    for fleet in fleets:
        facts = Facts(record, fleet)
        for check in CHECKS:
            for statement, holds, seen in check(facts):
                found.append(Finding(fleet.name, statement, holds, str(seen)))
    told = Told(record)
    for told_check in told_checks.CHECKS:
        for statement, holds, seen in told_check(told):
            found.append(Finding("alarms", statement, holds, str(seen)))
    if record.sessions is not None:
        visited = Visited(record)
        for visit_check in visit_checks.CHECKS:
            for statement, holds, seen in visit_check(visited):
                found.append(Finding("sessions", statement, holds, str(seen)))
    urgent = [n["subject"] for n in record.notices if n["severity"] == "critical"]
    seen = urgent or f"{len(record.notices)} notices, none critical"
    found.append(Finding("all", "no decision needed a person at once", not urgent, str(seen)))
    healthy = not record.troubles
    told = f"{record.invocations} wake-ups" if healthy else "; ".join(record.troubles[:3])
    found.append(Finding("all", "every wake-up was answered without an error", healthy, told))
    return found


def mode(f: Facts) -> Iterator[tuple[str, bool, Any]]:
    modes = {e["mode"] for e in f.ledger}
    yield f"every decision names the mode {f.fleet.mode}", modes == {f.fleet.mode}, modes


def every_function_decides(f: Facts) -> Iterator[tuple[str, bool, Any]]:
    for function in FUNCTIONS:
        decided = [e for e in f.ledger if e["function"] == function]
        wrote = [w for w in f.writes if w["by"].endswith(function)]
        seen = f"{len(decided)} ledger entries, {len(wrote)} writes to the group"
        yield f"{function} decided and wrote to the group", bool(decided and wrote), seen


def ledger_and_call_log_agree(f: Facts) -> Iterator[tuple[str, bool, Any]]:
    told = [
        (e["at"], e["action"]["min"], e["action"].get("desired"))
        for e in f.ledger
        if e["outcome"] == "applied"
    ]
    done = [(s.at_text, s.min_after, s.desired_written) for s in f.steps]
    seen = f"{len(told)} in the ledger, {len(done)} in the call log"
    yield "what the ledger calls applied is what the call log shows", told == done, seen
    odd = {e["outcome"] for e in f.ledger} - {"applied", "held"}
    yield "nothing was refused, void or out of time", not odd, odd or "only applied and held"


def backstop(f: Facts) -> Iterator[tuple[str, bool, Any]]:
    order = [w["action"] for w in f.writes if w["by"] != "the driver"]
    put = "PutScheduledUpdateGroupAction"
    lowering = f.lowerings[0].index if f.lowerings else None
    first = next((i for i, w in enumerate(f.writes) if w["action"] == put), None)
    before = first is not None and lowering is not None and first < lowering
    yield "the backstop was put on the group before the first lowering", before, order[:3]
    day = f.fleet.policy["day"]
    hour, minute = day["starts"].split(":")
    days = ",".join(d.upper() for d in day["days"])
    wanted = {
        "ScheduledActionName": "tidegate-restore",
        "MinSize": f.fleet.day_floor,
        "Recurrence": f"{int(minute)} {int(hour)} * * {days}",
        "TimeZone": f.fleet.policy["time_zone"],
    }
    yield (
        "the scheduled action restores the day without Tidegate",
        f.scheduled == [wanted],
        f.scheduled,
    )


def night(f: Facts) -> Iterator[tuple[str, bool, Any]]:
    steps = [s for s in f.lowerings if s.by == NIGHTLY and f.night <= s.at < f.day]
    sizes = [s.to for s in steps]
    yield "the night goes down in steps", len(steps) >= 3, f"{len(steps)} steps: {sizes}"
    reached = min((p["min"] for p in f.sizes_between(f.night, f.day)), default=None)
    floor = f.fleet.night_floor
    yield f"the night reaches its floor of {floor}", reached == floor, reached


def gate(f: Facts) -> Iterator[tuple[str, bool, Any]]:
    large = [s for s in f.lowerings if s.origin - s.to > max(1, s.origin // 5)]
    yield (
        "no lowering takes more than 20 % (or one)",
        not large,
        large or f"{len(f.lowerings)} steps",
    )
    pairs = list(zip(f.lowerings, f.lowerings[1:]))
    gaps = [after.at - before.at for before, after in pairs]
    shortest = min(gaps, default=timedelta(0))
    yield "lowerings are at least a bake apart", shortest >= f.fleet.bake, f"{shortest} at least"


def verified(f: Facts) -> Iterator[tuple[str, bool, Any]]:
    """After a step the group shows it, and so does the next look of a function."""
    bad = []
    for step in f.lowerings:
        shown = f.sizes_after(step.at)
        next_look = next((e for e in f.ledger if e["at"] > step.at_text), None)
        observed = next_look["observed"] if next_look else {}
        there = shown["min"] == step.min_after == observed.get("min")
        if f.fleet.mode == "owner":
            there = there and shown["desired"] == step.desired_written == observed.get("in_service")
        if not there:
            bad.append(f"{clock_time(step.at)}: {shown} / {observed}")
    yield "each step was there, and was seen, before the next", not bad, bad or "all"


def held_for_load(f: Facts) -> Iterator[tuple[str, bool, Any]]:
    held = f.held(NIGHTLY, "load_needs_capacity")
    told = [f"{f.clock(e)} {e['text']}" for e in held]
    true = all(e["reason"]["need"] >= e["reason"]["have"] for e in held)
    yield "the night holds at least once because the load needs it", bool(held) and true, told[:2]


def held_for_alarm(f: Facts) -> Iterator[tuple[str, bool, Any]]:
    spans = f.alarm_spans(f.fleet.veto_alarm)
    held = f.held(NIGHTLY, "veto_alarm")
    inside = [e for e in held if any(a <= f.at(e) < b for a, b in spans)]
    told = [f"{f.clock(e)} {e['text']}" for e in inside]
    yield "the night holds at least once for an alarm", bool(inside), told[:2]
    every = spans + f.alarm_spans(f.fleet.spike_alarm)
    wrong = [s for s in f.lowerings if any(a <= s.at < b for a, b in every)]
    yield "nothing is lowered while an alarm is in ALARM", not wrong, wrong or f"{len(every)} spans"


def enough_capacity(f: Facts) -> Iterator[tuple[str, bool, Any]]:
    short = f.short_outside_spikes()
    seen = [clock_time(f.minute_at(m)) for m in short[:5]] or "every minute"
    yield "outside of the spike the booted instances serve the traffic", not short, seen


def morning(f: Facts) -> Iterator[tuple[str, bool, Any]]:
    raises = [s for s in f.raises if s.by == DAYTIME and f.night < s.at < f.day]
    told = [f"{clock_time(s.at)} to {s.min_after}" for s in raises]
    yield "daytime-scale-up raises before the day starts", bool(raises), told
    bids = [b for e in f.ledger if f.at(e) <= f.day for b in e["bids"] if b["source"] == "schedule"]
    floor = max(f.fleet.day_floor, int(bids[-1]["floor"]) if bids else 0)
    sizes = f.sizes_after(f.day)
    there = min(sizes["serving"], sizes["in_service"]) >= floor
    seen = f"{sizes['serving']} booted, {sizes['in_service']} InService, {floor} asked for"
    yield "the day's capacity is in service by the deadline", there, seen
    yield "last week's first hour was counted in", floor > f.fleet.day_floor, bids[-1:]


def spike(f: Facts) -> Iterator[tuple[str, bool, Any]]:
    spans = f.alarm_spans(f.fleet.spike_alarm)
    yield "the spike's alarm fires once", len(spans) == 1, [clock_time(a) for a, _ in spans]
    if not spans:
        return
    fired, over = spans[0]
    lasted = f.breaching_minutes()
    yield "the spike lasts several minutes", len(lasted) >= SPIKE_MINUTES, f"{len(lasted)} minutes"
    steps = [s for s in f.raises if s.by == SPIKE and fired <= s.at < over]
    seen = ", ".join(f"{clock_time(s.at)} {s.signal} to {s.min_after}" for s in steps)
    yield "it takes more than one step", len(steps) >= 2, seen
    ticks = [s for s in steps if s.signal == "tick"]
    yield "the tick goes on where the alarm fires no more", bool(ticks), seen
    prompt = bool(steps) and steps[0].at - fired <= ANSWER
    yield "the first step comes within a minute of the alarm", prompt, seen
    codes = {s.code for s in steps}
    yield "its steps are the step table's", codes == {"spike_step"}, codes
    yield "the alarm ends with enough capacity", over < f.night, clock_time(over)


def settling(f: Facts) -> Iterator[tuple[str, bool, Any]]:
    spans = f.alarm_spans(f.fleet.spike_alarm)
    lasted = f.breaching_minutes()
    if not spans or not lasted:
        yield "it settles after the spike", False, "there was no spike"
        return
    steps = [s for s in f.lowerings if s.by == SPIKE and spans[0][0] < s.at < f.night]
    seen = ", ".join(f"{clock_time(s.at)} to {s.to}" for s in steps)
    yield "it settles gradually after the spike", len(steps) >= 3, seen
    quiet = f.minute_at(lasted[-1] + 1) + f.fleet.stabilization
    waited = bool(steps) and steps[0].at >= quiet
    yield "it waits for the whole quiet window", waited, f"quiet at {clock_time(quiet)}"
    before_night = f.sizes_before(f.night)["min"]
    floor = f.fleet.day_floor
    yield f"it is back at the day's floor of {floor}", before_night == floor, before_night


def manners(f: Facts) -> Iterator[tuple[str, bool, Any]]:
    own = [w for w in f.writes if w["by"] != "the driver"]
    yield "MaxSize is never written", not any("max" in w for w in own), f"{len(own)} writes"
    sizes = [p["groups"][f.fleet.name] for p in f.record.polls]
    bounded = all(s["min"] <= s["desired"] <= s["max"] == f.fleet.max_size for s in sizes)
    yield "the sizes stay within their bounds", bounded, f"{len(sizes)} looks"
    upward = [
        s for s in f.steps if s.desired_written is not None and s.desired_written > s.desired_before
    ]
    yield "desired capacity is never written upward", not upward, upward or "never"
    if f.fleet.mode == "floor":
        wrote = [w for w in own if "desired" in w]
        yield (
            "in floor mode desired capacity is left to its owner",
            not wrote,
            wrote or "never written",
        )


def advice(f: Facts) -> Iterator[tuple[str, bool, Any]]:
    advised = f.advice
    acted = [a for a in advised if a["acts"]]
    seen = advised[-1]["text"] if advised else "no entry of the ledger has advice"
    yield "sizing advises, and nothing follows it", bool(advised) and not acted, seen


CHECKS: list[Check] = [
    mode,
    advice,
    every_function_decides,
    ledger_and_call_log_agree,
    backstop,
    night,
    gate,
    verified,
    held_for_load,
    held_for_alarm,
    enough_capacity,
    morning,
    spike,
    settling,
    manners,
]
