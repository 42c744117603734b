"""The played alarms, the two clocks, and the stages that are asked for."""

from __future__ import annotations

import json
import unittest
from datetime import datetime, timedelta, timezone

from demo.watch import Watched
from load_demo import alarms
from load_demo.cast import Minute, fleet, steps
from load_demo.main import parse_stages
from load_demo.story import Clock, begin

CLOCK = Clock(1_000_000.0, datetime(2026, 11, 20, 1, tzinfo=timezone.utc), 6.0)


def minute(number: int, wanted: float, errors: float = 0.0, healthy: int = 10) -> Minute:
    return Minute(number, CLOCK.minute(number), wanted, healthy, errors)


class Alarms(unittest.TestCase):
    def see(self, of: Watched, values: list[float]) -> list[str | None]:
        """Each minute's change, with 10 healthy hosts."""
        found = []
        for number, value in enumerate(values):
            state = of.see(minute(number, value, value), number)
            if state is not None:
                of.change(state, CLOCK.minute(number + 1))
            found.append(state)
        return found

    def test_high_needs_two_minutes_and_is_told_once(self) -> None:
        changes = self.see(alarms.spike(fleet()), [80, 95, 90, 99, 95, 89])
        self.assertEqual(changes, [None, None, "ALARM", None, None, "OK"])

    def test_it_can_be_told_to_wait_for_one(self) -> None:
        self.assertEqual(self.see(alarms.spike(fleet(), 1), [89, 90, 89]), [None, "ALARM", "OK"])

    def test_low_needs_a_quarter_of_an_hour(self) -> None:
        changes = self.see(alarms.low(fleet()), [10.0] * 16)
        self.assertEqual(changes.index("ALARM"), 14)

    def test_the_payload_is_the_lambda_actions(self) -> None:
        of = alarms.spike(fleet())
        self.see(of, [95])
        self.assertEqual(of.see(minute(1, 200), 1), "ALARM")
        change = of.change("ALARM", CLOCK.minute(2))
        event = alarms.payload(of, change, "000000000000", "ap-northeast-2")
        data = event["alarmData"]
        self.assertEqual(data["alarmName"], "aira-web-wanted-high")
        self.assertEqual(data["state"]["value"], "ALARM")
        told = json.loads(data["state"]["reasonData"])
        self.assertEqual((told["recentDatapoints"], told["threshold"]), ([9.5, 20.0], 9.0))
        self.assertIn("2 datapoints [20.0", change.reason)
        metric = data["configuration"]["metrics"][0]["metricStat"]["metric"]
        self.assertEqual(metric["name"], "AnswersWantedPerInstance")

    def test_errors_are_counted_by_the_minute(self) -> None:
        self.assertEqual(self.see(alarms.errors(fleet()), [49, 50, 51]), [None, None, "ALARM"])


class Policy(unittest.TestCase):
    def test_the_native_table_is_the_policys(self) -> None:
        self.assertEqual([step["add"] for step in steps(fleet())], [30, 100, 300])

    def test_nobody_healthy_is_no_division_by_zero(self) -> None:
        self.assertEqual(minute(0, 24.0, healthy=0).each, 24.0)


class Clocks(unittest.TestCase):
    def test_a_minute_of_the_story_takes_its_seconds(self) -> None:
        self.assertEqual(CLOCK.story(1_000_060.0) - CLOCK.start, timedelta(minutes=10))
        self.assertEqual(CLOCK.ends(0), 1_000_006.0)
        self.assertEqual(CLOCK.real(150.0), 15.0)

    def test_it_begins_at_ten_on_a_weekday_that_is_over(self) -> None:
        monday = datetime(2026, 11, 23, 3, tzinfo=timezone.utc)
        self.assertEqual(begin(6.0, monday).start, datetime(2026, 11, 20, 1, tzinfo=timezone.utc))


class Stages(unittest.TestCase):
    def test_pairs(self) -> None:
        self.assertEqual(parse_stages("0:5,4:400,24:"), ((0.0, 5), (4.0, 400), (24.0, 0)))

    def test_what_makes_no_sense_is_refused_with_the_reason(self) -> None:
        for text in ("", "0:5", "1:5,4:", "0:5,4:9,3:", "0:5,x:9,9:", "0:5,4:9", "0:5,4", "0:-1,4:"):
            with self.assertRaisesRegex(ValueError, "stages: "):
                parse_stages(text)


if __name__ == "__main__":
    unittest.main()
