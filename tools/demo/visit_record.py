"""What is kept of the session's day: the steps, session-sync's own records, and who read what.

No value of the session is kept. Values are searched for here, in everything that the functions
logged and in everything else that the day's record holds.
"""

from __future__ import annotations

from typing import Any

from .cast import FUNCTIONS, ROUTER, SYNC
from .cloud import Cloud
from .visit import FLEET, Visit

#: The calls that read a table.
READS = ("Query", "GetItem", "BatchGetItem", "Scan")


def read(visit: Visit, since: float) -> dict[str, Any]:
    """Everything but the search; `since` is the real time at which the play began."""
    home, away = visit.home, visit.away
    return {
        "fleet": FLEET,
        "regions": [home.region, away.region],
        "steps": visit.steps,
        "lives": visit.lives,
        "gone": visit.gone,
        "reads": _reads(away, since, visit.cache_read),
        "runs": {cloud.region: _lines(cloud, "RecordsApplied") for cloud in (home, away)},
        "lags": {cloud.region: _lines(cloud, "ReplicationLag") for cloud in (home, away)},
    }


def search(visit: Visit, record: str) -> dict[str, Any]:
    """Where the session's values were looked for, and where they were found."""
    places = {"the day's record": [record]}
    places |= {f"log of {f}, {visit.home.region}": visit.home.log(f) for f in (*FUNCTIONS, ROUTER)}
    for cloud in (visit.home, visit.away):
        places[f"log of {SYNC}, {cloud.region}"] = cloud.log(SYNC)
    found = [
        place
        for place, texts in places.items()
        if any(value in text for text in texts for value in visit.values)
    ]
    return {
        "values": len(visit.values),
        "in_table": visit.in_table,
        "lines": {place: len(texts) for place, texts in places.items()},
        "found": found,
    }


def _reads(away: Cloud, since: float, until: float) -> dict[str, int]:
    """Reads of the session table in the other region before its cache had been read, and after."""
    calls = [call for name in READS for call in away.call_log(name, since)]
    mine = [call for call in calls if call.parameters.get("TableName") == away.session_table]
    before = sum(call.at <= until for call in mine)
    return {"before": before, "after": len(mine) - before}


def _lines(cloud: Cloud, metric: str) -> list[dict[str, Any]]:
    """What session-sync says of each batch, with its metrics."""
    kept = ("received", "from", "to", metric, "PoisonRecords", "RefusedStamps", "CacheFailures")
    lines = [line for line in cloud.log_lines(SYNC) if metric in line]
    return [{word: line[word] for word in kept if word in line} for line in lines]
