"""The CSV files of a run: one row for each thing that happened, as soon as it has.

Times are seconds since 1970.
"""

from __future__ import annotations

import csv
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Question:
    """One question, from its first try until it was done or abandoned."""

    asked: float
    user: str
    outcome: str
    took: float
    #: From the start of the try that succeeded.
    first_token: float | None
    tries: int
    refused: int
    broken: int
    turn: str


@dataclass(frozen=True)
class Check:
    """One look at the history."""

    at: float
    user: str
    why: str
    turns: int
    missing: int
    wrong: int
    signed_out: int


@dataclass(frozen=True)
class Cut:
    """An answer that had begun and stopped, without a word about it."""

    at: float
    user: str
    turn: str
    what: str


@dataclass(frozen=True)
class Second:
    """Users that run, and the share of one core that Locust took."""

    at: float
    users: int
    cpu: float


@dataclass
class Tries:
    """What ended in one second: tries, those refused or broken off, and whole questions."""

    at: float = 0.0
    tries: int = 0
    refused: int = 0
    broken: int = 0
    done: int = 0
    abandoned: int = 0


#: File, and what its rows are.
TABLES = {
    "questions": Question,
    "checks": Check,
    "cuts": Cut,
    "users": Second,
    "tries": Tries,
}


def cells(row: Any) -> list[str]:
    """A row as text: times to the millisecond, nothing for what is not known."""

    def cell(value: Any) -> str:
        if value is None:
            return ""
        return f"{value:.3f}" if isinstance(value, float) else str(value)

    return [cell(value) for value in astuple(row)]


class Book:
    """All files of a run, open for writing."""

    def __init__(self, out: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self._files = {}
        self._writers = {}
        for name, kind in TABLES.items():
            file = (out / f"{name}.csv").open("w", encoding="utf-8", newline="")
            self._files[name] = file
            self._writers[kind] = csv.writer(file, lineterminator="\n")
            self._writers[kind].writerow([field.name for field in fields(kind)])
        self.flush()

    def add(self, row: Question | Check | Cut | Second | Tries) -> None:
        self._writers[type(row)].writerow(cells(row))

    def flush(self) -> None:
        for file in self._files.values():
            file.flush()

    def close(self) -> None:
        for file in self._files.values():
            file.close()
