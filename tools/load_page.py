#!/usr/bin/env python3
"""Shows what a comparison under load measured: a page, pictures, a table.

    tools/load_page.py FOLDER [--out FILE.html] [--pictures DIR] [--markdown]

FOLDER holds VARIANT-N/run.json for the variants tidegate, native and fixed. Prints the comparison
as a table, with --markdown in Markdown. Ends with 1 when a claim does not hold, and with 2 and a
reason when a record is not whole.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from load_demo import charts, page, results, summary  # noqa: E402
from load_demo.results_claims import claims  # noqa: E402
from load_demo.results_record import RecordError  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, help="write the page to this file")
    parser.add_argument("--pictures", type=Path, help="write the charts into this folder")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    told = parser.parse_args()
    try:
        comparison = results.read(told.folder)
    except RecordError as error:
        print(f"load_page: {error}", file=sys.stderr)
        return 2
    print((summary.markdown if told.markdown else summary.terminal)(comparison), end="")
    if told.out:
        told.out.parent.mkdir(parents=True, exist_ok=True)
        told.out.write_text(page.render(comparison), encoding="utf-8")
    if told.pictures:
        charts.pictures(comparison, told.pictures)
    return 0 if all(claim.holds for claim in claims(comparison)) else 1


if __name__ == "__main__":
    sys.exit(main())
