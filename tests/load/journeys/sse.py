"""An answer out of the bytes of a stream of server-sent events.

Read as cheaply as it goes: the load test must not be its own bottleneck. The first event is looked
at when it comes, for its time; all others at once, when the stream has ended.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

#: What ends an event.
BLANK = b"\n\n"
_DATA = b"data: "


@dataclass(frozen=True)
class Answer:
    """What a stream said; `end` is `done`, `error` or, if it just stopped, `cut`."""

    text: str
    end: str
    reason: str = ""


def is_token(block: bytes) -> bool:
    """Whether this event is a part of the answer: not a comment, not the end."""
    return block.startswith(_DATA)


def is_comment(block: bytes) -> bool:
    return block.startswith(b":")


def read(body: bytes) -> Answer:
    """The whole stream. What comes after its last complete event was cut off and does not count."""
    texts: list[str] = []
    for block in body.split(BLANK)[:-1]:
        if is_token(block):
            texts.append(json.loads(block[len(_DATA) :])["text"])
        elif block.startswith(b"event: "):
            name, _, rest = block[len(b"event: ") :].partition(b"\n")
            told = json.loads(rest[len(_DATA) :]) if rest.startswith(_DATA) else {}
            end = name.decode()
            return Answer("".join(texts), end, str(told.get("reason", "")))
    return Answer("".join(texts), "cut")
