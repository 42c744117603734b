"""The instances: Aira processes that boot as late as an EC2 instance would, and leave as one does.

Whoever scales says which instances there should be. A new one boots for its time, is asked by /readyz
until it wants requests, and is registered with the balancer and with Prometheus. One that should
not be there any more is deregistered and told to end (SIGTERM) at once, while its answers still run:
it must finish them, and its exit code and last line say whether it did.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Iterable, Mapping

from .balancer import Balancer
from .programs import Missing, end, free_port, start
from .prometheus import Prometheus

#: Between being deregistered and being told to end, as the balancer needs to hear of it.
NOTICE_SECS = 0.5
#: After this it is killed, which is a fault.
LEAVING_SECS = 110.0
#: An instance that does not want requests so long after its boot is a fault.
STARTING_SECS = 30.0


@dataclass
class Instance:
    """One instance. Times are real, in epoch seconds; none: not yet."""

    id: str
    asked: float
    boots_until: float
    port: int = 0
    serving: float | None = None
    told: float | None = None
    signalled: bool = False
    gone: float | None = None
    exit: int | None = None
    cut: int = 0
    process: subprocess.Popen[bytes] | None = None
    log: Path = Path()


@dataclass(frozen=True)
class Count:
    """Instances by what they do."""

    booting: int
    serving: int
    draining: int


@dataclass
class Fleet:
    """All instances that there are and were."""

    program: Path
    environment: Mapping[str, str]
    folder: Path
    balancer: Balancer
    prometheus: Prometheus
    #: Real seconds from launch to ready, drawn anew for each instance.
    boot_secs: tuple[float, float]
    dice: Random
    every: dict[str, Instance] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def want(self, ids: Iterable[str], boots: bool = True) -> None:
        """These and no others; without `boots` new ones are there at once."""
        wanted, now = list(ids), time.time()
        for name in wanted:
            if name not in self.every:
                boot = self.dice.uniform(*self.boot_secs) if boots else 0.0
                self.every[name] = Instance(name, now, now + boot)
        for instance in self.every.values():
            if instance.told is None and instance.id not in wanted:
                self._leave(instance, now)

    def step(self) -> None:
        """Everything that is due."""
        now = time.time()
        for instance in self.every.values():
            if instance.gone is not None:
                continue
            if instance.told is not None:
                self._go_on_leaving(instance, now)
            elif instance.process is None and now >= instance.boots_until:
                self._launch(instance)
            elif instance.process is not None and instance.serving is None:
                self._ask(instance, now)
            elif instance.process is not None and instance.process.poll() is not None:
                self._lost(instance, now)

    def count(self) -> Count:
        """How many there are of each."""
        here = [i for i in self.every.values() if i.gone is None]
        staying = [i for i in here if i.told is None]
        serving = sum(1 for i in staying if i.serving is not None)
        return Count(len(staying) - serving, serving, len(here) - len(staying))

    def close(self) -> None:
        """Ends all that still run, in order."""
        for instance in self.every.values():
            if instance.process is not None and instance.gone is None:
                instance.process.send_signal(signal.SIGTERM)
        for instance in self.every.values():
            if instance.process is not None and instance.gone is None:
                end(instance.process, patience=LEAVING_SECS)

    # --- coming ---------------------------------------------------------------------------------

    def _launch(self, instance: Instance) -> None:
        instance.port = free_port()
        instance.log = self.folder / f"{instance.id}.log"
        listens = {"AIRA_LISTEN": f"127.0.0.1:{instance.port}"}
        environment = {**self.environment, **listens}
        instance.process = start([str(self.program)], instance.log, environment)

    def _ask(self, instance: Instance, now: float) -> None:
        assert instance.process is not None
        if instance.process.poll() is not None:
            raise Missing(f"an instance ended at its start; see {instance.log}")
        if not _is_ready(instance.port):
            if now > instance.boots_until + STARTING_SECS:
                raise Missing(f"an instance does not get ready; see {instance.log}")
            return
        self.balancer.register(instance.id, instance.port)
        self.prometheus.watch(instance.id, instance.port)
        instance.serving = now

    # --- leaving --------------------------------------------------------------------------------

    def _leave(self, instance: Instance, now: float) -> None:
        instance.told = now
        if instance.serving is not None:
            self.balancer.deregister(instance.id)
        elif instance.process is None:
            instance.gone, instance.exit = now, 0

    def _go_on_leaving(self, instance: Instance, now: float) -> None:
        assert instance.told is not None and instance.process is not None
        code = instance.process.poll()
        if code is None:
            if not instance.signalled and now >= instance.told + NOTICE_SECS:
                instance.process.send_signal(signal.SIGTERM)
                instance.signalled = True
            elif now > instance.told + LEAVING_SECS:
                self.faults.append(f"{instance.id} did not leave in {LEAVING_SECS:.0f} s")
                instance.process.kill()
            return
        instance.gone, instance.exit = now, code
        instance.cut = _cut(instance.log)
        if code != 0:
            self.faults.append(f"{instance.id} ended with {code}")
        self._forget(instance)

    def _lost(self, instance: Instance, now: float) -> None:
        """Nobody told it to go."""
        assert instance.process is not None
        instance.told = instance.gone = now
        instance.exit = instance.process.returncode
        self.faults.append(f"{instance.id} ended by itself with {instance.exit}")
        self._forget(instance)

    def _forget(self, instance: Instance) -> None:
        self.prometheus.forget(instance.id)
        if instance.serving is not None:
            self.balancer.forget(instance.id)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _cut(log: Path) -> int:
    """How many answers the instance says that it cut; what it does not say counts as one."""
    for line in reversed(log.read_text(errors="replace").splitlines()):
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict) and said.get("message") == "left":
            return int(said["cut"])
    return 1
