"""The offline IAM simulator, asked about a policy on a thing: may a service, or another account, do it?"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from resource_policies import Held, Request

from .judges import INSTALLED, Unjudged


class ResourceJudge:
    """One process of the simulator; a question that it does not understand is an error."""

    def __init__(self, account: str) -> None:
        self.account = account
        script = Path(__file__).with_name("simulator") / "judge.mjs"
        self._process = subprocess.Popen(
            ["node", str(script), str(INSTALLED)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def allows(self, policy: Held, request: Request) -> bool:
        question = {
            "documents": [],
            "principal": request.principal,
            "action": request.action,
            "resource": request.resource,
            "account": self.account,
            "context": request.context,
            "resourcePolicy": policy.document,
        }
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"error": "it ended"}')
        if "error" in answer:
            raise Unjudged(f"{policy.where}, {request}: {answer['error']}")
        return answer["decision"] == "Allowed"
