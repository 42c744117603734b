"""The application of the story: one process for each instance, which keeps nothing.

It takes requests as lines of JSON, does to the session what examples/python/sessions.py does, and
answers in one line. The driver kills it when its instance is scaled in. Values go through these
lines only; nothing is logged.

    {"do": "update", "token": "...", "values": {"cart": "..."}, "waits": true}

With `waits` it stops between its read and its write, says so, and goes on with the next line: so
two regions can be made to write at the same time, each without having seen the other's write.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples" / "python"))

from sessions import Session, SessionBusy, SessionGone, SessionStore  # noqa: E402

#: A session that is not used for this long is over. By the real clock, in which a day is a minute.
IDLE_SECS = 3600


class Application:
    """The driver's end: an application on an instance of a region."""

    def __init__(self, region: str, instance: str, table: str, key: str) -> None:
        self.region, self.instance = region, instance
        environment = {**os.environ, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
        self._process = subprocess.Popen(
            [sys.executable, __file__, table, region],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**environment, "SESSION_KEY": key},
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        """One request and its answer."""
        self.send(request)
        return self.answer()

    def send(self, request: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return dict(json.loads(line)) if line else {"refused": "the application ended"}

    def kill(self) -> None:
        """Its instance is gone, and it with all that it knew."""
        self._process.kill()
        self._process.wait(timeout=10)


# --- the process ------------------------------------------------------------------------------


class Store(SessionStore):
    """The example's store, which can wait between its read and its write."""

    waits = False

    def _put(self, part: dict[str, Any], own: Any) -> bool:
        if self.waits:
            self.waits = False
            _say({"read": True})
            sys.stdin.readline()
        return super()._put(part, own)


def _serve(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    do, token = request["do"], request["token"]
    store.waits = bool(request.get("waits"))
    session: Session | None = None
    try:
        if do == "create":
            session = store.create(token, request["values"], request["not_after"])
        elif do == "update":
            session = store.update(token, request["values"])
        elif do == "end":
            store.end(token)
            return {"values": {}}
        else:
            session = store.get(token)
    except (SessionGone, SessionBusy) as refused:
        return {"refused": type(refused).__name__}
    return {"values": session.values if session else None}


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


def main() -> None:
    import boto3

    table, region = sys.argv[1:]
    dynamodb = boto3.client("dynamodb")
    store = Store(dynamodb, table, region, os.environ["SESSION_KEY"].encode(), IDLE_SECS)
    for line in sys.stdin:
        _say(_serve(store, json.loads(line)))


if __name__ == "__main__":
    main()
