"""Native step scaling, against EC2's documented examples."""

from __future__ import annotations

import unittest
from datetime import datetime, timedelta, timezone

from load_demo.native import StepScaling, adjusted, step_for

#: The example of EC2's user guide: base 10, threshold 50.
STEPS = [{"from": 0, "to": 10, "add": 0}, {"from": 10, "to": 20, "add": 10}, {"from": 20, "add": 30}]
NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
WARMUP = timedelta(seconds=180)


def group(of: int, most: int = 20, least: int = 1) -> StepScaling:
    made = StepScaling(STEPS, 50.0, WARMUP, of, most)
    made.begin(NOON)
    made.least = least
    return made


class Steps(unittest.TestCase):
    def test_a_percentage_is_rounded_towards_zero_but_not_to_nothing(self) -> None:
        cases = [(10, 127, 12), (4, 10, 1), (4, -10, -1), (10, -66.7, -6), (10, 0, 0)]
        for base, percent, wanted in cases:
            self.assertEqual(adjusted(base, percent), wanted, (base, percent))

    def test_bounds_are_above_the_threshold_and_the_lower_one_belongs_to_the_step(self) -> None:
        cases = [(-1, 0), (0, 0), (9.9, 0), (10, 10), (19.9, 10), (20, 30), (999, 30)]
        for above, wanted in cases:
            self.assertEqual(step_for(STEPS, above), wanted, above)


class Group(unittest.TestCase):
    def test_what_warms_is_no_base_and_not_asked_for_twice(self) -> None:
        made = group(10)
        for minute, (value, wanted) in enumerate([(60, 11), (62, 11), (70, 13)]):
            made.minute(NOON + timedelta(minutes=minute), value, True, False)
            self.assertEqual(len(made.ids), wanted, value)

    def test_it_goes_on_while_the_alarm_is_high_and_stops_at_its_most(self) -> None:
        made = group(2, most=4)
        sizes = []
        for minute in range(12):
            made.minute(NOON + timedelta(minutes=minute), 90, True, False)
            sizes.append(len(made.ids))
        self.assertEqual(sizes[0], 3)
        self.assertEqual(sizes[2], 3, "nothing more before the first one is warm")
        self.assertEqual(sizes[-1], 4)

    def test_down_waits_for_what_warms_and_ends_at_the_least(self) -> None:
        made = group(10, least=9)
        made.minute(NOON, 70, True, False)
        self.assertIsNone(made.minute(NOON + timedelta(minutes=1), 1, False, True))
        kept = made.ids[:12]
        later = NOON + timedelta(minutes=10)
        self.assertIn("-10 %", str(made.minute(later, 1, False, True)))
        self.assertEqual(len(made.ids), 12)
        self.assertEqual(made.ids, kept, "the newest goes first")
        for _ in range(9):
            made.minute(later, 1, False, True)
        self.assertEqual(len(made.ids), 9)

    def test_quiet_changes_nothing(self) -> None:
        made = group(3)
        self.assertIsNone(made.minute(NOON, 50, False, False))
        self.assertEqual(len(made.ids), 3)


if __name__ == "__main__":
    unittest.main()
