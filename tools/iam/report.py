"""What a trial found, as tables."""

from __future__ import annotations

from .calls import Deed, Seen
from .judges import Judge
from .roles import Role
from .trial import Verdict


def seen_calls(seen: list[Seen], in_its_name: dict[str, list[Deed]], verbose: bool) -> None:
    for function in dict.fromkeys(s.function for s in seen):
        own = [s for s in seen if s.function == function]
        times = sum(s.times for s in own)
        print(f"{function}: {len(own)} different calls seen, {times} in all;"
              f" {len(in_its_name[function])} more are made in its name")  # fmt: skip
        for one in own if verbose else []:
            print(f"    {one.times:>4} x {one.deed.label}")


def statements(role: Role, verdicts: dict[str, Verdict]) -> None:
    """Each statement, and the calls that need it, by judge."""
    print(f"\n{role.short}: its statements, and the calls that need them")
    sids = list(dict.fromkeys(sid for _, _, _, sid in role.statements()))
    for sid in sids:
        by = {
            judge: shown.deeds
            for judge, verdict in verdicts.items()
            for shown in verdict.removed
            if shown.sid == sid and not shown.part
        }
        needed = list(dict.fromkeys(d for deeds in by.values() for d in deeds))
        judges = "+".join(judge for judge, deeds in by.items() if deeds) or "nobody"
        print(f"  {sid:<20} {judges:<20} {', '.join(_short(needed))}")


def _short(labels: list[str]) -> list[str]:
    """Names of the actions, with what they were done to counted."""
    counted: dict[str, int] = {}
    for label in labels:
        action = label.split(" ")[0]
        counted[action] = counted.get(action, 0) + 1
    return [a if n == 1 else f"{a} ({n})" for a, n in counted.items()]


def probes(different: int, reached: int, unknown: list[str]) -> None:
    print(
        f"{different} different probes; root gets {reached} of them done, and is told of"
        f" {len(unknown)} that the endpoint has no such call ({', '.join(unknown)})"
    )


def counts(judge: Judge, verdicts: list[Verdict]) -> None:
    removed = [s for v in verdicts for s in v.removed]
    loosened = [s for v in verdicts for s in v.loosened]
    print(
        f"{judge.name}: {sum(v.allowed for v in verdicts)} calls allowed,"
        f" {sum(v.denied for v in verdicts)} probes denied,"
        f" {sum(bool(s.deeds) for s in removed)} of {len(removed)} removals break a call,"
        f" {sum(bool(s.deeds) for s in loosened)} of {len(loosened)} loosened limits let a"
        f" probe through, {sum(v.wide for v in verdicts)} probes let through with all rights"
    )


def undecided(verdicts: list[Verdict]) -> None:
    reasons: dict[str, int] = {}
    for one in (u for v in verdicts for u in v.undecided):
        why = one.split(": ", 1)[1]
        reasons[why] = reasons.get(why, 0) + 1
    for why, count in reasons.items():
        print(f"    {count:>3} not judged: {why}")
