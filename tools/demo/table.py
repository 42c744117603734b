"""The decisions as a table, from the ledger: for the terminal, and as rows for the page."""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .cast import clock_time
from .checks import Finding
from .facts import Facts
from .record import parse
from .told import UNSENT, Told

UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


@dataclass(frozen=True)
class Row:
    """One decision, or a hold that stood for a while."""

    at: datetime
    function: str
    woken_by: str
    kind: str  # raise, lower, hold
    decision: str
    why: str
    code: str
    #: Further ledger entries that say the same.
    repeats: int


#: Holds that say the same all day: shown once.
STANDING = {"raises_only", "night_function_lowers"}


def rows(facts: Facts) -> list[Row]:
    """Every change, and each function's hold once for every reason between two changes."""
    found: list[Row] = []
    held: dict[tuple[str, str], int] = {}
    for entry in facts.ledger:
        row = _row(entry)
        key = (row.function, row.code)
        if row.kind != "hold":
            held = {known: n for known, n in held.items() if known[1] in STANDING}
        elif key in held:
            known = found[held[key]]
            found[held[key]] = Row(**{**vars(known), "repeats": known.repeats + 1})
            continue
        else:
            held[key] = len(found)
        found.append(row)
    return found


def _row(entry: dict[str, Any]) -> Row:
    kind = entry["action"]["kind"]
    return Row(
        at=parse(entry["at"]),
        function=entry["function"],
        woken_by=entry["signal"],
        kind=kind,
        decision=_decision(entry),
        why=in_local_time(entry["text"]),
        code=entry["reason"]["code"],
        repeats=0,
    )


def _decision(entry: dict[str, Any]) -> str:
    action, seen = entry["action"], entry["observed"] or {}
    if action["kind"] == "raise":
        return f"raise MinSize {seen.get('min')} to {action['min']}"
    if action["kind"] == "lower" and action.get("desired") is not None:
        return f"lower desired {seen.get('desired')} to {action['desired']}"
    if action["kind"] == "lower":
        return f"lower MinSize {seen.get('min')} to {action['min']}"
    return f"hold at {seen.get('desired')}" if seen else "hold"


def in_local_time(text: str) -> str:
    """The ledger writes UTC; people in the story read the policy's zone."""
    return UTC_TIME.sub(lambda found: clock_time(parse(found[0])), text)


def print_decisions(facts: Facts) -> None:
    """One fleet's table."""
    every = rows(facts)
    left_out = sum(row.repeats for row in every)
    print(f"\n{facts.fleet.name} (mode {facts.fleet.mode}), local time")
    width = shutil.get_terminal_size((200, 40)).columns if sys.stdout.isatty() else 200
    for row in every:
        mark = {"raise": "+", "lower": "-"}.get(row.kind, " ")
        head = (
            f"{clock_time(row.at)} {mark} {row.function:<18} {row.woken_by:<6} {row.decision:<25}"
        )
        print(f"{head} {row.why}"[:width])
    print(f"      (holds that the ledger only repeats and that are left out: {left_out})")


def print_told(told: Told) -> None:
    """What was sent to people, and why nothing for the other alarms."""
    print(f"\nwhat people were told: {len(told.messages)} messages for {len(told.events)} changes")
    width = shutil.get_terminal_size((200, 40)).columns if sys.stdout.isatty() else 200
    for message in told.messages:
        head = f"{clock_time(message.at)} {message.topic:<10} {message.why:<21} {message.subject}"
        print(f"{head}  [{message.counted()}]"[:width])
    others = ", ".join(f"{told.fates[why]} {why}" for why in UNSENT if told.fates[why])
    print(f"      (changes that nothing was sent for: {others})")


def print_findings(findings: list[Finding]) -> list[Finding]:
    """What was asserted. The answer is what did not hold."""
    failed = [f for f in findings if not f.holds]
    print(f"\n{len(findings) - len(failed)} of {len(findings)} assertions hold")
    for finding in failed:
        print(f"FAILED  {finding.fleet}: {finding.statement}; seen: {finding.seen}")
    return failed
