"""Draws what came and what was told: above every alarm's change, below every message."""

from __future__ import annotations

from html import escape

from .cast import STORY_MINUTES, clock_time
from .chart import NARROW, RIGHT, WIDE, Panel, Size, Span, hours
from .facts import Facts
from .told import Message, Told

#: Topics from above to below.
TOPICS = ("escalation", "critical", "warning")
#: Where there is little room for a name.
SHORT = {"escalation": "escal."}
TOP, LANE = 22, 26


def day(facts: Facts, told: Told) -> str:
    """The whole day, for wide and for narrow screens."""
    span = Span(0, STORY_MINUTES, "over the day")
    return _draw(facts, told, span, WIDE) + _draw(facts, told, span, NARROW)


def surge(facts: Facts, told: Told) -> str:
    """The spike by the minute; empty when there was none."""
    alarms = facts.alarm_spans(facts.fleet.spike_alarm)
    if not alarms:
        return ""
    fired, over = (int(facts.minute_of(at)) for at in alarms[0])
    span = Span(max(0, fired - 8), min(STORY_MINUTES, over + 22), "around the surge")
    return _draw(facts, told, span, WIDE) + _draw(facts, told, span, NARROW)


def _draw(facts: Facts, told: Told, span: Span, size: Size) -> str:
    each = 10 if span.end - span.begin > 180 else 1
    events = [e for e in told.events if span.holds(told.minute(e.at))]
    messages = [(n, m) for n, m in enumerate(told.messages) if span.holds(told.minute(m.at))]
    columns: dict[int, list[tuple[str, str]]] = {}
    for event in events:
        title = f"{clock_time(event.at)} {event.alarm} {event.state}"
        begin = int(told.minute(event.at)) // each * each
        columns.setdefault(begin, []).append((event.state, title))
    most = max((len(c) for c in columns.values()), default=1)
    step = max(3.0, min(7.0, 120 / most))
    above = Panel(size, span, TOP, step * most + 4, most)
    lanes = Panel(size, span, above.bottom + 34, LANE * len(TOPICS), len(TOPICS))
    height = lanes.bottom + 40
    parts = [
        f'<svg class="chart {size.name}" viewBox="0 0 {size.width} {height:.0f}" role="img"'
        f' aria-label="Alarms that changed, and messages that were sent, {span.what}">',
        *_night(facts, [above, lanes]),
        f'<text class="unit" x="{size.left}" y="{above.top - 8}">one to one:'
        f" {len(events)} mails</text>",
        f'<text class="unit" x="{size.left}" y="{lanes.top - 8}">sent:'
        f" {len(messages)} messages</text>",
        *_changes(above, columns, step, each),
        *_messages(told, messages, lanes),
        *hours(facts, lanes, height, 0),
        "</svg>",
    ]
    return "\n".join(parts)


def _night(facts: Facts, panels: list[Panel]) -> list[str]:
    found = []
    for panel in panels:
        left, right = (panel.x(facts.minute_of(at)) for at in (facts.night, facts.day))
        if right <= left:
            continue
        found.append(
            f'<rect class="night" x="{left:.1f}" y="{panel.top:.1f}" width="{right - left:.1f}"'
            f' height="{panel.height:.1f}"/>'
        )
    return found


def _changes(
    panel: Panel, columns: dict[int, list[tuple[str, str]]], step: float, each: int
) -> list[str]:
    right = panel.size.width - RIGHT
    found = [f'<path class="grid" d="M{panel.size.left} {panel.bottom:.1f}H{right}"/>']
    begin = panel.span.begin
    width = min(9.0, max(2.0, panel.x(begin + each) - panel.x(begin) - 1.5))
    for minute, changes in columns.items():
        x = panel.x(minute)
        for place, (state, title) in enumerate(changes):
            y = panel.bottom - (place + 1) * step
            css = "began" if state == "ALARM" else "over"
            found.append(
                f'<rect class="{css}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}"'
                f' height="{step - 1:.1f}"><title>{escape(title)}</title></rect>'
            )
    return found


def _messages(told: Told, messages: list[tuple[int, Message]], panel: Panel) -> list[str]:
    found = []
    right = panel.size.width - RIGHT
    for place, topic in enumerate(TOPICS):
        y = panel.top + LANE * (place + 0.5)
        label, font = (topic, 11) if panel.size is WIDE else (SHORT.get(topic, topic), 9)
        found.append(
            f'<path class="grid" d="M{panel.size.left} {y:.1f}H{right}"/><text class="tick"'
            f' style="font-size:{font}px" x="{panel.size.left - 6}" y="{y + 4:.1f}">{label}</text>'
        )
    for number, message in messages:
        x = panel.x(told.minute(message.at))
        # A topic that the policy names itself stands with the warnings.
        topic = message.topic if message.topic in TOPICS else TOPICS[-1]
        y = panel.top + LANE * (TOPICS.index(topic) + 0.5)
        css = "over" if message.why == "AllResolved" else "began"
        title = f"{clock_time(message.at)} {message.topic}: {message.subject} ({message.why})"
        found.append(
            f'<a href="#message-{number}"><circle class="said {css}" cx="{x:.1f}" cy="{y:.1f}"'
            f' r="{panel.size.mark + 0.5:.1f}"><title>{escape(title)}</title></circle></a>'
        )
    return found
