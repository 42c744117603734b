"""What a run on a live table costs at most, by on-demand prices.

A write costs a unit for each KB begun, in every region that has a replica; a strongly consistent
read one for each 4 KB begun. <https://aws.amazon.com/dynamodb/pricing/on-demand/>
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .options import Options

#: Bytes of a part besides its fields' values: keys, stamps, times, DynamoDB's 100.
FRAME = 420
#: Bytes of a field besides its value.
OF_FIELD = 60
#: A call reads once, and writes at most; a conflict does both again (rare: each worker has its own).
WRITES = ("create", "update", "touch", "end")


@dataclass(frozen=True)
class Cost:
    """At most."""

    calls: int
    item_bytes: int
    write_units: int
    read_units: int
    dollars: float


def at_most(options: Options) -> Cost:
    item = FRAME + options.fields * (OF_FIELD + options.value_bytes)
    asked = math.ceil(options.rate * options.seconds)
    # Each worker first creates its sessions, and ends them afterwards.
    around = options.workers * options.sessions * 2
    shares = sum(options.mix.values())
    writing = sum(options.mix.get(name, 0) for name in WRITES) / shares
    writes = math.ceil(asked * writing) + around
    write_units = writes * math.ceil(item / 1024) * options.regions
    read_units = (asked + around) * max(1, math.ceil(item * options.regions / 4096))
    dollars = (write_units * options.write_price + read_units * options.read_price) / 1e6
    return Cost(asked + around, item, write_units, read_units, dollars)


def sentence(options: Options, cost: Cost) -> str:
    return (
        f"at most {cost.calls} calls, {cost.write_units} write units in {options.regions} region(s) and"
        f" {cost.read_units} read units: {cost.dollars:.4f} US dollars at {options.write_price:g} and"
        f" {options.read_price:g} a million (look up your region's prices); what is left is kept for eight"
        f" days, and each change is also one of the stream's and of session-sync's"
    )
