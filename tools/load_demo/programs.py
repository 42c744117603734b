"""Programs that the driver starts: each on the loopback address, each gone when the driver is."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".tools"
_LIBC = ctypes.CDLL(None, use_errno=True)


class Missing(Exception):
    """Something that the load demo needs is not here; the message says what to do."""


def program(name: str) -> str:
    """The one in .tools/bin, else one of the machine's."""
    places = f"{TOOLS / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    found = shutil.which(name, path=places)
    if found is None:
        raise Missing(f"there is no {name}; run tools/setup-load")
    return found


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Starts it with its output in `log`. `environment` is all that it gets besides PATH and HOME."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with log.open("ab") as out:
        return subprocess.Popen(
            list(command),
            env=None if environment is None else {**kept, "LANG": "C.UTF-8", **environment},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            # 1 = PR_SET_PDEATHSIG: should the driver be killed, its programs go too.
            preexec_fn=_end_with_driver,
        )


def _end_with_driver() -> None:
    _LIBC.prctl(1, signal.SIGTERM)


def end(process: subprocess.Popen[bytes], patience: float = 10.0) -> int:
    """Ends it, by force if it does not listen; its exit code."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait(timeout=patience)
