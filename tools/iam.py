#!/usr/bin/env python3
"""Proves the roles by execution on a local endpoint of its own; docs/iam.md says what that shows.

    tools/iam.py [--code DIR] [--simulator auto|required|off] [--plant wide|narrow] [--verbose]

Deploys the real template with roles enforced, lets the functions live through what makes them call
everything that they can call, and then acts with their roles: what they were seen to do is allowed,
what they must not do is denied, and no statement can be taken away. Ends with 1 and a list when
something does not hold; --plant spoils a deployed role first, and then it must.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from iam.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
