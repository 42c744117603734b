"""Deploys every kind of stack to a local endpoint, changes and deletes it; run by tools/test.

.tools/sam/bin/python tools/deploy_stacks.py [--code DIR] [--only refused|sizes|everything|existing|edge]
"""

import sys

from deployments.main import main

if __name__ == "__main__":
    sys.exit(main())
