"""The page's section on the session that moves between regions, and its table in the terminal."""

from __future__ import annotations

import shutil
import sys
from html import escape
from typing import Any

from .cast import STORY_MINUTES, clock_time
from .chart import NARROW, RIGHT, WIDE, Panel, Size, Span, hours
from .facts import Facts
from .record import parse
from .visit_checks import CHANGES, Visited

#: What the user does, in words.
WORDS = {
    "begins": "signs in",
    "works": "works, and changes the session",
    "reads": "is served here now",
    "asks the cache": "nobody came here yet",
    "both write": "changes it in both regions at once",
    "goes on": "is served here alone",
    "logs out": "logs out",
    "comes back": "comes back with the old token",
}
#: Of them, those of an ended session.
ENDS = ("logs out", "comes back")
LEGEND = [
    ("line given", "the application on an instance, or in the other region"),
    ("box over", "a step of the user"),
    ("box began", "the instance scaled in, the region given up; logout, the old token refused"),
    ("box night", "night"),
]
TOP, LANE = 6, 38


def section(facts: Facts, visited: Visited) -> str:
    """The session's day."""
    legend = "".join(
        f'<li><span class="key {css}" aria-hidden="true"></span>{escape(text)}</li>'
        for css, text in LEGEND
    )
    rows = "".join(_row(visited, step) for step in visited.steps)
    return (
        '<section id="session"><h2>One session, two regions</h2>'
        f"<p>{escape(_sentence(visited))}</p>"
        f"<figure>{_draw(facts, visited, WIDE)}{_draw(facts, visited, NARROW)}"
        f"<figcaption><ul class=legend>{legend}</ul></figcaption></figure>"
        "<table><thead><tr><th>Time<th>Where<th>The user<th>What stands in the table, and what"
        f" session-sync brought into the caches</tr></thead><tbody>{rows}</tbody></table>"
        "<p class=note>A part is what one region wrote; its stamp is in hexadecimal digits. Stamps"
        " are of the real time: this day lasted minutes. Values of the session are random, were"
        " compared when they were read, and are kept nowhere.</p></section>"
    )


def print_steps(visited: Visited) -> None:
    """The same as a table in the terminal."""
    width = shutil.get_terminal_size((200, 40)).columns if sys.stdout.isatty() else 200
    print(f"\none session between {visited.home} and {visited.away}")
    for step in visited.steps:
        where = step["instance"] or step["region"]
        words = WORDS[step["did"]] + _answers(step)
        seen = "; ".join(_seen(visited, step))
        print(f"{visited.clock(step)} {where:<19} {words:<33} {seen}"[:width])


def _sentence(v: Visited) -> str:
    gone = v.gone
    fate = "It was not scaled in."
    if gone:
        fate = f"At {clock_time(parse(gone['at']))} {v.lowered_by() or 'somebody'} scaled it in,"
        fate += " and the user went on at another instance."
    waits = v.waits() or [0]
    regions = f"Later in the night the region is given up; {v.away} takes over"
    return (
        f"A user signs in at the newest instance of {v.told['fleet']} in {v.home}. {fate}"
        f" {regions} with what the deployed session-sync has brought into its cache, both regions"
        f" write at once for a moment, and the logout there is final in {v.home} too. From the"
        f" answer to a change until both caches had it {waits[len(waits) // 2]} ms passed (the"
        f" median; at most {waits[-1]} ms). The endpoint replicates at once; between two regions of AWS add about a second."
    )


def _row(v: Visited, step: dict[str, Any]) -> str:
    css = "began" if step["did"] in ENDS else "over"
    where = escape(step["instance"]) or "its cache"
    seen = "<br>".join(escape(line) for line in _seen(v, step))
    return (
        f'<tr class="said {css}"><td>{v.clock(step)}</td>'
        f"<td>{where}<small> {escape(step['region'])}</small></td>"
        f"<td>{escape(WORDS[step['did']])}<small>{escape(_answers(step).removeprefix(': '))}</small></td>"
        f"<td>{seen}</td></tr>"
    )


def _answers(step: dict[str, Any]) -> str:
    """What the application answered, where that is no matter of course."""
    if "answers" in step:
        return ": " + ", ".join(f"{do} {told}" for do, told in step["answers"].items())
    if step.get("wrong"):
        return f": lost {', '.join(step['wrong'])}"
    return "" if step["answer"] in ("", "done") else f": {step['answer']}"


def _seen(v: Visited, step: dict[str, Any]) -> list[str]:
    """The table's parts, and the caches beside them."""
    found = []
    for region, cached in step["caches"].items():
        same = cached["parts"] == step["table"]
        parts = "the same" if same else _parts(cached["parts"])
        found.append((region, f"{parts} ({_fields(cached)})", cached["waited_ms"]))
    parts = f"table: {_parts(step['table'])}"
    if len({text for _, text, _ in found}) > 1:
        return [parts, *(f"cache of {region}: {text}" for region, text, _ in found)]
    wait = f", {max(ms for *_, ms in found)} ms later" if step["did"] in CHANGES else ""
    return [parts, f"both caches: {found[0][1]}{wait}"]


def _fields(cached: dict[str, Any]) -> str:
    if cached["ended"]:
        return "ended"
    return ", ".join(cached["fields"]) or "nothing"


def _parts(parts: dict[str, str]) -> str:
    return ", ".join(f"{sk} {stamp[:16]}" for sk, stamp in sorted(parts.items())) or "no part"


# --- the picture ------------------------------------------------------------------------------


def _draw(facts: Facts, v: Visited, size: Size) -> str:
    """A lane for each place that served the session, in the order of their turn."""
    places = list(dict.fromkeys((s["region"], s["instance"]) for s in v.steps if s["instance"]))
    span = Span(0, STORY_MINUTES, "over the day")
    panel = Panel(size, span, TOP, LANE * max(1, len(places)), 1)
    height = panel.bottom + 40
    night = [panel.x(facts.minute_of(at)) for at in (facts.night, facts.day)]
    lanes = [_lane(facts, v, panel, place, n) for n, place in enumerate(places)]
    parts = [
        f'<svg class="chart {size.name}" viewBox="0 0 {size.width} {height:.0f}" role="img"'
        ' aria-label="Where the session was served over the day">',
        f'<rect class="night" x="{night[0]:.1f}" y="{panel.top}" width="{night[1] - night[0]:.1f}"'
        f' height="{panel.height}"/>',
        *(mark for lane in lanes for mark in lane),
        *hours(facts, panel, height, 0),
        "</svg>",
    ]
    return "\n".join(parts)


def _lane(
    facts: Facts, v: Visited, panel: Panel, place: tuple[str, str], number: int
) -> list[str]:
    steps = [s for s in v.steps if (s["region"], s["instance"]) == place]
    y = panel.top + LANE * (number + 0.7)
    name = place[1] if place[0] in place[1] else f"{place[1]}, {place[0]}"
    found = [
        f'<path class="grid" d="M{panel.size.left} {y:.1f}H{panel.size.width - RIGHT}"/>',
        f'<text class="unit" x="{panel.size.left}" y="{y - 9:.1f}">{escape(name)}</text>',
    ]

    def x(at: str) -> float:
        return panel.x(facts.minute_of(parse(at)))

    lives = [life for life in v.told["lives"] if (life["region"], life["instance"]) == place]
    for life in (life for life in lives if life["until"]):
        path = f"M{x(life['from']):.1f} {y:.1f}H{x(life['until']):.1f}"
        found.append(f'<path class="given" d="{path}"/>')
    for step in steps:
        css = "began" if step["did"] in ENDS else "over"
        title = f"{v.clock(step)} {WORDS[step['did']]}{_answers(step)}"
        found.append(_dot(css, x(step["at"]), y, panel.size.mark, title))
    for life in (life for life in lives if life["until"]):
        title = f"{clock_time(parse(life['until']))} {life['why']}"
        found.append(_dot("began", x(life["until"]), y, panel.size.mark, title))
    return found


def _dot(css: str, x: float, y: float, radius: float, title: str) -> str:
    return (
        f'<circle class="said {css}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">'
        f"<title>{escape(title)}</title></circle>"
    )
