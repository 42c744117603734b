"""The parts of a chart: sizes, scales, panels, their axes and legends, as SVG text.

A drawing has colours by classes only (charts.css); every time in it is in seconds since its run
began.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Iterable, Sequence

STYLE = Path(__file__).with_name("charts.css")
#: A value at a second; None where nothing is known.
Point = tuple[float, float | None]
#: Width of a letter, as a part of the text's size, at most.
LETTER = 0.6


@dataclass(frozen=True)
class Size:
    """A drawing's measures in pixels."""

    name: str
    width: int
    left: int
    right: int
    text: int
    #: Labels that the time axis of the whole width has room for.
    labels: int

    @property
    def row(self) -> int:
        """The height of a line of text."""
        return round(self.text * 1.45)

    @property
    def wide(self) -> bool:
        return self.name == "wide"

    @property
    def inner(self) -> int:
        return self.width - self.left - self.right


WIDE = Size("wide", 900, 90, 18, 14, 13)
NARROW = Size("narrow", 358, 72, 12, 12, 6)


@dataclass(frozen=True)
class Scale:
    """From a value to a share of a panel's height, with the values that are labelled."""

    lowest: float
    highest: float
    ticks: Sequence[float]
    log: bool = False

    def share(self, value: float) -> float:
        held = min(max(value, self.lowest), self.highest)
        if self.log:
            return math.log(held / self.lowest) / math.log(self.highest / self.lowest)
        return (held - self.lowest) / (self.highest - self.lowest)


#: Seconds to the whole answer. What is faster is drawn at the lower edge.
SECONDS_SCALE = Scale(1, 60, (1, 2, 5, 10, 20, 60), log=True)


def linear(highest: float, steps: int) -> Scale:
    """From 0 to a number that is easy to read and at least `highest`."""
    rough = max(highest, 1e-9) / steps
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * part for part in (1, 2, 5, 10) if unit * part >= rough * 0.999)
    step = max(step, 1)
    count = max(1, math.ceil(highest / step - 1e-9))
    return Scale(0, step * count, [step * n for n in range(count + 1)])


@dataclass(frozen=True)
class Panel:
    """An area of the drawing with its own scales."""

    left: float
    top: float
    width: float
    height: float
    end: float
    scale: Scale

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def right(self) -> float:
        return self.left + self.width

    def x(self, second: float) -> float:
        return self.left + self.width * min(max(second, 0.0), self.end) / self.end

    def y(self, value: float) -> float:
        return self.top + self.height * (1 - self.scale.share(value))

    def line(self, points: Iterable[Point]) -> str:
        """A path through points; it has gaps where nothing is known."""
        path, pen = "", "M{} {}h0"
        for second, value in points:
            if value is not None:
                path += pen.format(f"{self.x(second):.1f}", f"{self.y(value):.1f}")
            # A point between two gaps is a dot: a line without length, with round ends.
            pen = "M{} {}h0" if value is None else "L{} {}"
        return path or "M0 0"

    def stairs(self, points: Iterable[Point]) -> str:
        """A path that keeps each value until it changes."""
        path, last, height = "", 0.0, None
        for second, value in points:
            last = self.x(second)
            if value is not None and value != height:
                x, y, height = f"{last:.1f}", f"{self.y(value):.1f}", value
                path += f"H{x}V{y}" if path else f"M{x} {y}"
        return f"{path}H{last:.1f}" if path else "M0 0"

    def bumps(self, points: Iterable[Point]) -> str:
        """Stairs without the parts at 0, which would only hide the edge of the panel."""
        path, height, last = "", 0.0, 0.0
        for second, value in points:
            last = self.x(second)
            if value is not None and value != height:
                start = f"H{last:.1f}" if height else f"M{last:.1f} {self.bottom:.1f}"
                path += f"{start}V{self.y(value):.1f}"
                height = value
        return (path + (f"H{last:.1f}" if height else "")) or "M0 0"

    def area(self, stairs: str) -> str:
        """What is under stairs."""
        if stairs == "M0 0":
            return stairs
        start = stairs[1:].split(" ", 1)[0]
        return f"{stairs}V{self.bottom:.1f}H{start}Z"


def path(css: str, d: str, title: str = "") -> str:
    """A path; the title shows when somebody points at it."""
    told = f"><title>{escape(title)}</title></path>" if title else "/>"
    return f'<path class="{css}" d="{d}"{told}'


def text(x: float, y: float, words: str, css: str = "") -> str:
    named = f' class="{css}"' if css else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def grid(panel: Panel, size: Size, labelled: bool = True) -> list[str]:
    """A panel's horizontal lines and their values."""
    found = []
    for value in panel.scale.ticks:
        y = panel.y(value)
        found.append(path("grid", f"M{panel.left:.1f} {y:.1f}H{panel.right:.1f}"))
        if labelled:
            found.append(text(panel.left - 7, y + size.text * 0.35, f"{value:,g}", "end"))
    return found


def shade(panel: Panel, begin: float, end: float) -> str:
    """The step window."""
    left, right = panel.x(begin), panel.x(end)
    return (
        f'<rect class="window" x="{left:.1f}" y="{panel.top:.1f}" width="{right - left:.1f}"'
        f' height="{panel.height:.1f}"/>'
    )


def ticks_every(end: float, labels: int) -> int:
    """Seconds between two labels: the shortest usual step that leaves room."""
    usual = (5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600)
    return next((step for step in usual if end / step <= labels), 7200)


def time_axis(panel: Panel, size: Size, y: float, minute_secs: float, labels: int) -> list[str]:
    """Two rows of labels from `y` on: seconds, and minutes of the controllers."""
    every = ticks_every(panel.end, labels)
    found = []
    for second in range(0, math.floor(panel.end) + 1, every):
        x = panel.x(second)
        found.append(path("grid", f"M{x:.1f} {y:.1f}v5"))
        minutes = f"{second / minute_secs:.3g}"
        for place, label in enumerate((str(second), minutes)):
            found.append(text(x, y + 4 + size.row * (place + 0.75), label, "middle"))
    return found


def axis_names(left: float, size: Size, y: float) -> list[str]:
    """What the two rows of the time axis are."""
    names = ("seconds", "minutes*")
    rows = (y + 4 + size.row * (place + 0.75) for place in (0, 1))
    return [text(left - 12, row, name, "end") for name, row in zip(names, rows)]


def footnotes(size: Size, y: float, minute_secs: float) -> list[str]:
    """What the star and the shade mean; from `y` on, in two rows where it is narrow."""
    clock = f"* of the controllers' clock: a minute is {minute_secs:g} s."
    shaded = "Shaded: the step window."
    if size.wide:
        return [text(size.left, y, f"{clock} {shaded}")]
    return [text(8, y, clock), text(8, y + size.row, shaded)]


#: A sample of a legend: the class of its path, and what it means.
Key = tuple[str, str]
#: Paths of the marks, around 0 0, within 5 pixels.
MARKS = {
    "began": "M{x} {t}l5.5 9.5h-11Z",
    "over": "M{x} {b}l-5 -8.5h10Z",
    "notice": "M{l} {u}h9v9h-9Z",
    "changed": "M{x} {t}l5.5 5.5l-5.5 5.5l-5.5 -5.5Z",
    "held": "M{h} {y}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0Z",
}


def mark(css: str, x: float, y: float, title: str = "") -> str:
    """A mark at a place."""
    places = {"x": x, "y": y, "t": y - 5.5, "b": y + 4.5, "l": x - 4.5, "u": y - 4.5, "h": x - 3}
    d = MARKS[css].format(**{name: f"{place:.1f}" for name, place in places.items()})
    return path(css, d, title)


def legend(size: Size, x: float, y: float, keys: Sequence[Key]) -> tuple[list[str], float]:
    """Samples with their meaning, in as many rows as they need; answers the last row's y too."""
    found, at, row = [], x, y
    for css, words in keys:
        sample = 12 if css in MARKS else 24
        width = sample + 6 + len(words) * size.text * LETTER + 14
        if at > x and at + width - 14 > size.width:
            at, row = x, row + size.row
        middle = row - size.text * 0.35
        if css in MARKS:
            found.append(mark(css, at + 6, middle))
        else:
            found.append(path(css, f"M{at:.1f} {middle:.1f}h{sample}"))
        found.append(text(at + sample + 6, row, words))
        at += width
    return found, row


def drawing(size: Size, height: float, title: str, parts: Iterable[str]) -> str:
    """The SVG element of an inline chart."""
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart {size.name}" role="img"'
        f' viewBox="0 0 {size.width} {height:.0f}" aria-label="{escape(title)}">',
        *parts,
        "</svg>",
    ])


def standalone(svg: str, title: str) -> str:
    """The same chart as a file of its own: with its style, a ground and a title."""
    head, rest = svg.split(">", 1)
    width, height = head.split('viewBox="0 0 ', 1)[1].split('"', 1)[0].split()
    return (
        f'{head} width="{width}" height="{height}"><title>{escape(title)}</title>\n'
        f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n"
        f'<rect class="paper" width="{width}" height="{height}"/>{rest}\n'
    )
