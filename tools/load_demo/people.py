"""Who uses the service during a run: Locust's users, and one person with a browser."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from .programs import ROOT, TOOLS, Missing, end, start

if TYPE_CHECKING:
    from .run import Settings

PYTHON = TOOLS / "load" / "bin" / "python"
TESTS = ROOT / "tests" / "load"
#: After the last stage users finish what they asked, and look at their histories.
LAST_WORDS_SECS = 120.0
#: Longer than any answer: who stops lets its user finish.
STOP_SECS = 70


def codes(program: Path, key: str, names: list[str]) -> dict[str, str]:
    """An access code for each name, written by the program itself."""
    environment = {**os.environ, "AIRA_KEY": key}

    def code(name: str) -> str:
        command = [str(program), "code", name, "1"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            raise Missing(f"`aira code` failed: {done.stdout or done.stderr}")
        return done.stdout.strip()

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(names, pool.map(code, names)))


def locust(url: str, out: Path) -> list[str]:
    """The command that plays Locust's users; as a module, so that a checkout can be moved."""
    words = ["-m", "locust", "-f", str(TESTS / "locustfile.py"), "--headless", "--host", url]
    words += ["--csv", str(out / "locust"), "--html", str(out / "locust.html")]
    return [str(PYTHON), *words, "--stop-timeout", str(STOP_SECS), "--only-summary"]


class People:
    """Locust and the browser, as processes."""

    def __init__(
        self, settings: "Settings", url: str, elsewhere: str, written: dict[str, str]
    ) -> None:
        self.settings, self.url, self.elsewhere = settings, url, elsewhere
        self.written = dict(written)
        self.locust: subprocess.Popen[bytes] | None = None
        self.browser: subprocess.Popen[bytes] | None = None

    def come(self) -> None:
        """They begin now."""
        out = self.settings.out
        last = len(self.settings.stages) - 1
        stages = [
            f"{at:g}:" if n == last else f"{at:g}:{users}"
            for n, (at, users) in enumerate(self.settings.real_stages)
        ]
        name = next(reversed(self.written))
        code = self.written.pop(name)
        file = out / "codes.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(self.written))
        environment = {
            "LOAD_CODES": str(file),
            "LOAD_OUT": str(out),
            "LOAD_STAGES": ",".join(stages),
            "LOAD_SEED": str(self.settings.seed),
            "LOAD_TIMEOUT": f"{self.settings.timeout:g}",
            "LOAD_THINK": self.settings.think,
        }
        self.locust = start(locust(self.url, out), out / "locust.log", environment)
        if self.settings.with_browser:
            self.browser = self._open(name, code)

    def _open(self, name: str, code: str) -> subprocess.Popen[bytes]:
        out = self.settings.out
        words = ["--url", self.url, "--other", self.elsewhere, "--name", name, "--code", code]
        words += ["--out", str(out / "browser.json"), "--shots", str(out)]
        program = [str(PYTHON), str(TESTS / "browser.py")]
        return start([*program, *words], out / "browser.log", dict(os.environ))

    def is_here(self) -> bool:
        """Whether the load goes on."""
        assert self.locust is not None
        return self.locust.poll() is None

    def go(self) -> list[str]:
        """Everybody leaves; what went wrong with them."""
        assert self.locust is not None
        faults = []
        if (code := self.locust.wait(timeout=LAST_WORDS_SECS)) != 0:
            said = (self.settings.out / "locust.log").read_text(errors="replace").splitlines()
            raise Missing("\n  ".join([f"Locust ended with {code}:", *said[-8:]]))
        if self.browser is not None:
            self.browser.send_signal(signal.SIGTERM)
            until = time.monotonic() + LAST_WORDS_SECS
            while self.browser.poll() is None and time.monotonic() < until:
                time.sleep(0.1)
            # What it found is in its record, for the comparison to judge.
            if not (self.settings.out / "browser.json").exists():
                faults.append(f"the browser ended with {self.browser.poll()}; see browser.log")
        return faults

    def close(self) -> None:
        """Ends what is still there."""
        for process in (self.locust, self.browser):
            if process is not None:
                end(process)
