"""What a browser saw of one user's conversation, and whether all of it is still there.

Pure: texts and times in, counts and sentences out. tests/load/browser.py does the looking. A turn
that the page gave up on may have been kept all the same (the answer was written, and the news of it
was lost): it is neither expected in a history nor strange in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Iterator

#: Turns that the service keeps of a conversation.
KEPT = 24
#: An answer whose text was seen in so many lengths has grown, and was not put there at once.
GROWN = 3
#: Share of the answers that must have been seen growing: a busy machine may look too late at one.
GROWN_SHARE = 0.9


@dataclass(frozen=True)
class Turn:
    """A question and its answer, as the page showed them."""

    question: str
    answer: str


@dataclass(frozen=True)
class Comparison:
    """A history beside what was streamed: questions that are not there, and what else is odd."""

    missing: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()


def compare(told: list[Turn], given_up: set[str], shown: list[Turn]) -> Comparison:
    """`told` are the turns whose answers were streamed to their end, oldest first."""
    known = {turn.question: turn.answer for turn in told}
    own = [turn for turn in shown if turn.question not in given_up]
    room = max(0, KEPT - (len(shown) - len(own)))
    expected = [turn.question for turn in told[-room:]] if room else []
    answers = {turn.question: turn.answer for turn in own}
    missing = tuple(question for question in expected if question not in answers)
    return Comparison(missing, tuple(_oddities(own, known, answers, expected)))


def _oddities(
    own: list[Turn], known: dict[str, str], answers: dict[str, str], expected: list[str]
) -> Iterator[str]:
    for question, answer in answers.items():
        if question not in known:
            yield f"a turn that nobody asked: {question!r}"
        elif answer != known[question]:
            yield f"another answer than was streamed: {question!r}"
    if len(own) != len(answers):
        yield "a turn is shown twice"
    seen = [question for question in answers if question in expected]
    if seen != [question for question in expected if question in answers]:
        yield "the turns are not in the order in which they were asked"


def is_expected(console: str) -> bool:
    """Whether an error on the console is the browser's note of a refusal that the page handles."""
    if not console.startswith("Failed to load resource"):
        return False
    return any(f"status of {status} " in console for status in (401, 503))


def grown(lengths: list[int]) -> bool:
    """Whether an answer's sampled lengths are those of a text that comes bit by bit."""
    return len({length for length in lengths if length}) >= GROWN


@dataclass
class Record:
    """Everything that happened, for one JSON document."""

    clock: Callable[[], float]
    say: Callable[[str], None] = print
    #: The session's turns that were answered, and the questions of it that were given up on.
    told: list[Turn] = field(default_factory=list)
    given_up: set[str] = field(default_factory=set)
    turns: int = 0
    reloads: int = 0
    lost_sessions: int = 0
    longest_answer_secs: float = 0.0
    ended_here: bool = False
    #: None: there was no other address.
    ended_there: bool | None = False
    faults: list[str] = field(default_factory=list)
    steps: list[tuple[float, str]] = field(default_factory=list)
    _missing: set[str] = field(default_factory=set)
    _grown: int = 0
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.clock()

    def step(self, text: str) -> None:
        """What is done now."""
        now = self.clock()
        self.steps.append((round(now, 3), text))
        self.say(f"{now - self._began:7.1f} s  {text}")

    def fault(self, text: str) -> None:
        """What must not be. Once each: a fault of the page comes with every turn."""
        if text not in self.faults:
            self.faults.append(text)
            self.step(f"FAULT: {text}")

    def answered(self, turn: Turn, secs: float, lengths: list[int]) -> None:
        """An answer came to its end."""
        self.told.append(turn)
        self.turns += 1
        self._grown += grown(lengths)
        self.longest_answer_secs = max(self.longest_answer_secs, round(secs, 2))

    def gave_up(self, question: str, why: str) -> None:
        """The page has said that it does not try any more."""
        self.given_up.add(question)
        self.fault(f"gave up: {question!r}: {why}")

    def lost(self, when: str) -> None:
        """The session is gone, and nobody has ended it; the next one begins with nothing."""
        self.lost_sessions += 1
        self.fault(f"the session was lost {when}")
        self.told, self.given_up = [], set()

    def look(self, where: str, shown: list[Turn]) -> Comparison:
        """A history that the page shows after it was loaded."""
        found = compare(self.told, self.given_up, shown)
        self._missing.update(found.missing)
        for question in found.missing:
            self.fault(f"missing {where}: {question!r}")
        for odd in found.odd:
            self.fault(f"{where}: {odd}")
        return found

    @property
    def streamed(self) -> bool:
        """Whether answers grew before the reader's eyes."""
        return self.turns > 0 and self._grown >= GROWN_SHARE * self.turns

    def is_well(self) -> bool:
        """Whether everything was as it must be."""
        ended = self.ended_here and self.ended_there is not False
        return self.streamed and ended and not (self.faults or self.lost_sessions)

    def document(self) -> dict[str, Any]:
        """The record as JSON has it."""
        return {
            "turns": self.turns,
            "reloads": self.reloads,
            "lost_sessions": self.lost_sessions,
            "missing_turns": len(self._missing),
            "streamed": self.streamed,
            "longest_answer_secs": self.longest_answer_secs,
            "ended_here": self.ended_here,
            "ended_there": self.ended_there,
            "faults": self.faults,
            "steps": [list(step) for step in self.steps],
        }
