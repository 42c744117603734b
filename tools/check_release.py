"""A release is whole: tests of tools/release.py on stand-ins for the programs. Run by `make test`."""

from __future__ import annotations

import hashlib
import re
import tempfile
import unittest
import zipfile
from io import BytesIO
from pathlib import Path

import release
import tomlkit
from samcli.yamlhelper import yaml_parse

FUNCTIONS = sorted(f.name for f in (release.ROOT / "functions").iterdir() if f.is_dir())


def made(architecture: str = "arm64") -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        for name in FUNCTIONS:
            (Path(folder) / name).mkdir()
            (Path(folder) / name / "bootstrap").write_bytes(f"program {name}".encode())
        return release.contents("9.9.9", architecture, Path(folder), [])


class Release(unittest.TestCase):
    def test_the_same_input_gives_the_same_bytes(self) -> None:
        self.assertEqual(release.pack(made()), release.pack(made()))

    def test_sums_are_those_of_the_files(self) -> None:
        files = made()
        sums = dict(reversed(line.split("  ")) for line in files.pop("SHA256SUMS").decode().splitlines())
        self.assertEqual(sums, {name: hashlib.sha256(data).hexdigest() for name, data in files.items()})

    def test_every_program_is_there_and_can_be_run(self) -> None:
        files = made()
        for name in FUNCTIONS:
            with zipfile.ZipFile(BytesIO(files[f"functions/{name}.zip"])) as packed:
                (info,) = packed.infolist()
                self.assertEqual(info.filename, "bootstrap")
                self.assertEqual(info.external_attr >> 16, 0o755)
                self.assertEqual(packed.read(info), f"program {name}".encode())

    def test_every_path_in_a_template_is_in_the_release(self) -> None:
        files, seen = made(), 0
        for name in [n for n in files if n.endswith(".yaml")]:
            for resource in yaml_parse(files[name].decode())["Resources"].values():
                for key in ("CodeUri", "Code", "TemplateURL"):
                    path = resource.get("Properties", {}).get(key)
                    if isinstance(path, str):
                        whole = str((Path("/") / name).parent / path)
                        parts = [p for p in re.sub(r"/[^/]+/\.\.", "", whole).split("/") if p]
                        self.assertIn("/".join(parts), files, f"{name}: {path}")
                        seen += 1
        self.assertGreaterEqual(seen, len(FUNCTIONS))

    def test_nothing_is_built(self) -> None:
        for name, data in made().items():
            if name.endswith((".yaml", ".toml")):
                self.assertNotIn(b"BuildMethod", data, name)
                self.assertNotIn(b".build.", data, name)

    def test_the_architecture_is_the_programs(self) -> None:
        for architecture in ("x86_64", "arm64"):
            root = yaml_parse(made(architecture)["template.yaml"].decode())
            self.assertEqual(root["Parameters"]["Architecture"]["AllowedValues"], [architecture])
            self.assertEqual(root["Parameters"]["Architecture"]["Default"], architecture)

    def test_the_settings_are_read(self) -> None:
        settings = tomlkit.parse(made()["samconfig.toml"].decode())
        self.assertIn("resolve_s3", settings["default"]["deploy"]["parameters"])

    def test_a_program_that_is_missing_is_an_error(self) -> None:
        with tempfile.TemporaryDirectory() as folder, self.assertRaises(SystemExit):
            release.contents("9.9.9", "arm64", Path(folder), [])


if __name__ == "__main__":
    unittest.main()
