"""The day as one self-contained HTML file: no scripts, no fonts, no images, nothing to load."""

from __future__ import annotations

from html import escape
from pathlib import Path

from . import chart, story, table, told_page, visit_page
from .cast import clock_time, local
from .checks import Finding
from .facts import Facts
from .told import Told
from .visit_checks import Visited

STYLE = Path(__file__).with_name("page.css")
MODES = {
    "owner": "Tidegate alone lowers it: it moves MinSize, and desired capacity downwards.",
    "floor": "A target-tracking policy trims it above MinSize: Tidegate moves MinSize only.",
}
LEGEND = [
    ("line traffic", "requests per minute"),
    ("area given", "given: instances that have booted"),
    ("line asked", "asked for: desired capacity, booting included"),
    ("line needed", "needed for these requests, without headroom"),
    ("line fixed", "a fixed fleet for the day's highest minute"),
    ("mark raise", "raised"),
    ("mark lower", "lowered"),
    ("mark hold", "held, for a reason"),
    ("box alarm", "an alarm in ALARM"),
    ("box night", "night"),
]
PLAYED = (
    "The functions ran as deployed, on a local endpoint, with the story's clock. Played by"
    " the demo's driver, because no local endpoint does it: the boot time of instances (an instance"
    " counts as given once it has booted), the raising of desired capacity to a raised MinSize,"
    " target tracking's scale-in, and CloudWatch's evaluation of alarms. It puts their events on"
    " EventBridge under a source of its own, which the deployed rule is told to take too; from the"
    " rule on they go the deployed way. The wake-ups are those of the schedules, fewer in the quiet"
    " hours. Everything shown here is read from the endpoint: its call log, its queues, the ledger"
    " of decisions and the functions' records, and of the session also the caches of both regions."
)


def render(every: list[Facts], findings: list[Finding]) -> str:
    """The page."""
    first = every[0]
    begins, ends = local(first.start), local(first.end)
    failed = [f for f in findings if not f.holds]
    body = [
        "<header><h1>One day with Tidegate</h1>",
        f"<p>{begins:%A, %d %B %Y}, {begins:%H:%M}, to {ends:%A}, {ends:%H:%M}"
        f" ({escape(str(first.fleet.policy['time_zone']))}). Two fleets under one policy. The"
        f" traffic and the time of the surge come from the seed {first.record.seed}.</p></header>",
        _figures(every, findings, failed),
        *(_fleet(facts) for facts in every),
        told_page.section(first, Told(first.record)),
        _session(first),
        _findings(findings, failed),
        f"<section><h2>What was played, and by whom</h2><p>{escape(PLAYED)}</p></section>",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>One day with Tidegate</title><style>\n{STYLE.read_text()}</style></head>\n"
        "<body><main>\n" + "\n".join(body) + "\n</main></body></html>\n"
    )


def _figures(every: list[Facts], findings: list[Finding], failed: list[Finding]) -> str:
    given = sum(f.instance_hours() for f in every)
    fixed = sum(f.fixed_hours() for f in every)
    steps = sum(len(f.steps) for f in every)
    held = len(findings) - len(failed)
    tiles = [
        (f"{given:.0f}", f"instance-hours; fixed fleets for the peak take {fixed:.0f}"),
        (f"{1 - given / fixed:.0%}", "less than the fixed fleets"),
        (str(steps), f"changes of capacity, out of {every[0].record.invocations} wake-ups"),
        (f"{held}/{len(findings)}", "assertions hold"),
    ]
    shown = "".join(
        f"<div><strong>{escape(value)}</strong><span>{escape(what)}</span></div>"
        for value, what in tiles
    )
    return f'<section class="figures" aria-label="Key figures">{shown}</section>'


def _session(facts: Facts) -> str:
    if facts.record.sessions is None:
        return ""
    return visit_page.section(facts, Visited(facts.record))


def _fleet(facts: Facts) -> str:
    rows = table.rows(facts)
    name = escape(facts.fleet.name)
    told = "".join(f"<li>{escape(s)}</li>" for s in story.sentences(facts))
    legend = "".join(
        f'<li><span class="key {css}" aria-hidden="true"></span>{escape(text)}</li>'
        for css, text in LEGEND
    )
    return (
        f'<section id="{name}"><h2>{name} <small>mode {facts.fleet.mode}</small></h2>'
        f"<p>{MODES[facts.fleet.mode]}</p><ul class=told>{told}</ul>"
        f"<figure>{chart.day(facts, rows)}<figcaption><ul class=legend>{legend}</ul>"
        "A mark's reason shows when you point at it, and a click leads to its row."
        "</figcaption></figure>"
        f"{_surge(facts, rows)}{_table(facts, rows)}</section>"
    )


def _surge(facts: Facts, rows: list[table.Row]) -> str:
    drawn = chart.surge(facts, rows)
    return f"<h3>The surge, close up</h3><figure>{drawn}</figure>" if drawn else ""


def _table(facts: Facts, rows: list[table.Row]) -> str:
    repeats = sum(row.repeats for row in rows)
    lines = "".join(
        f'<tr id="{escape(facts.fleet.name)}-{number}" class="{row.kind}">'
        f"<td>{clock_time(row.at)}</td>"
        f"<td>{escape(row.function)}<small> woken by {escape(row.woken_by)}</small></td>"
        f"<td>{escape(row.decision)}</td><td>{escape(row.why)}</td></tr>"
        for number, row in enumerate(rows)
    )
    return (
        f"<details open><summary>What was decided, and why ({len(rows)} decisions)</summary>"
        f"<table><thead><tr><th>Time<th>Function<th>Decision<th>Why</tr></thead><tbody>{lines}"
        f"</tbody></table><p class=note>From the ledger, in local time. Holds that it only repeats"
        f" are left out: {repeats}.</p></details>"
    )


def _findings(findings: list[Finding], failed: list[Finding]) -> str:
    lines = "".join(
        f'<li class="{"holds" if f.holds else "fails"}"><b>{"holds" if f.holds else "FAILS"}</b>'
        f" {escape(f.fleet)}: {escape(f.statement)}<small> {escape(f.seen[:200])}</small></li>"
        for f in failed + [f for f in findings if f.holds]
    )
    told = "every one holds" if not failed else f"{len(failed)} do not hold"
    return (
        f"<section><h2>What was asserted</h2><details{' open' if failed else ''}><summary>"
        f"{len(findings)} assertions, {told}</summary><ul class=findings>{lines}</ul></details>"
        "</section>"
    )
