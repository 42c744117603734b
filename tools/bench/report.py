"""Medians, ratios, goals, and the table."""

from __future__ import annotations

import os
import statistics

from .build import Subject
from .rounds import Sample

MOST_OF_EMPTY = 3.5
LEAST_OF_PYTHON = 35.0
MOST_MEMORY_MB = 12.0
MOST_BINARY_MB = 7.0


def summary(subjects: list[Subject], samples: dict[str, list[Sample]]) -> dict:
    rows = [row(subject, samples[subject.name]) for subject in subjects]
    of = {r["kind"]: r for r in rows if r["kind"] in ("empty", "python")}
    for r in rows:
        r["times_empty"] = r["start_ms"] / of["empty"]["start_ms"]
        r["ahead_of_python"] = of["python"]["start_ms"] / r["start_ms"]
    return {
        "rounds": len(next(iter(samples.values()))),
        "cpus": os.cpu_count(),
        "goals": {
            "times_empty": MOST_OF_EMPTY,
            "ahead_of_python": LEAST_OF_PYTHON,
            "memory_mb": MOST_MEMORY_MB,
            "binary_mb": MOST_BINARY_MB,
        },
        "subjects": rows,
    }


def row(subject: Subject, samples: list[Sample]) -> dict:
    """Medians over the starts; `start_ms` is the median of init + first invocation."""
    starts = [sample.init + sample.first for sample in samples]
    warm = [time for sample in samples for time in sample.warm]
    size = 0 if subject.kind == "python" else subject.program.stat().st_size
    return {
        "name": subject.name,
        "kind": subject.kind,
        "aws_calls": subject.aws_calls,
        "init_ms": statistics.median(s.init for s in samples),
        "first_ms": statistics.median(s.first for s in samples),
        "start_ms": statistics.median(starts),
        "start_p10_ms": statistics.quantiles(starts, n=10)[0],
        "start_p90_ms": statistics.quantiles(starts, n=10)[8],
        "warm_us": statistics.median(warm) * 1000,
        "memory_mb": statistics.median(s.memory for s in samples),
        "memory_warm_mb": statistics.median(s.memory_warm for s in samples),
        "binary_mb": size / 1e6,
        "stub_cpu_ms": statistics.median(s.stub_cpu for s in samples),
        "samples": [vars(sample) for sample in samples],
    }


def table(result: dict) -> str:
    head = ["", "AWS calls", "init ms", "first ms", "init + first ms (p10 to p90)", "x empty",
            "Python / it", "warm us", "peak MB", "binary MB"]
    lines = [head]
    for r in result["subjects"]:
        spread = f"({r['start_p10_ms']:.1f} to {r['start_p90_ms']:.1f})"
        lines.append([
            r["name"], str(r["aws_calls"]), f"{r['init_ms']:.2f}", f"{r['first_ms']:.2f}",
            f"{r['start_ms']:.2f} {spread}", f"{r['times_empty']:.2f}",
            f"{r['ahead_of_python']:.1f}", f"{r['warm_us']:.0f}", f"{r['memory_mb']:.1f}",
            f"{r['binary_mb']:.2f}" if r["binary_mb"] else "-",
        ])
    return "\n".join([*aligned(lines), "", *footnotes(result)])


def aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(row[1:], widths[1:])]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "-" * max(len(line) for line in lines))
    return lines


def footnotes(result: dict) -> list[str]:
    goals = result["goals"]
    load = os.getloadavg()[0]
    stub = max(r["stub_cpu_ms"] for r in result["subjects"] if r["kind"] == "function")
    busy = load > result["cpus"] / 2 and not result["undisturbed"]
    lines = ["This machine is busy: take these figures on a quiet one, or as root."] if busy else []
    how = "before other work" if result["undisturbed"] else f"load {load:.1f}"
    return lines + [
        f"Medians of {result['rounds']} interleaved starts on {result['cpus']} CPUs ({how}).",
        "init: exec to the first request for work. first: event to answer, with one AWS call",
        "(DynamoDB Query) over a new TLS connection on loopback; the empty function makes none.",
        f"The TLS stub's own CPU time is {stub:.2f} ms of every first with a call; "
        "`bare protocol` is what the measuring itself costs.",
        f"Goals: init + first <= {goals['times_empty']} x empty and >= "
        f"{goals['ahead_of_python']:.0f} x ahead of Python, peak <= {goals['memory_mb']:.0f} MB, "
        f"binary <= {goals['binary_mb']:.0f} MB (10^6 bytes).",
    ]


def missed(result: dict) -> list[str]:
    """Every goal that a function misses, in words."""
    goals, found = result["goals"], []
    for r in result["subjects"]:
        if r["kind"] != "function":
            continue
        for key, limit in goals.items():
            fails = r[key] < limit if key == "ahead_of_python" else r[key] > limit
            if fails:
                found.append(f"{r['name']}: {key} is {r[key]:.2f}, the goal is {limit}")
    return found


