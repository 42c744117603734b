"""A run's plan: settings out of the environment, users at each second, and each user's dice.

The same seed gives the same questions and the same thinking for the same user, whatever the
service does meanwhile: runs against different fleets are the same load.
"""

from __future__ import annotations

import heapq
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping

QUESTIONS = (
    "What changes when a service runs on more than one instance?",
    "How long does a new instance take until it can answer?",
    "Why is a short queue worse than an early refusal?",
    "What is the difference between a spike and a trend?",
    "How many instances do we need at night?",
    "What happens to my answer when an instance is taken away?",
    "Who decides that a fleet grows, and by what?",
    "Why does the first word take longest?",
    "Can two regions write to one session?",
    "What would you do if half of the fleet were gone?",
    "How does a load balancer know that an instance leaves?",
    "What is a good reason to do nothing?",
)
#: Of all questions, so many come after a pause away: new connections, and a look at the history.
COMES_BACK = 0.12
#: And so many after signing out and in again.
SIGNS_IN_AGAIN = 0.04


@dataclass(frozen=True)
class Stage:
    """From this second on so many users; None ends the run."""

    at: float
    users: int | None


def parse_stages(text: str) -> list[Stage]:
    """Reads "0:5,60:400,300:": second and users, in order; one without users ends the run."""
    stages = []
    for part in text.split(","):
        at, _, users = part.strip().partition(":")
        stages.append(Stage(float(at), int(users) if users else None))
    ats = [stage.at for stage in stages]
    if ats[0] != 0 or ats != sorted(set(ats)):
        raise ValueError(f"stages begin at 0 and go on in order: {text}")
    if any(stage.users is None for stage in stages[:-1]) or stages[-1].users is not None:
        raise ValueError(f"the last stage, and no other, has no users, and ends the run: {text}")
    return stages


def users_at(stages: list[Stage], seconds: float) -> int | None:
    """Users wanted so many seconds after the start; None when the run is over."""
    begun = [stage for stage in stages if stage.at <= seconds]
    return begun[-1].users if begun else stages[0].users


@dataclass(frozen=True)
class Settings:
    """What a run is told by its environment."""

    codes: dict[str, str]
    out: Path
    stages: list[Stage]
    spawn: float
    seed: int
    timeout: float
    think: tuple[float, float]

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        low, _, high = environment.get("LOAD_THINK", "5-10").partition("-")
        return cls(
            codes=json.loads(Path(environment["LOAD_CODES"]).read_text(encoding="utf-8")),
            out=Path(environment["LOAD_OUT"]),
            stages=parse_stages(environment["LOAD_STAGES"]),
            spawn=float(environment.get("LOAD_SPAWN", "50")),
            seed=int(environment.get("LOAD_SEED", "1")),
            timeout=float(environment.get("LOAD_TIMEOUT", "60")),
            think=(float(low), float(high or low)),
        )

    def check(self) -> None:
        """Every user needs a name of its own."""
        most = max(stage.users or 0 for stage in self.stages)
        if most > len(self.codes):
            raise ValueError(f"{most} users need as many access codes; there are {len(self.codes)}")


@dataclass(frozen=True)
class Seat:
    """A user's place: its name, and how often that name was in use before."""

    number: int
    name: str
    code: str
    before: int


class Seats:
    """Gives the first free name, and takes names back."""

    def __init__(self, codes: dict[str, str]) -> None:
        self._codes = list(codes.items())
        self._free = list(range(len(codes)))
        self._before = [0] * len(codes)

    def take(self) -> Seat:
        if not self._free:
            raise LookupError("more users than access codes")
        number = heapq.heappop(self._free)
        seat = Seat(number, *self._codes[number], self._before[number])
        self._before[number] += 1
        return seat

    def give_back(self, seat: Seat) -> None:
        heapq.heappush(self._free, seat.number)


class Dice:
    """What one user does next."""

    def __init__(self, seed: int, seat: Seat, think: tuple[float, float]) -> None:
        self._prefix = f"load-{seed}-{seat.number}-{seat.before}"
        self._random = random.Random(self._prefix)
        self._think = think
        self._asked = 0

    def think(self) -> float:
        """Seconds until the next question."""
        return self._random.uniform(*self._think)

    def first_think(self) -> float:
        """Users who came together do not ask together."""
        return self._random.random() * self.think()

    def errand(self) -> str:
        """What comes before the question: `back`, `again`, or nothing."""
        drawn = self._random.random()
        if drawn < COMES_BACK:
            return "back"
        return "again" if drawn < COMES_BACK + SIGNS_IN_AGAIN else ""

    def question(self) -> tuple[str, str]:
        """A turn's id, which no other turn has, and its question."""
        self._asked += 1
        return f"{self._prefix}-{self._asked}", self._random.choice(QUESTIONS)
