"""The three pictures of a run: requests, times and errors, each over users and instances."""

from __future__ import annotations

from pathlib import Path

from .chart import Line, Panel, draw
from .figures import bin_width, first_tokens, over_time, took
from .run import Run

#: Seconds of which the mean is drawn: single seconds of a few requests would only flicker.
MEAN_OF = 5


def write(run: Run, out: Path) -> list[Path]:
    """The files, which are written into the folder."""
    made = {"requests": requests(run), "latency": latency(run), "errors": errors(run)}
    for name, picture in made.items():
        (out / f"{name}.svg").write_text(picture, encoding="utf-8")
    return [out / f"{name}.svg" for name in made]


def requests(run: Run) -> str:
    lines = [_rate(run, "tries", "asked", "good"), _rate(run, "refused", "refused (503)", "high")]
    title = "Requests and refusals against users"
    return draw(title, [Panel("a second", lines, 220), *_load(run)], run.length)


def latency(run: Run) -> str:
    width = bin_width(run)
    panels = []
    for name, values in (("completed question", took), ("first token", first_tokens)):
        lines = [
            Line(label, colour, over_time(run, values, share))
            for label, colour, share in (
                ("p50", "good", 0.5),
                ("p95", "high", 0.95),
                ("p99", "bad", 0.99),
            )
        ]
        panels.append(Panel(f"seconds to the {name}, by {width:g} s", lines, 180))
    title = "Latency over time; abandoned questions count with the timeout"
    return draw(title, [*panels, *_load(run)], run.length)


def errors(run: Run) -> str:
    lines = [
        _rate(run, "refused", "refused (503)", "high"),
        _rate(run, "broken", "broken off", "bad"),
        _rate(run, "abandoned", "abandoned", "other"),
    ]
    title = "Errors against users"
    return draw(title, [Panel("a second", lines, 220), *_load(run)], run.length)


def _load(run: Run) -> list[Panel]:
    """What the service was up against, and what it had."""
    users = [(second.at - run.began, float(second.users)) for second in run.seconds]
    panels = [Panel("users", [Line("users", "users", users)], 90)]
    if run.instances is not None:
        ends = (0.0, run.length)
        points = [(at, float(run.instances)) for at in ends]
        panels.append(Panel("instances", [Line("instances", "good", points)], 60))
    return panels


def _rate(run: Run, field: str, name: str, colour: str) -> Line:
    """A mean over some seconds, at their middle."""
    points = []
    for at in range(0, len(run.tries), MEAN_OF):
        some = run.tries[at : at + MEAN_OF]
        mean = sum(getattr(second, field) for second in some) / len(some)
        points.append(((some[0].at + some[-1].at) / 2 - run.began, mean))
    return Line(name, colour, points)
