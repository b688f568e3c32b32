# SPDX-License-Identifier: Apache-2.0
"""What is installed is enough: a C program, a C++ program and a provider, built outside of the tree.

Installs the build folder into a temporary prefix, moves it (the tree is relocatable), and there: builds each consumer by
find_package and the programs by pkg-config too; runs them; drops the provider into a folder of its own and lets it run
the Softmax nodes of bert_base with no rebuild; removes the cpu provider and runs again; asks `nm -D` and `ldd` who
links whom.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ["TENON_BUILD_DIR"])
sys.path[:0] = [str(HERE.parent / "models")]

import catalog  # noqa: E402


def run(*command, **more) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


class Consumers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="tenon-consumers-"))
        first, cls.prefix = cls.folder / "first", cls.folder / "moved here"
        run("cmake", "--install", BUILD, "--prefix", first)
        first.rename(cls.prefix)
        cls.model = HERE / "relu.onnx"

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def build(self, name: str) -> Path:
        out = self.folder / name
        run("cmake", "-S", HERE / name, "-B", out, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}",
            "-DCMAKE_BUILD_TYPE=Release")
        run("cmake", "--build", out)
        return out

    def tenon(self, *arguments, **more) -> str:
        return run(self.prefix / "bin" / "tenon", *arguments, **more)

    def test_c_program(self):
        text = run(self.build("c_program") / "program", self.model)
        self.assertIn("0 0 0 1 2 3", text)
        self.assertRegex(text, r"1 nodes?: ")

    def test_cpp_program(self):
        text = run(self.build("cpp_program") / "program", self.model)
        self.assertIn("NOT_FOUND\n0 0 0 1 2 3", text)

    def test_pkg_config(self):
        environment = {**os.environ, "PKG_CONFIG_PATH": str(self.prefix / "lib" / "pkgconfig")}
        flags = run("pkg-config", "--cflags", "--libs", "tenon", env=environment)
        program = self.folder / "by_pkg_config"
        run("sh", "-c", f"cc -std=c11 {HERE}/c_program/main.c {flags.strip()} -o {program}")
        text = run(program, self.model, env={**os.environ, "LD_LIBRARY_PATH": str(self.prefix / "lib")})
        self.assertIn("0 0 0 1 2 3", text)
        self.assertIn("-I", run("pkg-config", "--cflags", "tenon-plugin-api", env=environment))

    def test_provider_runs_inside_bert_base(self):
        out = self.build("provider")
        dropped = self.folder / "providers"
        dropped.mkdir()
        library = next(out.rglob("libtenon_provider_vendor.so"))
        shutil.copy(library, dropped)
        shutil.copy(HERE / "provider" / "tenon-vendor.json", dropped)
        self.assertNotIn("libtenon.so", run("ldd", library))
        environment = {**os.environ, "TENON_PROVIDER_PATH": str(dropped)}
        listed = json.loads(self.tenon("providers", "--json", env=environment))
        self.assertIn(("vendor", "1.2.3", "loaded"), [(p["id"], p["version"], p["state"]) for p in listed])
        explained = json.loads(self.tenon("explain", catalog.by_name("bert_base").path(), "-p", "vendor", "-p", "cpu",
                                          "-p", "reference", "--json", env=environment))
        on_vendor = [node["op"] for node in explained["nodes"] if node.get("provider") == "vendor"]
        print(explained["line"])
        self.assertEqual(set(on_vendor), {"ai.onnx.Softmax"})
        self.assertEqual(len(on_vendor), 12)

    def test_everything_runs_without_cpu(self):
        copy = self.folder / "without cpu"
        shutil.copytree(self.prefix, copy, symlinks=True)
        for file in (copy / "lib" / "tenon" / "providers.d").glob("*cpu*"):
            file.unlink()
        text = run(copy / "bin" / "tenon", "run", self.model)
        self.assertIn("reference", text)
        path = catalog.by_name("magika").path()
        self.assertIn("reference", run(copy / "bin" / "tenon", "run", path))

    def test_no_provider_links_libtenon(self):
        for library in (self.prefix / "lib" / "tenon" / "providers.d").glob("*.so"):
            self.assertNotIn("libtenon.so", run("ldd", library), library.name)
            exported = [line.split()[-1] for line in run("nm", "-D", "--defined-only", library).splitlines()]
            if library.name == "libtenon_provider_cpu_blas.so":  # a part that the variants share
                self.assertEqual(exported, ["tenon_cpu_sgemm"])
            else:
                self.assertEqual(exported, ["tenon_provider_entry_v0"], library.name)
        names = [line.split()[-1] for line in run("nm", "-D", "--defined-only", self.prefix / "lib" / "libtenon.so")
                 .splitlines() if " A " not in line]
        self.assertEqual([name for name in names if not name.startswith("tenon_")], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
