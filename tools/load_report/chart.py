"""Lines over time as SVG: panels one below the other, over one axis of time.

A picture is a file of its own: its colours are inside, for light and for dark.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT, TOP, GAP, FOOT = 1060, 62, 14, 58, 44, 44
STYLE = """
  svg { --ink: #1c2330; --soft: #5a6473; --rule: #d9dee6; --paper: #ffffff;
    --users: #7b8794; --good: #1f6fb2; --high: #c2510c; --bad: #b3261e; --other: #6a3fa0; }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #e6eaf0; --soft: #a2adbb; --rule: #2e3743; --paper: #12161c;
      --users: #98a4b3; --good: #6db3ee; --high: #f39a5b; --bad: #ff8a80; --other: #c3a2f2; }
  }
  .paper { fill: var(--paper); }
  text { fill: var(--soft); font: 12px system-ui, sans-serif; }
  text.title { fill: var(--ink); font-size: 16px; font-weight: 600; }
  text.tick { text-anchor: end; }
  text.time { text-anchor: middle; }
  .grid { stroke: var(--rule); fill: none; }
  .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
"""


@dataclass(frozen=True)
class Line:
    """A name, the colour's name of the style above, and (second, value) in order of time."""

    name: str
    colour: str
    points: list[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """Lines that share a scale."""

    unit: str
    lines: list[Line]
    height: float = 150


def draw(title: str, panels: list[Panel], seconds: float) -> str:
    """The whole picture."""
    height = TOP + sum(panel.height + GAP for panel in panels) - GAP + FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img"'
        f' aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height:.0f}"/>',
        f'<text class="title" x="{LEFT}" y="24">{escape(title)}</text>',
    ]
    top = float(TOP)
    for panel in panels:
        parts += _panel(panel, top, seconds)
        top += panel.height + GAP
    parts += _times(top - GAP, seconds)
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, top: float, seconds: float) -> list[str]:
    highest = _round_up(max((v for line in panel.lines for _, v in line.points), default=1))
    found = _legend(panel, top - 8)
    # So that what is written beside the lines stays short.
    steps = 5 if panel.height >= 120 else 2 if highest % 2 == 0 else 3 if highest % 3 == 0 else 1
    for step in range(steps + 1):
        y = top + panel.height * (1 - step / steps)
        found.append(
            f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
            f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}">{highest * step / steps:g}</text>'
        )
    for line in panel.lines:
        corners = [
            f"{_x(at, seconds):.1f} {top + panel.height * (1 - value / highest):.1f}"
            for at, value in line.points
        ]
        if corners:
            # A single point is drawn, too.
            path = "M" + "L".join(corners if len(corners) > 1 else corners * 2)
            found.append(
                f'<path class="line" style="stroke: var(--{line.colour})" stroke-linecap="round"'
                f' d="{path}"><title>{escape(line.name)}</title></path>'
            )
    return found


def _legend(panel: Panel, y: float) -> list[str]:
    found = [f'<text x="{LEFT}" y="{y}">{escape(panel.unit)}</text>']
    x = WIDTH - RIGHT
    for line in reversed(panel.lines):
        if line.name == panel.unit:
            continue
        # Some seven pixels a letter, and room for the stroke.
        x -= 7 * len(line.name) + 40
        found.append(
            f'<path class="line" style="stroke: var(--{line.colour})" d="M{x} {y - 4}h20"/>'
            f'<text x="{x + 26}" y="{y}">{escape(line.name)}</text>'
        )
    return found


def _times(bottom: float, seconds: float) -> list[str]:
    found = []
    usual = (5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)
    every = next((step for step in usual if seconds / step <= 14), 7200)
    for at in range(0, int(seconds) + 1, every):
        x = _x(at, seconds)
        found.append(
            f'<path class="grid" d="M{x:.1f} {bottom}v5"/>'
            f'<text class="time" x="{x:.1f}" y="{bottom + 20}">{at // 60}:{at % 60:02}</text>'
        )
    middle = (LEFT + WIDTH - RIGHT) / 2
    found.append(f'<text class="time" x="{middle}" y="{bottom + 38}">minutes and seconds</text>')
    return found


def _x(at: float, seconds: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * min(max(at, 0.0), seconds) / seconds


def _round_up(value: float) -> float:
    """To a number that is easy to read on an axis."""
    if value <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next(unit * step for step in (1, 1.5, 2, 3, 5, 7.5, 10) if unit * step >= value)
