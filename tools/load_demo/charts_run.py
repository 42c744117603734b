"""One run from top to bottom, on one time axis: what was asked, what came back, who answered."""

from __future__ import annotations

from dataclasses import dataclass

from . import charts_series as series
from .charts_draw import (
    SECONDS_SCALE, Key, Panel, Point, Scale, Size, axis_names, drawing, footnotes, grid, legend,
    linear, mark, path, shade, text, time_axis,
)
from .results import Result
from .results_record import VARIANTS, Run


@dataclass(frozen=True)
class Part:
    """A panel before it has its place: heading, scale, height and lines (class, points, stairs)."""

    head: str
    keys: list[Key]
    scale: Scale
    height: int
    lines: list[tuple[str, list[Point], bool]]


def whole_run(result: Result, size: Size) -> str:
    """All panels of a run."""
    run, end = result.run, series.length(result.run)
    drawn: list[str] = []
    y = size.row * 0.3
    for part in _parts(run):
        panel, found = _panel(part, result, size, y, end)
        drawn += found
        y = panel.bottom + size.row * 0.6
    y, found = _strip(run, size, y, end)
    drawn += found
    axis = Panel(size.left, y, size.inner, 1, end, linear(1, 1))
    drawn += time_axis(axis, size, y, run.minute_secs, size.labels)
    drawn += axis_names(size.left, size, y)
    y += size.row * 3.2
    drawn += footnotes(size, y, run.minute_secs)
    height = y + size.row * (0.6 if size.wide else 1.6)
    return drawing(size, height, f"{VARIANTS[run.variant]}, run {run.number}, over time", drawn)


def _parts(run: Run) -> list[Part]:
    users, demand = (series.second_by_second(run, name) for name in ("users", "demand"))
    done, refused = series.answered(run), series.refused(run)
    return [
        Part("users and demand",
             [("users", "users"), ("demand", "demand: answers wanted at once")],
             linear(series.highest(users, demand), 4), 110,
             [("users", users, True), ("demand", demand, True)]),
        Part("whole answers a second", [], linear(series.highest(done), 3), 84,
             [("done", done, False)]),
        Part("refused tries a second", [], linear(series.highest(refused), 3), 84,
             [("refused", refused, False)]),
        Part("seconds to the whole answer", [(name, name) for name in ("p50", "p95", "p99")],
             SECONDS_SCALE, 190,
             [(f"p{n}", series.latency(run, n), False) for n in (50, 99, 95)]),
        _instances(run),
    ]


def instance_lines(run: Run) -> list[tuple[str, list[Point], bool]]:
    """The series of the instances, as they are drawn over each other."""
    names = {"draining": "draining", "booting": "booting", "in_service": "serving",
             "wanted": "wanted"}
    return [(css, series.second_by_second(run, name), True) for name, css in names.items()]


INSTANCE_KEYS: list[Key] = [("wanted", "wanted"), ("serving", "in service"),
                            ("booting", "booting"), ("draining", "draining")]


def _instances(run: Run) -> Part:
    lines = instance_lines(run)
    most = series.highest(*(points for _, points, _ in lines))
    return Part("instances", INSTANCE_KEYS, linear(most, 5), 150, lines)


#: Instances that are on their way: mostly there are none.
PASSING = {"booting", "draining"}


def draw_lines(panel: Panel, lines: list[tuple[str, list[Point], bool]]) -> list[str]:
    """Lines and stairs in a panel; instances in service with the area below."""
    found = []
    for css, points, stairs in lines:
        if css in PASSING:
            d = panel.bumps(points)
        else:
            d = panel.stairs(points) if stairs else panel.line(points)
        if css == "serving":
            found.insert(0, path("serving-area", panel.area(d)))
        found.append(path(css, d))
    return found


def _panel(part: Part, result: Result, size: Size, y: float, end: float) -> tuple[Panel, list[str]]:
    row = y + size.row
    drawn = [text(size.left, row, part.head, "head")]
    if part.keys:
        beside = size.left + len(part.head) * size.text * 0.6 + 24
        at, row = (beside, row) if size.wide else (size.left, row + size.row)
        found, row = legend(size, at, row, part.keys)
        drawn += found
    panel = Panel(size.left, row + size.row * 0.6, size.inner, part.height, end, part.scale)
    began, window = result.run.began, result.window
    drawn.append(shade(panel, window.begin - began, window.end - began))
    drawn += grid(panel, size)
    return panel, drawn + draw_lines(panel, part.lines)


STRIP_KEYS: list[Key] = [("began", "in ALARM"), ("over", "OK again"), ("notice", "notice"),
                         ("changed", "decided to change"), ("held", "to hold")]


def _strip(run: Run, size: Size, y: float, end: float) -> tuple[float, list[str]]:
    """Three lanes of marks; answers where they end, too."""
    drawn, row = legend(size, size.left, y + size.row, STRIP_KEYS)
    lane = round(size.row * 1.15)
    panel = Panel(size.left, row + size.row * 0.5, size.inner, 3 * lane, end, linear(3, 3))
    middles = [panel.top + lane * (n + 0.5) for n in range(3)]
    for name, middle in zip(("alarms", "notices", "decisions"), middles):
        drawn.append(text(size.left - 7, middle + size.text * 0.35, name, "end"))
    edges = (panel.top + lane * n for n in range(4))
    drawn += [path("grid", f"M{panel.left} {edge:.1f}H{panel.right:.1f}") for edge in edges]
    drawn += _alarms(run, panel, middles[0])
    for notice in run.notices:
        x = panel.x(notice.at - run.began)
        drawn.append(mark("notice", x, middles[1], _at(run, notice.at, notice.subject)))
    # Changes over holds.
    for decision in sorted(run.decisions, key=lambda d: not is_hold(d.action)):
        css = "held" if is_hold(decision.action) else "changed"
        told = f"{decision.function}: {decision.action}. {decision.reason}"
        x = panel.x(decision.at - run.began)
        drawn.append(mark(css, x, middles[2], _at(run, decision.at, told)))
    return panel.bottom, drawn


def is_hold(action: str) -> bool:
    """Whether a decision leaves the capacity as it is."""
    return action.lower().startswith(("hold", "held"))


def _at(run: Run, at: float, words: str) -> str:
    return f"{at - run.began:.0f} s: {words}"


def _alarms(run: Run, panel: Panel, middle: float) -> list[str]:
    """A mark for each change, and a bar as long as an alarm stays; each alarm a little lower."""
    spans, marks = [], []
    names = sorted({alarm.alarm for alarm in run.alarms})
    for place, name in enumerate(names):
        y = middle + min(5.0, 12 / len(names)) * (place - (len(names) - 1) / 2)
        since: float | None = None
        for alarm in sorted((a for a in run.alarms if a.alarm == name), key=lambda a: a.at):
            x, began = panel.x(alarm.at - run.began), alarm.state == "ALARM"
            if began and since is None:
                since = x
            elif not began and since is not None:
                spans.append(_bar(since, x, y))
                since = None
            told = f"{name} is {alarm.state}. {alarm.reason}"
            marks.append(mark("began" if began else "over", x, y, _at(run, alarm.at, told)))
        if since is not None:
            spans.append(_bar(since, panel.right, y))
    return spans + marks


def _bar(begin: float, end: float, y: float) -> str:
    return path("inalarm", f"M{begin:.1f} {y:.1f}H{end:.1f}")
