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
    name = head.partition(" (")[0]
    return f'<td data-of="{escape(name)}"><b>{escape(value)}{told}</b></td>'


def events(run: Run) -> str:
    """All tables of a run."""
    return "".join([
        _decisions(run), _alarms(run), _notices(run), _instances(run), _browser(run),
    ])


def _second(run: Run, at: float | None) -> str:
    return "–" if at is None else f"{at - run.began:.1f} s"


def _table(name: str, heads: Sequence[str], lines: Sequence[str], opened: bool = False) -> str:
    if not lines:
        return f'<p class="note">{escape(name)}: none.</p>'
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in heads)
    return (
        f"<details{' open' if opened else ''}><summary>{escape(name)}: {len(lines)}</summary>"
        f'<table class="events"><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody>'
        "</table></details>"
    )


def _row(heads: Sequence[str], cells: Sequence[str], css: str = "") -> str:
    """Its cells say what they are where there is no heading."""
    tds = (
        f'<td data-of="{escape(head)}">{escape(cell)}</td>' for head, cell in zip(heads, cells)
    )
    return f'<tr{f" class={css}" if css else ""}>{"".join(tds)}</tr>'


def _decisions(run: Run) -> str:
    heads = ("At", "Function", "Woken by", "Decision", "Why")
    rows = [(d.action, (_second(run, d.at), d.function, d.trigger, d.action, d.reason))
            for d in run.decisions]
    changed = [_row(heads, cells) for action, cells in rows if not is_hold(action)]
    held = [_row(heads, cells, "held") for action, cells in rows if is_hold(action)]
    return (_table("Decisions to change the capacity", heads, changed, opened=True)
            + _table("Decisions to hold", heads, held))


def _alarms(run: Run) -> str:
    heads = ("At", "Alarm", "State", "Why")
    lines = [_row(heads, (_second(run, a.at), a.alarm, a.state, a.reason)) for a in run.alarms]
    return _table("Changes of alarms", heads, lines)


def _notices(run: Run) -> str:
    heads = ("At", "Topic", "What was said")
    lines = [
        f'<tr><td>{_second(run, n.at)}</td><td data-of="Topic">{escape(n.topic)}</td>'
        f"<td><details><summary>{escape(n.subject or '(no subject)')}</summary>"
        f'<div class="body">{escape(n.body)}</div></details></td></tr>'
        for n in run.notices
    ]
    return _table("Notices", heads, lines)


def _instances(run: Run) -> str:
    heads = ("Asked for", "Instance", "Serving", "Told to leave", "Gone", "Exit", "Answers cut")
    lines = []
    for i in run.instances:
        left = "–" if i.exit is None else str(i.exit)
        told, gone = _second(run, i.told), _second(run, i.gone)
        cells = (_second(run, i.asked), i.id, _second(run, i.serving), told, gone, left, str(i.cut))
        lines.append(_row(heads, cells))
    return _table("Instances", heads, lines)


def _browser(run: Run) -> str:
    if run.browser is None:
        return '<p class="note">No browser chatted in this run.</p>'
    browser = run.browser
    faults = browser_faults(browser)
    heads = ("At", "Step")
    lines = [_row(heads, (_second(run, step.at), step.text)) for step in browser.steps]
    told = f'<p class="warning">{escape("; ".join(faults))}.</p>' if faults else ""
    return (
        f'<p class="note">{escape(_browser_said(browser))}</p>{told}'
        + _table("Steps of the user in a browser", heads, lines)
    )


def _browser_said(browser: Browser) -> str:
    return (
        f"In a real browser: {browser.turns} turns and {browser.reloads} reloads,"
        f" {browser.lost_sessions} sessions lost, {browser.missing_turns} turns missing;"
        f" the longest answer took {browser.longest_answer_secs:.1f} s."
    )
