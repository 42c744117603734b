"""What the CSV files of a run say (tests/load/journeys/rows.py writes them)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator


@dataclass(frozen=True)
class Question:
    """One question, from its first try until it was done or abandoned."""

    asked: float
    is_done: bool
    took: float
    first_token: float | None
    tries: int = 1
    refused: int = 0
    broken: int = 0


@dataclass(frozen=True)
class Check:
    """One look at a history."""

    turns: int
    missing: int
    wrong: int
    signed_out: int


@dataclass(frozen=True)
class Second:
    """Users that run, and Locust's own share of a core."""

    at: float
    users: int
    cpu: float


@dataclass(frozen=True)
class Tries:
    """What ended in one second."""

    at: float
    tries: int
    refused: int
    broken: int
    done: int
    abandoned: int


@dataclass(frozen=True)
class Run:
    """A whole run; `instances` is how many served, where that is known."""

    questions: list[Question]
    checks: list[Check]
    cuts: int
    seconds: list[Second]
    tries: list[Tries]
    instances: int | None = None

    @property
    def began(self) -> float:
        return self.seconds[0].at - 1 if self.seconds else 0.0

    @property
    def length(self) -> float:
        """Seconds, at least one."""
        return max(1.0, self.seconds[-1].at - self.began) if self.seconds else 1.0


def read(out: Path, instances: int | None = None) -> Run:
    """The run whose files are in this folder."""
    return Run(
        questions=[_question(row) for row in _rows(out / "questions.csv")],
        checks=[
            Check(*(int(row[name]) for name in ("turns", "missing", "wrong", "signed_out")))
            for row in _rows(out / "checks.csv")
        ],
        cuts=sum(1 for _ in _rows(out / "cuts.csv")),
        seconds=[
            Second(float(row["at"]), int(row["users"]), float(row["cpu"]))
            for row in _rows(out / "users.csv")
        ],
        tries=[
            Tries(float(row.pop("at")), **{name: int(n) for name, n in row.items()})
            for row in _rows(out / "tries.csv")
        ],
        instances=instances,
    )


def _question(row: dict[str, str]) -> Question:
    first = row["first_token"]
    return Question(
        asked=float(row["asked"]),
        is_done=row["outcome"] == "done",
        took=float(row["took"]),
        first_token=float(first) if first else None,
        tries=int(row["tries"]),
        refused=int(row["refused"]),
        broken=int(row["broken"]),
    )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
