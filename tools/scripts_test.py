# SPDX-License-Identifier: Apache-2.0
"""The scripts explain themselves, refuse what they don't know, and read a well-formed list of dependencies."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
SCRIPTS = ("quickstart", "setup", "test", "build_libonnx", "wheels", "docs")
KINDS = {"apt", "pip", "pip-bare", "pip-source"}
GROUPS = {"build", "example", "test", "bench", "develop", "programs"}


def run(script, *args):
    """Runs a script from a folder that is not the project's."""
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run([TOOLS / script, *args], cwd=folder, capture_output=True, text=True, check=False)


def rows():
    text = (TOOLS / "dependencies.txt").read_text()
    return [[field.strip() for field in line.split("|")] for line in text.splitlines() if line and line[0] != "#"]


class Scripts(unittest.TestCase):
    def test_help(self):
        for script in SCRIPTS:
            with self.subTest(script):
                result = run(script, "--help")
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertIn(f"Usage: tools/{script}", result.stdout)

    def test_unknown_argument(self):
        for script, argument in (("quickstart", "--nonsense"), ("setup", "nonsense"), ("test", "--nonsense"),
                                 ("wheels", "--nonsense"), ("docs", "--nonsense")):
            with self.subTest(script):
                result = run(script, argument)
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(argument, result.stderr)

    def test_unknown_stage(self):
        result = run("test", "--only", "release,nonsense")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("nonsense", result.stderr)

    def test_scripts_can_be_run(self):
        for script in SCRIPTS:
            self.assertTrue(os.access(TOOLS / script, os.X_OK), script)


class Dependencies(unittest.TestCase):
    def test_fields(self):
        for row in rows():
            with self.subTest(row):
                self.assertEqual(len(row), 5)
                kind, groups, name, version, why = row
                self.assertIn(kind, KINDS)
                self.assertLessEqual(set(groups.split(",")), GROUPS)
                self.assertTrue(name and version and len(why.split()) >= 2)

    def test_each_is_named_once(self):
        names = [(row[0], row[2]) for row in rows()]
        self.assertEqual(len(names), len(set(names)))

    def test_groups_are_what_setup_lists(self):
        listed = run("setup", "--list", "build").stdout.splitlines()
        wanted = [f"{kind} {name} {version}" for kind, groups, name, version, _ in rows() if "build" in groups.split(",")]
        self.assertEqual(sorted(listed), sorted(wanted))


if __name__ == "__main__":
    unittest.main()
