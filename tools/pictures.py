"""The README's pictures, drawn from the templates: the service by day and in a spike, and the scaling policy.

  tools/pictures.py            writes docs/architecture-normal.svg, -spike.svg and docs/scaling-policy.svg
  tools/pictures.py --check    fails when they are not what this would write

Every number and name in them is a parameter's default or a resource of a template: who changes one
changes the picture. Text is 20 px on a drawing of 600, so that it is read on a phone; a line that
would leave its box is an error.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from html import escape
from math import floor

from picture_policy import policy
from template_parts import ROOT, ROOT_FILE, called_function, functions, load, schedules

WIDTH, TEXT, LINE = 600, 20, 27
INK, SOFT, PAPER = "#1b2733", "#5b6b7b", "#ffffff"
CALM, HOT, FILL, HOT_FILL = "#1f6f8b", "#c0392b", "#f1f5f8", "#fdecea"
#: Width of a letter of the drawing's type, at most, as a part of its size.
LETTER = 0.53
DOCS = ROOT / "docs"


@dataclass
class Drawing:
    """SVG, line by line."""

    height: int
    title: str
    lines: list[str] = field(default_factory=list)

    def box(self, x: int, y: int, w: int, rows: list[str], hot: bool = False, dashed: bool = False, h: int = 0) -> int:
        """A title and what stands under it; answers the lower edge."""
        h = h or 20 + LINE * len(rows)
        dash = ' stroke-dasharray="7 5"' if dashed else ""
        self.lines.append(
            f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="8" fill="{HOT_FILL if hot else FILL}" '
            f'stroke="{HOT if hot else CALM}" stroke-width="2"{dash}/>'
        )
        for place, row in enumerate(rows):
            bold = place == 0
            if len(row) * TEXT * (LETTER + 0.03 * bold) > w - 16:
                raise SystemExit(f"pictures: {row!r} leaves its box")
            self.text(x + 10, y + 27 + LINE * place, row, bold, HOT if hot and bold else INK)
        return y + h

    def text(self, x: float, y: float, row: str, bold: bool = False, colour: str = INK, anchor: str = "start") -> None:
        weight = ' font-weight="600"' if bold else ""
        self.lines.append(
            f'<text x="{x:g}" y="{y:g}"{weight} fill="{colour}" text-anchor="{anchor}">{escape(row)}</text>'
        )

    def arrow(self, path: str, hot: bool = False, faint: bool = False) -> None:
        colour, width = (HOT, 4) if hot else (SOFT, 1.5 if faint else 2.5)
        end = "hot" if hot else "calm"
        self.lines.append(
            f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}" marker-end="url(#{end})"/>'
        )

    def svg(self) -> str:
        heads = "".join(
            f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="{size}" markerHeight="{size}" '
            f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L10 5L0 10z" fill="{colour}"/></marker>'
            for name, colour, size in (("calm", SOFT, 13), ("hot", HOT, 17))
        )
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" role="img" '
            f'font-family="Helvetica, Arial, \'Liberation Sans\', sans-serif" font-size="{TEXT}">',
            f"<title>{escape(self.title)}</title>",
            f"<defs>{heads}</defs>",
            f'<rect width="{WIDTH}" height="{self.height}" fill="{PAPER}"/>',
            *self.lines,
            "</svg>\n",
        ])


# --- what the templates say -----------------------------------------------------------------------


@dataclass(frozen=True)
class Facts:
    """Names and numbers of the templates."""

    group: str
    floor: int
    night: int
    cpu: int
    requests: int
    far: int
    large: int
    ticks: str
    plans: str
    scalers: list[str]
    caller: str

    @property
    def added(self) -> int:
        """What the large step adds to the day's floor; percent above one are rounded down."""
        return max(1, floor(self.floor * self.large / 100))


def facts(templates: dict) -> Facts:
    asked = {n: p.get("Default") for n, p in templates[ROOT_FILE]["Parameters"].items()}
    rates: dict[str, set[str]] = {}
    for function, _, schedule in schedules(templates):
        rates.setdefault(function, set()).add(in_words(schedule["ScheduleExpression"]))
    scalers = [n for n in ("spike-step-scaler", "daytime-scale-up", "nightly-scale-down") if n in functions(templates)]
    (tick,), (plan,) = rates["spike-step-scaler"], rates["nightly-scale-down"] | rates["daytime-scale-up"]
    spike = templates["infra/spike-alarms.yaml"]["Resources"]
    if {"CpuHigh", "RequestsHigh"} - set(spike):
        raise SystemExit("pictures: the spike's alarms are others than drawn")
    return Facts(
        group=asked["WebGroupName"], floor=asked["DayFloor"], night=asked["NightFloor"], cpu=asked["CpuHighPercent"],
        requests=asked["RequestsPerTargetHigh"], far=asked["RequestsFarHigher"], large=asked["LargeStepPercent"],
        ticks=tick, plans=plan, scalers=scalers, caller=called_function(templates, "infra/alarm-router.yaml", {"Ref": "RouterFunctionArn"}),
    )  # fmt: skip


def in_words(expression: str) -> str:
    words = {"rate(1 minute)": "every minute", "cron(0/5 * * * ? *)": "every 5 minutes"}
    if expression not in words:
        raise SystemExit(f"pictures: no words for {expression}")
    return words[expression]


# --- the service ----------------------------------------------------------------------------------

LEFT, RIGHT, WIDE = 32, 346, 246
MIDDLE_LEFT, MIDDLE_RIGHT = LEFT + WIDE // 2, RIGHT + WIDE // 2


def service(f: Facts, spike: bool) -> str:
    what = "In a spike: an alarm calls" if spike else "By day: the plan holds"
    d = Drawing(818, f"Tidegate. {what}")
    d.text(LEFT, 34, what, True, HOT if spike else CALM)
    controller(d, f, spike)
    fleet(d, f, spike)
    between(d, spike)
    return d.svg()


def controller(d: Drawing, f: Facts, spike: bool) -> None:
    d.box(LEFT, 56, WIDE, ["Schedules", f"tick {f.ticks},", f"plan {f.plans}"], h=101)
    d.box(LEFT, 197, WIDE, ["Functions", *f.scalers], hot=spike, h=128)
    breach = [f"{f.requests + f.far + 50} requests each,", f"high from {f.requests}"]
    d.box(LEFT, 365, WIDE, ["Alarm" if spike else "Alarms", *(breach if spike else [f"CPU from {f.cpu} %,", f"requests from {f.requests}"])], hot=spike, h=101)
    d.box(LEFT, 508, WIDE, [f.caller, "one message for", "each problem"], hot=spike, h=101)
    d.box(LEFT, 651, WIDE, ["Control table", "policy, memory, lease", "and every decision"], h=101)
    d.arrow(f"M{MIDDLE_LEFT} 157V195", faint=spike)
    d.arrow(f"M{MIDDLE_LEFT} 365V327", hot=spike, faint=not spike)
    d.arrow(f"M{MIDDLE_LEFT} 466V506", hot=spike, faint=not spike)
    d.arrow(f"M{LEFT} 261H14V701H{LEFT - 2}", faint=True)


def fleet(d: Drawing, f: Facts, spike: bool) -> None:
    d.box(RIGHT, 56, WIDE, ["Users", "CloudFront, firewall"], hot=spike, h=74)
    d.box(RIGHT, 170, WIDE, ["Load balancer", "TLS, firewall, health"], hot=spike, h=74)
    added = f"+{f.added}: {f.large} % of {f.floor}" if spike else f"{f.night} at night"
    d.box(RIGHT, 284, WIDE, [f.group, f"{f.floor} by day", added], hot=spike, h=222)
    for place in range(f.floor + (f.added if spike else 0)):
        instance(d, RIGHT + 12 + 38 * (place % 6), 392 + 38 * (place // 6), boots=place >= f.floor)
    if spike:
        d.text(RIGHT + 12 + 38 * 3 + 4, 392 + 38 + 21, "booting", False, HOT)
    d.box(RIGHT, 546, WIDE, ["Cache", "kept by session-sync"], dashed=True, h=74)
    d.box(RIGHT, 660, WIDE, ["Session table", "and its replicas in", "other regions"], dashed=True, h=101)
    d.arrow(f"M{MIDDLE_RIGHT} 130V168", hot=spike)
    d.arrow(f"M{MIDDLE_RIGHT} 244V282", hot=spike)
    d.arrow(f"M{MIDDLE_RIGHT} 506V544", faint=True)
    d.arrow(f"M{MIDDLE_RIGHT} 660V622", faint=True)
    d.text(RIGHT, 792, "dashed: when asked for", False, SOFT)


def instance(d: Drawing, x: int, y: int, boots: bool) -> None:
    look = f'fill="{PAPER}" stroke="{HOT}" stroke-dasharray="5 4"' if boots else f'fill="{CALM}" stroke="{CALM}"'
    d.lines.append(f'<rect x="{x}" y="{y}" width="30" height="30" rx="4" stroke-width="2" {look}/>')


def between(d: Drawing, spike: bool) -> None:
    edge, end = LEFT + WIDE, RIGHT - 2
    d.arrow(f"M{edge} 304H{end}", hot=spike)
    d.arrow(f"M{RIGHT} 415H{edge + 2}", hot=spike, faint=not spike)
    d.text(LEFT, 792, "\u2192 MinSize   \u2190 metrics", False, SOFT)


# --- all of them ------------------------------------------------------------------------------------


def drawn(templates: dict) -> dict[str, str]:
    f = facts(templates)
    return {
        "architecture-normal.svg": service(f, spike=False),
        "architecture-spike.svg": service(f, spike=True),
        "scaling-policy.svg": policy(Drawing, templates),
    }


def main() -> int:
    templates = load()
    made = drawn(templates)
    if "--check" not in sys.argv[1:]:
        for name, svg in made.items():
            (DOCS / name).write_text(svg)
            print(f"pictures: docs/{name}, {len(svg)} bytes")
        return 0
    stale = [n for n, svg in made.items() if not (DOCS / n).exists() or (DOCS / n).read_text() != svg]
    readme = [f for f in ("README.md", "README.ko.md") for n in made if n not in (ROOT / f).read_text()]
    blind = list(unseen(templates, made))
    for name in stale:
        print(f"FAIL docs/{name} is not what tools/pictures.py draws; run it")
    for file in sorted(set(readme)):
        print(f"FAIL {file} does not show every picture")
    for what in blind:
        print(f"FAIL {what} is changed and no picture is")
    print(f"pictures: {len(made)} drawn; {len(stale) + len(set(readme)) + len(blind)} faults")
    return 1 if stale or readme or blind else 0


def unseen(templates: dict, made: dict[str, str]) -> list[str]:
    """Parameters that the pictures are about: another default must be another picture."""
    about = {"DayFloor": 7, "NightFloor": 3, "WebGroupName": "shop", "CpuHighPercent": 60, "RequestsPerTargetHigh": 900}
    about |= {"RequestsFarHigher": 400, "LargeStepPercent": 100, "SmallStepPercent": 20, "MiddleStepPercent": 40}
    about |= {"RequestsMuchHigher": 100, "DayStarts": "07:30", "NightStarts": "23:00", "MinimumInstances": 1}
    about |= {"LowerStepPercent": 10, "BakeSeconds": 900, "StabilizationSeconds": 1200}
    missed = []
    for name, value in about.items():
        root = templates[ROOT_FILE]
        other = {**root, "Parameters": {**root["Parameters"], name: {**root["Parameters"][name], "Default": value}}}
        if drawn({**templates, ROOT_FILE: other}) == made:
            missed.append(name)
    return missed


if __name__ == "__main__":
    sys.exit(main())
