"""The example against a small strict table: two regions, each with its replica.

python -m unittest discover -s examples/python
"""

from __future__ import annotations

import copy
import math
import re
import unittest
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import sessions
from sessions import SessionBusy, SessionGone, SessionStore, next_stamp

ROOT = Path(__file__).resolve().parents[2]
KEY = b"0123456789abcdef0123456789abcdef"
A, B = "ap-northeast-2", "us-east-1"


class Failed(Exception):
    """As boto3's ConditionalCheckFailedException."""

    def __init__(self, item: dict[str, Any] | None) -> None:
        super().__init__("the condition failed")
        self.response = {"Item": item} if item else {}


class Replica:
    """One region's replica of the table, with the two conditions that the example uses."""

    exceptions = SimpleNamespace(ConditionalCheckFailedException=Failed)

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.lose_answers = 0
        self.race: Any = None

    def query(self, *, ExpressionAttributeValues: Any, **asked: Any) -> dict[str, Any]:
        assert asked["ConsistentRead"] is True
        pk = ExpressionAttributeValues[":pk"]["S"]
        return {"Items": [copy.deepcopy(i) for key, i in sorted(self.items.items()) if key[0] == pk]}

    def put_item(self, *, Item: dict[str, Any], ConditionExpression: str, **asked: Any) -> None:
        if self.race:
            race, self.race = self.race, None
            race()
        place = (Item["pk"]["S"], Item["sk"]["S"])
        stands = self.items.get(place)
        if ConditionExpression == "attribute_not_exists(pk)":
            holds = stands is None
        else:
            assert ConditionExpression == "written = :seen"
            seen = asked["ExpressionAttributeValues"][":seen"]
            holds = stands is not None and stands["written"] == seen
        if not holds:
            raise Failed(copy.deepcopy(stands))
        self.items[place] = copy.deepcopy(Item)
        if self.lose_answers:
            # The SDK tries again, and finds its own write.
            self.lose_answers -= 1
            raise Failed(copy.deepcopy(Item))


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Sessions(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.a, self.b = Replica(), Replica()
        self.store_a = SessionStore(self.a, "sessions", A, KEY, clock=self.clock)
        self.store_b = SessionStore(self.b, "sessions", B, KEY, clock=self.clock)
        self.end_of_life = self.clock.now + 30 * 86_400

    def replicate(self) -> None:
        """Each region's own items, to the other one."""
        for source, target, region in ((self.a, self.b, A), (self.b, self.a, B)):
            own = {k: i for k, i in source.items.items() if k[1].split("#")[0] == region}
            target.items.update(copy.deepcopy(own))

    def begin(self) -> None:
        self.store_a.create("token", {"user": "kim", "draft": "x"}, self.end_of_life)
        self.replicate()

    def test_a_session_moves_between_regions(self) -> None:
        self.begin()
        found = self.store_b.get("token")
        assert found
        self.assertEqual(found.values, {"user": "kim", "draft": "x"})
        self.store_b.update("token", {"cart": "3"}, remove=["draft"])
        self.replicate()
        found = self.store_a.get("token")
        assert found
        self.assertEqual(found.values, {"user": "kim", "cart": "3"})

    def test_updates_of_two_regions_at_once_are_both_kept(self) -> None:
        self.begin()
        self.store_a.update("token", {"left": "a"})
        self.store_b.update("token", {"right": "b"})
        self.replicate()
        for store in (self.store_a, self.store_b):
            found = store.get("token")
            assert found
            self.assertEqual((found.values["left"], found.values["right"]), ("a", "b"))

    def test_the_later_update_of_a_field_wins_everywhere(self) -> None:
        self.begin()
        self.store_a.update("token", {"user": "first"})
        self.clock.now += 1
        self.store_b.update("token", {"user": "second"})
        self.replicate()
        values = [s.get("token").values["user"] for s in (self.store_a, self.store_b)]
        self.assertEqual(values, ["second", "second"])

    def test_a_logout_is_final(self) -> None:
        self.begin()
        self.store_a.end("token")
        self.clock.now += 1_000
        self.store_b.touch("token")
        self.replicate()
        for store in (self.store_a, self.store_b):
            self.assertIsNone(store.get("token"))
            with self.assertRaises(SessionGone):
                store.update("token", {"user": "again"})
            with self.assertRaises(SessionGone):
                store.create("token", {}, self.end_of_life)

    def test_a_part_holds_all_that_its_region_knew(self) -> None:
        self.begin()
        self.clock.now += 1_000
        self.store_b.touch("token")
        del self.b.items[next(k for k in self.b.items if k[1] == A)]
        found = self.store_b.get("token")
        assert found
        self.assertEqual(found.values["user"], "kim")

    def test_a_touch_in_the_first_half_writes_nothing(self) -> None:
        self.begin()
        before = copy.deepcopy(self.a.items)
        self.clock.now += 899
        self.store_a.touch("token")
        self.assertEqual(self.a.items, before)
        self.clock.now += 2
        self.store_a.touch("token")
        self.assertNotEqual(self.a.items, before)

    def test_a_session_runs_out(self) -> None:
        self.begin()
        self.clock.now += 1_799
        self.assertIsNotNone(self.store_a.get("token"))
        self.clock.now += 1
        self.assertIsNone(self.store_a.get("token"))

    def test_a_part_that_is_about_to_be_removed_is_not_written(self) -> None:
        self.begin()
        first = int((self.clock.now + 1_700) // 3600)
        for _ in range(54):  # 25.5 hours, in which only B is used
            self.clock.now += 1_700
            self.store_b.touch("token")
        self.replicate()
        self.store_a.update("token", {"late": "1"})
        later = int(self.clock.now // 3600)
        self.assertEqual({k[1] for k in self.a.items}, {A, f"{A}#{later}", f"{B}#{first}"})

    def test_a_part_that_was_removed_does_not_come_back_under_its_name(self) -> None:
        self.begin()
        self.store_b.update("token", {"cart": "3"})
        self.replicate()
        del self.a.items[next(k for k in self.a.items if k[1] == A)]
        self.store_a.update("token", {"cart": "4"})
        self.assertNotIn(A, {k[1] for k in self.a.items})

    def test_a_lost_answer_is_no_conflict(self) -> None:
        self.begin()
        self.a.lose_answers = 1
        self.store_a.update("token", {"n": "1"})
        found = self.store_a.get("token")
        assert found
        self.assertEqual(found.values["n"], "1")

    def test_two_writers_of_a_region_both_come_through(self) -> None:
        self.begin()
        other = SessionStore(self.a, "sessions", A, KEY, clock=self.clock)
        self.a.race = lambda: other.update("token", {"other": "1"})
        self.store_a.update("token", {"mine": "1"})
        found = self.store_a.get("token")
        assert found
        self.assertEqual((found.values["mine"], found.values["other"]), ("1", "1"))

    def test_endless_rivals_are_an_error(self) -> None:
        self.begin()
        other = SessionStore(self.a, "sessions", A, KEY, clock=self.clock)

        def race() -> None:
            other.update("token", {"other": "1"})
            self.a.race = race

        self.a.race = race
        other._dynamodb = Racing(self.a)
        with self.assertRaises(SessionBusy):
            self.store_a.update("token", {"mine": "1"})

    def test_a_part_of_a_wrong_clock_is_left_out(self) -> None:
        self.begin()
        self.clock.now += 301
        self.store_b.update("token", {"user": "future"})
        self.replicate()
        self.clock.now -= 301
        found = self.store_a.get("token")
        assert found
        self.assertEqual(found.values["user"], "kim")

    def test_what_a_newer_writer_wrote_is_left_out(self) -> None:
        self.begin()
        self.store_b.update("token", {"user": "newer"})
        self.replicate()
        for (_, sk), item in self.a.items.items():
            if sk.startswith(B):
                item["v"] = {"N": "2"}
        found = self.store_a.get("token")
        assert found
        self.assertEqual(found.values["user"], "kim")

    def test_bad_input_is_refused_before_anything_is_written(self) -> None:
        many = {f"f{number}": "" for number in range(513)}
        for values in (many, {"a b": "1"}, {"": "1"}, {"x" * 65: "1"}, {"x": "1" * 65_536}):
            with self.assertRaises(ValueError):
                self.store_a.create("token", values, self.end_of_life)
        with self.assertRaises(ValueError):
            self.store_a.create("token", {}, self.clock.now - 1)
        self.assertEqual(self.a.items, {})

    def test_the_token_is_not_stored(self) -> None:
        self.begin()
        self.assertNotIn("token", str(self.a.items))


class Racing:
    """The same replica, without the race."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self.exceptions = replica.exceptions
        self.query = replica.query

    def put_item(self, **asked: Any) -> None:
        race, self._replica.race = self._replica.race, None
        try:
            self._replica.put_item(**asked)
        finally:
            self._replica.race = race


class Stamps(unittest.TestCase):
    def test_a_stamp_comes_after_everything_seen(self) -> None:
        for name, now, newest, expected in (
            ("the first", 0x18F, None, "00000000018f0000-r"),
            ("time went on", 0x190, "00000000018f0007-x", "0000000001900000-r"),
            ("the same millisecond", 0x18F, "00000000018f0007-x", "00000000018f0008-r"),
            ("a clock ahead of us", 0x100, "00000000018f0007-x", "00000000018f0008-r"),
            ("the counter is full", 0x100, "00000000018fffff-x", "0000000001900000-r"),
        ):
            with self.subTest(name):
                stamp = next_stamp(now, newest, "r")
                self.assertEqual(stamp, expected)
                self.assertTrue(newest is None or stamp > newest)

    def test_limits_are_those_of_the_rust_store(self) -> None:
        rust = (ROOT / "shared/domain/src/sessions/part.rs").read_text()
        for name, words, unit in (
            ("KEPT_AFTER", "from_hours", 3600),
            ("TOMBSTONE_KEPT_AFTER", "from_hours", 3600),
            ("RENEWED_BEFORE", "from_hours", 3600),
        ):
            with self.subTest(name):
                found = re.search(rf"const {name}: .*{words}\(([0-9* ]+)\)", rust)
                assert found
                number = math.prod(int(factor) for factor in found[1].split("*"))
                self.assertEqual(getattr(sessions, name), number * unit)


if __name__ == "__main__":
    unittest.main()
