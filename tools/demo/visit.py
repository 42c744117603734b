"""One user's session through the day: on an instance that is scaled in, then in another region.

It begins on the newest instance of a fleet, which is the first that the night takes. The
application that serves it is a process of its own for each instance and is killed with it. Later in
the night the region is given up, and the user goes on in the other one, logs out there, and comes
back once more to the first. After each step the driver looks at what stands in the table and, with
no other way than the deployed functions, in both caches.

The session's own clock is the real one, like that of leases and times to live; the story's time
says when a step was taken. Values are random in each run. They are compared here, and only the
fields' names go into the record.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from datetime import datetime
from typing import Any, Mapping

from .application import Application, Session
from .caches import Cache
from .cloud import Cloud, stamp
from .world import Group

#: The fleet that the application runs on.
FLEET = "aira-web"
#: Minutes after noon.
BEGINS, WORKS = 75, 235
MOVES, BOTH, GIVEN_UP, ENDS, RETURNS = 990, 1020, 1050, 1110, 1170
LIFE_SECS = 30 * 86_400
#: Real seconds that a cache may be behind the table; less once one has not come.
PATIENCE, LITTLE_PATIENCE = 10.0, 0.3


class Visit:
    """The user, the application, and what was seen of the session."""

    def __init__(self, home: Cloud, away: Cloud, caches: Mapping[str, Cache]) -> None:
        self.home, self.away, self.caches = home, away, caches
        self.steps: list[dict[str, Any]] = []
        #: Each application: where it was, from when to when, and why it ended.
        self.lives: list[dict[str, str]] = []
        self.gone: dict[str, str] | None = None
        #: Real time at which the cache of the other region had been read.
        self.cache_read = 0.0
        #: Every value that was ever in the session, and how many of them the table had at once.
        self.values: set[str] = set()
        self.in_table = 0
        self._token, self._key = secrets.token_urlsafe(24), secrets.token_hex(16)
        digest = hmac.new(self._key.encode(), self._token.encode(), hashlib.sha256)
        self._pk = f"session#{digest.hexdigest()}"
        #: What the user did last, by field.
        self._wanted: dict[str, str] = {}
        self._here: Application | None = None
        self._there: Application | None = None
        self._last_seen = ""
        self._patience = PATIENCE

    def close(self) -> None:
        """Ends what runs."""
        for application in (self._here, self._there):
            if application is not None:
                application.kill()

    def minute(self, minute: int, now: datetime, group: Group) -> None:
        """What happens to the session in this minute."""
        at, instances = stamp(now), list(group.first_seen)
        if self.gone is None and self._here and self._here.instance not in instances:
            self._scaled_in(at, self._here)
            self._goes_on(at, instances[0])
        self._last_seen = at
        if minute == BEGINS:
            self._begins(at, instances[-1])
        elif minute == WORKS:
            self._works(at)
        elif minute == MOVES:
            self._moves(at)
        elif minute == BOTH:
            self._both(at)
        elif minute == GIVEN_UP:
            self._given_up(at)
        elif minute == ENDS:
            self._ends(at)
        elif minute == RETURNS:
            self._returns(at, instances[0])

    # --- by day, and in the night ---------------------------------------------------------------

    def _begins(self, at: str, instance: str) -> None:
        self._here = self._application(at, self.home, instance)
        values, end = self._new("user", "cart"), int(time.time()) + LIFE_SECS
        answer = self._here.ask(do="create", token=self._token, values=values, not_after=end)
        self._step(at, "begins", self._here, answer)

    def _works(self, at: str) -> None:
        assert self._here is not None
        answer = self._here.ask(do="update", token=self._token, values=self._new("cart", "page"))
        self._step(at, "works", self._here, answer)

    def _scaled_in(self, at: str, application: Application) -> None:
        self._over(application, at, "scaled in")
        self.gone = {"instance": application.instance, "after": self._last_seen, "at": at}

    def _goes_on(self, at: str, instance: str) -> None:
        """At another instance: what it reads, and then an update."""
        self._here = self._application(at, self.home, instance)
        self._step(at, "reads", self._here, self._here.ask(do="get", token=self._token))
        answer = self._here.ask(do="update", token=self._token, values=self._new("page"))
        self._step(at, "works", self._here, answer)

    # --- in the other region --------------------------------------------------------------------

    def _moves(self, at: str) -> None:
        self._step(at, "asks the cache", None, None)
        self.cache_read = time.time()
        self._there = self._application(at, self.away, "an application")
        self._step(at, "reads", self._there, self._there.ask(do="get", token=self._token))
        answer = self._there.ask(do="update", token=self._token, values=self._new("cart"))
        self._step(at, "works", self._there, answer)

    def _both(self, at: str) -> None:
        """Both read, then both write: neither has seen the other's update."""
        assert self._here is not None and self._there is not None
        both = (self._here, self._there)
        for application, name in zip(both, ("coupon", "address")):
            asked = {"do": "update", "token": self._token, "values": self._new(name)}
            application.send({**asked, "waits": True})
        read = [application.answer() for application in both]
        for application in both:
            application.send({"do": "go on"})
        wrote = [application.answer() for application in both]
        apart = all(answer == {"read": True} for answer in read)
        for application, answer in zip(both, wrote):
            if "refused" not in answer:
                answer = application.ask(do="get", token=self._token)
            self._step(at, "both write", application, answer, apart=apart)

    def _given_up(self, at: str) -> None:
        assert self._here is not None and self._there is not None
        self._over(self._here, at, "the region is given up")
        self._step(at, "goes on", self._there, self._there.ask(do="get", token=self._token))

    def _ends(self, at: str) -> None:
        assert self._there is not None
        answer = self._there.ask(do="end", token=self._token)
        self._wanted = {}
        self._step(at, "logs out", self._there, answer)
        self._over(self._there, at, "nobody is signed in any more")

    def _returns(self, at: str, instance: str) -> None:
        """To the first region, with the token of the ended session."""
        self._here = here = self._application(at, self.home, instance)
        end = int(time.time()) + LIFE_SECS
        late = {"page": f"canary-{secrets.token_hex(8)}"}
        self.values |= set(late.values())
        answers = {
            "get": here.ask(do="get", token=self._token),
            "update": here.ask(do="update", token=self._token, values=late),
            "create": here.ask(do="create", token=self._token, values=late, not_after=end),
        }
        told = {do: _told(answer) for do, answer in answers.items()}
        self._step(at, "comes back", here, answers["get"], answers=told)

    # --- what is seen ---------------------------------------------------------------------------

    def _application(self, at: str, cloud: Cloud, instance: str) -> Application:
        life = {"region": cloud.region, "instance": instance, "from": at, "until": "", "why": ""}
        self.lives.append(life)
        return Application(cloud.region, instance, cloud.session_table, self._key)

    def _over(self, application: Application, at: str, why: str) -> None:
        """Kills it."""
        application.kill()
        for life in self.lives:
            if life["instance"] == application.instance and not life["until"]:
                life |= {"until": at, "why": why}

    def _new(self, *names: str) -> dict[str, str]:
        """New values, which the session must have from now on."""
        values = {name: f"canary-{secrets.token_hex(8)}" for name in names}
        self._wanted |= values
        self.values |= set(values.values())
        return values

    def _step(
        self,
        at: str,
        did: str,
        application: Application | None,
        answer: dict[str, Any] | None,
        **more: Any,
    ) -> None:
        """Records what the application answered, and what stands in the table and in the caches."""
        answered = time.monotonic()
        moved = application is not None and application.region == self.away.region
        table = self._table(self.away if moved else self.home)
        step: dict[str, Any] = {
            "at": at,
            "did": did,
            "region": application.region if application else self.away.region,
            "instance": application.instance if application else "",
            "answer": _told(answer) if answer else "",
            "table": {sk: part["written"]["S"] for sk, part in table.items()},
            "caches": {region: self._cached(region, table, answered) for region in self.caches},
            **more,
        }
        if answer and answer.get("values") is not None:
            step |= self._compared(answer["values"])
        self.steps.append(step)

    def _table(self, cloud: Cloud) -> dict[str, dict[str, Any]]:
        """The parts in a region's replica, by their sort keys."""
        answer = cloud.tables.query(
            TableName=cloud.session_table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": self._pk}},
            ConsistentRead=True,
        )
        text = str(answer["Items"])
        self.in_table = max(self.in_table, sum(value in text for value in self.values))
        return {item["sk"]["S"]: item for item in answer["Items"]}

    def _cached(self, region: str, table: Mapping[str, Any], answered: float) -> dict[str, Any]:
        """A cache's entry, as soon as it has what the table has."""
        wanted = {sk: part["written"] for sk, part in table.items()}
        while True:
            parts = self.caches[region].parts(self._pk)
            there = {sk: part["written"] for sk, part in parts.items()} == wanted
            waited = time.monotonic() - answered
            if there or waited > self._patience:
                break
            time.sleep(0.002)
        if not there:
            self._patience = LITTLE_PATIENCE
        session = Session()
        for part in parts.values():
            session.join(part)
        return {
            "parts": {sk: part["written"]["S"] for sk, part in parts.items()},
            "ended": session.ended is not None,
            "waited_ms": round(waited * 1000),
            **self._compared({} if session.ended else session.values),
        }

    def _compared(self, values: Mapping[str, str]) -> dict[str, Any]:
        """The fields' names, and those whose value is not what the user did last."""
        every = sorted({*values, *self._wanted})
        wrong = [name for name in every if values.get(name) != self._wanted.get(name)]
        return {"fields": sorted(values), "wrong": wrong}


def _told(answer: dict[str, Any]) -> str:
    """An answer without its values."""
    if "refused" in answer:
        return str(answer["refused"])
    return "no session" if answer["values"] is None else "done"
