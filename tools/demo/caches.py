"""A region's cache: a real server on the loopback address, and what stands in it.

Each region of the demo has a server of its own (Valkey, without persistence), which ends with the
demo. The driver only reads: what stands there was brought by the deployed function. The form of an
entry is that of shared/cache.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Iterator

from .cloud import StageError

ROOT = Path(__file__).resolve().parents[2]
#: Where tools/setup puts the server.
TOOLS = ROOT / ".tools" / "bin"
PREFIX, PART = "tg:", "p:"
READY_SECS = 10.0


class Cache:
    """A connection to a server. Speaks RESP, as much as reading takes."""

    def __init__(self, port: int) -> None:
        self.url = f"redis://127.0.0.1:{port}"
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._answers = self._socket.makefile("rb")

    def close(self) -> None:
        self._answers.close()
        self._socket.close()

    def ask(self, *words: str) -> Any:
        """One command and its answer."""
        parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
        self._socket.sendall(f"*{len(words)}\r\n{''.join(parts)}".encode())
        return self._answer()

    def _answer(self) -> Any:
        line = self._answers.readline().decode().rstrip("\r\n")
        kind, rest = line[:1], line[1:]
        if kind == "+":
            return rest
        if kind == ":":
            return int(rest)
        if kind == "$":
            return None if rest == "-1" else self._answers.read(int(rest) + 2)[:-2].decode()
        if kind == "*":
            return [self._answer() for _ in range(int(rest))]
        raise StageError(f"the cache answered {line[:80]!r}")

    def parts(self, pk: str) -> dict[str, dict[str, Any]]:
        """The parts of a session by their sort keys, in the form of the table's items."""
        answer = self.ask("HGETALL", f"{PREFIX}{{{pk}}}")
        entry = dict(zip(answer[::2], answer[1::2]))
        found = {}
        for name, value in entry.items():
            stamp, _, document = value.partition(" ")
            if name.startswith(PART) and document != "-":
                found[name.removeprefix(PART)] = _item(stamp, json.loads(document))
        return found


def _item(stamp: str, document: dict[str, Any]) -> dict[str, Any]:
    """A part as the table has it, as far as a reader needs it."""
    fields = {
        name: {"M": {"t": {"S": at}} | ({} if value is None else {"v": {"S": value}})}
        for name, (at, value) in document["f"].items()
    }
    item = {
        "fields": {"M": fields},
        "not_after": {"N": str(document["n"])},
        "live_until": {"N": str(document["l"])},
        "written": {"S": stamp},
        "v": {"N": "1"},
    }
    return item | ({"ended": {"S": document["e"]}} if document.get("e") else {})


# --- the server -------------------------------------------------------------------------------


@contextlib.contextmanager
def server() -> Iterator[Cache]:
    """A server of its own on a free port, and a connection to it."""
    port = _free_port()
    options = {"port": str(port), "bind": "127.0.0.1", "save": "", "appendonly": "no"}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    die_with_parent = ctypes.CDLL(None, use_errno=True).prctl
    process = subprocess.Popen(
        [_program(), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        # 1 = PR_SET_PDEATHSIG: should the demo be killed, its caches go too.
        preexec_fn=lambda: die_with_parent(1, signal.SIGTERM),
    )
    try:
        with contextlib.closing(_connected(process, port)) as cache:
            yield cache
    finally:
        process.terminate()
        process.wait(timeout=10)


def _program() -> str:
    """`TIDEGATE_REDIS_SERVER`, else the one in .tools, else one of the machine's."""
    places = f"{TOOLS}{os.pathsep}{os.environ.get('PATH', '')}"
    found = os.environ.get("TIDEGATE_REDIS_SERVER")
    for name in ("valkey-server", "redis-server"):
        found = found or shutil.which(name, path=places)
    if not found:
        raise StageError("there is no valkey-server in .tools/bin; run tools/setup")
    return found


def _connected(process: subprocess.Popen[bytes], port: int) -> Cache:
    until = time.monotonic() + READY_SECS
    while time.monotonic() < until and process.poll() is None:
        try:
            cache = Cache(port)
            cache.ask("PING")
            return cache
        except OSError:
            time.sleep(0.02)
    raise StageError("a cache server did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
