"""What the load test writes is what docs/sessions.md says, and what it counts is what happened.

.tools/sam/bin/python -m unittest discover -s tools/load -t tools
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
import sys
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples" / "python"))

from load import cost, main, meter, options, place, report, work  # noqa: E402

STAMP = re.compile(r"[0-9a-f]{16}-ap-northeast-2")
HERE = work.Place("sessions", "ap-northeast-2")


class Failed(Exception):
    """As botocore's errors: a code in a response."""

    def __init__(self, code: str) -> None:
        super().__init__("kim's cart")  # what an error says is not to be counted by
        self.response = {"Error": {"Code": code}}


class Table:
    """Takes what is put, and keeps every item that ever stood there. `fails` makes every such call fail."""

    exceptions = SimpleNamespace(ConditionalCheckFailedException=Failed)

    def __init__(self, fails: dict[int, str] | None = None) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.put: list[dict[str, Any]] = []
        self.fails, self.calls = fails or {}, 0

    def query(self, *, ExpressionAttributeValues: Any, **_: Any) -> dict[str, Any]:
        self._count()
        pk = ExpressionAttributeValues[":pk"]["S"]
        return {"Items": [item for key, item in self.items.items() if key[0] == pk]}

    def put_item(self, *, Item: dict[str, Any], **_: Any) -> None:
        self._count()
        self.items[(Item["pk"]["S"], Item["sk"]["S"])] = Item
        self.put.append(Item)

    def _count(self) -> None:
        self.calls += 1
        if self.calls in self.fails:
            raise Failed(self.fails[self.calls])


def asked(**changes: Any) -> options.Options:
    quick = {"workers": 1, "seconds": 0.2, "sessions": 5, "mix": dict.fromkeys(options.MIX, 1)}
    return options.Options(**{**quick, **changes})


def played(table: Table, given: options.Options) -> list[meter.Call]:
    return work.run(given, HERE, 0, time.monotonic, table)


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def size(node: Any) -> int:
    """Bytes of names and values, about as DynamoDB counts them."""
    if isinstance(node, dict):
        return sum((0 if name in ("S", "N", "M") else len(name) + 1) + size(inner) for name, inner in node.items())
    return len(node)


class Items(unittest.TestCase):
    """Of the contract, from the document that other languages go by."""

    def setUp(self) -> None:
        self.table = Table()
        self.calls = played(self.table, asked())
        row = next(r for r in (ROOT / "docs/sessions.md").read_text().splitlines() if "a session's part |" in r)
        attributes = row.split("|")[4]
        self.named = set(re.findall(r"`(\w+)`", attributes)) - {"v", "t"}

    def test_an_item_has_the_attributes_of_the_document_and_no_other(self) -> None:
        self.assertEqual(self.named, {"fields", "ended", "not_after", "live_until", "expires_at", "written", "writer"})
        optional = {"ended"}
        for item in self.table.put:
            self.assertLessEqual(self.named - optional, set(item))
            self.assertEqual(set(item) - self.named - {"pk", "sk", "v"}, set())
            self.assertEqual(item["v"], {"N": "1"})

    def test_keys_stamps_and_times_have_the_forms_of_the_document(self) -> None:
        for item in self.table.put:
            self.assertRegex(item["pk"]["S"], r"^session#[0-9a-f]{64}$")
            self.assertEqual(item["sk"]["S"], "ap-northeast-2")
            self.assertTrue(STAMP.fullmatch(item["written"]["S"]))
            for field in item["fields"]["M"].values():
                self.assertTrue(STAMP.fullmatch(field["M"]["t"]["S"]))
            live, after, expires = (int(item[n]["N"]) for n in ("live_until", "not_after", "expires_at"))
            self.assertLessEqual(live, after)
            kept = after + 7 * 86_400 if "ended" in item else live + 86_400
            self.assertEqual(expires, kept)

    def test_nothing_that_lives_is_left_and_a_tombstone_holds_no_field(self) -> None:
        self.assertGreater(len(self.table.items), 5)
        for item in self.table.items.values():
            self.assertTrue(STAMP.fullmatch(item["ended"]["S"]))
            self.assertEqual(item["fields"], {"M": {}})

    def test_the_table_is_made_as_the_template_has_it(self) -> None:
        made = place.of_template()
        keys = [(k["AttributeName"], k["KeyType"]) for k in made["KeySchema"]]
        self.assertEqual(keys, [("pk", "HASH"), ("sk", "RANGE")])
        self.assertEqual(made["StreamSpecification"]["StreamViewType"], "NEW_AND_OLD_IMAGES")


class Counted(unittest.TestCase):
    def test_every_call_of_the_table_is_counted_once(self) -> None:
        table = Table()
        calls = played(table, asked())
        below = [c for c in calls if c.layer == "dynamodb"]
        self.assertEqual(len(below), table.calls)
        self.assertEqual(sum(c.name == "PutItem" for c in below), len(table.put))
        self.assertEqual({c.name for c in calls if c.layer == "store"}, set(options.MIX))
        self.assertTrue(all(c.end == "ok" and c.ms >= 0 for c in calls))

    def test_what_went_wrong_is_counted_by_its_kind_and_the_load_goes_on(self) -> None:
        fails = {12: "ThrottlingException", 15: "ProvisionedThroughputExceededException",
                 18: "InternalServerError"}  # fmt: skip
        table = Table(fails)
        calls = played(table, asked(mix={"get": 1}))
        ends = Counter(c.end for c in calls if c.layer == "dynamodb")
        self.assertEqual((ends["throttled"], ends["InternalServerError"]), (2, 1))
        self.assertGreater(table.calls, 20)
        found = report.lines(calls, 1.0)
        every = next(line for line in found if (line.layer, line.name) == ("dynamodb", "all"))
        self.assertEqual((every.errors, every.calls), (3, table.calls))

    def test_a_failed_condition_is_no_error(self) -> None:
        found = report.lines([meter.Call("dynamodb", "PutItem", 0, 1, meter.kind(Failed(meter.CONFLICT)))], 1.0)
        self.assertEqual((found[0].errors, found[0].ends["conflict"]), (0, 1))

    def test_a_percentile_is_a_value_that_was_seen(self) -> None:
        values = [float(n) for n in range(1, 101)]
        for share, expected in ((0.5, 50), (0.9, 90), (0.99, 99), (1.0, 100)):
            self.assertEqual(report.percentile(values, share), expected)
        self.assertEqual((report.percentile([7.0], 0.5), report.percentile([], 0.5)), (7.0, 0.0))

    def test_the_rate_is_kept_to(self) -> None:
        calls = played(Table(), asked(seconds=1.0, rate=50, mix={"get": 1}))
        gets = sum(c.name == "get" for c in calls)
        self.assertTrue(45 <= gets <= 51, gets)

    def test_the_files_have_every_phase_and_second(self) -> None:
        calls = [meter.Call("store", "get", at, 2.0, "ok") for at in (-1.0, 0.1, 1.5, 2.5)]
        with tempfile.TemporaryDirectory() as folder:
            summary, seconds = report.write(Path(folder) / "new", calls, 2.0)
            rows = [r for r in read(summary) if r["call"] == "get"]
            self.assertEqual([(r["phase"], r["calls"], r["p50_ms"]) for r in rows],
                             [("before", "1", "2.000"), ("load", "2", "2.000"), ("after", "1", "2.000")])  # fmt: skip
            found = [r["second"] for r in read(seconds) if r["call"] == "get"]
        self.assertEqual(found, ["0", "1"])


class Refused(unittest.TestCase):
    def refuse(self, *words: str) -> str:
        said = io.StringIO()
        with contextlib.redirect_stderr(said), self.assertRaises(SystemExit) as ended:
            options.parse(list(words), "")
        self.assertEqual(ended.exception.code, 2)
        return said.getvalue()

    def test_bad_arguments_are_refused_with_a_reason(self) -> None:
        for words, reason in (
            (["--workers", "0"], "--workers is a whole number from 1 to 64, got 0"),
            (["--workers", "2.5"], "--workers is a whole number"),
            (["--seconds", "0"], "--seconds is from 1 to 3600"),
            (["--seconds", "nan"], "invalid _number value"),
            (["--rate", "-1"], "--rate is from 0 to 40000"),
            (["--fields", "100", "--value-bytes", "10000"], "a session of more than 60000 bytes"),
            (["--mix", "get=70,steal=30"], "'steal=30' is no NAME=SHARE"),
            (["--mix", "get=1,get=1"], "at most once"),
            (["--mix", "get=0"], "--mix has no call at all"),
            (["--table", "mine"], "--table is for --live"),
            (["--live"], "--live needs --table"),
            (["--live"], "--live needs --region"),
            (["--live", "--table", "mine", "--region", "ap-northeast-2"], "--live needs --rate"),
            (["--secs", "3"], "unrecognized arguments"),
        ):
            with self.subTest(words):
                self.assertIn(reason, self.refuse(*words))

    def test_a_live_run_that_costs_more_than_was_accepted_is_not_begun(self) -> None:
        given = asked(live=True, table="mine", region="ap-northeast-2", rate=1000, seconds=3600)
        dear = cost.at_most(given).dollars
        self.assertGreater(dear, 0.5)
        with contextlib.redirect_stderr(io.StringIO()) as said:
            for accepted, begins in ((dear + 0.01, True), (dear / 2, False), (0.0, False)):
                agreed = main._agreed(options.Options(**{**vars(given), "accept_cost": accepted}), dear)
                self.assertEqual(agreed, begins)
        self.assertIn("not begun", said.getvalue())

    def test_each_region_pays_for_a_write(self) -> None:
        one, three = (cost.at_most(asked(rate=100, seconds=60, regions=n)) for n in (1, 3))
        self.assertEqual(three.write_units, 3 * one.write_units)
        # 6,000 calls of which 4 of 5 write, and 5 sessions that begin and end; 1 KB begun twice.
        self.assertEqual(one.write_units, (4800 + 10) * 2)

    def test_no_item_is_larger_than_what_was_reckoned_with(self) -> None:
        for fields, value_bytes in ((1, 1), (4, 100), (50, 400)):
            given = asked(fields=fields, value_bytes=value_bytes, sessions=2)
            table = Table()
            played(table, given)
            largest = max(size(item) for item in table.put)
            reckoned = cost.at_most(given).item_bytes
            self.assertTrue(largest <= reckoned < 2 * largest + 200, (largest, reckoned))


if __name__ == "__main__":
    unittest.main()
