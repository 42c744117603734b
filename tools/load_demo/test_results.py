"""What the figures of a run under load are, on records small enough to be worked out by hand.

.tools/sam/bin/python -m unittest discover -s tools/load_demo -t tools
"""

from __future__ import annotations

import math
import tempfile
import unittest
from pathlib import Path
from typing import Any

from load_demo import results, sample, summary
from load_demo.results_claims import LEAST_BELOW, claims
from load_demo.results_record import Run, read_run

BEGAN = sample.BEGAN


def question(second: float, took: float, **changes: Any) -> dict[str, Any]:
    found = {"asked": BEGAN + second, "took": took, "outcome": "done", "first_token": 0.5,
             "tries": 1, "refused": 0, "broken": 0}
    return {**found, **changes}


def abandoned(second: float, **changes: Any) -> dict[str, Any]:
    return question(second, 3.0, outcome="abandoned", first_token=None, **changes)


def read(made: dict[str, Any]) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        return read_run(sample.write(Path(folder), made))


def measured(variant: str = "tidegate", number: int = 1, **changes: Any) -> results.Result:
    return results.measure(read(sample.record(variant, number, **changes)))


def every_second(took: dict[int, float], end: int = 299) -> list[dict[str, Any]]:
    """A question a second; `took` gives from which second on an answer takes how long."""
    return [
        question(second, [t for at, t in took.items() if at <= second][-1])
        for second in range(end)
    ]


def result_of(*took: float) -> results.Result:
    """Questions in the window, and one before and after it that must not count."""
    others = [question(10, 59.0), question(250, 59.0)]
    return measured(questions=[*others, *(question(100 + i, t) for i, t in enumerate(took))])


class Percentiles(unittest.TestCase):
    def test_nearest_rank(self) -> None:
        hundred = [float(n) for n in range(100, 0, -1)]
        for percent in (1, 50, 95, 99, 100):
            self.assertEqual(results.percentile(hundred, percent), percent)
        for values, percent, expected in (
            ([7.0], 50, 7.0),
            ([1.0, 2.0], 50, 1.0),
            ([1.0, 2.0], 51, 2.0),
            ([float(n) for n in range(1, 21)], 95, 19.0),
            ([float(n) for n in range(1, 22)], 95, 20.0),
        ):
            self.assertEqual(results.percentile(values, percent), expected, (values, percent))

    def test_of_the_questions_asked_in_the_window(self) -> None:
        found = result_of(*range(1, 21))
        self.assertEqual((found.questions, found.done), (20, 20))
        self.assertEqual((found.p50, found.p95, found.p99), (10.0, 19.0, 20.0))

    def test_the_window_is_from_the_step_until_users_fall(self) -> None:
        edges = [question(59.9, 50.0), question(60, 1.0), question(239.9, 2.0), question(240, 50.0)]
        found = measured(questions=edges)
        self.assertEqual((found.questions, found.p99), (2, 2.0))
        stages = [[0, 5], [60, 400], [100, 400], [160, 5], [200, 400], [300, None]]
        found = measured(questions=[*edges, question(159, 9.0), question(210, 9.0)], stages=stages)
        self.assertEqual((found.window.begin, found.window.end), (BEGAN + 60, BEGAN + 160))

    def test_without_a_fall_the_window_ends_with_the_load(self) -> None:
        found = measured(stages=[[0, 5], [60, 400]])
        self.assertEqual(found.window.end, BEGAN + 330)
        found = measured(stages=[[0, 5], [60, 400], [300, 0]])
        self.assertEqual(found.window.end, BEGAN + 300)

    def test_abandoned_counts_as_the_timeout_whatever_it_took(self) -> None:
        answered = [question(60 + i, 2.0) for i in range(18)]
        left = [abandoned(100, tries=9, refused=9), abandoned(101), question(250, 1.0)]
        found = measured(questions=answered + left)
        self.assertEqual((found.done, found.abandoned), (18, 2))
        self.assertEqual((found.p50, found.p95, found.first_token_p95), (2.0, 60.0, 0.5))

    def test_the_first_token_before_the_step_is_that_of_the_questions_before_it(self) -> None:
        asked = [question(10 + i, 2.0, first_token=0.4) for i in range(9)]
        later = [question(100, 2.0), question(250, 2.0)]
        found = measured(questions=[*asked, *later])
        self.assertEqual((found.first_token_before, found.first_token_p95), (0.4, 0.5))
        self.assertIsNone(measured(questions=later).first_token_before)

    def test_refused_and_broken(self) -> None:
        found = measured(questions=[
            question(60, 2.0, tries=5, refused=3, broken=1),
            question(61, 2.0, tries=3, refused=1, broken=1),
            question(62, 2.0), question(63, 2.0),
            question(250, 2.0, tries=9, refused=8),
        ])
        self.assertEqual((found.refused_questions, found.refused_tries), (0.5, 0.4))
        self.assertEqual(found.broken_tries, 2)


class Recovery(unittest.TestCase):
    def recovery_of(self, took: dict[int, float]) -> float | None:
        return measured(questions=every_second(took)).recovery

    def test_the_first_moment_from_which_it_stays_fast(self) -> None:
        # 10 questions in 10 s: the p95 is the slowest of them.
        self.assertEqual(self.recovery_of({0: 2.0, 60: 9.0, 100: 3.0}), 40)
        self.assertEqual(self.recovery_of({0: 2.0, 60: 9.0, 100: 3.1}), math.inf)

    def test_slow_again_is_not_recovered(self) -> None:
        self.assertEqual(self.recovery_of({0: 2.0, 60: 9.0, 100: 2.0, 150: 9.0, 151: 2.0}), 91)
        self.assertEqual(self.recovery_of({0: 2.0, 60: 2.0, 235: 9.0}), math.inf)

    def test_what_comes_after_the_window_does_not_count(self) -> None:
        self.assertEqual(self.recovery_of({0: 2.0, 240: 50.0}), 0)

    def test_silence_is_not_fast(self) -> None:
        asked = [q for q in every_second({0: 2.0}) if not 120 <= q["asked"] - BEGAN < 131]
        self.assertEqual(measured(questions=asked).recovery, 62)

    def test_without_a_step_there_is_none(self) -> None:
        found = measured(stages=[[0, 400], [300, None]])
        self.assertIsNone(found.recovery)
        self.assertIsNone(found.before_p95)


class Instances(unittest.TestCase):
    def instance(self, **changes: Any) -> dict[str, Any]:
        found = {"id": "i-1", "asked": BEGAN - 50, "serving": BEGAN - 40, "told": None,
                 "gone": None, "exit": None, "cut": 0}
        return {**found, **changes}

    def test_hours_are_the_controllers_within_the_load(self) -> None:
        found = measured(instances=[
            self.instance(),
            self.instance(asked=BEGAN + 100, gone=BEGAN + 160, told=BEGAN + 150, exit=0),
            self.instance(gone=BEGAN - 1),
            self.instance(asked=BEGAN + 310),
        ])
        self.assertEqual(found.instance_secs, 360)
        self.assertEqual(found.instance_hours, 1.0)

    def test_who_left_and_how(self) -> None:
        at = {"told": BEGAN + 100, "gone": BEGAN + 110}
        found = measured(instances=[
            self.instance(**at, exit=0), self.instance(**at, exit=1), self.instance(**at),
            self.instance(told=BEGAN + 320), self.instance(told=BEGAN + 331, gone=BEGAN + 332),
            self.instance(gone=BEGAN + 50, exit=1, cut=3), self.instance(gone=BEGAN + 331),
        ]).leaving
        self.assertEqual((found.told, found.bad_exits, found.died, found.cut), (4, 2, 1, 3))

    def test_the_most_wanted_skips_seconds_without_a_figure(self) -> None:
        seconds = sample.record()["seconds"]
        seconds["wanted"][5] = None
        self.assertEqual(measured(seconds=seconds).most_wanted, 12)


class Comparing(unittest.TestCase):
    def comparison(self, *runs: dict[str, Any]) -> results.Comparison:
        return results.compare([read(run) for run in runs])

    def steady(self, variant: str, number: int, took: float, **changes: Any) -> dict[str, Any]:
        return sample.record(variant, number, questions=every_second({0: took}), **changes)

    def three_and_fixed(self) -> results.Comparison:
        busy = {"mean": 0.5, "max_10s": 0.81}
        return self.comparison(
            self.steady("tidegate", 1, 3.0), self.steady("tidegate", 2, 5.0),
            self.steady("tidegate", 3, 40.0, locust_cpu=busy), self.steady("fixed", 1, 20.0),
        )

    def test_an_invalid_run_is_named_and_left_out(self) -> None:
        comparison = self.three_and_fixed()
        tidegate = comparison.variant("tidegate")
        self.assertEqual([r.valid for r in tidegate.results], [True, True, False])
        self.assertEqual(tidegate.p95, 4.0)
        p95 = next(f for f in results.FIGURES if f.label == "completed answer, p95")
        self.assertEqual(tidegate.spread(p95), results.Spread(4.0, 3.0, 5.0))
        self.assertEqual(tidegate.shown.p95, 5.0)
        valid = next(c for c in claims(comparison) if c.text.startswith("Every run"))
        self.assertFalse(valid.holds)
        self.assertIn("tidegate-3: Locust used 81 % of a core", valid.seen)
        self.assertIn("no run of native", valid.seen)

    def test_below(self) -> None:
        comparison = self.three_and_fixed()
        self.assertAlmostEqual(comparison.below("tidegate", "fixed"), 0.8)
        self.assertAlmostEqual(comparison.below_at_worst("tidegate", "fixed"), 0.75)
        self.assertIsNone(comparison.below("tidegate", "native"))

    def test_just_under_70_percent_does_not_hold_and_does_not_read_so(self) -> None:
        for took, holds, told in ((6.0, True, "70.0 % below"), (6.002, False, "69.9 % below"),
                                  (24.0, False, "20.0 % above")):
            comparison = self.comparison(self.steady("tidegate", 1, took),
                                         self.steady("fixed", 1, 20.0))
            claim = claims(comparison)[0]
            self.assertEqual(claim.holds, holds)
            self.assertIn(told, claim.seen)
        self.assertEqual(LEAST_BELOW, 0.7)

    def test_never_counts_as_more_than_any_time(self) -> None:
        late = {0: 2.0, 60: 9.0, 100: 2.0}
        never = {0: 2.0, 60: 9.0}
        runs = [sample.record(number=n, questions=every_second(took))
                for n, took in enumerate((late, never, late), 1)]
        tidegate = self.comparison(*runs).variant("tidegate")
        figure = next(f for f in results.FIGURES if f.label == "time to recover")
        spread = tidegate.spread(figure)
        self.assertEqual((spread.median, spread.high), (40, math.inf))
        self.assertEqual(summary.spread_shown(spread, "secs"), "40.0 s [40.0 to never]")


class Claims(unittest.TestCase):
    def held(self, **changes: Any) -> dict[str, bool]:
        """Which claims hold when Tidegate's one run is changed, by their first words."""
        runs = [sample.record("tidegate", 1, **changes),
                *(sample.record(variant, 1) for variant in ("native", "fixed"))]
        found = claims(results.compare([read(run) for run in runs]))
        return {" ".join(c.text.split()[:3]): c.holds for c in found}

    def failing(self, **changes: Any) -> list[str]:
        return [text for text, holds in self.held(**changes).items() if not holds]

    def test_all_hold_for_a_run_without_fault(self) -> None:
        self.assertEqual(self.failing(), [])

    def test_each_is_seen_to_fail(self) -> None:
        made = sample.record()
        sessions, browser, instances = made["sessions"], made["browser"], made["instances"]
        first = {**instances[0], "cut": 1}
        lost, cut = "No session is", "No answer is"
        for changes, expected in (
            ({"sessions": {**sessions, "signed_out": 1}}, [lost]),
            ({"sessions": {**sessions, "missing": 1}}, [lost]),
            ({"sessions": {**sessions, "wrong": 1}}, [lost]),
            ({"sessions": {**sessions, "cuts": 1}}, [cut]),
            ({"instances": [first, *instances[1:]]}, [cut]),
            ({"instances": []}, [lost, cut]),
            ({"faults": ["the balancer was late"]}, ["The driver noted"]),
            ({"browser": None}, ["The user in"]),
            ({"browser": {**browser, "lost_sessions": 1}}, ["The user in"]),
            ({"browser": {**browser, "ended_there": False}}, ["The user in"]),
            ({"browser": {**browser, "faults": ["no answer"]}}, ["The user in"]),
            ({"limits": {"concurrency": 13}}, ["All variants had"]),
            ({"seed": 7}, ["All variants had"]),
            ({"locust_cpu": {"mean": 0.9, "max_10s": 0.9}},
             ["Tidegate's p95 is", "Every run is"]),
        ):
            with self.subTest(changes=str(changes)[:60]):
                self.assertEqual(self.failing(**changes), expected)

    def test_a_question_given_up_is_told_and_is_no_lost_session(self) -> None:
        browser = {**sample.record()["browser"], "faults": ["gave up on turn 6: the fleet is full"]}
        run = read(sample.record(browser=browser))
        claim = claims(results.compare([run]))[-1]
        self.assertTrue(claim.holds)
        self.assertIn("gave up after a minute: 1", claim.seen)


if __name__ == "__main__":
    unittest.main()
