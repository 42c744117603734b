"""The fleet of processes, with a stand-in for the service and nobody's balancer."""

from __future__ import annotations

import sys
import tempfile
import time
import unittest
from pathlib import Path
from random import Random

from load_demo.fleet import Fleet
from load_demo.programs import Missing

#: Wants requests at once; on SIGTERM it says how many answers it cut, and ends with 1 if any.
SERVICE = """\
import http.server, json, os, signal, sys, threading
cut = int(os.environ.get("CUT", "0"))
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
host, port = os.environ["AIRA_LISTEN"].split(":")
server = http.server.HTTPServer((host, int(port)), Answer)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
print(json.dumps({"message": "left", "cut": cut}), flush=True)
sys.exit(1 if cut else 0)
"""


class Listener:
    """Balancer and Prometheus: writes down what they were told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def _note(what: str):  # type: ignore[no-untyped-def]  # noqa: N805
        return lambda self, name, *_: self.told.append((what, name))

    register, deregister, forget = _note("in"), _note("out"), _note("gone")
    watch = _note("watched")


class Fleets(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        program = self.folder / "service"
        program.write_text(f"#!{sys.executable}\n{SERVICE}")
        program.chmod(0o755)
        self.program = program

    def made(self, boot: float = 0.0, **environment: str) -> tuple[Fleet, Listener]:
        heard = Listener()
        dice, boots = Random(1), (boot, boot)
        told = (self.program, environment, self.folder, heard, heard, boots, dice)
        fleet = Fleet(*told)  # type: ignore[arg-type]
        self.addCleanup(fleet.close)
        return fleet, heard

    def until(self, fleet: Fleet, done) -> None:  # type: ignore[no-untyped-def]
        """Goes on until it is so."""
        end = time.monotonic() + 20
        while not done():
            fleet.step()
            self.assertLess(time.monotonic(), end, "it does not come about")
            time.sleep(0.02)

    def test_it_serves_only_after_its_boot_and_when_it_says_so(self) -> None:
        fleet, heard = self.made(boot=0.5)
        began = time.time()
        fleet.want(["a"])
        fleet.step()
        self.assertEqual((fleet.count().booting, heard.told), (1, []))
        self.until(fleet, lambda: fleet.count().serving == 1)
        self.assertGreaterEqual(time.time() - began, 0.5)
        self.assertEqual(heard.told, [("in", "a"), ("watched", "a")])

    def test_who_leaves_is_out_of_the_balancer_first_and_ends_in_order(self) -> None:
        fleet, heard = self.made()
        fleet.want(["a", "b"])
        self.until(fleet, lambda: fleet.count().serving == 2)
        fleet.want(["b"])
        self.assertEqual(heard.told[-1], ("out", "a"))
        self.assertEqual(fleet.count().draining, 1)
        self.until(fleet, lambda: fleet.every["a"].gone is not None)
        self.assertEqual((fleet.every["a"].exit, fleet.every["a"].cut, fleet.faults), (0, 0, []))

    def test_cut_answers_are_counted_and_a_fault(self) -> None:
        fleet, _ = self.made(CUT="3")
        fleet.want(["a"])
        self.until(fleet, lambda: fleet.count().serving == 1)
        fleet.want([])
        self.until(fleet, lambda: fleet.every["a"].gone is not None)
        self.assertEqual((fleet.every["a"].exit, fleet.every["a"].cut), (1, 3))
        self.assertEqual(fleet.faults, ["a ended with 1"])

    def test_who_is_not_wanted_any_more_while_it_boots_never_comes(self) -> None:
        fleet, heard = self.made(boot=60.0)
        fleet.want(["a"])
        fleet.want([])
        self.assertEqual((fleet.count().booting, heard.told), (0, []))
        self.assertIsNotNone(fleet.every["a"].gone)
        self.assertEqual((fleet.every["a"].exit, fleet.faults), (0, []))

    def test_who_ends_by_itself_is_a_fault(self) -> None:
        fleet, heard = self.made()
        fleet.want(["a"])
        self.until(fleet, lambda: fleet.count().serving == 1)
        process = fleet.every["a"].process
        assert process is not None
        process.kill()
        process.wait()
        fleet.step()
        self.assertEqual(len(fleet.faults), 1)
        self.assertIn(("gone", "a"), heard.told)

    def test_who_cannot_start_stops_the_run(self) -> None:
        self.program.write_text("#!/bin/sh\nexit 3\n")
        fleet, _ = self.made()
        fleet.want(["a"])
        with self.assertRaisesRegex(Missing, "ended at its start"):
            self.until(fleet, lambda: False)


if __name__ == "__main__":
    unittest.main()
