"""What a comparison must show, as sentences that hold or do not, each with what was seen.

A claim that nothing was looked at for does not hold: without a scale-in nothing is shown about
answers that it might have cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .results import MOST_LOCUST_CPU, Comparison, Result
from .results_record import VARIANTS, Browser, Run

#: The median p95 of Tidegate must be so far below the fixed fleet's.
LEAST_BELOW = 0.7
#: How the browser's record names a question that the page gave up: a full fleet, no lost session.
GAVE_UP = "gave up"


@dataclass(frozen=True)
class Claim:
    """A sentence, whether it holds, and the figures it is judged by."""

    text: str
    holds: bool
    seen: str


def claims(comparison: Comparison) -> list[Claim]:
    """All claims of a comparison."""
    return [
        _faster(comparison),
        _sessions(comparison),
        _answers(comparison),
        _valid(comparison),
        _equal(comparison),
        _faults(comparison),
        _browser(comparison),
    ]


def _faster(comparison: Comparison) -> Claim:
    below = comparison.below("tidegate", "fixed")
    text = f"Tidegate's p95 is at least {LEAST_BELOW * 100:.0f} % below the fixed fleet's"
    if below is None:
        return Claim(text, False, "there is no valid run of both")
    ours, fixed = (comparison.variant(name).p95 for name in ("tidegate", "fixed"))
    seen = f"medians {ours:.1f} s and {fixed:.1f} s: {told_below(below)}"
    worst = comparison.below_at_worst("tidegate", "fixed")
    if worst is not None and worst != below:
        seen += f"; Tidegate's slowest run and the fixed fleet's fastest: {told_below(worst)}"
    return Claim(text, round(below, 9) >= LEAST_BELOW, seen)


def told_below(share: float) -> str:
    """A difference in words; rounded towards zero, so that 69.9 % does not read as 70 %."""
    percent = int(round(abs(share) * 1000, 6)) / 10
    return f"{percent:.1f} % {'below' if share >= 0 else 'above'}"


def _leaving(results: list[Result]) -> int:
    return sum(result.leaving.told for result in results)


def _scaled_in(comparison: Comparison) -> int:
    tidegate = comparison.variant("tidegate")
    return _leaving(tidegate.results) if tidegate else 0


def _sessions(comparison: Comparison) -> Claim:
    seen = [result.run.sessions for result in comparison.results]
    checks, turns = sum(s.checks for s in seen), sum(s.turns for s in seen)
    lost = sum(s.signed_out for s in seen)
    missing, wrong = sum(s.missing for s in seen), sum(s.wrong for s in seen)
    scaled = _scaled_in(comparison)
    return Claim(
        "No session is lost while instances leave",
        checks > 0 and scaled > 0 and lost == missing == wrong == 0,
        f"looks at histories: {checks:,}, with {turns:,} turns to be found; sessions lost: {lost};"
        f" turns missing: {missing}, wrong: {wrong}; instances that left:"
        f" {_leaving(comparison.results)}, under Tidegate {scaled}",
    )


def _answers(comparison: Comparison) -> Claim:
    results = comparison.results
    cuts = sum(result.run.sessions.cuts for result in results)
    by_instances = sum(result.leaving.cut for result in results)
    bad = sum(result.leaving.bad_exits for result in results)
    died = sum(result.leaving.died for result in results)
    scaled = _scaled_in(comparison)
    return Claim(
        "No answer is cut when an instance leaves",
        scaled > 0 and cuts == by_instances == bad == died == 0,
        f"answers cut as users saw it: {cuts}, as the instances did: {by_instances}; instances"
        f" that left: {_leaving(results)}, under Tidegate {scaled}; of these ended badly: {bad};"
        f" gone without being told: {died}",
    )


def _valid(comparison: Comparison) -> Claim:
    results = comparison.results
    missing = [title for name, title in VARIANTS.items() if comparison.variant(name) is None]
    invalid = [f"{r.run.name}: {'; '.join(r.invalid)}" for r in results if not r.valid]
    seen = [f"valid: {len(results) - len(invalid)} of {len(results)}", *invalid]
    seen += [f"there is no run of {title}" for title in missing]
    text = f"Every run is valid: Locust used at most {MOST_LOCUST_CPU * 100:.0f} % of a core"
    return Claim(text, not invalid and not missing, "; ".join(seen))


def _equal(comparison: Comparison) -> Claim:
    """The same stages, timeout, clock and limits; the same seeds by number."""
    runs = [result.run for result in comparison.results]
    found = []
    for what, of in (
        ("stages", lambda run: run.stages),
        ("timeouts", lambda run: run.timeout),
        ("clocks", lambda run: run.minute_secs),
        ("limits", shared_limits),
        ("machines", lambda run: run.machine),
    ):
        if any(of(run) != of(runs[0]) for run in runs):
            found.append(what)
    for number in sorted({run.number for run in runs}):
        if len({run.seed for run in runs if run.number == number}) > 1:
            found.append(f"seeds of number {number}")
    numbers = {tuple(r.run.number for r in v.results) for v in comparison.variants}
    if len(numbers) > 1:
        found.append("numbers of runs")
    same = "stages, timeout, clock, limits, machine and seeds are the same"
    return Claim(
        "All variants had the same load on the same instances",
        not found,
        f"different: {', '.join(found)}" if found else same,
    )


def shared_limits(run: Run) -> dict[str, Any]:
    """All limits but the sizes of the group, which are a variant's own."""
    return {name: value for name, value in run.limits.items() if name not in ("min", "max")}


def _faults(comparison: Comparison) -> Claim:
    noted = [f"{r.run.name}: {fault}" for r in comparison.results for fault in r.run.faults]
    seen = "; ".join(noted[:5]) + (f"; and {len(noted) - 5} more" if len(noted) > 5 else "")
    return Claim("The driver noted no fault", not noted, seen or "none")


def _browser(comparison: Comparison) -> Claim:
    text = "The user in a real browser kept the session"
    looked = [(r.run.name, r.run.browser) for r in comparison.results if r.run.browser]
    if not any(name.startswith("tidegate-") for name, _ in looked):
        return Claim(text, False, "no browser chatted under Tidegate")
    wrong = [f"{name}: {why}" for name, browser in looked for why in browser_faults(browser)]
    turns = sum(browser.turns for _, browser in looked)
    reloads = sum(browser.reloads for _, browser in looked)
    given_up = sum(fault.startswith(GAVE_UP) for _, b in looked for fault in b.faults)
    seen = f"runs with a browser: {len(looked)}; turns: {turns}; reloads: {reloads}"
    seen += f"; questions that the page gave up after a minute: {given_up}"
    return Claim(text, not wrong, "; ".join([seen, *wrong]))


def browser_faults(browser: Browser) -> list[str]:
    """What did not go well for the user in the browser."""
    found = {
        "no turn": browser.turns == 0,
        f"{browser.lost_sessions} sessions lost": browser.lost_sessions > 0,
        f"{browser.missing_turns} turns missing": browser.missing_turns > 0,
        "answers did not stream": not browser.streamed,
        "signing out did not end the session here": not browser.ended_here,
        "signing out did not end the session there": not browser.ended_there,
    }
    others = [fault for fault in browser.faults if not fault.startswith(GAVE_UP)]
    return [why for why, holds in found.items() if holds] + others
