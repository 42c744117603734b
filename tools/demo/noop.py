"""Puts a program that does nothing in a function's place, to show that the demo then fails.

    tools/demo.py --noop nightly-scale-down

The program answers every event with an empty object, as a function that was deployed with the
wrong code, or forgot to act, would.
"""

from __future__ import annotations

import io
import sys
import zipfile
from typing import Iterable

from .cloud import Cloud

PROGRAM = """#!{python}
import os, urllib.request
runtime = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(runtime + "next") as event:
        event.read()
        id = event.headers["Lambda-Runtime-Aws-Request-Id"]
    urllib.request.urlopen(urllib.request.Request(runtime + id + "/response", b"{{}}")).read()
"""


def put_in_place_of(clouds: Iterable[Cloud], function: str) -> None:
    """Swaps the deployed function's code, in each region that is given."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, PROGRAM.format(python=sys.executable))
    for cloud in clouds:
        cloud.functions.update_function_code(
            FunctionName=cloud.function_name(function), ZipFile=packed.getvalue()
        )
