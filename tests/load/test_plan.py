"""The run's plan: stages, seats, dice."""

from __future__ import annotations

import unittest

from journeys.plan import Dice, Seats, Stage, parse_stages, users_at


class Stages(unittest.TestCase):
    def test_users_follow_the_stages_and_the_run_ends(self) -> None:
        stages = parse_stages("0:5,60:400,240:5,300:")
        cases = [(0, 5), (59.9, 5), (60, 400), (239, 400), (240, 5), (300, None), (999, None)]
        for seconds, users in cases:
            with self.subTest(seconds=seconds):
                self.assertEqual(users_at(stages, seconds), users)

    def test_a_clock_that_has_not_begun_sees_the_first_stage(self) -> None:
        self.assertEqual(users_at([Stage(0, 5)], -0.1), 5)

    def test_what_is_no_plan_is_refused(self) -> None:
        for text in ("", "5:1,9:", "0:5", "0:5,60:,90:3", "0:5,60:4,60:5,90:", "0:a,9:"):
            with self.subTest(text=text), self.assertRaises(ValueError):
                parse_stages(text)


class TheSeats(unittest.TestCase):
    def test_the_first_free_name_is_given_and_given_again(self) -> None:
        seats = Seats({"ann": "a", "bob": "b", "cyd": "c"})
        ann, bob = seats.take(), seats.take()
        seats.give_back(ann)
        again, cyd = seats.take(), seats.take()
        self.assertEqual([bob.name, again.name, cyd.name], ["bob", "ann", "cyd"])
        self.assertEqual((ann.before, again.before), (0, 1))
        with self.assertRaises(LookupError):
            seats.take()


class TheDice(unittest.TestCase):
    def test_a_user_of_a_seed_does_the_same_again(self) -> None:
        seat = Seats({"ann": "a"}).take()

        def day(seed: int) -> list[object]:
            dice = Dice(seed, seat, (5, 10))
            return [(dice.errand(), dice.question(), dice.think()) for _ in range(50)]

        self.assertEqual(day(1), day(1))
        self.assertNotEqual(day(1), day(2))

    def test_turns_are_ids_that_the_service_takes_and_no_two_are_the_same(self) -> None:
        seats = Seats({"ann": "a", "bob": "b"})
        ann, bob = seats.take(), seats.take()
        seats.give_back(ann)
        dice = [Dice(1, seat, (5, 10)) for seat in (ann, bob, seats.take())]
        turns = [die.question()[0] for die in dice for _ in range(100)]
        self.assertEqual(len(set(turns)), 300)
        for turn in turns:
            self.assertRegex(turn, r"^[a-z0-9-]{8,64}$")

    def test_thinking_stays_in_its_bounds_and_errands_are_rare(self) -> None:
        dice = Dice(1, Seats({"ann": "a"}).take(), (5, 10))
        thoughts = [dice.think() for _ in range(500)]
        self.assertTrue(5 <= min(thoughts) < 5.2 and 9.8 < max(thoughts) <= 10)
        self.assertTrue(all(0 <= dice.first_think() <= 10 for _ in range(500)))
        errands = [dice.errand() for _ in range(1000)]
        self.assertTrue(80 < errands.count("back") < 160 and 20 < errands.count("again") < 60)


if __name__ == "__main__":
    unittest.main()
