#!/usr/bin/env python3
"""One person at Aira's page, in a real browser, while instances come and go behind the balancer.

    .tools/load/bin/python tests/load/browser.py --url URL --name NAME --code CODE
        [--other URL] [--out FILE] [--shots DIR] [--seconds S] [--think S]

Signs in (with a wrong code first), asks, looks on while the answer grows, loads the page anew every
third turn and compares all that it shows with what was streamed; until S seconds are over or
SIGTERM comes. Then the history at the other region's address must be the same, and signing out here
must end the session at both. The page itself waits and tries again when it is refused: so does this
test, up to 90 s for an answer. Ends with 1 when something was not as it must be; FILE says what.

It needs Playwright (tools/setup-load) and Chromium: TIDEGATE_CHROMIUM, else one of the usual names
in PATH, else Playwright's own.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import shutil
import signal
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent))

from browser_record import Record, Turn, is_expected  # noqa: E402

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
#: Longest wait for an answer: all tries of the page, with what it waits between them, are shorter.
PATIENCE_SECS = 90.0
#: Longest wait for the page itself, and for what it shows first.
PAGE_SECS = 30.0
#: How long a region's cache may serve a session after the table has its end (docs/sessions.md).
ENDS_SECS = 15.0
SAMPLE_MS = 120
RELOAD_EVERY = 3
#: What is shown: which form, what is complained of, the turns, and whether an answer is under way.
LOOK = """() => ({
  login: !document.querySelector("#welcome").hidden,
  chat: !document.querySelector("#chat").hidden,
  problem: document.querySelector("#problem").textContent,
  busy: document.querySelector("#send").disabled,
  turns: [...document.querySelectorAll("#turns li")].map(
    (turn) => [...turn.querySelectorAll("p > span:last-child")].map((text) => text.textContent)),
})"""
#: Whether the form at the bottom lies over the end of the last answer.
COVERED = """() => {
  const last = [...document.querySelectorAll("#turns .answer")].at(-1);
  const form = document.querySelector("#ask").getBoundingClientRect();
  return !!last && form.height > 0 && last.getBoundingClientRect().bottom > form.top + 1;
}"""
SIDEWAYS = "() => document.documentElement.scrollWidth > window.innerWidth"
QUESTIONS = (
    "What happens to me when the instance that serves me goes?",
    "How do you know what I said before?",
    "Tell me something about tides.",
    "Who decides how many of you there are?",
    "What is a lock in a harbour for?",
)


class Person:
    """The browser, and what is done in it."""

    def __init__(self, page: Page, options: argparse.Namespace, record: Record) -> None:
        self.page, self.options, self.record = page, options, record
        self._stopped = False
        self._numbers = itertools.count(1)
        signal.signal(signal.SIGTERM, lambda *_: self._stop())
        page.on("console", self._console)
        page.on("pageerror", lambda problem: record.fault(f"error in the page: {problem}"))

    def _stop(self) -> None:
        self._stopped = True

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not is_expected(message.text):
            self.record.fault(f"on the console: {message.text}")

    # --- the way through ------------------------------------------------------------------------

    def visit(self) -> None:
        """From the first look to the last."""
        until = time.monotonic() + self.options.seconds
        self.record.step("opens the page")
        self._open(self.options.url)
        self._shot("login")
        self._wrong_code()
        self._sign_in()
        self._ask()
        while not self._stopped and time.monotonic() < until:
            if self._is_time_to_reload():
                self._reload(phone=self.record.reloads == 0)
            self._think(until)
            self._ask()
        self._shot("chat")
        if self.record.reloads == 0:
            self._reload(phone=True)
        self._leave()

    def _is_time_to_reload(self) -> bool:
        return (len(self.record.told) + len(self.record.given_up)) % RELOAD_EVERY == 0

    def _think(self, until: float) -> None:
        done = min(time.monotonic() + self.options.think, until)
        while time.monotonic() < done and not self._stopped:
            self.page.wait_for_timeout(100)

    # --- signing in -----------------------------------------------------------------------------

    def _wrong_code(self) -> None:
        problem = self._try_code("000000-wrong")
        self.record.step(f"signs in with a wrong code; the page says: {problem}")
        if "do not fit" not in problem:
            self.record.fault(f"a wrong code is not refused with its reason: {problem!r}")

    def _sign_in(self) -> None:
        until = time.monotonic() + PATIENCE_SECS
        problem = self._try_code(self.options.code)
        while problem and time.monotonic() < until and not self._stopped:
            self.page.wait_for_timeout(2000)
            problem = self._try_code(self.options.code)
        if problem:
            raise BrowserError(f"cannot sign in: {problem}")
        self.record.step(f"signs in as {self.options.name}")

    def _try_code(self, code: str) -> str:
        """Empty when it led in, else what the page complains of."""
        page = self.page
        page.fill("#user", self.options.name)
        page.fill("#code", code)
        page.click("#login button")
        page.wait_for_function(
            '() => document.querySelector("#problem").textContent'
            ' || !document.querySelector("#chat").hidden',
            timeout=PATIENCE_SECS * 1000,
        )
        return str(page.evaluate(LOOK)["problem"])

    # --- asking ---------------------------------------------------------------------------------

    def _ask(self) -> None:
        number = next(self._numbers)
        question = f"{number}. {QUESTIONS[number % len(QUESTIONS)]}"
        began = time.monotonic()
        self.page.fill("#question", question)
        self.page.press("#question", "Enter")
        shown, lengths = self._look_on(began + PATIENCE_SECS)
        secs = time.monotonic() - began
        last = shown["turns"][-1] if shown["turns"] else []
        if shown["login"]:
            self.record.lost(f"at {question!r}: {shown['problem']}")
            self._sign_in()
        elif shown["busy"]:
            self.record.gave_up(question, f"no answer within {PATIENCE_SECS:.0f} s")
            self._reload()
        elif shown["problem"] or last[:1] != [question]:
            self.record.gave_up(question, shown["problem"])
        else:
            self.record.answered(Turn(*last), secs, lengths)
            steps = len(set(lengths) - {0})
            self.record.step(f"turn {number}: {len(last[1])} letters, {secs:.1f} s, {steps} looks")
            self._see_its_end()

    def _look_on(self, until: float) -> tuple[dict, list[int]]:
        """Samples the answer's length until it is complete; what is shown then."""
        lengths: list[int] = []
        while True:
            shown = self.page.evaluate(LOOK)
            if not shown["busy"] or time.monotonic() >= until:
                return shown, lengths
            if shown["turns"]:
                lengths.append(len(shown["turns"][-1][1]))
            self.page.wait_for_timeout(SAMPLE_MS)

    # --- loading anew ---------------------------------------------------------------------------

    def _reload(self, phone: bool = False) -> None:
        self.record.reloads += 1
        if phone:
            self.page.set_viewport_size(PHONE)
        shown = self._open()
        if shown["login"]:
            self.record.lost("after a reload")
            self._sign_in()
            shown = self.page.evaluate(LOOK)
        self._compare("after a reload" + " on a phone's width" * phone, shown)
        if phone:
            if self.page.evaluate(SIDEWAYS):
                self.record.fault("the page scrolls sideways at a phone's width")
            self._shot("phone")
            self.page.set_viewport_size(WIDE)

    def _open(self, url: str | None = None) -> dict:
        """Loads an address, or the page anew, until it shows a form of its own will."""
        until = time.monotonic() + PATIENCE_SECS
        while True:
            try:
                shown = self._load(url)
                if shown["chat"] or not shown["problem"]:
                    return shown
                why = shown["problem"]
            except BrowserError as problem:
                why = str(problem).splitlines()[0]
                self.record.fault(f"the page does not come: {why}")
            if time.monotonic() >= until:
                raise BrowserError(f"the page does not come: {why}")
            self.record.step(f"loads it again: {why}")
            self.page.wait_for_timeout(1000)

    def _load(self, url: str | None) -> dict:
        page, wait = self.page, PAGE_SECS * 1000
        answer = page.goto(url, timeout=wait) if url else page.reload(timeout=wait)
        if answer is None or not answer.ok:
            raise BrowserError(f"status {answer.status if answer else 'unknown'}")
        # Restoring a history is tried several times by the page, too.
        page.wait_for_function(
            '() => !document.querySelector("#chat").hidden'
            ' || !document.querySelector("#welcome").hidden',
            timeout=PATIENCE_SECS * 1000,
        )
        return dict(page.evaluate(LOOK))

    def _compare(self, where: str, shown: dict) -> None:
        found = self.record.look(where, [Turn(*turn) for turn in shown["turns"]])
        said = f"{len(found.missing)} missing" if found.missing else "nothing is missing"
        self.record.step(f"{where}: {len(shown['turns'])} turns, {said}")
        self._see_its_end()

    def _see_its_end(self) -> None:
        if self.page.evaluate(COVERED):
            self.record.fault("the end of the last answer is hidden by the form")

    # --- the other region, and the end ----------------------------------------------------------

    def _leave(self) -> None:
        here, there = self.options.url, self.options.other
        cookie = self._cookie()
        if there:
            self._compare("in the other region", self._open(there))
            self._open(here)
        self._sign_out()
        self.record.ended_here = self._has_ended("here", here, cookie)
        self.record.ended_there = self._has_ended("there", there, cookie) if there else None

    def _cookie(self) -> str:
        found = [cookie for cookie in self.page.context.cookies() if cookie["httpOnly"]]
        if len(found) != 1:
            self.record.fault(f"{len(found)} cookies that scripts cannot read, and not one")
        return "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in found)

    def _sign_out(self) -> None:
        until = time.monotonic() + PATIENCE_SECS
        while True:
            self.page.click("#logout")
            self.page.wait_for_function(
                '() => document.querySelector("#problem").textContent'
                ' || !document.querySelector("#welcome").hidden',
                timeout=PATIENCE_SECS * 1000,
            )
            shown = self.page.evaluate(LOOK)
            if shown["login"] or time.monotonic() >= until:
                break
            self.page.wait_for_timeout(1000)
        said = "" if shown["login"] else f"; the page says: {shown['problem']}"
        self.record.step(f"signs out{said}")

    def _has_ended(self, where: str, url: str, cookie: str) -> bool:
        """The page shows the form, and the old cookie opens nothing."""
        began = time.monotonic()
        status = history_status(url, cookie)
        while status != 401 and time.monotonic() - began < ENDS_SECS:
            self.page.wait_for_timeout(250)
            status = history_status(url, cookie)
        took = time.monotonic() - began
        shown = self._open(url)
        self.record.step(
            f"signed out {where}: the page shows {'the form' if shown['login'] else 'the chat'};"
            f" the old cookie is answered with {status} after {took:.1f} s"
        )
        if not (shown["login"] and status == 401):
            self.record.fault(f"the session has not ended {where}")
            return False
        return True

    def _shot(self, name: str) -> None:
        if self.options.shots:
            self.options.shots.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=self.options.shots / f"browser-{name}.png")


def history_status(url: str, cookie: str) -> int:
    """How the service answers who still has the old cookie; 0: not at all."""
    request = urllib.request.Request(f"{url.rstrip('/')}/history", headers={"cookie": cookie})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code
    except OSError:
        return 0


# --- the browser ------------------------------------------------------------------------------


def chromium() -> str | None:
    """The program; None: Playwright's own."""
    named = os.environ.get("TIDEGATE_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright: Playwright) -> Browser:
    """Without a window. As root, as in a container, it has no sandbox: the page is our own."""
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(
        executable_path=chromium(),
        args=["--disable-dev-shm-usage", "--disable-gpu", *as_root],
        # The signal is for us: the browser is still needed for the last looks.
        handle_sigterm=False,
    )


def visit(context: BrowserContext, options: argparse.Namespace, record: Record) -> None:
    """What cannot go on is a fault like others, so that there always is a record."""
    page = context.new_page()
    page.set_viewport_size(WIDE)
    try:
        Person(page, options, record).visit()
    except BrowserError as problem:
        record.fault(f"cannot go on: {str(problem).splitlines()[0]}")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--other", help="another region's address, with the same sessions")
    parser.add_argument("--name", required=True)
    parser.add_argument("--code", required=True)
    parser.add_argument("--out", type=Path, default=Path("browser.json"))
    parser.add_argument("--shots", type=Path)
    parser.add_argument("--seconds", type=float, default=math.inf)
    parser.add_argument("--think", type=float, default=4.0)
    return parser.parse_args()


def main() -> int:
    options = read_options()
    record = Record(clock=time.time, say=lambda text: print(text, flush=True))
    try:
        with sync_playwright() as playwright, launch(playwright) as browser:
            visit(browser.new_context(), options, record)
    finally:
        options.out.write_text(json.dumps(record.document(), indent=2) + "\n")
    return 0 if record.is_well() else 1


if __name__ == "__main__":
    sys.exit(main())
