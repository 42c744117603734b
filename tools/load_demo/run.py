"""One run: a variant, the load, the browser, and the record of it all."""

from __future__ import annotations

import hashlib
import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from demo.cast import Fleet as Terms
from load_report.run import read

from . import ledger, record
from .balancer import Balancer
from .cast import CONCURRENCY, RETRY_SECS, Minute, fleet
from .controllers import Fixed, Native, Tidegate
from .fleet import Fleet
from .people import People, codes
from .programs import Missing, end, free_port, start
from .prometheus import Prometheus
from .story import Clock, begin
from .upkeep import Upkeep
from .world import World, build

#: What an EC2 instance takes from launch to service, in seconds of the story.
BOOT_SECS = (125.0, 170.0)
#: Real seconds after a minute's end in which the last scrape of it comes.
SCRAPE_SECS = 0.4
READY_SECS = 60.0
#: A person who chats in a browser, beside Locust's users.
BROWSER = "browser"


@dataclass(frozen=True)
class Settings:
    """What is asked for. Stages: minute of the story and users from then on; the last one ends it."""

    variant: str
    number: int
    stages: tuple[tuple[float, int], ...]
    minute_secs: float
    seed: int
    timeout: float
    think: str
    size: int
    periods: int
    balance: str
    with_browser: bool
    program: Path
    code: Path | None
    policy: Path
    out: Path

    @property
    def users(self) -> int:
        return max(users for _, users in self.stages)

    @property
    def real_stages(self) -> list[tuple[float, int]]:
        return [(minute * self.minute_secs, users) for minute, users in self.stages]


def play(settings: Settings) -> Path:
    """The record's file."""
    settings.out.mkdir(parents=True, exist_ok=True)
    if any(settings.out.iterdir()):
        raise Missing(f"{settings.out} is not empty: every run has a folder of its own")
    with ExitStack() as ends:
        return _Run(settings, ends).play()


class _Run:
    def __init__(self, settings: Settings, ends: ExitStack) -> None:
        self.settings, self.ends = settings, ends
        self.terms: Terms = fleet(settings.policy)
        self.world: World = build(
            self.terms, settings.policy, settings.periods, settings.code, ends
        )
        out = settings.out
        self.balancer = ends.enter_context(Balancer(out, settings.balance))
        self.prometheus = ends.enter_context(Prometheus(out))
        self.key = secrets.token_hex(32)
        self.fleet = self._fleet()
        self.controller = self._controller()
        self.faults: list[str] = []

    def _fleet(self) -> Fleet:
        settings = self.settings
        environment = self._environment(self.world.home.region)
        boot = tuple(secs * settings.minute_secs / 60.0 for secs in BOOT_SECS)
        dice = Random(f"{settings.seed}:boot:{settings.number}")
        logs = settings.out / "instances"
        logs.mkdir()
        made = Fleet(
            settings.program,
            environment,
            logs,
            self.balancer,
            self.prometheus,
            (boot[0], boot[1]),
            dice,
        )
        self.ends.callback(made.close)
        return made

    def _environment(self, region: str) -> dict[str, str]:
        return {
            **self.world.environments[region],
            "AIRA_KEY": self.key,
            "AIRA_CONCURRENCY": str(CONCURRENCY),
            "AIRA_INSECURE_COOKIE": "1",
            "AIRA_NOTICE_SECONDS": "3",
            "AIRA_MODEL_SEED": str(self.settings.seed),
        }

    def _controller(self) -> Fixed:
        terms = (self.terms, self.settings.size, self.settings.periods)
        if self.settings.variant == "tidegate":
            self.world.home.groups  # noqa: B018 - made before two threads ask for it
            return Tidegate(*terms, cloud=self.world.home)
        return (Native if self.settings.variant == "native" else Fixed)(*terms)

    # --- the play -------------------------------------------------------------------------------

    def play(self) -> Path:
        clock = begin(self.settings.minute_secs)
        self.controller.begin(clock)
        self._first_instances()
        elsewhere = self._elsewhere()
        names = [f"user{n:04d}" for n in range(self.settings.users)] + [BROWSER]
        written = codes(self.settings.program, self.key, names)
        upkeep = Upkeep(self.fleet, self.balancer, self.controller.ids)
        with upkeep:
            clock = begin(self.settings.minute_secs)
            self.controller.clock = clock
            crowd = People(self.settings, self.balancer.url, elsewhere, written)
            self.ends.callback(crowd.close)
            crowd.come()
            self._minutes(clock, upkeep, crowd)
            self.faults += crowd.go()
            upkeep.check()
        return self._save(clock, upkeep)

    def _first_instances(self) -> None:
        self.fleet.want(self.controller.ids(), boots=False)
        until = time.monotonic() + READY_SECS
        while self.fleet.count().booting:
            self.fleet.step()
            if time.monotonic() > until:
                raise Missing("the first instances do not get ready")
            time.sleep(0.05)

    def _elsewhere(self) -> str:
        """Aira in the other region, on the same sessions."""
        port = free_port()
        environment = self._environment(self.world.away.region)
        environment["AIRA_LISTEN"] = f"127.0.0.1:{port}"
        log = self.settings.out / "elsewhere.log"
        process = start([str(self.settings.program)], log, environment)
        self.ends.callback(end, process)
        return f"http://127.0.0.1:{port}"

    def _minutes(self, clock: Clock, upkeep: Upkeep, crowd: "People") -> None:
        number = 0
        while crowd.is_here():
            time.sleep(max(0.0, clock.ends(number) + SCRAPE_SECS - time.time()))
            upkeep.check()
            minute = self._measure(number, clock, upkeep)
            self.controller.minute(minute)
            late = time.time() - clock.ends(number + 1)
            if late > 0:
                self.faults.append(f"the driver was {late:.1f} s late in minute {number}")
            if number % 5 == 0:
                self._tell(minute, upkeep)
            number += 1

    def _measure(self, number: int, clock: Clock, upkeep: Upkeep) -> Minute:
        finish = clock.ends(number)
        if not self.prometheus.value("count(up == 1)", finish):
            raise Missing(f"Prometheus reaches no instance; see {self.settings.out}/prometheus.log")
        window = f"{self.settings.minute_secs:.0f}s"
        healthy = upkeep.healthy(finish - self.settings.minute_secs, finish)
        errors = f'sum(increase(aira_requests_total{{code=~"5.."}}[{window}]))'
        wanted = self.prometheus.value(demand(window), finish)
        return Minute(number, clock.minute(number), wanted, healthy, self.prometheus.value(errors, finish))

    def _tell(self, minute: Minute, upkeep: Upkeep) -> None:
        count, last = self.fleet.count(), upkeep.seconds[-1]
        print(
            f"  minute {minute.number:>3}: {minute.wanted:6.1f} answers wanted,"
            f" {count.serving} instances serve, {count.booting} boot, {count.draining} leave,"
            f" {last.requests} requests/s, {last.refused} refused",
            flush=True,
        )

    # --- afterwards -----------------------------------------------------------------------------

    def _save(self, clock: Clock, upkeep: Upkeep) -> Path:
        settings, out = self.settings, self.settings.out
        ended = time.time()
        decisions = [{"at": t.at, **t.what} for t in self.controller.decisions]
        told: list[dict[str, Any]] = []
        if isinstance(self.controller, Tidegate):
            decisions = ledger.decisions(self.world.home, self.terms, clock)
            told = ledger.notices(self.world.home, clock.began)
            self.faults += self.controller.faults
        window = f"{settings.minute_secs:.0f}s"
        users = read(out)
        made = {
            "variant": settings.variant,
            "number": settings.number,
            "seed": settings.seed,
            "minute_secs": settings.minute_secs,
            "began": clock.began,
            "ended": ended,
            "stages": [list(stage) for stage in settings.real_stages],
            "timeout": settings.timeout,
            "machine": record.machine(),
            "limits": self._limits(),
            "seconds": record.per_second(upkeep.seconds, users, self.prometheus, demand(window)),
            **record.of_users(users),
            "alarms": [{"at": t.at, **t.what} for t in self.controller.changes],
            "notices": told,
            "decisions": decisions,
            "instances": record.instances(self.fleet),
            "browser": record.browser(out),
            "faults": [*self.faults, *self.fleet.faults],
        }
        return record.save(made, out)

    def _limits(self) -> dict[str, Any]:
        return {
            "concurrency": CONCURRENCY,
            "min": int(self.terms.policy["min"]),
            "max": self.terms.max_size,
            "boot_secs": list(BOOT_SECS),
            "capacity_per_instance": self.terms.capacity,
            "alarm_periods": self.settings.periods,
            "balance": self.settings.balance,
            "think": self.settings.think,
            "program": digest(self.settings.program),
            "policy": digest(self.settings.policy),
        }


def digest(file: Path) -> str:
    """Tells whether two runs had the same file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def demand(window: str) -> str:
    """What people want at once: answers that run, and people who wait to try again."""
    running = f"sum(avg_over_time(aira_answers_in_flight[{window}]))"
    refused = f'sum(rate(aira_refused_total{{reason=~"full|draining"}}[{window}]))'
    return f"{running} + {RETRY_SECS:.0f} * ({refused} or vector(0))"
