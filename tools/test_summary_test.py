# SPDX-License-Identifier: Apache-2.0
"""The summary of tools/test counts right, gives reasons, and fails when a stage never reached its tests."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import test_summary

JUNIT = """<testsuite>
<testcase name="a" status="run"/>
<testcase name="b" status="run"/>
<testcase name="c" status="fail"><failure message="Failed"/></testcase>
<testcase name="d" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/><system-out>long story
no AVX-512 here</system-out></testcase>
<testcase name="e" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/><system-out>[ RUN ] e
x_test.cc:1: Skipped
needs qemu
[  SKIPPED ] e</system-out></testcase>
<testcase name="f" status="notrun"><skipped message="Unable to find executable: f"/><system-out/></testcase>
</testsuite>"""


def run(report):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        status = test_summary.main(["test_summary.py", str(report)])
    return status, text.getvalue()


class Summary(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.report = Path(folder.name)

    def test_counts_and_reasons(self):
        (self.report / "release.xml").write_text(JUNIT)
        (self.report / "times").write_text("release 12\n")
        status, text = run(self.report)
        self.assertEqual(status, 1)
        self.assertEqual(text.splitlines()[-1], "2 passed, 2 failed, 2 skipped")
        self.assertIn("skipped d (1): no AVX-512 here", text)
        self.assertIn("skipped e (1): needs qemu", text)
        self.assertIn("FAILED f", text)

    def test_broken_stage_is_a_failure(self):
        (self.report / "times").write_text("asan 3\n")
        (self.report / "broken").write_text("asan\n")
        status, text = run(self.report)
        self.assertEqual(status, 1)
        self.assertEqual(text.splitlines()[-1], "0 passed, 1 failed, 0 skipped")

    def test_program_of_many_cases(self):
        (self.report / "release.xml").write_text("""<testsuite><testcase name="cases" status="run"><system-out>
a_test.cc:3: Skipped
draws random numbers
[  PASSED  ] 690 tests.
[  SKIPPED ] 2 tests, listed below:</system-out></testcase></testsuite>""")
        (self.report / "times").write_text("release 1\n")
        _, text = run(self.report)
        self.assertEqual(text.splitlines()[-1], "690 passed, 0 failed, 2 skipped")
        self.assertIn("draws random numbers", text)

    def test_machine(self):
        info = self.report / "cpuinfo"
        info.write_text("processor : 0\nmodel name : Acme 7\nflags : sse2 avx2 fma\n\nprocessor : 1\n")
        line = test_summary.machine(info)
        self.assertIn("Acme 7, 2 cores; has avx2 fma;", line)
        self.assertIn("lacks them: avx512f", line)

    def test_all_passed(self):
        (self.report / "release.xml").write_text('<testsuite><testcase name="a" status="run"/></testsuite>')
        (self.report / "times").write_text("release 1\n")
        (self.report / "deep").write_text("Total Tests: 3\n")
        status, text = run(self.report)
        self.assertEqual(status, 0)
        self.assertIn("3 deep tests", text)
        self.assertEqual(text.splitlines()[-1], "1 passed, 0 failed, 0 skipped")


if __name__ == "__main__":
    unittest.main()
