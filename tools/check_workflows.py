"""The workflows in .github, where zizmor asks nothing: versions beside pins, permissions, no keys, commands that exist.

Run by `make test`. Each check must also find the fault that is put into a copy of the text (MUTATIONS).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator

from samcli.yamlhelper import yaml_parse
from template_parts import ROOT

Texts = dict[str, str]
USES = re.compile(r"uses: *(\S+?)@(\S+)(.*)$", re.MULTILINE)


def actions_are_pinned(texts: Texts) -> Iterator[str]:
    """By the whole commit, with the version for people; one commit for each action."""
    pins: dict[str, set[str]] = {}
    for file, text in texts.items():
        for action, commit, rest in USES.findall(text):
            pins.setdefault(action, set()).add(commit)
            if not re.fullmatch(r"[0-9a-f]{40}", commit):
                yield f"{file}: {action}@{commit} can be moved"
            if not re.fullmatch(r" # v\d+\.\d+\.\d+", rest):
                yield f"{file}: {action}: nobody sees which version it is"
    for action, commits in pins.items():
        if len(commits) > 1:
            yield f"{action}: pinned to {len(commits)} commits"


def jobs_ask_for_little(texts: Texts) -> Iterator[str]:
    for file, text in texts.items():
        workflow = yaml_parse(text)
        if workflow.get("permissions") != {}:
            yield f"{file}: a job that names no permissions gets some"
        for name, job in workflow["jobs"].items():
            if "permissions" not in job or "timeout-minutes" not in job:
                yield f"{file}: {name}: names no permissions, or no end"
            writes = {k for k, v in job.get("permissions", {}).items() if v == "write"}
            if writes and "environment" not in job:
                yield f"{file}: {name}: may write {', '.join(sorted(writes))} and asks nobody"
            if writes - {"id-token"} and any("cargo" in str(s.get("run")) for s in job["steps"]):
                yield f"{file}: {name}: builds with a right to write"


def there_are_no_keys(texts: Texts) -> Iterator[str]:
    for file, text in texts.items():
        for word in ("aws-access-key-id", "aws-secret-access-key", "AWS_SECRET_ACCESS_KEY", "secrets."):
            if word in text:
                yield f"{file}: {word}: a key that can be stolen"


def credentials_come_after_the_build(texts: Texts) -> Iterator[str]:
    for file, text in texts.items():
        for name, job in yaml_parse(text)["jobs"].items():
            said = [str(s.get("run", "")) + str(s.get("uses", "")) for s in job["steps"]]
            first = next((i for i, s in enumerate(said) if "configure-aws-credentials" in s), len(said))
            for step in said[first:]:
                if re.search(r"cargo|sam build|tools/setup|/bundle", step):
                    yield f"{file}: {name}: `{step[:40]}` sees credentials"


def no_input_is_a_command(texts: Texts) -> Iterator[str]:
    """What somebody typed is text in an environment, never part of a shell's line."""
    for file, text in texts.items():
        for name, job in yaml_parse(text)["jobs"].items():
            for step in job["steps"]:
                if "${{" in str(step.get("run", "")):
                    yield f"{file}: {name}: an expression inside a command"


def commands_exist(texts: Texts) -> Iterator[str]:
    for file, text in texts.items():
        for command in re.findall(r"(?<![\w./])((?:tools|\.ci)/[a-z-]+)(?![\w./-])", text):
            if not (ROOT / command).exists():
                yield f"{file}: there is no {command}"


CHECKS = [
    actions_are_pinned,
    jobs_ask_for_little,
    there_are_no_keys,
    credentials_come_after_the_build,
    no_input_is_a_command,
    commands_exist,
]


def _in(file: str, old: str, new: str) -> Callable[[Texts], Texts]:
    def change(texts: Texts) -> Texts:
        assert old in texts[file], (file, old)
        return {**texts, file: texts[file].replace(old, new, 1)}

    return change


MUTATIONS = [
    ("actions_are_pinned", "a tag", _in("ci.yaml", "@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0", "@v5")),
    ("actions_are_pinned", "a pin without a version", _in("ci.yaml", " # v5.0.0", "")),
    ("actions_are_pinned", "two commits of one action", _in("ci.yaml", "@08c6903c", "@18c6903c")),
    ("jobs_ask_for_little", "rights by default", _in("ci.yaml", "permissions: {}", "permissions: { contents: write }")),
    ("jobs_ask_for_little", "a job without an end", _in("ci.yaml", "    timeout-minutes: 90\n", "")),
    ("jobs_ask_for_little", "a release that asks nobody", _in("release.yaml", "    environment: release\n", "")),
    ("jobs_ask_for_little", "a build that may write", _in("release.yaml", "- run: cd release && cat", "- run: cargo build && cat")),
    ("there_are_no_keys", "a key", _in("deploy.yaml", "role-to-assume: ${{ vars.TIDEGATE_ROLE }}", "aws-access-key-id: ${{ vars.KEY }}")),
    ("credentials_come_after_the_build", "a build with credentials", _in("deploy.yaml", "&& sam deploy", "&& sam build && sam deploy")),
    ("no_input_is_a_command", "an input in a command", _in("deploy.yaml", '"$SAM_ENVIRONMENT"', "${{ inputs.environment }}")),
    ("commands_exist", "a command of another day", _in("release.yaml", "tools/release --arch", "tools/publish --arch")),
]  # fmt: skip


def main() -> int:
    texts = {f.name: f.read_text() for f in sorted((ROOT / ".github" / "workflows").glob("*.yaml"))}
    failed = 0
    for check in CHECKS:
        found = list(check(texts))
        failed += bool(found)
        print(f"{'FAIL' if found else 'ok  '} {check.__name__.replace('_', ' ')}")
        for fault in found:
            print(f"       {fault}")
    by_name = {check.__name__: check for check in CHECKS}
    for name, what, change in MUTATIONS:
        found = list(by_name[name](change(texts)))
        failed += not found
        print(f"{'ok  ' if found else 'FAIL'} finds {what}")
    total = len(CHECKS) + len(MUTATIONS)
    print(f"workflows: {len(texts)} files; {total - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
