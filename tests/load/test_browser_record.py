"""Histories beside what was streamed, and what makes a record a good one."""

from __future__ import annotations

import unittest

from browser_record import KEPT, Comparison, Record, Turn, compare, grown, is_expected


def turns(*numbers: int) -> list[Turn]:
    return [Turn(f"question {number}", f"answer {number}") for number in numbers]


class Histories(unittest.TestCase):
    def test_what_was_streamed_is_there(self) -> None:
        long = turns(*range(KEPT + 6))
        for name, told, shown in [
            ("nothing said", [], []),
            ("all of a few", turns(1, 2, 3), turns(1, 2, 3)),
            ("the last ones of many", long, long[-KEPT:]),
            ("more than is promised", long, long),
        ]:
            with self.subTest(name):
                self.assertEqual(compare(told, set(), shown), Comparison())

    def test_a_turn_that_is_not_there_is_missing(self) -> None:
        long = turns(*range(KEPT + 6))
        for name, told, shown, missing in [
            ("the last", turns(1, 2), turns(1), ("question 2",)),
            ("one between", turns(1, 2, 3), turns(1, 3), ("question 2",)),
            ("all", turns(1, 2), [], ("question 1", "question 2")),
            ("the oldest that is kept", long, long[-KEPT + 1 :], ("question 6",)),
        ]:
            with self.subTest(name):
                self.assertEqual(compare(told, set(), shown), Comparison(missing))

    def test_a_turn_that_was_given_up_may_be_there_and_takes_a_place(self) -> None:
        given_up = {"question 2"}
        for shown in (turns(1, 3), turns(1, 2, 3)):
            self.assertEqual(compare(turns(1, 3), given_up, shown), Comparison())
        told = turns(*range(100, 100 + KEPT))
        shown = turns(2) + told[1:]
        self.assertEqual(compare(told, given_up, shown), Comparison())
        self.assertEqual(compare(told, given_up, told[1:]).missing, ("question 100",))

    def test_what_else_is_odd_is_said(self) -> None:
        for shown, odd in [
            (turns(1, 2, 3), "nobody asked"),
            ([Turn("question 1", "answer"), *turns(2)], "another answer"),
            (turns(1, 2, 2), "twice"),
            (turns(2, 1), "order"),
        ]:
            with self.subTest(odd):
                found = compare(turns(1, 2), set(), shown)
                self.assertEqual((found.missing, len(found.odd)), ((), 1))
                self.assertIn(odd, found.odd[0])


class Pages(unittest.TestCase):
    def test_refusals_that_the_page_handles_are_expected_on_the_console(self) -> None:
        failed = "Failed to load resource: the server responded with a status of"
        for text, expected in [
            (f"{failed} 401 (Unauthorized)", True),
            (f"{failed} 503 (Service Unavailable)", True),
            (f"{failed} 502 (Bad Gateway)", False),
            ("Failed to load resource: net::ERR_CONNECTION_REFUSED", False),
            ("Uncaught TypeError: a status of 503 ", False),
        ]:
            self.assertEqual(is_expected(text), expected, text)

    def test_a_text_that_grows_is_seen_in_several_lengths(self) -> None:
        for lengths, expected in [
            ([], False),
            ([0, 0, 240, 240], False),
            ([0, 240, 0, 240], False),
            ([0, 8, 8, 90, 240], True),
        ]:
            self.assertEqual(grown(lengths), expected, lengths)


class Records(unittest.TestCase):
    def setUp(self) -> None:
        self.said: list[str] = []
        self.record = Record(clock=iter(range(100, 200)).__next__, say=self.said.append)

    def ends(self) -> None:
        self.record.ended_here = self.record.ended_there = True

    def test_a_good_conversation(self) -> None:
        for turn in turns(1, 2):
            self.record.answered(turn, 3.21987, [0, 10, 20, 30])
        self.assertEqual(self.record.look("after a reload", turns(1, 2)), Comparison())
        self.assertFalse(self.record.is_well(), "it has not ended")
        self.ends()
        self.assertTrue(self.record.is_well())
        self.record.ended_there = None
        self.assertTrue(self.record.is_well(), "there was no other address")
        document = self.record.document()
        self.assertEqual((document["turns"], document["longest_answer_secs"]), (2, 3.22))
        self.assertEqual((document["missing_turns"], document["faults"]), (0, []))

    def test_answers_that_come_at_once_are_not_streamed(self) -> None:
        self.ends()
        for number in range(20):
            self.record.answered(*turns(number), 1.0, [0, 10] if number < 2 else [1, 2, 3])
        self.assertTrue(self.record.is_well())
        self.record.answered(*turns(20), 1.0, [10])
        self.assertFalse(self.record.streamed or self.record.is_well())

    def test_a_missing_turn_is_counted_once_however_often_it_is_missed(self) -> None:
        self.record.answered(*turns(1), 1.0, [1, 2, 3])
        for _ in range(3):
            self.record.look("after a reload", [])
        self.assertEqual(self.record.document()["missing_turns"], 1)
        self.assertEqual(self.record.faults, ["missing after a reload: 'question 1'"])

    def test_to_give_up_is_a_fault_and_no_lost_session(self) -> None:
        self.record.gave_up("question 1", "The service does not answer now.")
        self.assertEqual((len(self.record.faults), self.record.lost_sessions), (1, 0))

    def test_a_new_session_begins_with_nothing(self) -> None:
        self.record.answered(*turns(1), 1.0, [1, 2, 3])
        self.record.lost("after a reload")
        self.assertEqual(self.record.look("after a reload", []), Comparison())
        self.ends()
        self.assertEqual((self.record.lost_sessions, self.record.is_well()), (1, False))

    def test_steps_have_their_time_and_are_told(self) -> None:
        self.record.step("signs in")
        self.record.fault("odd")
        self.record.fault("odd")
        self.assertEqual(self.record.document()["steps"], [[101, "signs in"], [102, "FAULT: odd"]])
        self.assertEqual(self.said, ["    1.0 s  signs in", "    2.0 s  FAULT: odd"])


if __name__ == "__main__":
    unittest.main()
