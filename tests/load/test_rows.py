"""The files of a run."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from journeys.rows import Book, Check, Cut, Question, Second, Tries, cells


class Files(unittest.TestCase):
    def test_a_row_is_text_and_what_is_not_known_is_empty(self) -> None:
        row = Question(1.23456, "ann", "abandoned", 60.0, None, 5, 5, 0, "t-1")
        expected = ["1.235", "ann", "abandoned", "60.000", "", "5", "5", "0", "t-1"]
        self.assertEqual(cells(row), expected)

    def test_each_row_goes_to_its_file(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "new"
            book = Book(out)
            book.add(Check(1.0, "ann", "end", 3, 0, 0, 0))
            book.add(Cut(2.0, "ann", "t-1", "reset"))
            book.add(Second(3.0, 5, 0.25))
            book.add(Tries(3.0, 4, 2, 1, 1))
            book.close()
            found = {path.name: path.read_text().splitlines() for path in out.iterdir()}
        self.assertEqual(
            found,
            {
                "questions.csv": [
                    "asked,user,outcome,took,first_token,tries,refused,broken,turn",
                ],
                "checks.csv": [
                    "at,user,why,turns,missing,wrong,signed_out",
                    "1.000,ann,end,3,0,0,0",
                ],
                "cuts.csv": ["at,user,turn,what", "2.000,ann,t-1,reset"],
                "tries.csv": ["at,tries,refused,broken,done,abandoned", "3.000,4,2,1,1,0"],
                "users.csv": ["at,users,cpu", "3.000,5,0.250"],
            },
        )


if __name__ == "__main__":
    unittest.main()
