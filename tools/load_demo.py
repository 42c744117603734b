#!/usr/bin/env python3
"""A small real fleet under real load; `make load-demo` calls this (tools/load_demo.py --help)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from load_demo.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
