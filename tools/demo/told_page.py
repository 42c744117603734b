"""The page's section on messages: what came one to one, what was sent, and why not the others."""

from __future__ import annotations

import re
from collections import Counter
from html import escape

from . import told_chart
from .cast import clock_time
from .facts import Facts
from .told import SENT, UNSENT, Event, Message, Told

LEGEND = [
    ("box began", "an alarm begins, a problem is told"),
    ("box over", "it is over"),
    ("box night", "night"),
]
#: Alarms that are listed with their mails.
LOUDEST = 6


def section(facts: Facts, told: Told) -> str:
    """What people were told."""
    legend = "".join(
        f'<li><span class="key {css}" aria-hidden="true"></span>{escape(text)}</li>'
        for css, text in LEGEND
    )
    return (
        '<section id="told"><h2>What people were told</h2>'
        f"<p>{_sentence(told)}</p>"
        f"<figure>{told_chart.day(facts, told)}<figcaption><ul class=legend>{legend}</ul>"
        "Above, each change of an alarm is one block; below, each message is one dot on the line"
        " of its topic and leads to its text.</figcaption></figure>"
        f"<h3>The surge, close up</h3><figure>{told_chart.surge(facts, told)}</figure>"
        f'<div class="told-sides"><div>{_one_to_one(told)}</div><div>{_why_not(told)}</div></div>'
        f"{_sent(told)}{_notices(facts)}</section>"
    )


def _sentence(told: Told) -> str:
    tracking = len(told.of("TargetTracking-"))
    people = len(told.events) - tracking
    ratio = 1 / told.share if told.share else 0
    urgent = sum(1 for m in told.messages if m.topic != "warning")
    return escape(
        f"The alarms of both fleets changed their state so often that a rule which passes each"
        f" change on would have sent {len(told.events)} mails ({people} without target tracking's"
        f" own alarms). The router sent {len(told.messages)} messages, one for {ratio:.1f} changes;"
        f" {urgent} of them went to the topics for urgent matters."
    )


def _one_to_one(told: Told) -> str:
    rows = "".join(_event(told, event) for event in told.events)
    often = Counter(_short(event.alarm) for event in told.events).most_common()
    loud = "".join(f"<tr><td>{n}</td><td>{escape(a)}</td></tr>" for a, n in often[:LOUDEST])
    rest = sum(n for _, n in often[LOUDEST:])
    loud += f"<tr><td>{rest}</td><td>{len(often[LOUDEST:])} other alarms</td></tr>" if rest else ""
    return (
        f"<h3>One to one: <span class=number>{len(told.events)}</span> mails</h3>"
        f'<table class="counts"><tbody>{loud}</tbody></table>'
        f"<details><summary>Each of them, and what became of it</summary>"
        f"<table><thead><tr><th>Time<th>Alarm<th>State<th>What the router did</tr></thead>"
        f"<tbody>{rows}</tbody></table></details>"
    )


def _event(told: Told, event: Event) -> str:
    if event.message is None:
        fate = escape(f"{event.fate}: {UNSENT.get(event.fate, event.fate)}")
    else:
        message = told.messages[event.message]
        fate = (
            f'<a href="#message-{event.message}">told at {clock_time(message.at)}</a>'
            f" to {escape(message.topic)}"
        )
    css = "alarmed" if event.state == "ALARM" else ""
    return (
        f'<tr class="{css}"><td>{clock_time(event.at)}</td><td>{escape(event.alarm)}</td>'
        f"<td>{escape(event.state)}</td><td>{fate}</td></tr>"
    )


def _short(alarm: str) -> str:
    """Target tracking's names without their random end."""
    return re.sub(r"(-Alarm(?:High|Low))-.*", r"\1", alarm)


def _why_not(told: Told) -> str:
    told_ones = told.fates["told"]
    lines = "".join(
        f"<tr><td>{told.fates[why]}</td><td>{why}</td><td>{escape(text)}</td></tr>"
        for why, text in UNSENT.items()
        if told.fates[why]
    )
    return (
        f"<h3>Sent: <span class=number>{len(told.messages)}</span> messages</h3>"
        f"<p>{told_ones} of the changes stand in them. Nothing was sent for the others:</p>"
        f'<table class="counts"><tbody>{lines}</tbody></table>'
    )


def _sent(told: Told) -> str:
    rows = "".join(_message(n, m) for n, m in enumerate(told.messages))
    return (
        f"<h3>What was sent</h3><table><thead><tr><th>Time<th>Topic<th>Subject<th>Why</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _message(number: int, message: Message) -> str:
    css = "over" if message.why == "AllResolved" else "began"
    counted = message.counted()
    why = f"{SENT.get(message.why, 'The router has no record of it.')}"
    return (
        f'<tr id="message-{number}" class="said {css}"><td>{clock_time(message.at)}</td>'
        f"<td>{escape(message.topic)}</td>"
        f"<td><details><summary>{escape(message.subject)}</summary>"
        f"<pre>{escape(message.text)}</pre></details></td>"
        f"<td><b>{escape(message.why)}</b> {escape(why)}"
        f"<small>{escape(counted)}</small></td></tr>"
    )


def _notices(facts: Facts) -> str:
    """What the functions that scale had to say; both fleets share it."""
    notices = facts.record.notices
    lines = "".join(f"<li>{escape(n['severity'])}: {escape(n['subject'])}</li>" for n in notices)
    told = f"<ul>{lines}</ul>" if lines else "<p>Nothing: no decision needed a person.</p>"
    return f"<h3>What the scaling functions had to say</h3>{told}"
