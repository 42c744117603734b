"""One worker: an application's process, with sessions of its own.

It creates its sessions, does what the mix says with them for the time given, and ends them. Two
workers never write one session, so conflicts are as rare as with users who sit at one browser.
"""

from __future__ import annotations

import random
import secrets
import string
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from sessions import SessionGone, SessionStore

from .meter import Call, Meter, Metered
from .options import Options

#: A session's idle time and life after the run's end, in seconds.
IDLE = 1800
LIFE = 3600


@dataclass(frozen=True)
class Place:
    """Where the table is."""

    table: str
    region: str
    endpoint: str = ""  # empty: AWS


def client(place: Place) -> Any:
    """One attempt for each call: what is tried again in silence is not seen."""
    once = Config(retries={"total_max_attempts": 1}, connect_timeout=3, read_timeout=10)
    more = {"endpoint_url": place.endpoint} if place.endpoint else {}
    return boto3.session.Session().client("dynamodb", region_name=place.region, config=once, **more)


def run(
    options: Options, place: Place, number: int, start: Callable[[], float], dynamodb: Any = None
) -> list[Call]:
    """All of a worker's calls. `start` waits for the others; the load begins at what it answers."""
    meter = Meter()
    metered = Metered(dynamodb or client(place), meter)
    worker = Worker(options, place, metered, meter, random.Random(options.seed * 1000 + number))
    worker.begin()
    worker.work(start())
    worker.finish()
    return meter.calls


class Worker:
    """An application's process."""

    def __init__(
        self, options: Options, place: Place, dynamodb: Any, meter: Meter, dice: random.Random
    ) -> None:
        self.options, self.meter, self.dice = options, meter, dice
        # A key of its own: no session of anybody else has the same one.
        key = secrets.token_bytes(32)
        self.store = SessionStore(dynamodb, place.table, place.region, key, IDLE)
        self.not_after = time.time() + options.seconds + LIFE
        self.tokens: list[str] = []

    def begin(self) -> None:
        for _ in range(self.options.sessions):
            self._create()

    def work(self, began: float) -> None:
        names, shares = zip(*self.options.mix.items())
        pace = self.options.workers / self.options.rate if self.options.rate else 0.0
        time.sleep(max(0.0, began - time.monotonic()))
        due, ends = began, began + self.options.seconds
        while (now := time.monotonic()) < ends:
            if due > now:
                time.sleep(min(due, ends) - now)
                continue
            due = max(due, now - 1) + pace  # who is late does not catch up more than a second
            self._one(self.dice.choices(names, shares)[0])

    def finish(self) -> None:
        """Nothing that lives is left."""
        while self.tokens:
            self._end()

    def _one(self, name: str) -> None:
        if name == "create" or not self.tokens:
            self._create()
        elif name == "end":
            self._end()
        else:
            token = self.dice.choice(self.tokens)
            do = {"get": self._get, "update": self._update, "touch": self._touch}[name]
            self._timed(name, lambda: do(token))

    def _get(self, token: str) -> None:
        if self.store.get(token) is None:
            raise SessionGone("it is not there")

    def _update(self, token: str) -> None:
        name = f"field-{self.dice.randrange(self.options.fields)}"
        self.store.update(token, {name: self._value()})

    def _touch(self, token: str) -> None:
        self.store.touch(token)

    def _create(self) -> None:
        token = secrets.token_urlsafe(24)
        values = {f"field-{n}": self._value() for n in range(self.options.fields)}
        if self._timed("create", lambda: self.store.create(token, values, self.not_after)):
            self.tokens.append(token)

    def _end(self) -> None:
        token = self.tokens.pop(self.dice.randrange(len(self.tokens)))
        self._timed("end", lambda: self.store.end(token))

    def _value(self) -> str:
        letters = string.ascii_letters + string.digits
        return "".join(self.dice.choices(letters, k=self.options.value_bytes))

    def _timed(self, name: str, do: Any) -> bool:
        try:
            self.meter.timed("store", name, do)
        except Exception:  # noqa: BLE001: it is counted, and the load goes on
            return False
        return True
