"""When a question is asked again, and when it is given up."""

from __future__ import annotations

import unittest

from journeys.insist import Asked, Try, insist

DONE = Try("done", "yes", 0.4)


class Insisting(unittest.TestCase):
    def play(self, *tries: tuple[float, Try]) -> tuple[Asked, list[float]]:
        """Each try takes its seconds; the last one is repeated. Also: when each began."""
        clock = [100.0]
        begun: list[float] = []

        def attempt(left: float) -> Try:
            begun.append(clock[0] - 100)
            takes, ends = tries[min(len(begun), len(tries)) - 1]
            clock[0] += min(takes, left)
            return Try("late") if takes > left else ends

        def sleep(seconds: float) -> None:
            self.assertGreaterEqual(seconds, 0)
            clock[0] += seconds

        return insist(attempt, 60, lambda: clock[0], sleep), begun

    def test_one_try_is_enough(self) -> None:
        asked, _ = self.play((2.0, DONE))
        self.assertEqual(asked, Asked("done", 2.0, 1, 0, 0, "yes", 0.4))

    def test_a_refusal_waits_as_long_as_it_says(self) -> None:
        asked, begun = self.play((0, Try("refused", retry_after=3)), (2.0, DONE))
        self.assertEqual((asked.took, asked.tries, asked.refused, begun), (5.0, 2, 1, [0, 3]))

    def test_what_broke_off_is_asked_again_after_a_second(self) -> None:
        broken = Try("broken", retry_after=9)
        asked, begun = self.play((1.5, broken), (2.0, DONE))
        self.assertEqual((asked.took, asked.broken, begun), (4.5, 1, [0, 2.5]))
        self.assertEqual(asked.first_token, 0.4)

    def test_it_is_given_up_at_the_timeout_and_counts_as_long(self) -> None:
        asked, begun = self.play((0, Try("refused", retry_after=7)))
        self.assertEqual((asked.outcome, asked.took, asked.tries), ("abandoned", 60, 9))
        self.assertEqual(begun[-1], 56)

    def test_a_try_that_runs_out_of_time_did_not_break(self) -> None:
        asked, _ = self.play((90.0, DONE))
        self.assertEqual(asked, Asked("abandoned", 60, 1, 0, 0))


if __name__ == "__main__":
    unittest.main()
