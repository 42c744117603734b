"""The page's tables: figures by variant, and what happened in a run, one row an event."""

from __future__ import annotations

from html import escape
from typing import Sequence

from .charts_run import is_hold
from .results_claims import browser_faults
from .results_record import Browser, Run


def numbers(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A table of figures; on a narrow screen each row is a block with named values."""
    heads = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    lines = "".join(
        f"<tr><td>{escape(row[0])}</td>{''.join(map(_number, head[1:], row[1:]))}</tr>"
        for row in body
    )
    return f'<table class="numbers"><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>'


def _number(head: str, cell: str) -> str:
    value, bracket, spread = cell.partition("[")
    told = f"<span>[{escape(spread)}</span>" if bracket else ""
    return f'<td data-of="{escape(head)}">{escape(value)}{told}</td>'


def events(run: Run) -> str:
    """All tables of a run."""
    return "".join([
        _decisions(run), _alarms(run), _notices(run), _instances(run), _browser(run),
    ])


def _second(run: Run, at: float | None) -> str:
    return "–" if at is None else f"{at - run.began:.1f} s"


def _table(name: str, heads: Sequence[str], lines: Sequence[str], opened: bool = False) -> str:
    if not lines:
        return f'<p class="note">No {escape(name)}.</p>'
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in heads)
    return (
        f"<details{' open' if opened else ''}><summary>{len(lines)} {escape(name)}</summary>"
        f'<table class="events"><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody>'
        "</table></details>"
    )


def _row(cells: Sequence[str], css: str = "", short: Sequence[int] = ()) -> str:
    """`short` names the cells that must not be broken."""
    classes = ['class="short"' if place in short else "" for place in range(len(cells))]
    tds = (f"<td {css_}>{escape(cell)}</td>" for css_, cell in zip(classes, cells))
    return f'<tr{f" class={css}" if css else ""}>{"".join(tds)}</tr>'


def _decisions(run: Run) -> str:
    heads = ("At", "Function", "Woken by", "Decision", "Why")
    lines = {
        held: [
            _row((_second(run, d.at), d.function, d.trigger, d.action, d.reason),
                 "held" if held else "", (1,))
            for d in run.decisions if is_hold(d.action) == held
        ]
        for held in (False, True)
    }
    return (_table("decisions that changed the capacity", heads, lines[False], opened=True)
            + _table("decisions to hold", heads, lines[True]))


def _alarms(run: Run) -> str:
    lines = [_row((_second(run, a.at), a.alarm, a.state, a.reason), "", (1, 2))
             for a in run.alarms]
    return _table("changes of alarms", ("At", "Alarm", "State", "Why"), lines)


def _notices(run: Run) -> str:
    lines = [
        f"<tr><td>{_second(run, n.at)}</td><td>{escape(n.topic)}</td><td>{escape(n.subject)}"
        f'<div class="body">{escape(n.body)}</div></td></tr>'
        for n in run.notices
    ]
    return _table("notices", ("At", "Topic", "What was said"), lines)


def _instances(run: Run) -> str:
    heads = ("Asked for", "Instance", "Serving", "Told to leave", "Gone", "Exit", "Answers cut")
    lines = []
    for i in run.instances:
        left = "–" if i.exit is None else str(i.exit)
        told, gone = _second(run, i.told), _second(run, i.gone)
        cells = (_second(run, i.asked), i.id, _second(run, i.serving), told, gone, left, str(i.cut))
        lines.append(_named(heads, cells))
    return _table("instances", heads, lines)


def _named(heads: Sequence[str], cells: Sequence[str]) -> str:
    """A row whose cells say what they are where there is no heading."""
    return "<tr>" + "".join(
        f'<td data-of="{escape(head)}">{escape(cell)}</td>' for head, cell in zip(heads, cells)
    ) + "</tr>"


def _browser(run: Run) -> str:
    if run.browser is None:
        return '<p class="note">No browser chatted in this run.</p>'
    browser = run.browser
    faults = browser_faults(browser)
    lines = [_row((_second(run, step.at), step.text)) for step in browser.steps]
    told = f'<p class="warning">{escape("; ".join(faults))}.</p>' if faults else ""
    return (
        f'<p class="note">{escape(_browser_said(browser))}</p>{told}'
        + _table("steps of the user in a browser", ("At", "Step"), lines)
    )


def _browser_said(browser: Browser) -> str:
    return (
        f"In a real browser: {browser.turns} turns and {browser.reloads} reloads,"
        f" {browser.lost_sessions} sessions lost, {browser.missing_turns} turns missing;"
        f" the longest answer took {browser.longest_answer_secs:.1f} s."
    )
