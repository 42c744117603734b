"""Who is tried: the demo's three scaling functions, the alarm router, and session-sync."""

from __future__ import annotations

from demo.cast import FUNCTIONS as DEPLOYED
from demo.cast import ROUTER, SYNC

SCALERS = tuple(function for function in DEPLOYED if function != ROUTER)
FUNCTIONS = (*SCALERS, ROUTER, SYNC)
#: Topics of the operator's own, as many as the template takes.
TEAMS = ("team-0", "team-1", "team-2", "team-3")
