"""Calls as they went: how long they took, and how they ended.

`Metered` stands before boto3's client, so the DynamoDB calls below a store's call are counted too.
What must stay true: a call is counted once, with what became of it; a failed condition is an answer
and no error; no key and no value is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: Codes by which DynamoDB says: too much.
THROTTLES = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "ThrottlingError",
}
CONFLICT = "ConditionalCheckFailedException"
OK = "ok"


@dataclass(frozen=True, slots=True)
class Call:
    """One call."""

    layer: str  # store, dynamodb
    name: str
    at: float  # seconds, of a clock that only goes forward
    ms: float
    end: str  # ok, conflict, throttled, gone, or the error's kind


class Meter:
    """What one worker saw."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def timed(self, layer: str, name: str, do: Callable[[], Any]) -> Any:
        """Does it; an error is counted and goes on."""
        start, at = time.perf_counter(), time.monotonic()
        end = OK
        try:
            return do()
        except Exception as error:
            end = kind(error)
            raise
        finally:
            ms = (time.perf_counter() - start) * 1000
            self.calls.append(Call(layer, name, at, ms, end))


def kind(error: BaseException) -> str:
    """What became of a call, in a word; nothing of its text."""
    code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
    if code == CONFLICT or type(error).__name__ == CONFLICT:
        return "conflict"
    if code in THROTTLES:
        return "throttled"
    name = type(error).__name__
    return code or {"SessionGone": "gone", "SessionBusy": "busy"}.get(name, name)


class Metered:
    """boto3's client with a meter before it."""

    def __init__(self, client: Any, meter: Meter) -> None:
        self._client, self._meter = client, meter
        self.exceptions = client.exceptions

    def query(self, **parameters: Any) -> Any:
        return self._meter.timed("dynamodb", "Query", lambda: self._client.query(**parameters))

    def put_item(self, **parameters: Any) -> Any:
        return self._meter.timed("dynamodb", "PutItem", lambda: self._client.put_item(**parameters))
