"""Every part of the page and every picture is drawn, and is valid XML, whatever a record holds."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from load_demo import charts, page, results, sample, summary
from load_demo.charts_draw import NARROW, SECONDS_SCALE, WIDE, Panel, Scale, linear

TOOLS = Path(__file__).resolve().parents[1]
SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)
NAMESPACE = "{http://www.w3.org/2000/svg}"
#: Elements of HTML that are never closed.
VOID = {"meta"}


class Tags(HTMLParser):
    """Counts elements and says whether all are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes what is not open")


class Case(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def compared(self, *made: dict[str, Any]) -> results.Comparison:
        for record in made:
            sample.write(self.folder, record)
        return results.read(self.folder)

    def usual(self) -> results.Comparison:
        return results.read(sample.comparison(self.folder, 1))

    def checked(self, comparison: results.Comparison) -> str:
        """The page, when it is well formed and all its drawings are."""
        html = page.render(comparison)
        tags = Tags()
        tags.feed(html)
        self.assertEqual(tags.open, [])
        self.assertNotIn("script", tags.seen)
        for svg in SVG.findall(html):
            self.drawn(ET.fromstring(svg))
        return html

    def drawn(self, svg: ET.Element) -> None:
        """No drawing has a place that is not a number, or a text outside it."""
        width, height = map(float, svg.get("viewBox", "").split()[2:])
        for element in svg.iter():
            for name in ("d", "x", "y", "width", "height"):
                self.assertNotRegex(element.get(name, ""), r"nan|inf|e[+-]", name)
            if element.tag == f"{NAMESPACE}text":
                self.inside(element, svg.get("class", ""), width, height)

    def inside(self, element: ET.Element, css: str, width: float, height: float) -> None:
        letter = (14 if "wide" in css else 12) * 0.6
        long = len(element.text or "") * letter
        x, y = float(element.get("x", "")), float(element.get("y", ""))
        part = {"end": 1.0, "middle": 0.5}.get(element.get("class", ""), 0.0)
        left = x - long * part
        self.assertGreater(left, -3, element.text)
        self.assertLess(left + long, width + 6, element.text)
        self.assertTrue(0 < y < height, element.text)


class Pages(Case):
    def test_every_part_is_there(self) -> None:
        html = self.checked(self.usual())
        for part in ("claims", "summary", "compare", "tidegate", "native", "fixed", "measured",
                     "machine"):
            self.assertIn(f'<section id="{part}">', html)
        # Two side by side and one for each variant, each wide and narrow.
        self.assertEqual(len(SVG.findall(html)), 10)
        for said in ("No browser chatted", "Decisions to hold: 25", "Instances: 12",
                     "Notices: 1<", "Notices: none.", "Run by run"):
            self.assertIn(said, html)
        self.assertNotRegex(html.replace("http://www.w3.org/2000/svg", ""), "https?://|url\\(")

    def test_texts_are_escaped(self) -> None:
        evil = '<img src=x onerror="y">&'
        made = sample.record(faults=[evil])
        for name, field in (("alarms", "reason"), ("notices", "body"), ("decisions", "reason"),
                            ("decisions", "trigger"), ("instances", "id")):
            made[name][0][field] = evil
        made["notices"][0]["subject"] = made["browser"]["steps"][0][1] = evil
        made["browser"]["faults"] = [evil]
        made["machine"]["kernel"] = evil
        made["limits"][evil] = evil
        html = self.checked(self.compared(made))
        self.assertNotIn("<img", html)
        self.assertGreater(html.count("&lt;img"), 10)

    def test_one_variant_and_an_invalid_run(self) -> None:
        busy = {"mean": 0.9, "max_10s": 0.95}
        html = self.checked(self.compared(sample.record(locust_cpu=busy)))
        self.assertIn("Invalid: Locust used 95 % of a core for 10 s", html)
        self.assertIn("run 1, invalid", html)
        self.assertIn("there is no valid run of both", html)

    def test_a_quiet_and_a_short_run(self) -> None:
        nothing: dict[str, Any] = {"alarms": [], "notices": [], "decisions": [], "instances": [],
                                   "browser": None}
        self.checked(self.compared(sample.record(**nothing)))
        series = {name: values[:45] for name, values in sample.record()["seconds"].items()}
        asked = [q for q in sample.record()["questions"] if q["asked"] < sample.BEGAN + 40]
        short = sample.record(ended=sample.BEGAN + 45, stages=[[0, 5], [40, None]],
                              seconds=series, questions=asked)
        html = self.checked(self.compared(short))
        self.assertIn("time to recover", html)

    def test_seconds_without_a_figure_and_a_run_of_an_hour(self) -> None:
        made = sample.record()
        for name in ("demand", "wanted", "booting", "refused", "in_service"):
            made["seconds"][name][50:80] = [None] * 30
        made["seconds"]["demand"] = [None] * 330
        self.checked(self.compared(made))
        made["seconds"]["at"] = [sample.BEGAN + 11 * n for n in range(330)]
        made["ended"] = sample.BEGAN + 3630
        self.checked(self.compared(made))


class Pictures(Case):
    def test_they_stand_alone(self) -> None:
        files = charts.pictures(self.usual(), self.folder / "pictures")
        names = ["compare-latency.svg", "compare-instances.svg", "tidegate-run.svg"]
        self.assertEqual([file.name for file in files], names)
        for file in files:
            svg = ET.parse(file).getroot()
            self.drawn(svg)
            self.assertEqual(svg.get("width"), "900")
            self.assertTrue(svg.findtext(f"{NAMESPACE}title"))
            style = svg.findtext(f"{NAMESPACE}style") or ""
            self.assertIn("prefers-color-scheme: dark", style)
            used = {name for e in svg.iter() for name in (e.get("class") or "").split()}
            styled = set(re.findall(r"\.([a-z0-9-]+)", style))
            self.assertEqual(used - styled, set())


class Scales(unittest.TestCase):
    def test_linear_ends_at_a_readable_number(self) -> None:
        for highest, steps, top in ((0, 4, 1), (1, 4, 1), (3, 4, 3), (12, 5, 15), (16, 5, 20),
                                    (400, 4, 400), (401, 4, 600), (0.2, 3, 1), (83, 3, 100)):
            scale = linear(highest, steps)
            self.assertEqual(scale.highest, top, highest)
            self.assertEqual(scale.ticks[0], 0)
            self.assertEqual(scale.ticks[-1], top)

    def test_log(self) -> None:
        for value, share in ((0.1, 0), (1, 0), (60, 1), (99, 1), (60**0.5, 0.5)):
            self.assertAlmostEqual(SECONDS_SCALE.share(value), share)

    def test_paths(self) -> None:
        panel = Panel(0, 0, 100, 10, 100, Scale(0, 10, (0, 10)))
        points = [(0.0, 0.0), (10.0, 5.0), (20.0, 5.0), (30.0, None), (40.0, 0.0), (50.0, 0.0)]
        self.assertEqual(panel.line(points), "M0.0 10.0h0L10.0 5.0L20.0 5.0M40.0 10.0h0L50.0 10.0")
        self.assertEqual(panel.stairs(points), "M0.0 10.0H10.0V5.0H40.0V10.0H50.0")
        self.assertEqual(panel.bumps(points), "M10.0 10.0V5.0H40.0V10.0")
        self.assertEqual(panel.bumps(points[:3]), "M10.0 10.0V5.0H20.0")
        for draw in (panel.line, panel.stairs, panel.bumps):
            self.assertEqual(draw([(0.0, None)]), "M0 0")
        self.assertLess(NARROW.inner, WIDE.inner)


class Summaries(Case):
    def test_the_tables(self) -> None:
        comparison = self.usual()
        told = summary.markdown(comparison)
        lines = [line for line in told.splitlines() if line.startswith("|")]
        self.assertEqual(len(lines), 2 + len(results.FIGURES))
        self.assertEqual({line.count("|") for line in lines}, {5})
        self.assertIn("| time to recover |", told)
        self.assertIn("never |", told)
        self.assertIn("- Native step scaling's p95 is ", told)
        self.assertIn("holds", summary.terminal(comparison))

    def test_how_figures_are_shown(self) -> None:
        for value, kind, text in (
            (None, "secs", "–"), (float("inf"), "secs", "never"), (float("nan"), "secs", "–"),
            (3.04, "secs", "3.0 s"), (0.1234, "share", "12.3 %"), (1234, "count", "1,234"),
            (2.5, "count", "2.5"), (1.25, "hours", "1.2"),
        ):
            self.assertEqual(summary.shown(value, kind), text)
        spread = results.Spread(2.0, 1.0, 3.0)
        self.assertEqual(summary.spread_shown(spread, "secs"), "2.0 s [1.0 to 3.0]")
        self.assertEqual(summary.spread_shown(results.Spread(2, 2, 2), "count"), "2")

    def test_the_command(self) -> None:
        sample.comparison(self.folder / "runs", 1)
        out = self.folder / "made" / "page.html"

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, str(TOOLS / "load_page.py"), *arguments]
            return subprocess.run(command, capture_output=True, text=True, check=False)

        told = run(str(self.folder / "runs"), "--out", str(out), "--pictures", str(out.parent))
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        self.assertEqual(len(list(out.parent.iterdir())), 4)
        sample.write(self.folder / "runs", sample.record(faults=["late"]))
        told = run(str(self.folder / "runs"), "--markdown")
        self.assertEqual(told.returncode, 1)
        self.assertIn("**does not hold**", told.stdout)
        (self.folder / "runs" / "fixed-1" / "run.json").write_text("{}")
        told = run(str(self.folder / "runs"))
        self.assertEqual(told.returncode, 2)
        self.assertIn("fixed-1/run.json: variant is missing", told.stderr)


if __name__ == "__main__":
    unittest.main()
