"""A record that is not whole is refused, and the refusal names the file and the field."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

from load_demo import sample
from load_demo.results_record import RecordError, read_comparison, read_run

BEGAN = sample.BEGAN


class Reading(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def refusal(self, made: dict[str, Any]) -> str:
        path = sample.write(self.folder, made)
        with self.assertRaises(RecordError) as refused:
            read_run(path)
        told = str(refused.exception)
        self.assertTrue(told.startswith(f"{path}: "), told)
        return told.removeprefix(f"{path}: ")

    def test_a_whole_comparison(self) -> None:
        names = [run.name for run in read_comparison(sample.comparison(self.folder, 2))]
        self.assertEqual(names, ["tidegate-1", "tidegate-2", "native-1", "native-2",
                                 "fixed-1", "fixed-2"])

    def test_every_missing_field_is_named(self) -> None:
        made = sample.record()
        for field in made:
            with self.subTest(field=field):
                less = {name: value for name, value in made.items() if name != field}
                path = sample.write(self.folder, made)
                path.write_text(json.dumps(less))
                with self.assertRaisesRegex(RecordError, rf"run\.json: {field} is missing"):
                    read_run(path)

    def test_missing_and_mistaken_inside(self) -> None:
        made = sample.record()
        question = {k: v for k, v in made["questions"][0].items() if k != "took"}
        seconds = {**made["seconds"], "users": made["seconds"]["users"][:-1]}
        cases: list[tuple[dict[str, Any], str]] = [
            ({"questions": [made["questions"][0], question]}, "questions[1].took is missing"),
            ({"machine": {"cpus": 2}}, "machine.model is missing"),
            ({"limits": {}}, "limits.concurrency is missing"),
            ({"seed": "7"}, "seed: a whole number is expected, not '7'"),
            ({"seed": True}, "seed: a whole number is expected, not 'True'"),
            ({"timeout": None}, "timeout: a number is expected, not 'None'"),
            ({"limits": 12}, "limits: an object is expected, not '12'"),
            ({"limits": [1]}, "limits: an object is expected, not '[1]'"),
            ({"faults": [1]}, "faults[0]: a text is expected, not '1'"),
            ({"questions": {}}, "questions: a list is expected"),
            ({"questions": [["a", "b"]]}, "questions[0]: an object is expected"),
            ({"browser": {**made["browser"], "streamed": 1}}, "browser.streamed: true or false"),
            ({"began": float("nan")}, "began: a number is expected, not 'nan'"),
            ({"stages": [[0]]}, "stages[0]: an object is expected"),
            ({"stages": [[0, 5], [0, 9]]}, "stages: each must begin after"),
            ({"stages": [[0, None]]}, "stages: no stage has users"),
            ({"variant": "other"}, "variant: 'other' is none of"),
            ({"seconds": seconds}, "seconds.users: 329 values for 330 seconds"),
            ({"minute_secs": 0}, "minute_secs: must be above 0"),
            ({"questions": [{**made["questions"][0], "outcome": "late"}]},
             "questions[0].outcome: 'late' is not known"),
            ({"questions": [{**made["questions"][0], "refused": 9}]}, "questions[0].tries: fewer"),
            ({"alarms": [{"at": 1, "alarm": "a", "state": "RED", "reason": ""}]}, "alarms: state"),
        ]
        for changes, expected in cases:
            with self.subTest(expected=expected):
                self.assertIn(expected, self.refusal({**made, **changes}))

    def test_a_run_cut_short(self) -> None:
        made = sample.record()
        early = {name: values[:200] for name, values in made["seconds"].items()}
        few = [q for q in made["questions"] if q["asked"] < BEGAN + 150]
        cases: list[tuple[dict[str, Any], str]] = [
            ({"ended": BEGAN + 200}, "ended: the run is cut short, 100 s before its last stage"),
            ({"seconds": early}, "seconds.at: the run is cut short, the series end 101 s before"),
            ({"questions": few}, "questions: the run is cut short, none was asked in its last"),
            ({"questions": []}, "questions: the run is cut short"),
        ]
        for changes, expected in cases:
            with self.subTest(expected=expected):
                self.assertIn(expected, self.refusal({**made, **changes}))

    def test_half_a_file(self) -> None:
        path = sample.write(self.folder, sample.record())
        path.write_text(path.read_text()[:5000])
        with self.assertRaisesRegex(RecordError, "cannot be read as JSON"):
            read_run(path)

    def test_a_folder_without_a_record(self) -> None:
        sample.comparison(self.folder, 1)
        (self.folder / "fixed-1" / "run.json").unlink()
        with self.assertRaisesRegex(RecordError, "fixed-1/run.json: is missing: the run was cut"):
            read_comparison(self.folder)

    def test_an_empty_folder_and_a_record_in_the_wrong_one(self) -> None:
        with self.assertRaisesRegex(RecordError, "no VARIANT-N/run.json"):
            read_comparison(self.folder)
        path = sample.write(self.folder, sample.record("native", 2))
        path.parent.rename(self.folder / "native-1")
        with self.assertRaisesRegex(RecordError, "this is the record of native-2"):
            read_comparison(self.folder)


if __name__ == "__main__":
    unittest.main()
