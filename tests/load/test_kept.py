"""What the history must hold."""

from __future__ import annotations

import unittest

from journeys.kept import Compared, Kept


def shown(*turns: tuple[str, str]) -> list[dict[str, str]]:
    return [{"id": turn, "answer": text, "question": "?"} for turn, text in turns]


class History(unittest.TestCase):
    def test_what_was_done_is_there_word_by_word(self) -> None:
        kept = Kept([("t1", "one"), ("t2", "two")])
        cases = [
            ("all", shown(("t1", "one"), ("t2", "two")), Compared(2, 0, 0)),
            ("one is missing", shown(("t2", "two")), Compared(2, 1, 0)),
            ("another text", shown(("t1", "one"), ("t2", "tw")), Compared(2, 0, 1)),
            ("another's turn", shown(("t1", "one"), ("t2", "two"), ("x", "")), Compared(2, 0, 1)),
            ("nothing", [], Compared(2, 2, 0)),
        ]
        for name, history, expected in cases:
            with self.subTest(name):
                self.assertEqual(kept.compare(history), expected)
        self.assertEqual(kept.none_there(), Compared(2, 2, 0))

    def test_a_new_session_is_empty(self) -> None:
        self.assertEqual(Kept().compare([]), Compared(0, 0, 0))
        self.assertEqual(Kept().compare(shown(("t1", "one"))), Compared(0, 0, 1))

    def test_an_abandoned_turn_may_be_there_or_not(self) -> None:
        kept = Kept()
        kept.done("t1", "one")
        kept.abandoned("t2")
        for history in (shown(("t1", "one")), shown(("t1", "one"), ("t2", "late"))):
            self.assertEqual(kept.compare(history), Compared(1, 0, 0))

    def test_the_service_keeps_the_last_24(self) -> None:
        kept = Kept()
        for number in range(30):
            kept.done(f"t{number}", "text")
        last = shown(*((f"t{number}", "text") for number in range(6, 30)))
        self.assertEqual(kept.compare(last), Compared(24, 0, 0))
        kept.abandoned("t30")
        self.assertEqual(kept.compare(last[1:]), Compared(23, 0, 0))


if __name__ == "__main__":
    unittest.main()
