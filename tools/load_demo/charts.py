"""The charts of a comparison: a run from top to bottom on one time axis, and variants side by side.

Every chart is drawn twice, for wide and for narrow screens, so that its text keeps its size; the
page shows the one that fits. As files of their own (for the documents) they carry their style.
"""

from __future__ import annotations

from pathlib import Path
from typing import Callable

from . import charts_series as series
from .charts_compare import instances_side_by_side, latency_side_by_side
from .charts_draw import NARROW, WIDE, Size, standalone
from .charts_run import whole_run
from .results import Comparison, Result

__all__ = ["instances", "latency", "pictures", "run", "series"]


def _both(draw: Callable[[Size], str]) -> str:
    return draw(WIDE) + draw(NARROW)


def run(result: Result) -> str:
    """One run: users, questions, latency, instances and what happened."""
    return _both(lambda size: whole_run(result, size))


def latency(comparison: Comparison) -> str:
    """The completed time in all variants, with equal axes."""
    return _both(lambda size: latency_side_by_side(comparison, size))


def instances(comparison: Comparison) -> str:
    """The instances in all variants, with equal axes."""
    return _both(lambda size: instances_side_by_side(comparison, size))


def pictures(comparison: Comparison, folder: Path) -> list[Path]:
    """Writes the charts as files, and answers which."""
    made = {
        "compare-latency.svg": (
            latency_side_by_side(comparison, WIDE),
            "Time to the whole answer in all variants",
        ),
        "compare-instances.svg": (
            instances_side_by_side(comparison, WIDE),
            "Instances in all variants",
        ),
    }
    tidegate = comparison.variant("tidegate")
    if tidegate:
        shown = tidegate.shown
        made["tidegate-run.svg"] = (whole_run(shown, WIDE), f"The run {shown.run.name}")
    folder.mkdir(parents=True, exist_ok=True)
    for name, (svg, title) in made.items():
        (folder / name).write_text(standalone(svg, title), encoding="utf-8")
    return [folder / name for name in made]
