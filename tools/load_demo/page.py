"""The comparison as one self-contained HTML file: no scripts, no fonts, nothing to load."""

from __future__ import annotations

from html import escape
from pathlib import Path

from . import charts
from .charts_draw import STYLE as CHART_STYLE
from .page_tables import events, numbers
from .results import (
    FIGURES, GROUP_SECS, MOST_LOCUST_CPU, RECOVERED, Comparison, Result, Variant,
)
from .results_claims import claims, told_below
from .results_record import Machine, Run
from .summary import rows, sentences, shown

STYLE = Path(__file__).with_name("page.css")
TITLE = "Aira under load: Tidegate, native step scaling, a fixed fleet"


def render(comparison: Comparison) -> str:
    """The page."""
    style = CHART_STYLE.read_text(encoding="utf-8") + STYLE.read_text(encoding="utf-8")
    body = [
        _head(comparison), _figures(comparison), _claims(comparison), _summary(comparison),
        _side_by_side(comparison), *(_variant(v) for v in comparison.variants),
        _measured(comparison), _machine(comparison),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{TITLE}</title><style>\n{style}</style></head>\n"
        "<body><main>\n" + "\n".join(body) + "\n</main></body></html>\n"
    )


def _first(comparison: Comparison) -> Run:
    return comparison.results[0].run


def _head(comparison: Comparison) -> str:
    run = _first(comparison)
    users = [stage.users or 0 for stage in run.stages]
    names = ", ".join(variant.title for variant in comparison.variants)
    return (
        f"<header><h1>Aira under load</h1><p>Users rise from {users[0]} to {max(users)} at"
        f" {_step(run):.0f} s. The same load on the same instances, scaled in different ways:"
        f" {escape(names)}. Every figure here was measured on one machine; how is told"
        ' <a href="#measured">below</a>.</p></header>'
    )


def _step(run: Run) -> float:
    most = max(stage.users or 0 for stage in run.stages)
    return next(stage.at for stage in run.stages if stage.users == most)


def _figures(comparison: Comparison) -> str:
    judged = claims(comparison)
    results = comparison.results
    below = comparison.below("tidegate", "fixed")
    tiles = [
        (f"{sum(c.holds for c in judged)} of {len(judged)}", "claims hold"),
        (str(sum(r.run.sessions.signed_out for r in results)), "sessions lost in all runs"),
        (str(sum(r.run.sessions.cuts + r.leaving.cut for r in results)),
         "answers cut in all runs"),
    ]
    if below is not None:
        amount, side = told_below(below).rsplit(" ", 1)
        tiles.insert(0, (amount, f"is Tidegate's p95 {side} the fixed fleet's"))
    cells = "".join(
        f"<div><strong>{escape(value)}</strong><span>{escape(what)}</span></div>"
        for value, what in tiles
    )
    return f'<section class="figures" aria-label="Key figures">{cells}</section>'


def _claims(comparison: Comparison) -> str:
    lines = "".join(
        f'<li class="{"holds" if c.holds else "fails"}">'
        f"<b>{'✓ holds' if c.holds else '✗ FAILS'}</b>"
        f"<span>{escape(c.text)}<small>{escape(c.seen)}</small></span></li>"
        for c in claims(comparison)
    )
    return f'<section id="claims"><h2>What must hold</h2><ul class="claims">{lines}</ul></section>'


def _summary(comparison: Comparison) -> str:
    said = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences(comparison))
    head, *body = rows(comparison)
    return (
        '<section id="summary"><h2>All runs <small>median [range] of the valid ones</small></h2>'
        f'{numbers(head, body)}<ul class="defined">{said}</ul>{_every_run(comparison)}</section>'
    )


def _every_run(comparison: Comparison) -> str:
    found = []
    for variant in comparison.variants:
        head = ["", *(_run_name(result) for result in variant.results)]
        body = [
            [figure.label, *(shown(figure.of(r), figure.kind) for r in variant.results)]
            for figure in FIGURES
        ]
        found.append(f"<h3>{escape(variant.title)}</h3>{numbers(head, body)}")
    return f"<details><summary>Run by run</summary>{''.join(found)}</details>"


def _run_name(result: Result) -> str:
    return f"run {result.run.number}{'' if result.valid else ', invalid'}"


def _side_by_side(comparison: Comparison) -> str:
    chosen = ", ".join(variant.shown.run.name for variant in comparison.variants)
    return (
        '<section id="compare"><h2>Side by side</h2>'
        f'<p class="note">Of each variant the run with the median p95: {escape(chosen)}.</p>'
        f"<figure>{charts.latency(comparison)}</figure>"
        f"<figure>{charts.instances(comparison)}</figure></section>"
    )


def _variant(variant: Variant) -> str:
    result = variant.shown
    run = result.run
    invalid = "".join(f'<p class="warning">Invalid: {escape(why)}.</p>' for why in result.invalid)
    faults = "".join(f'<p class="warning">Fault: {escape(fault)}</p>' for fault in run.faults)
    limits = ", ".join(f"{name} {_limit(value)}" for name, value in run.limits.items())
    return (
        f'<section id="{escape(variant.name)}"><h2>{escape(variant.title)}'
        f" <small>run {run.number}, seed {run.seed}</small></h2>{invalid}{faults}"
        f'<p class="note">{escape(limits)}. Locust used {run.locust_cpu.mean * 100:.0f} % of a'
        f" core, at most {run.locust_cpu.max_10s * 100:.0f} % for 10 s.</p>"
        f"<figure>{charts.run(result)}</figure>{events(run)}</section>"
    )


def _limit(value: object) -> str:
    return " to ".join(f"{n:g}" for n in value) if isinstance(value, list) else str(value)


def _measured(comparison: Comparison) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in _definitions(_first(comparison)))
    return (
        '<section id="measured"><h2>How it was measured</h2>'
        f'<ul class="defined">{lines}</ul></section>'
    )


def _definitions(run: Run) -> list[str]:
    """What the figures mean, in the words of results.py."""
    return [
        "A question is one turn of a user, from the first try to the whole answer. Refused tries"
        " (status 503), tries that broke off and the waits between tries are in its time.",
        f"A question without its whole answer {run.timeout:g} s after the first try is abandoned,"
        f" and counts as {run.timeout:g} s in every percentile.",
        "The step window is from the first stage with the most users until users fall again. A"
        " question belongs to it if it was asked in it. All figures about questions are of the"
        " window.",
        "A percentile is the smallest value that at least so many of a hundred values do not"
        " exceed. It is over questions: a user waits for the answer before the next question,"
        " so where answers are slow fewer questions are asked.",
        "The first token is counted from the start of the try that succeeded; abandoned questions"
        " have none.",
        "Questions refused at least once are a share of all questions; tries refused are a share"
        " of all tries.",
        f"Time to recover: the seconds from the step until the first whole second from which on"
        f" the p95 of the questions of every {GROUP_SECS} s that end inside the window is at most"
        f" {RECOVERED:g} times the p95 of all questions asked before the step. Never: there is"
        " no such second in the window.",
        f"Controllers and alarms run on a faster clock: a minute of theirs is"
        f" {run.minute_secs:g} s. Instance-hours are hours of that clock, from each instance"
        " being asked for to its being gone, from the beginning of the run to the end of the load.",
        "An instance that was told to leave ended badly when its exit status was not 0. Answers"
        " cut are those that ended after their first token without end or error, as the users saw"
        " it and by the instances' own count.",
        "Demand is what the controllers decide by: answers that run, and people who were refused"
        " and wait to try again, over a minute of the controllers' clock.",
        "Sessions: users look at their histories when they come back and at the end, and compare"
        " them with what was streamed to them.",
        f"A run in which Locust used more than {MOST_LOCUST_CPU * 100:.0f} % of a core for 10 s is"
        " invalid: it is named, and left out of medians, ranges and comparisons. Claims about"
        " sessions, answers, faults and the browser are about all runs.",
    ]


def _machine(comparison: Comparison) -> str:
    machines: list[Machine] = []
    for result in comparison.results:
        if result.run.machine not in machines:
            machines.append(result.run.machine)
    lines = "".join(
        f"<p>{m.cpus} processors ({escape(m.model)}), {m.memory_gb:g} GB of memory,"
        f" kernel {escape(m.kernel)}.</p>"
        for m in machines
    )
    return (
        f'<section id="machine"><h2>The machine</h2>{lines}'
        '<p class="note">Locust, the balancer, the instances and the controllers share it.</p>'
        "</section>"
    )
