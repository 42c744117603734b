"""One question, asked until it is answered or given up.

As the page does it: a refusal is asked again after the time that the service named, a broken answer
after a second, always as the same turn, which the service keeps once. A try is a function, and so
are the clock and the sleep, so that the rules can be tested without a network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

#: Seconds until the next try after one that broke off.
AFTER_BREAK = 1.0


@dataclass(frozen=True)
class Try:
    """How one try ended: `done`, `refused`, `broken`, or `late` if its user's patience did."""

    end: str
    text: str = ""
    first_token: float | None = None
    retry_after: float = 1.0


@dataclass(frozen=True)
class Asked:
    """How a question ended: `done` or `abandoned`."""

    outcome: str
    took: float
    tries: int
    refused: int
    broken: int
    text: str = ""
    first_token: float | None = None


def insist(
    attempt: Callable[[float], Try],
    timeout: float,
    now: Callable[[], float],
    sleep: Callable[[float], None],
) -> Asked:
    """Asks until the timeout after the first try; an attempt is told how long it may take."""
    began = now()
    tries = refused = broken = 0
    while (left := began + timeout - now()) > 0:
        got = attempt(left)
        tries += 1
        if got.end == "done":
            took = now() - began
            return Asked("done", took, tries, refused, broken, got.text, got.first_token)
        refused += got.end == "refused"
        broken += got.end == "broken"
        wait = got.retry_after if got.end == "refused" else AFTER_BREAK
        sleep(max(0.0, min(wait, began + timeout - now())))
    return Asked("abandoned", timeout, tries, refused, broken)
