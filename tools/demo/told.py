"""What people were told, as facts: the alarms' events, the messages, and what became of each event."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from .cast import MINUTE, clock_time
from .people import FILTER
from .record import Record, parse

#: Why a message went out.
SENT = {
    "FirstNotification": "Nobody had been told of this group yet.",
    "NewAlertsInGroup": "Alarms joined a group that people knew of.",
    "RepeatIntervalElapsed": "It still fires, and nothing was said for a long time.",
    "Escalated": "A critical alarm was not over in time: the next ones are told.",
    "AllResolved": "Everything that people were told of is over.",
    "Flapping": "An alarm goes up and down: said once, then silence until it is calm.",
}
#: Why none did.
UNSENT = {
    "NotRouted": "its route is told to nobody: target tracking's own alarms",
    "Silenced": "an operator had asked for silence",
    "Inhibited": "a critical alarm of the same resource said it already",
    "Planned": "the fleet's own plan explains it: a night step, instances that boot",
    "Flapping": "people knew that it goes up and down",
    "Duplicate": "the same event came twice",
    "Outdated": "a newer state was known",
    "Unsaid": "it was over before its group was told, or its group still had other alarms",
}


@dataclass(frozen=True)
class Message:
    """One message, as it was published."""

    at: datetime
    topic: str
    why: str
    subject: str
    text: str
    sms: str
    attributes: dict[str, str]
    counts: dict[str, int]

    @property
    def group(self) -> str:
        return self.attributes.get("group", "")

    def names(self, alarm: str) -> bool:
        """Whether its text has the alarm's name, not only as a part of a longer one."""
        return bool(re.search(rf"(?<![\w-]){re.escape(alarm)}(?![\w-])", self.text))

    def counted(self) -> str:
        """Its counts in words: `3 firing (1 critical, 2 new), 1 inhibited`."""
        n = self.counts
        marks = [f"{n[word]} {word}" for word in ("critical", "new") if n.get(word)]
        firing = f"{n.get('firing', 0)} firing" + (f" ({', '.join(marks)})" if marks else "")
        others = ("resolved", "flapping", "silenced", "inhibited", "planned")
        parts = [f"{n[word]} {word}" for word in others if n.get(word)]
        return ", ".join(([firing] if n.get("firing") else []) + parts)


@dataclass(frozen=True)
class Event:
    """An alarm's change as the rule passed it on: one to one, a mail."""

    at: datetime
    alarm: str
    state: str
    #: `told`, or why nothing was sent for it: a key of UNSENT.
    fate: str
    #: The message that told it, by its place among the messages.
    message: int | None


class Told:
    """The whole story's messages."""

    def __init__(self, record: Record) -> None:
        self.told = record.told
        self.start = parse(record.start)

    @cached_property
    def runs(self) -> list[dict[str, Any]]:
        """The router's own records, oldest first."""
        return list(self.told["runs"])

    @cached_property
    def outcomes(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for run in self.runs:
            found.update(run["outcomes"])
        return found

    def total(self, field: str) -> int:
        return sum(int(run[field]) for run in self.runs)

    @cached_property
    def published(self) -> list[dict[str, Any]]:
        """Messages about groups, without their chat forms."""
        return [p for p in self.told["published"] if p["topic"] != "chat" and p["forms"]]

    @cached_property
    def chats(self) -> list[dict[str, Any]]:
        return [p for p in self.told["published"] if p["topic"] == "chat"]

    @cached_property
    def messages(self) -> list[Message]:
        """Each Publish with the reason that the router's record gives for it."""
        recorded = [(run["at"], sent) for run in self.runs for sent in run["messages"]]
        found = []
        for published in self.published:
            same = [
                (at, sent)
                for at, sent in recorded
                if sent["subject"] == published["subject"] and parse(at) <= parse(published["at"])
            ]
            if same:
                recorded.remove(same[0])
            sent = same[0][1] if same else {"why": "?", "counts": {}, "topic": published["topic"]}
            forms = published["forms"]
            message = Message(
                parse(published["at"]),
                sent["topic"],
                sent["why"],
                published["subject"],
                str(forms.get("email") or forms.get("default", "")),
                str(forms.get("sms", "")),
                published["attributes"],
                {word: int(n) for word, n in sent["counts"].items()},
            )
            found.append(message)
        return found

    # --- what became of each event --------------------------------------------------------------

    @cached_property
    def events(self) -> list[Event]:
        raw = sorted(self.told["events"], key=lambda e: e["at"])
        found: list[Event] = []
        for index, event in enumerate(raw):
            later = [e["at"] for e in raw[index + 1 :] if e["alarm"] == event["alarm"]]
            until = next((parse(at) for at in later if at > event["at"]), None)
            same = [e for e in found if e.alarm == event["alarm"]]
            found.append(self._event(event, until, same))
        return found

    def _event(self, event: dict[str, str], until: datetime | None, same: list[Event]) -> Event:
        at, alarm, state = parse(event["at"]), event["alarm"], event["state"]
        if same and (same[-1].at, same[-1].state) == (at, state):
            return Event(at, alarm, state, "Duplicate", None)
        within = [
            (n, m)
            for n, m in enumerate(self.messages)
            if m.at >= at and (until is None or m.at < until) and m.names(alarm)
        ]
        if within:
            return Event(at, alarm, state, "told", within[0][0])
        why = self._unsent(alarm, at, until)
        before = same[-1] if same else None
        if why is None and state == "OK" and before is not None and before.fate != "told":
            # Nobody was told of the problem, so nobody is told of its end.
            why = before.fate
        said = [m.why for m in self.messages if m.at < at and m.names(alarm)]
        if why is None and said[-1:] == ["Flapping"]:
            why = "Flapping"
        return Event(at, alarm, state, why or "Unsaid", None)

    def _unsent(self, alarm: str, at: datetime, until: datetime | None) -> str | None:
        for run in self.runs:
            when = parse(run["at"])
            if when < at or (until is not None and when >= until):
                continue
            for why, names in run["unsent"].items():
                if alarm in names and why != "Duplicate":
                    return str(why)
        return None

    @cached_property
    def fates(self) -> Counter[str]:
        return Counter(event.fate for event in self.events)

    # --- for checks -----------------------------------------------------------------------------

    def naming(self, part: str) -> list[Message]:
        """Messages that name an alarm whose name ends so."""
        names = {e.alarm for e in self.events if part in e.alarm}
        return [m for m in self.messages if any(m.names(name) for name in names)]

    def of(self, part: str) -> list[Event]:
        return [e for e in self.events if part in e.alarm]

    def for_on_call(self) -> list[str]:
        """Subjects of what the filter policy lets through, by the attributes."""
        return [
            m["subject"]
            for m in self.told["received"]
            if all(m["attributes"].get(name) in values for name, values in FILTER.items())
        ]

    @property
    def share(self) -> float:
        return len(self.messages) / max(1, len(self.events))

    def minute(self, at: datetime) -> float:
        return (at - self.start) / MINUTE

    @staticmethod
    def clock(event: Event | Message) -> str:
        return clock_time(event.at)
