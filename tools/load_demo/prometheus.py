"""Prometheus, scraping every instance's /metrics, with the project's own recording and alerting rules.

What the controllers are told comes from here, as it would come to CloudWatch by its agent, which
scrapes the same page (infra/monitoring).
"""

from __future__ import annotations

import json
import subprocess
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from .programs import ROOT, Missing, end, free_port, program, start

CONFIG = """\
# Written by the load demo.
global: {{ scrape_interval: 1s, evaluation_interval: 5s, external_labels: {{ service: aira }} }}
rule_files: [{rules}]
scrape_configs:
  - job_name: aira
    scrape_timeout: 1s
    file_sd_configs: [{{ files: [{targets}], refresh_interval: 1m }}]
"""
RULES = ROOT / "infra" / "monitoring" / "prometheus" / "rules"
READY_SECS = 20.0


@dataclass
class Prometheus:
    """A running server with its data in `folder`."""

    folder: Path
    port: int = field(default_factory=free_port)
    _targets: dict[str, int] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Prometheus":
        config = self.folder / "prometheus.yml"
        rules, targets = json.dumps(f"{RULES}/*.yml"), json.dumps(str(self._file))
        config.write_text(CONFIG.format(rules=rules, targets=targets))
        self._write()
        words = [
            program("prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={self.folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
        ]
        self._process = start(words, self.folder / "prometheus.log")
        until = time.monotonic() + READY_SECS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                with urllib.request.urlopen(self._url("/-/ready"), timeout=2):
                    return self
            except OSError:
                time.sleep(0.1)
        raise Missing(f"Prometheus did not start; see {self.folder / 'prometheus.log'}")

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            end(self._process)

    def watch(self, instance: str, port: int) -> None:
        """This instance is scraped from now on."""
        self._targets[instance] = port
        self._write()

    def forget(self, instance: str) -> None:
        """It is not any more."""
        self._targets.pop(instance, None)
        self._write()

    def value(self, expression: str, at: float) -> float:
        """An expression's one value; 0 where it has none."""
        asked = urllib.parse.urlencode({"query": expression, "time": f"{at:.3f}"})
        with urllib.request.urlopen(self._url(f"/api/v1/query?{asked}"), timeout=10) as answer:
            found = json.load(answer)["data"]["result"]
        value = float(found[0]["value"][1]) if found else 0.0
        return value if value == value else 0.0

    def series(self, expression: str, begin: float, finish: float) -> list[tuple[float, float]]:
        """An expression's values second by second."""
        asked = {"query": expression, "start": begin, "end": finish, "step": "1"}
        query = urllib.parse.urlencode(asked)
        with urllib.request.urlopen(self._url(f"/api/v1/query_range?{query}"), timeout=30) as answer:
            found = json.load(answer)["data"]["result"]
        return [(float(at), float(value)) for at, value in found[0]["values"]] if found else []

    @property
    def _file(self) -> Path:
        return self.folder / "targets.json"

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def _write(self) -> None:
        found = [
            {"targets": [f"127.0.0.1:{port}"], "labels": {"instance": name, "zone": "a"}}
            for name, port in sorted(self._targets.items())
        ]
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(found))
        draft.replace(self._file)
