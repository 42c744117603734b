"""The figures, the table and the pictures of a run."""

from __future__ import annotations

import math
import tempfile
import unittest
import xml.dom.minidom
from dataclasses import replace
from pathlib import Path

from load_report import chart, figures, pictures
from load_report.run import Check, Question, Run, Second, Tries, read
from load_report.table import faults, table

FILES = {
    "questions.csv": "asked,user,outcome,took,first_token,tries,refused,broken,turn\n"
    "1001.0,ann,done,2.0,0.3,1,0,0,t-1\n"
    "1002.0,bob,abandoned,60.0,,9,9,0,t-2\n",
    "checks.csv": "at,user,why,turns,missing,wrong,signed_out\n1009.0,ann,end,1,0,0,0\n",
    "cuts.csv": "at,user,turn,what\n",
    "users.csv": "at,users,cpu\n1001.0,2,0.1\n1002.0,2,0.3\n",
    "tries.csv": "at,tries,refused,broken,done,abandoned\n1001.0,3,2,0,1,0\n1002.0,7,7,0,0,1\n",
}
GOOD = Run(
    questions=[Question(1000.0 + n, True, 2.0 + n / 100, 0.3) for n in range(100)],
    checks=[Check(4, 0, 0, 0)],
    cuts=0,
    seconds=[Second(1001.0 + n, 5, 0.1) for n in range(110)],
    tries=[Tries(1001.0 + n, 1, 0, 0, 1, 0) for n in range(110)],
    instances=1,
)


class Reading(unittest.TestCase):
    def test_a_run_is_what_its_files_say(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in FILES.items():
                (Path(folder) / name).write_text(text)
            found = read(Path(folder), 2)
        self.assertEqual((found.began, found.length, found.instances), (1000.0, 2.0, 2))
        told = figures.of(found)
        self.assertEqual((told.questions, told.done, told.abandoned), (2, 1, 1))
        self.assertEqual((told.tries, told.refused), (10, 9))
        self.assertEqual((told.took, told.first_token), ([2.0, 60.0, 60.0], [0.3, 0.3, 0.3]))
        self.assertAlmostEqual(told.cpu_mean, 0.2)


class TheFigures(unittest.TestCase):
    def test_percentiles_are_by_nearest_rank(self) -> None:
        values = [float(n) for n in range(1, 101)]
        for share, value in ((0.5, 50), (0.95, 95), (0.99, 99), (1, 100)):
            self.assertEqual(figures.percentile(values, share), value)
        self.assertEqual(figures.percentile([7.0], 0.5), 7.0)
        self.assertTrue(math.isnan(figures.percentile([], 0.5)))

    def test_the_processor_is_judged_by_ten_seconds(self) -> None:
        cpu = [0.1] * 20 + [1.0] * 10 + [0.1] * 20
        busy = replace(GOOD, seconds=[Second(float(n), 1, share) for n, share in enumerate(cpu)])
        self.assertAlmostEqual(figures.of(busy).cpu_max, 1.0)
        cpu[25] = 0.0
        busy = replace(GOOD, seconds=[Second(float(n), 1, share) for n, share in enumerate(cpu)])
        self.assertAlmostEqual(figures.of(busy).cpu_max, 0.9)

    def test_a_percentile_over_time_stands_in_the_middle_of_its_seconds(self) -> None:
        points = figures.over_time(GOOD, figures.took, 0.5)
        self.assertEqual(points[0], (2.5, 2.02))
        self.assertEqual(len(points), 20)

    def test_a_run_without_anything_has_figures_too(self) -> None:
        told = figures.of(Run([], [], 0, [], []))
        self.assertEqual((told.questions, told.cpu_max), (0, 0.0))
        self.assertIn("question p50 / p95 / p99     - / - / - s", table(told))
        self.assertEqual(faults(told), ["no question was answered"])


class TheTable(unittest.TestCase):
    def test_refusals_are_a_result_and_losses_are_faults(self) -> None:
        told = figures.of(GOOD)
        self.assertEqual(faults(replace(told, refused=50, abandoned=3)), [])
        cases = [
            ({"lost": 1}, "1 turns and 0 sessions were lost"),
            ({"signed_out": 2}, "0 turns and 2 sessions were lost"),
            ({"cut": 1}, "1 answers were cut"),
            ({"cpu_max": 0.81}, "invalid: Locust took 81% of a core"),
        ]
        for change, sentence in cases:
            with self.subTest(sentence):
                (fault,) = faults(replace(told, **change))
                self.assertIn(sentence, fault)

    def test_it_shows_counts_shares_and_times(self) -> None:
        shown = table(replace(figures.of(GOOD), tries=200, refused=50))
        self.assertIn("  refused (503)              50 (25.0%)", shown)
        self.assertIn("question p50 / p95 / p99     2.49 / 2.94 / 2.98 s", shown)


class ThePictures(unittest.TestCase):
    def test_they_are_drawn_and_are_xml(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for run in (GOOD, replace(GOOD, instances=None), Run([], [], 0, [], [])):
                for path in pictures.write(run, Path(folder)):
                    with self.subTest(path.name):
                        xml.dom.minidom.parseString(path.read_text())

    def test_instances_are_shown_where_they_are_known(self) -> None:
        self.assertIn(">instances<", pictures.errors(GOOD))
        self.assertNotIn(">instances<", pictures.errors(replace(GOOD, instances=None)))

    def test_nothing_is_drawn_outside_of_its_panel(self) -> None:
        line = chart.Line("a & b", "good", [(-5.0, 1.0), (30.0, 2.0)])
        drawn = chart.draw("x < y", [chart.Panel("things", [line], 100)], 10.0)
        self.assertIn(f"M{chart.LEFT}.0 108.0L1046.0 58.0", drawn)
        self.assertIn("x &lt; y", drawn)


if __name__ == "__main__":
    unittest.main()
