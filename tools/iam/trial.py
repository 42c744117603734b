"""The proofs, each on every judge.

For a role: what it was seen to do is allowed; what it must not do is denied; without any statement,
action or resource something that it was seen to do is denied; with any limit let go something that
it must not do is allowed; with all rights nothing of it is denied. The last two show that the
probes can fail, and each removal that the calls can.

What must stay true: what a judge cannot judge is named with a reason in UNSHOWN or in the deed, and
a reason that no longer holds is a fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .calls import NO_ALARM, Deed
from .judges import Judge
from .probe import NO_KEYS
from .probes_of_sessions import NO_SOURCE
from .roles import ALLOW_ALL, Role, Variant, removals, widenings
from .services import NO_STREAM, NO_XRAY, OTHER_LOG_ARN

#: What the endpoint cannot show of a statement, and why. By statement and part; an empty part is
#: the whole statement.
UNSHOWN = {
    ("Remember", "dynamodb:PutItem"): f"{NO_KEYS}: RecordDecisions allows PutItem too",
    ("RecordDecisions", ""): f"{NO_KEYS}: Remember allows PutItem too",
    ("ReadPolicy", "any dynamodb:LeadingKeys"): NO_KEYS,
    ("Remember", "any dynamodb:LeadingKeys"): NO_KEYS,
    ("RecordDecisions", "any dynamodb:LeadingKeys"): NO_KEYS,
    ("ReadPolicyAndLedger", ""): f"{NO_KEYS}: KeepGroups allows Query too",
    ("KeepGroups", "dynamodb:Query"): f"{NO_KEYS}: ReadPolicyAndLedger allows Query too",
    ("ReadPolicyAndLedger", "any dynamodb:LeadingKeys"): NO_KEYS,
    ("KeepGroups", "any dynamodb:LeadingKeys"): NO_KEYS,
    ("ReadTags", ""): NO_ALARM,
    ("Beat", "any dynamodb:LeadingKeys"): NO_KEYS,
    ("KeepEpoch", "any dynamodb:LeadingKeys"): NO_KEYS,
    ("ReadStream", ""): NO_STREAM,
    ("ReadStream", "dynamodb:DescribeStream"): NO_STREAM,
    ("ReadStream", "dynamodb:GetRecords"): NO_STREAM,
    ("ReadStream", "dynamodb:GetShardIterator"): NO_STREAM,
    ("KeepSessions", "any dynamodb:LeadingKeys"): NO_KEYS,
    ("ReadOwnScore", "any dynamodb:LeadingKeys"): NO_KEYS,
    ("ReadEpoch", "any dynamodb:LeadingKeys"): NO_KEYS,
    ("BeInTheNetwork", "any lambda:SourceFunctionArn"): NO_SOURCE,
    ("Trace", ""): NO_XRAY,
    ("Trace", "xray:PutTelemetryRecords"): NO_XRAY,
    ("Trace", "xray:PutTraceSegments"): NO_XRAY,
    ("own-log.0", ""): OTHER_LOG_ARN,
    ("own-log.0", "logs:CreateLogStream"): OTHER_LOG_ARN,
    ("own-log.0", "logs:PutLogEvents"): OTHER_LOG_ARN,
}
#: What no judge can show. A call can name only groups of its own account, so this condition only
#: says what the account in an ARN would.
UNREACHABLE = "any aws:ResourceAccount"


@dataclass(frozen=True)
class Shown:
    """One change of a role, and what it broke (or let through)."""

    role: str
    sid: str
    part: str
    judge: str
    deeds: tuple[str, ...]


@dataclass
class Verdict:
    """What a trial found."""

    faults: list[str] = field(default_factory=list)
    removed: list[Shown] = field(default_factory=list)
    loosened: list[Shown] = field(default_factory=list)
    allowed: int = 0
    denied: int = 0
    undecided: list[str] = field(default_factory=list)
    wide: int = 0


def try_role(judge: Judge, role: Role, calls: list[Deed], probes: list[Deed]) -> Verdict:
    """Everything but what destroys."""
    verdict = Verdict()
    with judge.trying(role):
        _calls_are_allowed(judge, role, calls, verdict)
        _probes_are_denied(judge, role, probes, verdict)
        for variant in removals(role):
            broken = _changed(judge, role, variant, calls, "denied")
            verdict.removed.append(Shown(role.short, variant.sid, variant.what, judge.name, broken))
        for variant in widenings(role):
            through = _changed(judge, role, variant, probes, "")
            verdict.loosened.append(
                Shown(role.short, variant.sid, variant.what, judge.name, through)
            )
    verdict.faults.extend(_unshown(judge, role, verdict))
    return verdict


def _calls_are_allowed(judge: Judge, role: Role, calls: list[Deed], verdict: Verdict) -> None:
    for deed, code in zip(calls, judge.ask(role, role.documents, calls)):
        if judge.blind and deed.blind:
            verdict.undecided.append(f"{deed.label}: {deed.blind}")
            if not code:
                verdict.faults.append(_stale(judge, role, deed))
        elif code:
            verdict.faults.append(f"{judge.name}: {role.short} may not {deed.label} ({code})")
        else:
            verdict.allowed += 1


def _probes_are_denied(judge: Judge, role: Role, probes: list[Deed], verdict: Verdict) -> None:
    for deed, code in zip(probes, judge.ask(role, role.documents, probes)):
        if judge.blind and deed.blind:
            verdict.undecided.append(f"{deed.label}: {deed.blind}")
            if code == "denied":
                verdict.faults.append(_stale(judge, role, deed))
        elif code != "denied":
            told = f": {code}" if code else ""
            through = f"{judge.name}: {role.short} is let through to {deed.label}{told}"
            verdict.faults.append(through)
        else:
            verdict.denied += 1


def _stale(judge: Judge, role: Role, deed: Deed) -> str:
    return f"the {judge.name} judges {deed.label} of {role.short} now; it is said: {deed.blind}"


def _changed(
    judge: Judge, role: Role, variant: Variant, deeds: list[Deed], wanted: str
) -> tuple[str, ...]:
    """Of the deeds that a variant concerns, those that come out so."""
    concerned = [d for d in deeds if d.action in variant.actions and not (judge.blind and d.blind)]
    codes = judge.ask(role, variant.documents, concerned)
    # An error that is no denial was let through.
    out = [d.label for d, code in zip(concerned, codes) if (code == "denied") == bool(wanted)]
    return tuple(dict.fromkeys(out))


def _unshown(judge: Judge, role: Role, verdict: Verdict) -> Iterator[str]:
    for shown, fault in [(s, "nothing needs it") for s in verdict.removed] + [
        (s, "no probe feels it") for s in verdict.loosened
    ]:
        name = f"{role.short}: {shown.sid}, {shown.part or 'the statement'}"
        why = UNSHOWN.get((shown.sid, shown.part)) if judge.blind else None
        if shown.deeds and why:
            yield f"{judge.name}: {name} is shown now; it is said: {why}"
        elif not shown.deeds and not why and shown.part != UNREACHABLE:
            yield f"{judge.name}: {name}: {fault}"


def with_all_rights(judge: Judge, role: Role, probes: list[Deed]) -> Verdict:
    """A role that may do everything: every probe must be let through. On the endpoint it ruins."""
    verdict = Verdict()
    asked = [d for d in probes if not (judge.blind and d.blind)]
    with judge.trying(role):
        for deed, code in zip(asked, judge.ask(role, ALLOW_ALL, asked)):
            verdict.wide += code != "denied"
            if code == "denied":
                verdict.faults.append(f"{judge.name}: {deed.label} is denied even to a role with"
                                      f" all rights ({role.short}): it is no probe")  # fmt: skip
    return verdict
