# SPDX-License-Identifier: Apache-2.0
"""Builds and runs the examples of README.md and compares what they print with the block behind each.

An example is a fenced block (c, cpp, python) and the block after it, its output; a block of `$ tenon ...` lines holds
both; the list of file kinds is what `file_type` prints. Numbers may differ by 2%; a time may be any.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "models"))

import catalog  # noqa: E402

BUILD = pathlib.Path(os.environ["TENON_BUILD_DIR"])
SOURCE = HERE.parent.parent
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w.])")
TIME = re.compile(r"[\d.]+ (?:ns|us|ms|s)\b")

C_BEFORE = """
#include <stdio.h>
#include <tenon/tenon.h>
int main(void) {
  tenon_env* env = NULL;
  tenon_session* session = NULL;
  tenon_value *input = NULL, *output = NULL;
  float x[6] = {-3, -2, -1, 1, 2, 3};
  int64_t dims[2] = {2, 3};
  tenon_tensor tensor = {0};
  tensor.size = sizeof tensor;
  tensor.dtype = TENON_FLOAT32;
  tensor.rank = 2;
  tensor.dims = dims;
  tensor.bytes = sizeof x;
  tensor.data = x;
"""
C_AFTER = """
  tensor.size = sizeof tensor;
  if (tenon_value_tensor(output, &tensor, &status)) return 1;
  for (int i = 0; i < 6; ++i) printf("%g ", ((const float*)tensor.data)[i]);
  tenon_string line = tenon_session_placement_line(session);
  printf("\\n%.*s\\n", (int)line.len, line.data);
  return 0;
}
"""
CPP = "#include <cstdio>\n#include <vector>\n#include <tenon/tenon.hpp>\nint main() {\n%s\n}\n"


def blocks():
    """(language, text) of each fenced block of README.md."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", (SOURCE / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def following(language):
    """(example, output) of each block in a language."""
    found = blocks()
    return [(text, found[i + 1][1]) for i, (kind, text) in enumerate(found) if kind == language]


class Readme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        shutil.copy(SOURCE / "tests" / "consumers" / "relu.onnx", cls.folder)
        for name in ("tests", "README.md", "LICENSE", "CMakePresets.json", "CMakeLists.txt", "tools", "plugin-api"):
            (cls.folder / name).symlink_to(SOURCE / name)
        cls.environment = {**os.environ, "PATH": f"{BUILD / 'bin'}:{os.environ['PATH']}",
                           "LD_LIBRARY_PATH": str(BUILD / "lib"), "PYTHONPATH": str(BUILD / "python")}

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def run_here(self, *command, **more):
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False,
                              **more)
        return done.stdout + done.stderr

    def same(self, got, want):
        plain = lambda text: " ".join(TIME.sub("TIME", text).split())  # noqa: E731
        got, want = plain(got), plain(want)
        self.assertEqual(NUMBER.sub("#", got), NUMBER.sub("#", want), f"\ngot:  {got}\nwant: {want}")
        for a, b in zip(NUMBER.findall(got), NUMBER.findall(want), strict=True):
            self.assertLessEqual(abs(float(a) - float(b)), 0.02 * abs(float(b)), f"\ngot:  {got}\nwant: {want}")

    def compiled(self, name, compiler, text):
        (self.folder / name).write_text(text)
        command = [*compiler, "-Wall", "-Werror", "-Wno-misleading-indentation", f"-I{SOURCE / 'core' / 'api' / 'include'}",
                   f"-I{SOURCE / 'plugin-api' / 'include'}", f"-I{SOURCE / 'sdk' / 'cpp' / 'include'}", name, "-o",
                   f"{name}.out", f"-L{BUILD / 'lib'}", "-ltenon"]
        self.assertEqual(self.run_here(*command), "")
        return self.run_here(f"./{name}.out")

    def examples(self, language):
        found = following(language)
        self.assertTrue(found, f"README.md has no example in {language}")
        return found

    def test_c(self):
        for example, output in self.examples("c"):
            self.same(self.compiled("example.c", ["cc", "-std=c11"], C_BEFORE + example + C_AFTER), output)

    def test_cpp(self):
        for example, output in self.examples("cpp"):
            self.same(self.compiled("example.cc", ["c++", "-std=c++20"], CPP % example), output)

    def test_python(self):
        for example, output in self.examples("python"):
            self.same(self.run_here(sys.executable, "-c", example), output)

    def test_command(self):
        count = 0
        for _, text in blocks():
            for command, output in re.findall(r"^\$ (tenon .*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
                self.same(self.run_here("bash", "-c", command), output)
                count += 1
        self.assertGreater(count, 0, "README.md has no `$ tenon ...` line")

    def test_file_type(self):
        text = next(text for _, text in blocks() if "\nLICENSE: " in text)
        program = BUILD / "bin" / "file_type"
        paths = [line.split(":")[0] for line in text.splitlines()[:-1]]
        files = [str(program) if path.endswith("file_type") else path for path in paths]
        got = self.run_here(program, "--model", catalog.by_name("magika").path().parent, *files)
        self.same(got.replace(str(program), "build/release/bin/file_type"), text)


if __name__ == "__main__":
    unittest.main()
