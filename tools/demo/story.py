"""The day in plain words, for someone who was not there. From the facts, like everything else."""

from __future__ import annotations

from .cast import FUNCTIONS, STORY_MINUTES, clock_time
from .facts import Facts, Step

NIGHTLY, DAYTIME, SPIKE = FUNCTIONS
NUMBERS = "no one two three four five six seven eight nine ten eleven twelve".split()


def sentences(facts: Facts) -> list[str]:
    """What happened to one fleet, in order."""
    told = [_spike(facts), _settling(facts), _night(facts), _morning(facts), _cost(facts), _advice(facts)]
    return [sentence for sentence in told if sentence]


def _advice(facts: Facts) -> str:
    if not facts.advice:
        return ""
    last = facts.advice[-1]
    return (
        f"Sizing only advises here. At the end of the day it would have had"
        f" {_number(last['size'], 'instance')}, by {last['text']}."
    )


def _number(n: int, noun: str) -> str:
    word = NUMBERS[n] if n < len(NUMBERS) else str(n)
    return f"{word} {noun}" if n == 1 else f"{word} {noun}s"


def _path(steps: list[Step]) -> str:
    return ", ".join(str(n) for n in [steps[0].origin, *(s.to for s in steps)])


def _spike(facts: Facts) -> str:
    spans = facts.alarm_spans(facts.fleet.spike_alarm)
    if not spans:
        return "No spike alarm fired."
    fired, over = spans[0]
    highest = max(facts.requests(m) for m in range(STORY_MINUTES))
    usual = facts.requests(max(0, int(facts.minute_of(fired)) - 10))
    steps = [s for s in facts.raises if s.by == SPIKE and fired <= s.at < over]
    times = "once" if len(spans) == 1 else f"{len(spans)} times"
    begin = (
        f"At {clock_time(fired)} traffic jumped from about {usual:.0f} to {highest:.0f} requests a"
        f" minute, and the alarm {facts.fleet.spike_alarm} fired, {times}."
    )
    if not steps:
        return f"{begin} Nothing answered it."
    later = sum(1 for s in steps if s.signal == "tick")
    return (
        f"{begin} Tidegate answered in {_number(len(steps), 'step')} ({_path(steps)} instances);"
        f" {_number(later, 'step')} of them came from the one-minute tick, because the alarm does"
        f" not fire again while it lasts. At {clock_time(over)} the alarm was over."
    )


def _settling(facts: Facts) -> str:
    spans = facts.alarm_spans(facts.fleet.spike_alarm)
    steps = [
        s for s in facts.lowerings if s.by == SPIKE and spans and spans[0][0] < s.at < facts.night
    ]
    if not steps:
        return ""
    minutes = facts.fleet.stabilization.seconds // 60
    return (
        f"It waited until the signal had been quiet for {minutes} minutes and went back in small"
        f" steps from {clock_time(steps[0].at)} to {clock_time(steps[-1].at)} ({_path(steps)})."
    )


def _night(facts: Facts) -> str:
    steps = [s for s in facts.lowerings if s.by == NIGHTLY]
    vetoed = facts.held(NIGHTLY, "veto_alarm")
    held = facts.held(NIGHTLY, "load_needs_capacity")
    if not steps:
        return "Nothing was lowered by night."
    alarm = ""
    if vetoed:
        alarm = f"The night began with {facts.fleet.veto_alarm} in ALARM, so nothing was lowered. "
    load = ""
    if held:
        times = ", ".join(facts.clock(e) for e in held[:4])
        load = f" It held where the load still needed what was there ({times})."
    return (
        f"{alarm}From {clock_time(steps[0].at)} to {clock_time(steps[-1].at)} it went down in"
        f" {_number(len(steps), 'step')} ({_path(steps)}), each seen in place before the"
        f" next.{load}"
    )


def _morning(facts: Facts) -> str:
    steps = [s for s in facts.raises if facts.night < s.at < facts.day]
    if not steps:
        return "Nothing was raised for the morning."
    sizes = facts.sizes_after(facts.day)
    more = steps[-1].to > facts.fleet.day_floor
    why = (
        f", more than the usual {facts.fleet.day_floor} because of last week's first hour"
        if more
        else ""
    )
    return (
        f"At {clock_time(steps[-1].at)} it asked for {steps[-1].to} instances{why};"
        f" {sizes['serving']} had booted when the day started at {clock_time(facts.day)}."
    )


def _cost(facts: Facts) -> str:
    given, fixed = facts.instance_hours(), facts.fixed_hours()
    usual = facts.usual_size()
    usual_hours = usual * STORY_MINUTES / 60
    short, outside = facts.short_minutes(), facts.short_outside_spikes()
    where = "all in the surge, " if not outside else ""
    return (
        f"The day took {given:.0f} instance-hours. A fixed fleet of {facts.fixed_size()}, just"
        f" enough for the highest minute, takes {fixed:.0f}: {1 - given / fixed:.0%} less. (One of"
        f" {usual}, just enough for every hour but the surge, takes {usual_hours:.0f}.)"
        f" For {len(short)} of {STORY_MINUTES} minutes, {where}there was more traffic than the"
        " booted instances serve well."
    )
