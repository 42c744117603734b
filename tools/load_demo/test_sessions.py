"""What an Aira process is told of its region's sessions."""

from __future__ import annotations

import json
import sys
import tempfile
import unittest
from pathlib import Path

from load_demo import sessions

STACK = {
    "Endpoint": "http://127.0.0.1:4000",
    "SessionTableName": "tidegate-sessions",
    "ControlTableName": "tidegate-ControlTable-1",
    "GroupName": "aira-web",
}


class Stores(unittest.TestCase):
    def test_regions_share_the_table_and_the_key_and_not_the_cache(self) -> None:
        key = sessions.new_key()
        here = sessions.store(STACK, sessions.HOME, "redis://127.0.0.1:4001", key)
        there = sessions.store(STACK, sessions.AWAY, "redis://127.0.0.1:4002", key)
        differ = {name for name in here if here[name] != there[name]}
        self.assertEqual(differ, {"TIDEGATE_CACHE_URL", "AWS_REGION"})
        self.assertEqual(here["TIDEGATE_SESSION_TABLE"], "tidegate-sessions")
        self.assertNotEqual(key, sessions.new_key())

    def test_the_template_makes_the_table_once(self) -> None:
        url = "redis://127.0.0.1:4001"
        home, away = sessions.home_answers(url, "us-east-1"), sessions.away_answers(url)
        self.assertEqual(home["SessionRegions"], "us-east-1")
        self.assertEqual(home, {**away, "SessionRegions": "us-east-1"})

    def test_outputs_are_those_of_the_region(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder)
            for name in ("outputs.json", "outputs-us-east-1.json"):
                (run / name).write_text(json.dumps({**STACK, "StackName": name}))
            self.assertEqual(sessions.outputs(run)["StackName"], "outputs.json")
            away = sessions.outputs(run, "us-east-1")["StackName"]
            self.assertEqual(away, "outputs-us-east-1.json")

    def test_codes_are_the_programs_own(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            aira = Path(folder) / "aira"
            said = "import os, sys; print(sys.argv[1:], os.environ['AIRA_KEY'])"
            aira.write_text(f"#!{sys.executable}\n{said}\n")
            aira.chmod(0o755)
            told = sessions.codes(aira, "k", ["ann", "kim"])
        self.assertEqual(told["kim"], "['code', 'kim', '2'] k")
        self.assertEqual(list(told), ["ann", "kim"])


if __name__ == "__main__":
    unittest.main()
