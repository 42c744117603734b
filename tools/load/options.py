"""The command line, and what of it is refused, all at once.

What must stay true: a live table is never loaded without its name, its region, a rate and a bound
of what it costs.
"""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass, field
from pathlib import Path

#: What an application with signed-in users does, of 100 calls.
MIX = {"get": 70, "update": 18, "touch": 8, "create": 3, "end": 1}
MOST_WORKERS = 64
MOST_SECONDS = 3600
MOST_RATE = 40_000
#: An item holds 400 KB; a session 64 KB.
MOST_BYTES = 60_000


@dataclass(frozen=True)
class Options:
    """What is asked for."""

    workers: int = 4
    seconds: float = 20.0
    sessions: int = 200  # of each worker
    fields: int = 4
    value_bytes: int = 100
    #: Of the store's calls a second, all workers together; 0: as fast as it goes.
    rate: float = 0.0
    mix: dict[str, int] = field(default_factory=lambda: dict(MIX))
    seed: int = 1
    out: Path = Path("build/load-sessions")
    live: bool = False
    table: str = ""
    region: str = ""
    accept_cost: float = -1.0
    #: Dollars for a million request units of a write and of a read; a region's own may differ.
    write_price: float = 0.625
    read_price: float = 0.125
    regions: int = 1


def parse(words: list[str], about: str) -> Options:
    default = Options()
    parser = argparse.ArgumentParser(
        prog="tools/load_sessions.py",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    number = {"type": _number}
    parser.add_argument("--workers", **number, default=default.workers, help="processes (4)")
    parser.add_argument("--seconds", **number, default=default.seconds, help="how long (20)")
    parser.add_argument("--sessions", **number, default=default.sessions, help="sessions of each worker (200)")
    parser.add_argument("--fields", **number, default=default.fields, help="fields of a session (4)")
    parser.add_argument("--value-bytes", **number, default=default.value_bytes, help="bytes of a field (100)")
    parser.add_argument("--rate", **number, default=default.rate, help="the store's calls a second at most, of all workers; 0: as fast as it goes (0)")
    parser.add_argument("--mix", type=_mix, default=default.mix, help="of 100 calls: get=70,update=18,touch=8,create=3,end=1")
    parser.add_argument("--seed", **number, default=default.seed, help="of the order of calls (1)")
    parser.add_argument("--out", type=Path, default=default.out, help="folder of the CSV files (build/load-sessions)")
    parser.add_argument("--live", action="store_true", help="a table of AWS, with your credentials")
    parser.add_argument("--table", default="", help="its name")
    parser.add_argument("--region", default="", help="its region")
    parser.add_argument("--regions", **number, default=default.regions, help="replicas of the table: each write is paid for in each (1)")
    parser.add_argument("--accept-cost", **number, default=default.accept_cost, help="go on without asking if it costs no more (US dollars)")
    parser.add_argument("--write-price", **number, default=default.write_price, help="dollars for a million write units (0.625)")
    parser.add_argument("--read-price", **number, default=default.read_price, help="dollars for a million read units (0.125)")
    found = parser.parse_args(words)
    faults = list(refused(Options(**vars(found))))
    if faults:
        parser.error("; ".join(faults))
    whole = {n: int(getattr(found, n)) for n in ("workers", "sessions", "fields", "value_bytes", "seed", "regions")}
    return Options(**{**vars(found), **whole})


def _number(text: str) -> float:
    value = float(text)
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(text)
    return value


def _mix(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for pair in text.split(","):
        name, _, share = pair.partition("=")
        if name not in MIX or name in found or not re.fullmatch(r"\d{1,6}", share):
            known = ", ".join(MIX)
            raise argparse.ArgumentTypeError(f"{pair!r} is no NAME=SHARE with each of {known} at most once")
        found[name] = int(share)
    return found


def refused(options: Options):
    """Why it is not begun: one sentence for each fault."""
    bounds = {
        "workers": (1, MOST_WORKERS),
        "sessions": (1, 100_000),
        "fields": (1, 200),
        "value_bytes": (1, MOST_BYTES),
        "seed": (0, 2**53),
        "regions": (1, 20),
    }
    for name, (least, most) in bounds.items():
        value = getattr(options, name)
        if value != int(value) or not least <= value <= most:
            yield f"--{name.replace('_', '-')} is a whole number from {least} to {most}, got {value:g}"
    if not 1 <= options.seconds <= MOST_SECONDS:
        yield f"--seconds is from 1 to {MOST_SECONDS}, got {options.seconds:g}"
    if not 0 <= options.rate <= MOST_RATE:
        yield f"--rate is from 0 to {MOST_RATE} calls a second, got {options.rate:g}"
    if options.fields * (options.value_bytes + 16) > MOST_BYTES:
        yield f"--fields and --value-bytes make a session of more than {MOST_BYTES} bytes"
    if sum(options.mix.values()) == 0:
        yield "--mix has no call at all"
    if options.write_price < 0 or options.read_price < 0:
        yield "a price is not below 0"
    yield from _refused_live(options)


def _refused_live(options: Options):
    if not options.live:
        for name in ("table", "region"):
            if getattr(options, name):
                yield f"--{name} is for --live; the local run makes a table of its own"
        return
    if not re.fullmatch(r"[A-Za-z0-9_.-]{3,255}", options.table):
        yield "--live needs --table, the name of a session table"
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-[0-9]", options.region):
        yield "--live needs --region, such as ap-northeast-2"
    if options.rate == 0:
        yield "--live needs --rate: a table of AWS takes more than you may want to pay"
