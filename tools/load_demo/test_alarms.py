"""The played alarms, the two clocks, and the stages that are asked for."""

from __future__ import annotations

import json
import unittest
from datetime import datetime, timedelta, timezone

from load_demo.alarms import Alarm
from load_demo.cast import Minute, error_alarm, fleet, low_alarm, metrics, spike_alarm, steps
from load_demo.main import parse_stages
from load_demo.story import Clock, begin

CLOCK = Clock(1_000_000.0, datetime(2026, 11, 20, 1, tzinfo=timezone.utc), 6.0)


def alarm(terms_of) -> Alarm:  # type: ignore[no-untyped-def]
    terms = terms_of(fleet())
    return Alarm(terms, metrics(fleet())[terms.metric])


class Alarms(unittest.TestCase):
    def see(self, of: Alarm, values: list[float]) -> list[str | None]:
        """Each minute's change, with 10 healthy hosts."""
        found = []
        for number, value in enumerate(values):
            state = of.see(Minute(number, value, 10, value), CLOCK)
            if state is not None:
                of.change(state, CLOCK.minute(number + 1))
            found.append(state)
        return found

    def test_high_needs_two_minutes_and_is_told_once(self) -> None:
        changes = self.see(alarm(spike_alarm), [80, 95, 90, 99, 95, 89])
        self.assertEqual(changes, [None, None, "ALARM", None, None, "OK"])

    def test_low_needs_a_quarter_of_an_hour(self) -> None:
        changes = self.see(alarm(low_alarm), [10.0] * 16)
        self.assertEqual(changes.index("ALARM"), 14)

    def test_the_payload_is_the_lambda_actions(self) -> None:
        of = alarm(spike_alarm)
        self.see(of, [95])
        self.assertEqual(of.see(Minute(1, 200, 10, 0), CLOCK), "ALARM")
        change = of.change("ALARM", CLOCK.minute(2))
        event = of.payload(change, "000000000000", "ap-northeast-2")
        data = event["alarmData"]
        self.assertEqual(data["alarmName"], "aira-web-wanted-high")
        self.assertEqual(data["state"]["value"], "ALARM")
        told = json.loads(data["state"]["reasonData"])
        self.assertEqual((told["recentDatapoints"], told["threshold"]), ([9.5, 20.0], 9.0))
        self.assertIn("2 datapoints [20.0", change.reason)
        metric = data["configuration"]["metrics"][0]["metricStat"]["metric"]
        self.assertEqual(metric["name"], "AnswersWantedPerInstance")

    def test_errors_are_counted_by_the_minute(self) -> None:
        self.assertEqual(self.see(alarm(error_alarm), [49, 50, 51]), [None, None, "ALARM"])


class Policy(unittest.TestCase):
    def test_the_native_table_is_the_policys(self) -> None:
        self.assertEqual([step["add"] for step in steps(fleet())], [30, 100, 300])

    def test_nobody_healthy_is_no_division_by_zero(self) -> None:
        self.assertEqual(Minute(0, 24.0, 0, 0.0).each, 24.0)


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
