"""Tidegate's sessions from Python: the item contract of docs/sessions.md, with boto3 alone.

A session lives in a DynamoDB Global Table as one item for each region, which only that region
writes. Whoever reads joins them. This module reads the table; the region's cache is for the
Rust store (`tidegate-sessions`), which applies the same rules.

    store = SessionStore(boto3.client("dynamodb"), "sessions", "ap-northeast-2", key=secret)
    store.create(token, {"user": "kim"}, not_after=now + 86_400)
    store.update(token, {"cart": "3 items"}, remove=["draft"])
    session = store.get(token)          # None, or session.values["cart"]
    store.end(token)                    # in every region, for good
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Mapping

#: A part is kept for this long after it ran out: the longest partition that loses nothing.
KEPT_AFTER = 24 * 3600
TOMBSTONE_KEPT_AFTER = 7 * 24 * 3600
#: A part that is removed within this time is not written any more: a region that is cut off for so long would delete it.
RENEWED_BEFORE = 24 * 3600
#: A stamp further ahead of us than this is of a wrong clock.
MAX_AHEAD_MS = 5 * 60 * 1000
MAX_BYTES = 64 * 1024
#: Removed ones too.
MAX_FIELDS = 512
SCHEMA = 1
TRIES = 8
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
STAMP = re.compile(r"[0-9a-f]{16}-[a-z0-9-]{1,32}")


class SessionGone(Exception):
    """There is no such session here, or it ran out or was ended."""


class SessionBusy(Exception):
    """Others wrote the same session all the time."""


def next_stamp(now_ms: int, newest: str | None, region: str) -> str:
    """A stamp after every stamp that we have seen: 12 hex digits of milliseconds, 4 of a counter."""
    seen_ms, counter = (int(newest[:12], 16), int(newest[12:16], 16)) if newest else (-1, 0)
    if seen_ms < now_ms:
        seen_ms, counter = now_ms, 0
    elif counter == 0xFFFF:
        seen_ms, counter = seen_ms + 1, 0
    else:
        counter += 1
    return f"{seen_ms:012x}{counter:04x}-{region}"


@dataclass
class Session:
    """The join of all parts. `fields` has removed ones too, as a stamp without a value."""

    fields: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    ended: str | None = None
    not_after: int = 0
    live_until: int = 0
    newest: str | None = None

    def join(self, part: Mapping[str, Any]) -> None:
        """Takes a part in: for each field the larger stamp, an end for ever."""
        for name, entry in part["fields"]["M"].items():
            stamp, value = entry["M"]["t"]["S"], entry["M"].get("v", {}).get("S")
            known = self.fields.get(name)
            if known is None or (stamp, value is not None, value or "") > (
                known[0], known[1] is not None, known[1] or "",
            ):  # fmt: skip
                self.fields[name] = (stamp, value)
        self.ended = max(filter(None, (self.ended, part.get("ended", {}).get("S"))), default=None)
        not_after = int(part["not_after"]["N"])
        self.not_after = min(self.not_after or not_after, not_after)
        self.live_until = max(self.live_until, int(part["live_until"]["N"]))
        self.live_until = min(self.live_until, self.not_after)
        self.newest = max(filter(None, (self.newest, newest_of(part))))

    @property
    def values(self) -> dict[str, str]:
        """What the fields hold."""
        return {name: value for name, (_, value) in self.fields.items() if value is not None}

    def is_live(self, now: float) -> bool:
        return self.ended is None and now < min(self.live_until, self.not_after)


def newest_of(part: Mapping[str, Any]) -> str:
    """The largest stamp of a part."""
    stamps = [entry["M"]["t"]["S"] for entry in part["fields"]["M"].values()]
    stamps += [part["written"]["S"], part.get("ended", {}).get("S", "")]
    return max(stamps)


def is_readable(part: Mapping[str, Any], now_ms: int) -> bool:
    """Whether we understand a part, and its clock is sound."""
    try:
        newest = newest_of(part)
        known = int(part["v"]["N"]) == SCHEMA and part["not_after"]["N"] and part["live_until"]["N"]
    except (KeyError, ValueError):
        return False
    if not known or not STAMP.fullmatch(newest):
        return False
    return int(newest[:12], 16) <= now_ms + MAX_AHEAD_MS


class SessionStore:
    """Sessions in one region. `key` is the secret that tokens are hashed with."""

    def __init__(
        self,
        dynamodb: Any,
        table: str,
        region: str,
        key: bytes,
        idle: int = 1800,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if len(key) < 16 or idle <= 0:
            raise ValueError("the key has at least 16 bytes, and idle is in seconds")
        self._dynamodb, self._table, self._region = dynamodb, table, region
        self._key, self._idle, self._clock = key, idle, clock

    def create(self, token: str, values: Mapping[str, str], not_after: float) -> Session:
        """Begins a session that is over at `not_after` (epoch seconds), whatever happens."""
        if not_after <= self._clock():
            raise ValueError("not_after is in the past")

        def begin(session: Session | None, stamp: str) -> Session:
            if session is not None:
                raise SessionGone("the token is in use, or was")
            fresh = Session(not_after=int(not_after))
            fresh.fields = {name: (stamp, value) for name, value in values.items()}
            return fresh

        return self._write(token, begin)

    def get(self, token: str) -> Session | None:
        """The session, if it lives."""
        session, _ = self._read(self._pk(token))
        return session if session is not None and session.is_live(self._clock()) else None

    def update(
        self, token: str, values: Mapping[str, str], remove: Iterable[str] = ()
    ) -> Session:
        """Sets and removes fields, and lets the session live on for the idle time."""

        def change(session: Session | None, stamp: str) -> Session:
            session = self._live(session)
            session.fields |= {name: (stamp, value) for name, value in values.items()}
            session.fields |= {name: (stamp, None) for name in remove}
            return session

        return self._write(token, change)

    def touch(self, token: str) -> Session:
        """Lets it live on. Every write is paid for in every region: only the second half writes."""
        session = self._live(self.get(token))
        if session.live_until - self._clock() > self._idle / 2:
            return session
        return self._write(token, lambda session, _: self._live(session))

    def end(self, token: str) -> None:
        """Ends it in every region, for good. Its fields are nobody's business any more."""

        def finish(session: Session | None, stamp: str) -> Session:
            if session is None:
                raise SessionGone("there is no such session here")
            session.ended, session.fields = session.ended or stamp, {}
            return session

        self._write(token, finish)

    def _live(self, session: Session | None) -> Session:
        if session is None or not session.is_live(self._clock()):
            raise SessionGone("there is no such session here, or it is over")
        return session

    def _pk(self, token: str) -> str:
        return "session#" + hmac.new(self._key, token.encode(), hashlib.sha256).hexdigest()

    def _read(self, pk: str) -> tuple[Session | None, Mapping[str, Any] | None]:
        """The join of all parts, and our own newest part."""
        answer = self._dynamodb.query(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
        )
        session, own, own_generation = None, None, -1
        for part in answer["Items"]:
            region, _, generation = part["sk"]["S"].partition("#")
            is_own = region == self._region
            if not is_readable(part, int(self._clock() * 1000)):
                if is_own:
                    raise ValueError("our own part cannot be read")
                continue
            session = session or Session()
            session.join(part)
            if is_own and int(generation or 0) > own_generation:
                own, own_generation = part, int(generation or 0)
        return session, own

    def _write(
        self, token: str, change: Callable[[Session | None, str], Session]
    ) -> Session:
        """Everything that we know, into our own part, if nobody wrote it meanwhile."""
        pk = self._pk(token)
        for _ in range(TRIES):
            session, own = self._read(pk)
            now = self._clock()
            stamp = next_stamp(int(now * 1000), session.newest if session else None, self._region)
            sk = self._sort_key(session, own, now)
            session = change(session, stamp)
            session.live_until = min(max(session.live_until, int(now) + self._idle), session.not_after)
            session.newest = stamp
            check(session)
            if self._put(self._part(pk, sk, session), own):
                return session
        raise SessionBusy("others wrote the same session all the time")

    def _sort_key(
        self, known: Session | None, own: Mapping[str, Any] | None, now: float
    ) -> str:
        """Our part while it is sure to stay. An item that was removed is never written again: a
        removal that another region does later would win. So a new part has a new number."""
        if known is None:
            return self._region
        if own and not is_leaving(own, now):
            return str(own["sk"]["S"])
        last = int(own["sk"]["S"].partition("#")[2] or 0) if own else 0
        return f"{self._region}#{max(int(now // 3600), last + 1)}"

    def _part(self, pk: str, sk: str, session: Session) -> dict[str, Any]:
        tombstone = session.not_after + TOMBSTONE_KEPT_AFTER
        expires = tombstone if session.ended else min(session.live_until + KEPT_AFTER, tombstone)
        part: dict[str, Any] = {
            "pk": {"S": pk},
            "sk": {"S": sk},
            "fields": {"M": {name: entry(*known) for name, known in session.fields.items()}},
            "not_after": {"N": str(session.not_after)},
            "live_until": {"N": str(session.live_until)},
            "expires_at": {"N": str(expires)},
            "written": {"S": session.newest},
            "writer": {"S": secrets.token_hex(8)},
            "v": {"N": str(SCHEMA)},
        }
        if session.ended:
            part["ended"] = {"S": session.ended}
        return part

    def _put(self, part: dict[str, Any], own: Mapping[str, Any] | None) -> bool:
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if own and own["sk"] == part["sk"]:
            condition = {
                "ConditionExpression": "written = :seen",
                "ExpressionAttributeValues": {":seen": own["written"]},
            }
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item=part,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **condition,
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
            # It may be our own write, whose first answer was lost: the digits tell.
            stands = error.response.get("Item", {}).get("writer")
            return bool(stands == part["writer"])
        return True


def is_leaving(part: Mapping[str, Any], now: float) -> bool:
    """Whether the table removes a part so soon that a write to it could be removed with it."""
    return now >= int(part["expires_at"]["N"]) - RENEWED_BEFORE


def entry(stamp: str, value: str | None) -> dict[str, Any]:
    """A field as it stands in an item."""
    inner = {"t": {"S": stamp}} | ({} if value is None else {"v": {"S": value}})
    return {"M": inner}


def check(session: Session) -> None:
    """Names and sizes, before anything is written."""
    wrong = [name for name in session.fields if not NAME.fullmatch(name)]
    if wrong:
        raise ValueError(f"{len(wrong)} names are not 1 to 64 letters, digits, _, - and .")
    if len(session.fields) > MAX_FIELDS:
        raise ValueError(f"the session has {len(session.fields)} fields, {MAX_FIELDS} at most")
    size = sum(len(name) + len((value or "").encode()) for name, (_, value) in session.fields.items())
    if size > MAX_BYTES:
        raise ValueError(f"the session has {size} bytes, {MAX_BYTES} at most")
