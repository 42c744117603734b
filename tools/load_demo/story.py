"""Two clocks. Users, answers and the balancer live in real time; the controllers, the alarms and what
the driver plays of AWS live in the story, whose minute takes `minute_secs` real seconds.

Nothing that is measured is stretched: only the waiting for the next minute is shorter. With
`minute_secs` = 60 both clocks are one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Seoul")
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Clock:
    """The story begins at `start` when the real time is `began` (epoch seconds)."""

    began: float
    start: datetime
    minute_secs: float

    def story(self, real: float | None = None) -> datetime:
        """What time it is in the story."""
        passed = (time.time() if real is None else real) - self.began
        return self.start + timedelta(seconds=passed * 60.0 / self.minute_secs)

    def real(self, story_secs: float) -> float:
        """So many seconds of the story, in real seconds."""
        return story_secs * self.minute_secs / 60.0

    def minute(self, number: int) -> datetime:
        """The beginning of a minute of the story."""
        return self.start + number * MINUTE

    def ends(self, number: int) -> float:
        """The real time at which that minute ends."""
        return self.began + (number + 1) * self.minute_secs


def begin(minute_secs: float, today: datetime | None = None) -> Clock:
    """Ten in the morning of the last weekday that is over: the endpoint would judge alarms on fresh
    points by itself, and wrongly (docs/local-endpoint.md)."""
    local = (today or datetime.now(timezone.utc)).astimezone(ZONE)
    ten = local.replace(hour=10, minute=0, second=0, microsecond=0)
    days = (ten - timedelta(days=back) for back in range(1, 8))
    start = next(day for day in days if day.weekday() <= 4)
    return Clock(time.time(), start.astimezone(timezone.utc), minute_secs)
