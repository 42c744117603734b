"""The assertions about what people were told, on the record alone."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from typing import Any, Callable, Iterator

from .cast import clock_time
from .told import SENT, Told
from .watch import BACKLOG, DISK

#: The topic that people who must act at once listen to.
URGENT = "critical"
#: What every message can be filtered by.
ATTRIBUTES = {"severity", "fleet", "region", "service", "state", "group"}
#: SNS switches a subscription off that gets ten a second; the router's own bound.
MOST_IN_A_SECOND = 5
#: A critical alarm of a group that was told just now waits for the next look.
AT_ONCE = timedelta(minutes=1)
ESCALATED_AFTER = timedelta(minutes=15)

Check = Callable[[Told], Iterator[tuple[str, bool, Any]]]


def path(t: Told) -> Iterator[tuple[str, bool, Any]]:
    unmatched = t.told["unmatched"]
    seen = unmatched or f"{t.told['sent']} events"
    yield "the deployed rule matches every alarm's event", not unmatched, seen
    arrived, sent = t.total("received"), t.told["sent"]
    yield "every event reached the router", arrived == sent > 0, f"{arrived} of {sent}"
    odd = {word: t.total(word) for word in ("foreign", "unclassified", "returned")}
    wrong = [e for run in t.runs for e in run["errors"]] or any(odd.values())
    yield "each was understood and recorded the first time", not wrong, wrong or odd


def fewer(t: Told) -> Iterator[tuple[str, bool, Any]]:
    messages, events = len(t.messages), len(t.events)
    seen = f"{messages} messages for {events} events"
    yield "there are at most half as many messages as events", 0 < 2 * messages <= events, seen
    second = Counter((p["topic"], int(p["real"])) for p in t.told["published"])
    most = max(second.values(), default=0)
    yield "no topic gets more than 5 a second", most <= MOST_IN_A_SECOND, f"{most} at most"


def reasons(t: Told) -> Iterator[tuple[str, bool, Any]]:
    without = [m.subject for m in t.messages if m.why not in SENT]
    yield "each message has a reason in the router's records", not without, without or dict(
        Counter(m.why for m in t.messages)
    )
    untold = [m.subject for m in t.messages if f"({m.why})" not in m.text]
    yield "and says it in its text", not untold, untold or "all"


def urgent(t: Told) -> Iterator[tuple[str, bool, Any]]:
    late = []
    for event in (e for e in t.of("-critical") if e.state == "ALARM"):
        named = [m for m in t.messages if m.at >= event.at and m.names(event.alarm)]
        if not named or named[0].topic != URGENT or named[0].at - event.at > AT_ONCE:
            late.append(f"{t.clock(event)} {event.alarm}")
    yield "each critical alarm is told within a minute", not late, late or "all"
    slow = []
    for fleet in sorted({m.attributes.get("fleet", "") for m in t.messages}):
        first = next((e for e in t.of(f"{fleet}-") if "-critical" in e.alarm), None)
        at_once = [m for m in t.messages if first and m.at == first.at and m.names(first.alarm)]
        if first and not at_once:
            slow.append(f"{t.clock(first)} {first.alarm}")
    yield "the first of a fleet in the moment it comes", not slow, slow or "all"


def unsaid(t: Told) -> Iterator[tuple[str, bool, Any]]:
    tracking = t.of("TargetTracking-")
    named = t.naming("TargetTracking-")
    routed = t.outcomes["NotRouted"]
    good = bool(tracking) and not named and routed == len(tracking)
    yield "target tracking's own alarms are told to nobody", good, f"{routed} of {len(tracking)}"
    night = t.of("-requests-low-")
    planned = [e for e in night if e.fate == "Planned"]
    named = t.naming("-requests-low-")
    good = bool(planned) and len(planned) == len(night) and not named
    yield "few requests by night are planned, not told", good, _fates(night)
    boots = [e for e in t.of("-unhealthy-hosts-") if e.state == "ALARM"]
    told = [f"{t.clock(e)} {e.alarm}" for e in boots if e.fate == "told"]
    told += [m.subject for m in t.naming("-unhealthy-hosts-")]
    planned = [e for e in boots if e.fate == "Planned"]
    yield "hosts that boot by plan are not told", bool(planned) and not told, told or _fates(boots)
    backlog = t.of(BACKLOG)
    good = bool(backlog) and all(e.fate == "Silenced" for e in backlog) and not t.naming(BACKLOG)
    yield "nobody is told in an operator's silence", good, _fates(backlog)
    silenced = {name for run in t.runs for name in run["unsent"].get("Inhibited", [])}
    warnings = {e.alarm for e in t.of("-latency-warning")}
    good = bool(warnings) and warnings <= silenced
    yield "a critical alarm silences the warning of its resource", good, sorted(silenced)


def _fates(events: list[Any]) -> dict[str, int]:
    return dict(Counter(e.fate for e in events))


def flapping(t: Told) -> Iterator[tuple[str, bool, Any]]:
    events, named = t.of("-hottest-cpu-"), t.naming("-hottest-cpu-")
    said = Counter(m.why for m in named)
    good = len(events) >= 8 and said["Flapping"] >= 1 and len(named) * 2 <= len(events)
    seen = f"{len(events)} changes, {len(named)} messages: {dict(said)}"
    yield "an alarm that flaps is told as that", good, seen


def mishaps(t: Told) -> Iterator[tuple[str, bool, Any]]:
    twice = t.outcomes["Duplicate"]
    yield "an event that came twice counts once", twice == 1, f"{twice} duplicate"
    noticed = t.total("noticed")
    named = [m for m in t.naming(DISK) if m.why == "AllResolved"]
    good = noticed == 1 and len(named) == 1
    seen = f"{noticed} noticed, told {[clock_time(m.at) for m in named]}"
    yield "an end whose event was lost is noticed and told", good, seen


def escalated(t: Told) -> Iterator[tuple[str, bool, Any]]:
    begun = [e for e in t.of("-5xx-critical") if e.state == "ALARM"]
    found = [m for m in t.naming("-5xx-critical") if m.why == "Escalated"]
    good = len(found) == len(begun) > 0 and all(m.topic == "escalation" for m in found)
    waits = [
        m.at - e.at
        for m in found
        for e in begun
        if m.names(e.alarm) and timedelta(0) <= m.at - e.at < 2 * ESCALATED_AFTER
    ]
    good = good and all(ESCALATED_AFTER <= wait <= ESCALATED_AFTER + AT_ONCE for wait in waits)
    seen = [str(wait) for wait in waits]
    yield "what is not over after 15 minutes goes one level up", good, seen


def ended(t: Told) -> Iterator[tuple[str, bool, Any]]:
    last = {m.group: m for m in t.messages}
    open_ones = [m.subject for m in last.values() if m.attributes.get("state") != "resolved"]
    yield "every group's last message says that all is over", bool(last) and not open_ones, (
        open_ones or f"{len(last)} groups"
    )
    topics = {m.topic for m in t.messages if m.why == "Escalated"}
    over = {m.topic for m in t.messages if m.why == "AllResolved"}
    yield "everybody who was told is told the end", topics <= over, sorted(over)


def shapes(t: Told) -> Iterator[tuple[str, bool, Any]]:
    odd = [m.subject for m in t.messages if not 0 < len(m.subject) < 100 or not m.subject.isascii()]
    odd += [m.subject for m in t.messages if not 0 < len(m.sms) <= 140]
    yield "subjects and short texts have the length that SNS takes", not odd, odd or "all"
    forms = {tuple(sorted(p["forms"])) for p in t.published}
    got = Counter(r["text"] for r in t.told["received"] if r["topic"] != "chat")
    sent = Counter(p["forms"].get("default", "") for p in t.published)
    good = forms == {("default", "email", "sms")} and not sent - got
    yield "each has a form for mail, one for SMS, and arrives", good, sorted(forms)


def filters(t: Told) -> Iterator[tuple[str, bool, Any]]:
    messages = [r for r in t.told["received"] if "group" in r["attributes"]]
    odd = [
        r["subject"]
        for r in messages
        if set(r["attributes"]) != ATTRIBUTES or not all(r["attributes"].values())
    ]
    yield "each message can be filtered by six attributes", not odd and bool(messages), (
        odd or f"{len(messages)} messages"
    )
    got = sorted(m["subject"] for m in t.told["on_call"])
    wanted = sorted(t.for_on_call())
    seen = f"{len(got)} of {len(messages)}"
    yield "a filter policy lets exactly its own through", got == wanted != [], seen


def threads(t: Told) -> Iterator[tuple[str, bool, Any]]:
    """The messages of one incident, and no others, have one thread."""
    found: dict[str, list[str]] = {}
    for message in t.messages:
        thread = re.search(r"Thread: (\S+?)\.?(?:\s|$)", message.text)
        found.setdefault(thread[1] if thread else "", []).append(message.why)
    begun = [whys for whys in found.values() if whys[0] in ("FirstNotification", "Flapping")]
    ended = [whys for whys in found.values() if whys[-1] == "AllResolved"]
    good = "" not in found and len(begun) == len(ended) == len(found) > 0
    yield "each incident is one thread, from first to last", good, f"{len(found)} threads"


CHECKS: list[Check] = [
    path, fewer, reasons, urgent, unsaid, flapping, mishaps, escalated, ended, shapes, filters,
    threads,
]  # fmt: skip
