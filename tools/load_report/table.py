"""What is printed at the end of a run, and what makes it a bad or an invalid one."""

from __future__ import annotations

import math

from .figures import CPU_LIMIT, Figures


def table(found: Figures) -> str:
    """Two columns, a line a figure."""
    lines = [
        ("questions", f"{found.questions}"),
        ("  done", f"{found.done}"),
        ("  abandoned", f"{found.abandoned}"),
        ("tries", f"{found.tries}"),
        ("  refused (503)", _share(found.refused, found.tries)),
        ("  broken off", _share(found.broken, found.tries)),
        ("question p50 / p95 / p99", _times(found.took)),
        ("first token p50 / p95 / p99", _times(found.first_token)),
        ("histories checked", f"{found.checks}, {found.turns} turns"),
        ("  turns lost or changed", f"{found.lost}"),
        ("  sessions lost", f"{found.signed_out}"),
        ("answers cut", f"{found.cut}"),
        ("Locust's CPU", f"{found.cpu_mean:.0%} of a core, at most {found.cpu_max:.0%} in 10 s"),
    ]
    return "\n".join(f"{name:<29}{value}" for name, value in lines)


def faults(found: Figures) -> list[str]:
    """Sentences; none if all is well. Refused and abandoned questions are a result, not a fault."""
    told = []
    if not found.done:
        told.append("no question was answered")
    if found.lost or found.signed_out:
        told.append(f"{found.lost} turns and {found.signed_out} sessions were lost")
    if found.cut:
        told.append(f"{found.cut} answers were cut")
    if found.cpu_max > CPU_LIMIT:
        told.append(
            f"invalid: Locust took {found.cpu_max:.0%} of a core; above {CPU_LIMIT:.0%} it delays"
            " what it measures"
        )
    return told


def _share(count: int, of: int) -> str:
    return f"{count} ({count / of:.1%})" if of else f"{count}"


def _times(seconds: list[float]) -> str:
    shown = ["-" if math.isnan(value) else f"{value:.2f}" for value in seconds]
    return " / ".join(shown) + " s"
