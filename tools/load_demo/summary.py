"""The comparison as a table: in Markdown for the documents, in plain columns for a terminal."""

from __future__ import annotations

import math

from .results import FIGURES, Comparison, Figure, Spread, Variant
from .results_claims import Claim, claims, told_below


#: A variant as an owner.
OWNERS = {"tidegate": "Tidegate's", "native": "native step scaling's", "fixed": "the fixed fleet's"}
#: What stands behind a number of a kind.
UNITS = {"secs": " s", "ms": " ms", "share": " %"}


def shown(value: float | None, kind: str) -> str:
    """A figure as text, with its unit."""
    text = _bare(value, kind)
    return text + UNITS.get(kind, "") if text[0].isdigit() else text


def _bare(value: float | None, kind: str) -> str:
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "never"
    if kind == "count":
        return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
    if kind == "ms":
        return f"{value * 1000:,.0f}"
    return f"{value * 100 if kind == 'share' else value:.1f}"


def spread_shown(spread: Spread | None, kind: str) -> str:
    """A median, and the range in brackets unless all runs are the same."""
    if spread is None:
        return "–"
    low, high = _bare(spread.low, kind), _bare(spread.high, kind)
    middle = shown(spread.median, kind)
    return middle if low == high else f"{middle} [{low} to {high}]"


def rows(comparison: Comparison) -> list[list[str]]:
    """A heading and a line for each figure."""
    head = ["median [range]", *(_heading(v) for v in comparison.variants)]
    return [head, *(_row(comparison, figure) for figure in FIGURES)]


def _heading(variant: Variant) -> str:
    valid, all_runs = len(variant.valid), len(variant.results)
    runs = f"{valid} run{'s' if valid != 1 else ''}"
    left_out = f", {all_runs - valid} invalid" if all_runs != valid else ""
    return f"{variant.title} ({runs}{left_out})"


def _row(comparison: Comparison, figure: Figure) -> list[str]:
    spreads = (variant.spread(figure) for variant in comparison.variants)
    return [figure.label, *(spread_shown(spread, figure.kind) for spread in spreads)]


def sentences(comparison: Comparison) -> list[str]:
    """The comparison in words."""
    found = []
    for name, other in (("tidegate", "fixed"), ("native", "fixed"), ("tidegate", "native")):
        below = comparison.below(name, other)
        if below is not None:
            said = f"{OWNERS[name]} p95 is {told_below(below)} {OWNERS[other]}."
            found.append(said[0].upper() + said[1:])
    return found


def markdown(comparison: Comparison) -> str:
    """For docs/load-test.md."""
    head, *body = rows(comparison)
    lines = [_line(head), _line(["---"] + ["---:"] * (len(head) - 1)), *map(_line, body)]
    said = [f"- {sentence}" for sentence in sentences(comparison)]
    judged = [f"- {_judged(claim)}" for claim in claims(comparison)]
    return "\n".join([*lines, "", *said, "", *judged]) + "\n"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _judged(claim: Claim) -> str:
    return f"{'holds' if claim.holds else '**does not hold**'}: {claim.text} ({claim.seen})"


def terminal(comparison: Comparison) -> str:
    """For the end of a run."""
    table = rows(comparison)
    widths = [max(len(row[place]) for row in table) for place in range(len(table[0]))]
    lines = [_columns(row, widths) for row in table]
    lines.insert(1, "-" * len(lines[0]))
    judged = [
        f"{'holds' if c.holds else 'FAILS'}  {c.text}\n       {c.seen}" for c in claims(comparison)
    ]
    return "\n".join([*lines, "", *sentences(comparison), "", *judged]) + "\n"


def _columns(row: list[str], widths: list[int]) -> str:
    first, *others = (
        cell.ljust(width) if place == 0 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(row, widths))
    )
    return "  ".join([first, *others])
