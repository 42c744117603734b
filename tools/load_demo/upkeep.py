"""What happens all the time during a run, in a thread of its own: the fleet is made what the controller
wants, and every second is written down."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Callable

from .balancer import Balancer
from .fleet import Fleet

#: Seconds between two looks at the fleet, and of those at what is wanted.
STEP_SECS, WANT_SECS = 0.1, 0.5


@dataclass(frozen=True)
class Second:
    """One second of a run; requests and refused are those of the second."""

    at: float
    wanted: int
    healthy: int
    booting: int
    draining: int
    requests: int
    refused: int


@dataclass
class Upkeep:
    """The thread and what it has seen."""

    fleet: Fleet
    balancer: Balancer
    ids: Callable[[], list[str]]
    seconds: list[Second] = field(default_factory=list)
    fault: BaseException | None = None
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "Upkeep":
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def check(self) -> None:
        """Raises what went wrong in the thread."""
        if self.fault is not None:
            raise self.fault

    def healthy(self, begin: float, finish: float) -> int:
        """The least healthy hosts of a time."""
        seen = [s.healthy for s in list(self.seconds) if begin <= s.at <= finish]
        return min(seen, default=0)

    def _run(self) -> None:
        try:
            self._keep()
        except BaseException as fault:  # noqa: BLE001 - told to the main thread
            self.fault = fault

    def _keep(self) -> None:
        sampled = asked = 0.0
        before = self.balancer.sample()
        while not self._over.wait(STEP_SECS):
            now = time.time()
            if now >= asked + WANT_SECS:
                asked = now
                self.fleet.want(self.ids())
            self.fleet.step()
            if now >= sampled + 1.0:
                sampled = now
                sample, count = self.balancer.sample(), self.fleet.count()
                self.seconds.append(
                    Second(
                        at=now,
                        wanted=count.booting + count.serving,
                        healthy=sample.healthy,
                        booting=count.booting,
                        draining=count.draining,
                        requests=sample.requests - before.requests,
                        refused=sample.refused - before.refused,
                    )
                )
                before = sample
