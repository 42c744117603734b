"""The load balancer: HAProxy, as an ALB with least outstanding requests would be set up.

Targets are places that stand empty until an instance takes one. An instance gets requests once its
/readyz said so; when it leaves, it gets no new ones and keeps those that run (deregistration). The
balancer tries nothing again by itself but a connection that could not be made.
"""

from __future__ import annotations

import csv
import io
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from .programs import Missing, end, free_port, program, start

#: One wants as many places as there may be instances at once, those that still drain included.
PLACES = 64
CONFIG = """\
# Written by the load demo.
global
    stats socket {socket} mode 600 level admin
    maxconn 8000
    nbthread 1
defaults
    mode http
    timeout connect 2s
    timeout client 120s
    timeout server 120s
    retries 2
    option redispatch
frontend people
    bind 127.0.0.1:{port}
    default_backend aira
backend aira
    balance {balance}
    option httpchk GET /readyz
    http-check expect status 200
    default-server check inter 1s fall 2 rise 1
    server-template i 1-{places} 127.0.0.1:9 disabled
"""
READY_SECS = 10.0


@dataclass(frozen=True)
class Sample:
    """What the balancer says of this moment, and of all requests until now."""

    healthy: int
    requests: int
    refused: int


@dataclass
class Balancer:
    """A running HAProxy."""

    folder: Path
    balance: str = "leastconn"
    port: int = field(default_factory=free_port)
    #: Which place each instance has.
    places: dict[str, int] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None
    _run: tempfile.TemporaryDirectory[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Balancer":
        # The path of a socket has 107 characters at most: not in a folder that may lie deep.
        self._run = tempfile.TemporaryDirectory(prefix="tidegate-")
        config = self.folder / "haproxy.cfg"
        settings = {"socket": self._socket, "port": self.port, "places": PLACES}
        config.write_text(CONFIG.format(**settings, balance=self.balance))
        words = [program("haproxy"), "-db", "-f", str(config)]
        self._process = start(words, self.folder / "haproxy.log")
        until = time.monotonic() + READY_SECS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                self.ask("show info")
                return self
            except OSError:
                time.sleep(0.05)
        raise Missing(f"the balancer did not start; see {self.folder / 'haproxy.log'}")

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            end(self._process)
        if self._run is not None:
            self._run.cleanup()

    @property
    def _socket(self) -> str:
        assert self._run is not None
        return f"{self._run.name}/haproxy"

    def ask(self, command: str) -> str:
        """One command of the runtime API."""
        with socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(5)
            asked.connect(self._socket)
            asked.sendall(command.encode() + b"\n")
            parts = []
            while part := asked.recv(65536):
                parts.append(part)
        return b"".join(parts).decode()

    def _tell(self, command: str) -> None:
        answer = self.ask(command).strip()
        if answer and not answer.startswith(("IP changed", "no need to change", "port changed")):
            raise Missing(f"the balancer says of `{command}`: {answer}")

    def register(self, instance: str, port: int) -> None:
        """It gets requests from now on; the caller has asked it whether it wants them."""
        place = next(n for n in range(1, PLACES + 1) if n not in self.places.values())
        self.places[instance] = place
        self._tell(f"set server aira/i{place} addr 127.0.0.1 port {port}")
        self._tell(f"set server aira/i{place} state ready")

    def deregister(self, instance: str) -> None:
        """It gets no new ones."""
        self._tell(f"set server aira/i{self.places[instance]} state drain")

    def forget(self, instance: str) -> None:
        """Its place is free again."""
        self._tell(f"set server aira/i{self.places.pop(instance)} state maint")

    def sample(self) -> Sample:
        """Reads the statistics."""
        rows = csv.DictReader(io.StringIO(self.ask("show stat").removeprefix("# ")))
        healthy, sample = 0, {}
        for row in rows:
            if row["pxname"] != "aira":
                continue
            if row["svname"] == "BACKEND":
                sample = row
            elif row["status"].startswith("UP"):
                healthy += 1
        requests, refused = int(sample["req_tot"] or 0), int(sample["hrsp_5xx"] or 0)
        return Sample(healthy, requests, refused)
