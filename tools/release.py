"""Packs a release: programs, templates that point at them, samconfig.toml, checksums, lists of parts.

The same input gives the same bytes: names are sorted and times are those of ZIP's first day. The
templates differ from the repository's in three things only: a function's code is its zip, nothing is
built (no BuildMethod), and the architecture is the one of the programs.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = re.compile(r"^(\s*(?:CodeUri|Code): (?:\.\./)?functions/[a-z-]+)/$", re.MULTILINE)
BUILD = re.compile(r"^ *Metadata: \{ BuildMethod: rust-cargolambda \}\n", re.MULTILINE)
ARCHITECTURE = re.compile(r"^(  Architecture: \{ Type: String, )Default: x86_64, AllowedValues: \[x86_64, arm64\]", re.MULTILINE)
BUILD_SECTION = re.compile(r"^\[[a-z0-9-]+\.build\.parameters\]\n(?:(?!\[).*\n)*", re.MULTILINE)
FIRST_DAY = (1980, 1, 1, 0, 0, 0)
PROGRAM, TEXT = 0o755, 0o644


def pack(entries: dict[str, bytes], executable: bool = False) -> bytes:
    """A zip with these files, the same bytes for the same files."""
    from io import BytesIO

    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, FIRST_DAY)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = (PROGRAM if executable else TEXT) << 16
            packed.writestr(info, entries[name])
    return buffer.getvalue()


def template_of(text: str, architecture: str) -> str:
    """A template that takes zips, builds nothing, and is for one architecture."""
    text = BUILD.sub("", CODE.sub(r"\1.zip", text))
    return ARCHITECTURE.sub(rf"\1Default: {architecture}, AllowedValues: [{architecture}]", text)


def programs(code: Path) -> dict[str, bytes]:
    """functions/NAME.zip for each function of the repository; one that was not built is an error."""
    found = {}
    for folder in sorted(f for f in (ROOT / "functions").iterdir() if f.is_dir()):
        program = code / folder.name / "bootstrap"
        if not program.exists():
            raise SystemExit(f"release: {program} is not there")
        found[f"functions/{folder.name}.zip"] = pack({"bootstrap": program.read_bytes()}, executable=True)
    return found


def contents(version: str, architecture: str, code: Path, boms: list[Path]) -> dict[str, bytes]:
    files = programs(code)
    for file in [ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml"))]:
        text = template_of(file.read_text(), architecture)
        files[str(file.relative_to(ROOT))] = text.encode()
    settings = BUILD_SECTION.sub("", (ROOT / "samconfig.toml").read_text())
    files["samconfig.toml"] = settings.encode()
    files["LICENSE"] = (ROOT / "LICENSE").read_bytes()
    files["DEPLOY.md"] = (ROOT / "docs" / "release.md").read_bytes()
    files["VERSION"] = f"{version} {architecture}\n".encode()
    for bom in boms:
        files[f"sbom/{bom.name}"] = bom.read_bytes()
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
    return {**files, "SHA256SUMS": sums.encode()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", required=True)
    parser.add_argument("--architecture", required=True, choices=["x86_64", "arm64"])
    parser.add_argument("--code", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("boms", nargs="*", type=Path)
    asked = parser.parse_args()
    top = f"tidegate-{asked.version}-{asked.architecture}"
    files = contents(asked.version, asked.architecture, asked.code, asked.boms)
    data = pack({f"{top}/{name}": content for name, content in files.items()})
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / f"{top}.zip").write_bytes(data)
    (asked.out / f"{top}.zip.sha256").write_text(f"{hashlib.sha256(data).hexdigest()}  {top}.zip\n")
    print(f"release: {asked.out}/{top}.zip, {len(files)} files, {len(data) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
