"""Locust's users of Aira: they sign in, chat, come back later, sign out.

What they are told is in the environment (`LOAD_CODES`, `LOAD_OUT`, `LOAD_STAGES`, ...; see
journeys/plan.py), what they saw is in the CSV files of `LOAD_OUT` (journeys/rows.py). `make load`
runs it; by hand:

    locust -f tests/load/locustfile.py --headless --host URL --stop-timeout 70

A failure in Locust's own statistics is one try that was refused or broke off; the question goes on.
The exit code tells whether this file worked, not how the service did.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import time
from typing import Any

import gevent
from journeys import sse
from journeys.insist import Asked, Try, insist
from journeys.kept import Compared, Kept
from journeys.plan import Dice, Seats, Settings, users_at
from journeys.rows import Book, Check, Cut, Question, Second, Tries
from locust import FastHttpUser, LoadTestShape, events, task
from locust.contrib.fasthttp import FAILURE_EXCEPTIONS

SETTINGS = Settings.read(os.environ)
SETTINGS.check()
SEATS = Seats(SETTINGS.codes)
BOOK = Book(SETTINGS.out)
#: How the service names its cookie, with TLS and without.
COOKIES = ("__Host-aira=", "aira=")
#: What has ended in this second.
NOW = Tries()


class Stages(LoadTestShape):
    """Users over time, out of `LOAD_STAGES`."""

    is_over = False

    def end(self) -> None:
        self.is_over = True

    def tick(self) -> tuple[int, float] | None:
        users = None if self.is_over else users_at(SETTINGS.stages, self.get_run_time())
        return None if users is None else (users, SETTINGS.spawn)


class Visitor(FastHttpUser):
    """One user with a name, a session, and a memory of all that was said in it."""

    network_timeout = SETTINGS.timeout + 5
    connection_timeout = 10.0
    insecure = False

    def on_start(self) -> None:
        # The one cookie is kept by hand: Python's cookie jar costs more than a whole request.
        self.client.client.cookiejar = None
        self.seat = SEATS.take()
        self.dice = Dice(SETTINGS.seed, self.seat, SETTINGS.think)
        self.cookie = ""
        self.kept = Kept()
        self.sign_in()
        gevent.sleep(self.dice.first_think())

    def wait_time(self) -> float:
        return self.dice.think()

    @task
    def visit(self) -> None:
        if not self.cookie:
            self.sign_in()
        errand = self.dice.errand()
        if errand:
            # As after a pause away: nothing is left but the cookie.
            self.client.client.clientpool.close()
            self.look("back")
        if errand == "again":
            self.sign_out()
            self.sign_in()
            self.look("back")
        self.ask(*self.dice.question())

    def on_stop(self) -> None:
        if self.cookie:
            self.look("end")
            self.sign_out()
        SEATS.give_back(self.seat)

    # What a user does.

    def sign_in(self) -> None:
        body = {"name": self.seat.name, "code": self.seat.code}
        status, _ = self.call("POST", "/login", body)
        if status == 401:
            raise ValueError(f"the access code of {self.seat.name} is not taken")
        self.kept = Kept()

    def sign_out(self) -> None:
        self.call("POST", "/logout", {})
        self.cookie = ""
        self.kept = Kept()

    def look(self, why: str) -> None:
        """Is all there that was said to be done?"""
        status, history = self.call("GET", "/history")
        if status == 401:
            self.lost(why)
        elif status == 200:
            self.note(why, self.kept.compare(history["turns"]))
        else:
            self.note(why, self.kept.none_there())

    def ask(self, turn: str, question: str) -> None:
        asked = time.time()
        body = json.dumps({"turn": turn, "question": question})

        def attempt(left: float) -> Try:
            return self.attempt(turn, body, left)

        told = insist(attempt, SETTINGS.timeout, time.monotonic, gevent.sleep)
        if told.outcome == "done":
            self.kept.done(turn, told.text)
        else:
            self.kept.abandoned(turn)
        self.report(told)
        counts = (told.first_token, told.tries, told.refused, told.broken)
        BOOK.add(Question(asked, self.seat.name, told.outcome, told.took, *counts, turn))

    # One try.

    def attempt(self, turn: str, body: str, left: float) -> Try:
        deadline = time.monotonic() + left
        with gevent.Timeout(left, False):
            got = self.stream(turn, body)
            # The HTTP client takes the end of our patience for a lost connection.
            if time.monotonic() < deadline:
                return count(got)
        return count(Try("late"))

    def stream(self, turn: str, body: str) -> Try:
        """Sends the question and reads the answer to its end."""
        began = time.monotonic()
        headers = {"content-type": "application/json", "cookie": self.cookie}
        with self.client.post(
            "/chat", data=body, headers=headers, stream=True, catch_response=True
        ) as response:
            if response.status_code == 200:
                return self.read(turn, response, began)
            if response.status_code:
                # Read to its end, the connection can be used again.
                response.content
            if response.status_code == 503:
                response.failure("refused")
                return Try("refused", retry_after=retry_after(response))
            response.failure(f"status {response.status_code}")
        if response.status_code == 401:
            self.lost("back")
            self.sign_in()
        return Try("broken")

    def read(self, turn: str, response: Any, began: float) -> Try:
        """Locust's own `iter_content` waits for whole blocks, so the client under it is asked."""
        raw = response._response
        block, first_token, what = b"", None, "the stream ended"
        try:
            while sse.is_comment(block := raw.readline(sse.BLANK)):
                pass
            if sse.is_token(block):
                first_token = time.monotonic() - began
            rest = raw.read()
        except FAILURE_EXCEPTIONS as problem:
            if isinstance(problem, gevent.Timeout):
                raise
            what = type(problem).__name__
            rest = bytes(raw._body_buffer)
        answer = sse.read(block + rest)
        if answer.end == "done":
            response.success()
            return Try("done", answer.text, first_token)
        if answer.end == "cut" and first_token is not None:
            BOOK.add(Cut(time.time(), self.seat.name, turn, what))
        response.failure(f"{answer.end} {answer.reason}".strip())
        return Try("broken")

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Anything but a question, until the service has answered it or the timeout is over."""
        data = None if body is None else json.dumps(body)
        headers = {"content-type": "application/json", "cookie": self.cookie}
        deadline = time.monotonic() + SETTINGS.timeout
        while True:
            response = self.client.request(method, path, data=data, headers=headers)
            status = response.status_code
            if 0 < status < 500:
                self.take_cookie(response)
                return status, json.loads(response.content) if status == 200 else None
            wait = retry_after(response) if status == 503 else 1.0
            if time.monotonic() + wait > deadline:
                return status, None
            gevent.sleep(wait)

    def take_cookie(self, response: Any) -> None:
        """The service's own one: a balancer's would tie the user to an instance."""
        for told in response.headers.get_all("set-cookie") or []:
            if told.startswith(COOKIES):
                self.cookie = told.partition(";")[0]

    # What is written down.

    def lost(self, why: str) -> None:
        """The session was gone, and nobody had ended it."""
        self.note(why, self.kept.none_there(), signed_out=1)
        self.cookie = ""
        self.kept = Kept()

    def note(self, why: str, found: Compared, signed_out: int = 0) -> None:
        counts = (found.turns, found.missing, found.wrong)
        BOOK.add(Check(time.time(), self.seat.name, why, *counts, signed_out))

    def report(self, told: Asked) -> None:
        """Two entries of our own in Locust's statistics: the user's view, over all tries."""
        is_done = told.outcome == "done"
        NOW.done += is_done
        NOW.abandoned += not is_done
        entries = [("question", told.took, None if is_done else TimeoutError("abandoned"))]
        if told.first_token is not None:
            entries.append(("first token", told.first_token, None))
        for name, seconds, problem in entries:
            self.environment.events.request.fire(
                request_type="user",
                name=name,
                response_time=seconds * 1000,
                response_length=len(told.text),
                exception=problem,
                context={},
            )


def count(got: Try) -> Try:
    NOW.tries += 1
    NOW.refused += got.end == "refused"
    NOW.broken += got.end == "broken"
    return got


def retry_after(response: Any) -> float:
    """Seconds that the service asks for."""
    try:
        return float((response.headers or {}).get("retry-after", 1.0))
    except ValueError:
        return 1.0


@events.test_start.add_listener
def watch(environment: Any, **_: Any) -> None:
    gevent.spawn(every_second, environment.runner)
    # With stages Locust has no handler of its own yet: users would be gone in the middle of a word.
    gevent.signal_handler(signal.SIGTERM, environment.shape_class.end)


def every_second(runner: Any) -> None:
    """Users and our own share of a core; files show what has happened a second later at most."""
    at, cpu = time.monotonic(), time.process_time()
    while True:
        gevent.sleep(1.0)
        now, used = time.monotonic(), time.process_time()
        BOOK.add(Second(time.time(), runner.user_count, (used - cpu) / (now - at)))
        end_second()
        at, cpu = now, used


def end_second() -> None:
    global NOW
    NOW.at = time.time()
    BOOK.add(NOW)
    NOW = Tries()
    BOOK.flush()


@events.quit.add_listener
def close(**_: Any) -> None:
    end_second()
    BOOK.close()


@events.quitting.add_listener
def judge(environment: Any, **_: Any) -> None:
    problems = environment.runner.exceptions
    for problem in problems.values():
        logging.error("this file is wrong: %s", problem["msg"])
    environment.process_exit_code = 1 if problems else 0
