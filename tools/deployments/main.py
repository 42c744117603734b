"""One part after the other, on one endpoint that is emptied between them."""

from __future__ import annotations

import argparse
import subprocess
import time
from pathlib import Path


from . import edge, everything, existing, refused, sizes
from .stage import ROOT, Report, Stage

PARTS = {"refused": refused, "sizes": sizes, "everything": everything, "existing": existing, "edge": edge}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--code", type=Path, help="programs that are built already (NAME/bootstrap)")
    parser.add_argument("--only", choices=PARTS, help="one part")
    parser.add_argument("--run", type=Path, default=ROOT / ".tools" / "run-stacks", help="the endpoint's folder")
    options = parser.parse_args()
    report = Report()
    stage = Stage(options.run.resolve(), (options.code or built()).resolve(), report)
    try:
        for name, part in PARTS.items():
            if options.only in (None, name):
                stage.start()
                report.part(name)
                part.run(stage)
    finally:
        stage.stop()
    print(f"deployments: {report.passed} passed, {report.failed} failed, in {time.monotonic() - report.began:.0f} s")
    return 1 if report.failed else 0


def built() -> Path:
    """The demo's programs, which `make test` has built by then: cargo only looks."""
    done = subprocess.run([ROOT / "tools" / "build-functions", "--story"], stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.strip().splitlines()[-1])


