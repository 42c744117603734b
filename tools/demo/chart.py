"""Draws one fleet's day as inline SVG: traffic above, capacity below, decisions as marks.

The whole day, and the surge close up. Every chart is drawn twice, for wide and for narrow screens,
so that its text keeps its size; the page shows the one that fits. Colours come from the page's
style sheet (classes only).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import Callable, Iterable

from .cast import MINUTE, STORY_MINUTES, clock_time, local
from .facts import Facts
from .table import Row

#: Holds that only say that there is nothing to do.
QUIET_HOLDS = {"at_floor", "day_ready", "raises_only", "night_function_lowers", "looked_recently"}


@dataclass(frozen=True)
class Size:
    """A drawing's measures in pixels."""

    name: str
    width: int
    left: int
    traffic: int
    capacity: int
    mark: float
    #: Labels that the time axis has room for.
    labels: int


WIDE = Size("wide", 1060, 62, 130, 250, 5.5, 12)
NARROW = Size("narrow", 358, 44, 100, 210, 4.0, 5)
TOP, GAP, LANE, FOOT, RIGHT = 22, 40, 26, 40, 10


@dataclass(frozen=True)
class Span:
    """The minutes that a chart shows."""

    begin: int
    end: int
    what: str

    def holds(self, minute: float) -> bool:
        return self.begin <= minute <= self.end


class Panel:
    """An area of the drawing with its own vertical scale."""

    def __init__(self, size: Size, span: Span, top: float, height: float, highest: float) -> None:
        self.size, self.span = size, span
        self.top, self.height, self.highest = top, height, highest

    def x(self, minute: float) -> float:
        inner = self.size.width - self.size.left - RIGHT
        shown = min(max(minute, self.span.begin), self.span.end) - self.span.begin
        return self.size.left + inner * shown / (self.span.end - self.span.begin)

    def y(self, value: float) -> float:
        return self.top + self.height * (1 - value / self.highest)

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def line(self, points: Iterable[tuple[float, float]]) -> str:
        """A path through (minute, value)."""
        return "M" + "L".join(f"{self.x(m):.1f} {self.y(v):.1f}" for m, v in points)

    def stairs(self, changes: Iterable[tuple[float, float]]) -> str:
        """A path that keeps each value until it changes."""
        begun = [(m, v) for m, v in changes if m < self.span.end]
        before = [(m, v) for m, v in begun if m <= self.span.begin]
        path = ""
        for minute, value in before[-1:] + begun[len(before) :]:
            x, y = f"{self.x(minute):.1f}", f"{self.y(value):.1f}"
            path += f"H{x}V{y}" if path else f"M{x} {y}"
        return f"{path}H{self.x(self.span.end):.1f}"

    def area(self, path: str) -> str:
        return f"{path}V{self.bottom:.1f}H{self.x(self.span.begin):.1f}Z"


def day(facts: Facts, rows: list[Row]) -> str:
    """The whole day."""
    span = Span(0, STORY_MINUTES, "over the day")
    return _draw(facts, rows, span, WIDE) + _draw(facts, rows, span, NARROW)


def surge(facts: Facts, rows: list[Row]) -> str:
    """The spike by the minute, until the fleet has begun to settle; empty when there was none."""
    alarms = facts.alarm_spans(facts.fleet.spike_alarm)
    if not alarms:
        return ""
    fired, over = (int(facts.minute_of(at)) for at in alarms[0])
    span = Span(max(0, fired - 10), min(STORY_MINUTES, over + 50), "around its surge")
    return _draw(facts, rows, span, WIDE) + _draw(facts, rows, span, NARROW)


def _draw(facts: Facts, rows: list[Row], span: Span, size: Size) -> str:
    desired = facts.desired_changes()
    busiest = max(facts.requests(m) for m in range(STORY_MINUTES))
    most = max(facts.fixed_size(), *(n for _, n in desired))
    traffic = Panel(size, span, TOP, size.traffic, _round_up(busiest))
    below = TOP + size.traffic + GAP
    capacity = Panel(size, span, below, size.capacity, 5 * math.ceil((most + 1) / 5))
    height = capacity.bottom + LANE + FOOT
    parts = [
        f'<svg class="chart {size.name}" viewBox="0 0 {size.width} {height:.0f}" role="img"'
        f' aria-label="Traffic and capacity of {escape(facts.fleet.name)} {span.what}">',
        *_backdrop(facts, [traffic, capacity]),
        *_scale(traffic, "requests per minute", 3),
        *_scale(capacity, "instances", 5),
        *hours(facts, capacity, height, LANE),
        *_traffic(facts, traffic),
        *_capacity(facts, capacity, desired),
        *_marks(facts, rows, capacity),
        "</svg>",
    ]
    return "\n".join(parts)


def _round_up(value: float) -> float:
    """To a number that is easy to read on an axis."""
    unit = 10.0 ** max(0, math.floor(math.log10(max(value, 1))))
    return next(unit * step for step in (1, 1.5, 2, 3, 5, 7.5, 10) if unit * step >= value)


def _backdrop(facts: Facts, panels: list[Panel]) -> list[str]:
    """The night, and the alarms in ALARM."""
    spans = [("night", facts.night, facts.day, "night")]
    for alarm in (facts.fleet.spike_alarm, facts.fleet.veto_alarm):
        spans += [("alarm", a, b, f"{alarm} in ALARM") for a, b in facts.alarm_spans(alarm)]
    found = []
    for panel in panels:
        for name, begin, end, title in spans:
            left, right = panel.x(facts.minute_of(begin)), panel.x(facts.minute_of(end))
            if right <= left:
                continue
            told = f"{title}: {clock_time(begin)} to {clock_time(end)}"
            found.append(
                f'<rect class="{name}" x="{left:.1f}" y="{panel.top}" width="{right - left:.1f}"'
                f' height="{panel.height}"><title>{escape(told)}</title></rect>'
            )
    return found


def _scale(panel: Panel, unit: str, steps: int) -> list[str]:
    found = [f'<text class="unit" x="{panel.size.left}" y="{panel.top - 8}">{unit}</text>']
    for step in range(steps + 1):
        value = panel.highest * step / steps
        y = panel.y(value)
        shown = f"{value:,.0f}".replace(",", "\u2009")
        found.append(
            f'<path class="grid" d="M{panel.size.left} {y:.1f}H{panel.size.width - RIGHT}"/>'
            f'<text class="tick" x="{panel.size.left - 6}" y="{y + 4:.1f}">{shown}</text>'
        )
    return found


def hours(facts: Facts, panel: Panel, height: float, lane: float) -> list[str]:
    """The time axis, `lane` below a panel."""
    found = []
    foot, span = panel.bottom + lane, panel.span
    every = _axis_step(span, panel.size.labels)
    for minute in range(-(-span.begin // every) * every, span.end + 1, every):
        x = panel.x(minute)
        label = local(facts.start + minute * MINUTE).strftime("%H:%M")
        anchor = "end" if minute == span.end else "start" if minute == span.begin else "middle"
        found.append(
            f'<path class="grid" d="M{x:.1f} {foot}v5"/>'
            f'<text class="hour" style="text-anchor:{anchor}" x="{x:.1f}" y="{foot + 18}">'
            f"{label}</text>"
        )
    zone = escape(str(facts.fleet.policy["time_zone"]))
    x = (panel.size.left + panel.size.width - RIGHT) / 2
    found.append(
        f'<text class="unit" style="text-anchor:middle" x="{x}" y="{height - 4:.0f}">'
        f"local time ({zone})</text>"
    )
    return found


def _axis_step(span: Span, labels: int) -> int:
    """Minutes between two labels: the shortest usual step that leaves room."""
    usual = (5, 10, 15, 30, 60, 120, 180, 240, 360, 720)
    return next(step for step in usual if (span.end - span.begin) / step <= labels)


def _traffic(facts: Facts, panel: Panel) -> list[str]:
    span = panel.span
    # A point for every other pixel or so.
    grain = max(1, 2 * (span.end - span.begin) // panel.size.width)

    def highest(minute: int) -> float:
        return max(facts.requests(m) for m in range(minute, min(minute + grain, STORY_MINUTES)))

    points = [(float(m), highest(m)) for m in range(span.begin, span.end, grain)]
    points.append((float(span.end), points[-1][1]))
    path = panel.line(points)
    return [
        f'<path class="traffic-area" d="{panel.area(path)}"/>',
        f'<path class="traffic" d="{path}"/>',
    ]


def _changes(value: Callable[[int], float], grain: int = 1) -> list[tuple[float, float]]:
    """Where a value changes; of `grain` minutes the highest."""
    starts = range(0, STORY_MINUTES, grain)
    every = [max(value(m) for m in range(start, start + grain)) for start in starts]
    return [(float(m), v) for m, v, last in zip(starts, every, [None, *every]) if v != last]


def _capacity(facts: Facts, panel: Panel, desired: list[tuple[float, int]]) -> list[str]:
    given = panel.stairs(_changes(facts.serving))
    # A whole day by the minute would flicker where the need lies between two sizes.
    needed = _changes(facts.needed, 5 if panel.span.end - panel.span.begin > 180 else 1)
    fixed = facts.fixed_size()
    y = panel.y(fixed)
    begin, end = panel.x(panel.span.begin), panel.x(panel.span.end)
    return [
        f'<path class="given-area" d="{panel.area(given)}"/>',
        f'<path class="asked" d="{panel.stairs(desired)}"/>',
        f'<path class="given" d="{given}"/>',
        f'<path class="needed" d="{panel.stairs(needed)}"/>',
        f'<path class="fixed" d="M{begin:.1f} {y:.1f}H{end:.1f}"/>',
        f'<text class="tick" x="{end - 4:.1f}" y="{y - 5:.1f}">fixed fleet: {fixed}</text>',
    ]


def _marks(facts: Facts, rows: list[Row], panel: Panel) -> list[str]:
    foot = panel.bottom + LANE
    found = [f'<path class="grid" d="M{panel.size.left} {foot}H{panel.size.width - RIGHT}"/>']
    lane = panel.bottom + LANE / 2
    found.append(f'<text class="tick" x="{panel.size.left - 6}" y="{lane + 4:.1f}">holds</text>')
    after = {step.at: step.to for step in facts.steps}
    for number, row in enumerate(rows):
        if not panel.span.holds(facts.minute_of(row.at)):
            continue
        x = panel.x(facts.minute_of(row.at))
        title = f"{clock_time(row.at)} {row.function}: {row.decision}. {row.why}"
        if row.kind == "hold":
            if row.code in QUIET_HOLDS:
                continue
            radius = panel.size.mark * 0.7
            shape = f'<circle class="hold" cx="{x:.1f}" cy="{lane:.1f}" r="{radius:.1f}">'
            found.append(_linked(facts, number, shape, "circle", title))
            continue
        y = panel.y(after.get(row.at, 0))
        r = panel.size.mark
        tip, base = (y - r, y + r) if row.kind == "raise" else (y + r, y - r)
        corners = f"{x:.1f},{tip:.1f} {x - r:.1f},{base:.1f} {x + r:.1f},{base:.1f}"
        shape = f'<polygon class="{row.kind}" points="{corners}">'
        found.append(_linked(facts, number, shape, "polygon", title))
    return found


def _linked(facts: Facts, number: int, shape: str, tag: str, title: str) -> str:
    """A mark leads to its row in the table."""
    target = f"{facts.fleet.name}-{number}"
    return f'<a href="#{target}">{shape}<title>{escape(title)}</title></{tag}></a>'
