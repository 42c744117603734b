"""The assertions about the session, on the record alone."""

from __future__ import annotations

from typing import Any, Callable, Iterator

from .cast import FUNCTIONS, clock_time
from .record import Record, parse


#: The endpoint replicates at once: this is the way through the stream, on a busy machine.
MOST_LAG_MS = 10_000
#: The steps that change the session.
CHANGES = ("begins", "works", "both write", "logs out")
#: What session-sync counts of records that it did not put into the cache.
TROUBLE = ("PoisonRecords", "RefusedStamps", "CacheFailures")


class Visited:
    """The session's day as facts."""

    def __init__(self, record: Record) -> None:
        assert record.sessions is not None
        self.record, self.told = record, record.sessions
        self.steps: list[dict[str, Any]] = self.told["steps"]
        self.home, self.away = self.told["regions"]
        self.gone: dict[str, str] | None = self.told["gone"]

    def of(self, did: str, region: str = "") -> list[dict[str, Any]]:
        return [s for s in self.steps if s["did"] == did and region in ("", s["region"])]

    @property
    def after_scale_in(self) -> dict[str, Any]:
        """What the next instance read; empty if there was none."""
        return next(iter(self.of("reads", self.home)), {})

    def waits(self) -> list[int]:
        """Milliseconds from an answer to a change until the last cache had it, ascending."""
        changes = (s for s in self.steps if s["did"] in CHANGES)
        return sorted(max(c["waited_ms"] for c in s["caches"].values()) for s in changes)

    def lowered_by(self) -> str:
        """The function that took the instance, by the call log."""
        if self.gone is None:
            return ""
        for write in self.record.writes:
            mine = write["fleet"] == self.told["fleet"] and "desired" in write
            function = next((f for f in FUNCTIONS if write["by"].endswith(f)), "")
            if mine and function and self.gone["after"] <= write["at"] <= self.gone["at"]:
                return function
        return ""

    @staticmethod
    def complete(step: dict[str, Any]) -> bool:
        """Whether the application read every field as the user left it."""
        return bool(step) and step.get("wrong") == [] and bool(step["fields"])

    @staticmethod
    def clock(step: dict[str, Any]) -> str:
        return clock_time(parse(step["at"]))


def region_of(sk: str) -> str:
    """Whose part it is; a region that came to a session later has `#` and a number behind it."""
    return sk.partition("#")[0]


Check = Callable[[Visited], Iterator[tuple[str, bool, Any]]]


def scale_in(v: Visited) -> Iterator[tuple[str, bool, Any]]:
    by, gone = v.lowered_by(), v.gone or {}
    first = next(iter(v.of("begins")), {}).get("instance")
    true = bool(by) and gone.get("instance") == first
    seen = f"{first}, {clock_time(parse(gone['at']))}, by {by}" if gone else "it was not"
    yield "the instance that served the session is scaled in by a function", true, seen
    after = v.after_scale_in
    good = v.complete(after) and after["instance"] != first
    yield "the next instance reads the whole session", good, after.get("fields", "nothing")


def brought(v: Visited) -> Iterator[tuple[str, bool, Any]]:
    asked = next(iter(v.of("asks the cache")), {})
    cached = asked.get("caches", {}).get(v.away, {})
    good = cached.get("wrong") == [] and bool(cached.get("fields"))
    seen = f"{cached.get('fields')} in parts {cached.get('parts')}"
    yield f"the cache of {v.away} has the whole session before a user comes", good, seen
    reads = v.told["reads"]
    unread = bool(asked) and reads["before"] == 0 < reads["after"]
    yield f"nobody had read the table in {v.away} by then", unread, f"its call log: {reads}"
    served = next(iter(v.of("reads", v.away)), {})
    yield f"the user goes on in {v.away} with all of it", v.complete(served), served.get("fields")


def caches(v: Visited) -> Iterator[tuple[str, bool, Any]]:
    behind = [
        f"{v.clock(step)} {step['did']}: {region}"
        for step in v.steps
        for region, cached in step["caches"].items()
        if cached["parts"] != step["table"] or cached["wrong"]
    ]
    waits = v.waits() or [0]
    seen = behind[:4] or f"{2 * len(v.steps)} looks; a change took {waits[-1]} ms at most"
    yield "after each step both caches have what the table has", bool(v.steps) and not behind, seen
    last = v.of("both write")[-1:]
    both = [{region_of(sk) for sk in c["parts"]} for s in last for c in s["caches"].values()]
    good = bool(both) and all(parts == {v.home, v.away} for parts in both)
    yield "each cache joins the parts of both regions", good, [sorted(parts) for parts in both]


def at_once(v: Visited) -> Iterator[tuple[str, bool, Any]]:
    steps = v.of("both write")
    apart = len(steps) == 2 and all(step["apart"] for step in steps)
    seen = f"{v.clock(steps[0])}, each had read before either wrote" if apart else "not so"
    yield "two regions write at the same time, neither having seen the other's", apart, seen
    kept = apart and all(v.complete(step) for step in steps)
    wrong = {step["region"]: step.get("wrong", step["answer"]) for step in steps}
    yield "both updates are kept, in both regions", kept, wrong


def ended(v: Visited) -> Iterator[tuple[str, bool, Any]]:
    back = next(iter(v.of("comes back", v.home)), {})
    answers = back.get("answers", {})
    wanted = {"get": "no session", "update": "SessionGone", "create": "SessionGone"}
    yield f"after the logout in {v.away}, {v.home} refuses the token", answers == wanted, answers
    tombs = {region: cached["ended"] for region, cached in back.get("caches", {}).items()}
    good = set(tombs) == {v.home, v.away} and all(tombs.values())
    early = [v.clock(s) for s in v.steps for c in s["caches"].values() if c["ended"]][:1]
    out = next(iter(v.of("logs out")), None)
    good = good and out is not None and early == [v.clock(out)]
    yield "the logout stands in both caches, and not before", good, tombs


def stream(v: Visited) -> Iterator[tuple[str, bool, Any]]:
    for region, runs in v.told["runs"].items():
        came, took = (sum(int(r[w]) for r in runs) for w in ("received", "RecordsApplied"))
        odd = [{w: r[w] for w in TROUBLE} for r in runs if any(r[w] for w in TROUBLE)]
        good = not odd and 0 < came == took
        seen = odd[:1] or f"{took} of {came} in {len(runs)} batches"
        yield f"session-sync in {region} took every record", good, seen


def lag(v: Visited) -> Iterator[tuple[str, bool, Any]]:
    for here, other in ((v.home, v.away), (v.away, v.home)):
        pair = {"from": other, "to": here}
        lines = [line for line in v.told["lags"][here] if pair.items() <= line.items()]
        samples = sorted(ms for line in lines for ms in line["ReplicationLag"])
        parts = [part for step in v.steps for part in step["table"].items()]
        wrote = {stamp for sk, stamp in parts if region_of(sk) == other}
        good = bool(samples) and len(samples) == len(wrote) and samples[-1] <= MOST_LAG_MS
        seen = f"{len(samples)} samples for {len(wrote)} changes, {samples[-1:]} ms at most"
        yield f"session-sync in {here} measures the lag of each change in {other}", good, seen


def secret(v: Visited) -> Iterator[tuple[str, bool, Any]]:
    searched = v.told["search"]
    lines = searched["lines"]
    read = bool(lines) and all(lines.values())
    control = searched["in_table"] > 0
    seen = searched["found"] or (
        f"{searched['values']} values in {sum(lines.values())} lines of {len(lines)} places;"
        f" {searched['in_table']} of them were found in the table"
    )
    yield "no value of the session is in a log or in this record", (
        not searched["found"] and read and control
    ), seen


CHECKS: list[Check] = [scale_in, brought, caches, at_once, ended, stream, lag, secret]
