#!/usr/bin/env python3
"""Loads a session table as applications do, and says what it bore: calls a second, latencies, errors.

    tools/load_sessions.py [--workers N] [--seconds S] [--sessions N] [--fields N] [--value-bytes N]
                           [--rate N] [--mix get=70,update=20,...] [--seed N] [--out DIR]
    tools/load_sessions.py --live --table T --region R --rate N [--accept-cost USD] ...

Without --live it starts a local endpoint of its own, makes the table there as infra/sessions.yaml has it,
and ends both. The local endpoint is one Python process: its figures show that the tool works and how
items, conflicts and errors behave, not what DynamoDB bears. With --live it loads the table that is
named, with your credentials: it says what that will cost at most, and goes on only when you type the
table's name or when --accept-cost allows that much. What it writes there are sessions of its own
under random tokens; they end with the run, and the table removes them a week and an hour later.

Sessions are written by examples/python/sessions.py, so the items are those of docs/sessions.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "examples" / "python")]

from load.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(__doc__ or ""))
