"""The variants side by side, one run of each, with equal axes; on a narrow screen in a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from . import charts_series as series
from .charts_draw import (
    SECONDS_SCALE, Key, Panel, Point, Scale, Size, axis_names, drawing, footnotes, grid, legend,
    linear, shade, text, time_axis,
)
from .charts_run import INSTANCE_KEYS, draw_lines, instance_lines
from .results import Comparison, Result
from .results_record import VARIANTS, Run
from .summary import shown

Lines = list[tuple[str, list[Point], bool]]


@dataclass(frozen=True)
class Kind:
    """What is compared: its name, legend, scale, the lines of a run, and a run's figure."""

    head: str
    keys: list[Key]
    scale: Scale
    lines: Callable[[Run], Lines]
    figure: Callable[[Result], str]


def latency_side_by_side(comparison: Comparison, size: Size) -> str:
    """p50 and p95 of the completed time."""
    kind = Kind(
        "seconds to the whole answer", [("p95", "p95"), ("p50", "p50")], SECONDS_SCALE,
        lambda run: [(f"p{n}", series.latency(run, n), False) for n in (50, 95)],
        lambda result: f"p95 in the step window: {shown(result.p95, 'secs')}",
    )
    return _draw(comparison, kind, size)


def instances_side_by_side(comparison: Comparison, size: Size) -> str:
    """Wanted, in service, booting, draining."""
    lines = [line for v in comparison.variants for line in instance_lines(v.shown.run)]
    most = series.highest(*(points for _, points, _ in lines))
    kind = Kind(
        "instances", INSTANCE_KEYS, linear(most, 5), instance_lines,
        lambda result: f"{shown(result.instance_hours, 'hours')} instance-hours*",
    )
    return _draw(comparison, kind, size)


def _draw(comparison: Comparison, kind: Kind, size: Size) -> str:
    results = [variant.shown for variant in comparison.variants]
    end = max(series.length(result.run) for result in results)
    wide = size.wide
    drawn = [text(size.left, size.row * 1.2, kind.head, "head")]
    at = size.left + len(kind.head) * size.text * 0.6 + 24 if wide else size.left
    found, row = legend(size, at, size.row * (1.2 if wide else 2.2), kind.keys)
    drawn += found
    top = row + size.row * 0.4
    bottom = top
    for place, result in enumerate(results):
        panel, head = _place(len(results), place, size, bottom if not wide else top, end, kind)
        drawn += _variant(result, kind, panel, head, size, labelled=not wide or place == 0)
        bottom = panel.bottom + size.row * (2.4 if not wide else 0)
    minute = results[0].run.minute_secs
    y = bottom + size.row * (3.2 if wide else 0.9)
    drawn += footnotes(size, y, minute)
    height = y + size.row * (0.6 if wide else 1.6)
    return drawing(size, height, f"{kind.head}, by variant", drawn)


def _place(number: int, place: int, size: Size, top: float, end: float,
           kind: Kind) -> tuple[Panel, float]:
    """A variant's panel, and where its heading stands."""
    wide, gap = size.wide, 22
    width = (size.inner - gap * (number - 1)) / number if wide else size.inner
    left = size.left + (width + gap) * place if wide else size.left
    head = top + size.row
    return Panel(left, head + size.row * 1.6, width, 230 if wide else 150, end, kind.scale), head


def _variant(result: Result, kind: Kind, panel: Panel, head: float, size: Size,
             labelled: bool) -> list[str]:
    run, window = result.run, result.window
    invalid = "" if result.valid else " (invalid)"
    drawn = [
        text(panel.left, head, f"{VARIANTS[run.variant]}{invalid}", "head"),
        text(panel.left, head + size.row, kind.figure(result)),
        shade(panel, window.begin - run.began, window.end - run.began),
        *grid(panel, size, labelled),
        *draw_lines(panel, kind.lines(run)),
    ]
    labels = size.labels if panel.width > 500 else max(3, round(panel.width / 50))
    drawn += time_axis(panel, size, panel.bottom, run.minute_secs, labels)
    return drawn + (axis_names(panel.left, size, panel.bottom) if labelled else [])
