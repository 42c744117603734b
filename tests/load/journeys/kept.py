"""What a session's history must hold: every turn that was told to be done, word by word."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: Turns that the service keeps.
SLOTS = 24


@dataclass(frozen=True)
class Compared:
    """Turns that had to be there, how many are not, and how many say something else."""

    turns: int
    missing: int
    wrong: int


@dataclass
class Kept:
    """The turns of one session, oldest first. An abandoned one may be kept, or not."""

    turns: list[tuple[str, str | None]] = field(default_factory=list)

    def done(self, turn: str, text: str) -> None:
        self.turns.append((turn, text))

    def abandoned(self, turn: str) -> None:
        """It may take a place in the history, so the oldest turn may have gone for it."""
        self.turns.append((turn, None))

    def expected(self) -> dict[str, str]:
        return {turn: text for turn, text in self.turns[-SLOTS:] if text is not None}

    def compare(self, history: list[dict[str, Any]]) -> Compared:
        """With the turns of a `GET /history`. A session without turns must not show any."""
        expected = self.expected()
        found = {str(turn["id"]): str(turn["answer"]) for turn in history}
        missing = sum(turn not in found for turn in expected)
        wrong = sum(found.get(turn, text) != text for turn, text in expected.items())
        known = {turn for turn, _ in self.turns}
        strange = sum(turn not in known for turn in found)
        return Compared(len(expected), missing, wrong + strange)

    def none_there(self) -> Compared:
        """The session, or the service, did not show its history at all."""
        expected = len(self.expected())
        return Compared(expected, expected, 0)
