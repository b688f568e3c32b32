# SPDX-License-Identifier: Apache-2.0
"""The wheels in virtual environments that have nothing else: wheels_test.py [--build]

NumPy and ml_dtypes are linked in from build/venv, in place of a download. --build runs tools/wheels first; without it,
the wheels of build/wheels are taken as they are.
"""
import itertools
import json
import os
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WHEELS = ROOT / "build" / "wheels"
MODEL = ROOT / "tests" / "consumers" / "relu.onnx"
PACKAGES = ("tenon", "tenon_provider_reference", "tenon_provider_cpu")
RUN = """
import numpy as np, tenon
session = tenon.InferenceSession({model!r})
out, = session.run(None, {{"x": np.float32([[-3, -2, -1], [1, 2, 3]])}})
assert out.tolist() == [[0, 0, 0], [1, 2, 3]], out
print(session.placement())
"""


def wheel(package: str) -> Path:
    found = sorted(WHEELS.glob(f"{package}-*.whl"))
    if len(found) != 1:
        raise AssertionError(f"build/wheels has {len(found)} wheels of {package}")
    return found[0]


def run(*command, status: int = 0, **more) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, **more)
    if done.returncode != status:
        raise AssertionError(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


class Environment:
    """A virtual environment, driven by the pip of build/venv."""

    def __init__(self, folder: Path):
        self.folder = folder
        run(sys.executable, "-m", "venv", "--without-pip", folder)
        self.python = folder / "bin" / "python"
        self.site = Path(self.ask("import sysconfig; print(sysconfig.get_path('purelib'))").strip())
        source = Path(next(path for path in sys.path if path.endswith("site-packages")))
        for name in ("numpy*", "ml_dtypes*"):
            for path in source.glob(name):
                (self.site / path.name).symlink_to(path)
        # A path of its own only, no variable of ours, and a current folder that is not the tree.
        self.clean = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}

    def ask(self, code: str, status: int = 0) -> str:
        return run(self.python, "-I", "-c", code, status=status, cwd=self.folder)

    def pip(self, *arguments) -> None:
        run(sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", self.python, *arguments)

    def install(self, *packages: str) -> None:
        self.pip("install", "-q", "--no-deps", "--no-index", "--no-compile", *(wheel(package) for package in packages))

    def remove(self, package: str) -> None:
        self.pip("uninstall", "-q", "-y", package.replace("_", "-"))

    def tenon(self, *arguments, status: int = 0, **more) -> str:
        more = {"env": self.clean, "cwd": self.folder, **more}
        return run(self.folder / "bin" / "tenon", *arguments, status=status, **more)


class Wheels(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="tenon-wheels-")
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def environment(self, *packages: str) -> Environment:
        made = Environment(self.folder / f"env{len(list(self.folder.iterdir()))}")
        if packages:
            made.install(*packages)
        return made

    def check(self, environment: Environment, installed: set[str]) -> None:
        """What works with `installed` works, and what can't says why."""
        if "tenon" not in installed:
            self.assertIn("ModuleNotFoundError", environment.ask("import tenon", status=1))
            self.assertFalse((environment.folder / "bin" / "tenon").exists())
            return
        code = RUN.format(model=str(MODEL))
        if "tenon_provider_cpu" in installed:
            self.assertEqual(environment.ask(code), "1 node: cpu 1\n")
        elif "tenon_provider_reference" in installed:
            self.assertEqual(environment.ask(code), "1 node: reference 1\n")
        else:
            said = environment.ask(code, status=1).strip().splitlines()[-1]
            self.assertRegex(said, r"^tenon\.errors\.\w+Error: .*\bprovider")
        found = {provider["id"] for provider in json.loads(environment.tenon("providers", "--json"))}
        self.assertEqual(found, {name.rpartition("_")[2] for name in installed if "provider" in name})

    def test_each_order_of_installation_and_removal(self):
        for i, order in enumerate(itertools.permutations(PACKAGES)):
            with self.subTest(order=order):
                environment, installed = self.environment(), set()
                for package in order:
                    environment.install(package)
                    installed.add(package)
                self.check(environment, installed)
                for package in (order if i % 2 else order[::-1]):
                    environment.remove(package)
                    installed.discard(package)
                    self.check(environment, installed)
                left = [path.name for path in environment.site.iterdir() if "tenon" in path.name]
                self.assertEqual(left, [])

    def test_no_two_share_a_file(self):
        owner: dict[str, str] = {}
        for package in PACKAGES:
            with zipfile.ZipFile(wheel(package)) as archive:
                for name in archive.namelist():
                    self.assertNotIn(name, owner, f"in {package} and in {owner.get(name)}")
                    owner[name] = package
                    self.assertTrue(name.split("/")[0].split("-")[0].split(".")[0] == package, name)
                bad = [n for n in archive.namelist() if n.endswith((".pyc", ".o", ".a", ".cc")) or "__pycache__" in n]
                self.assertEqual(bad, [])
        for wanted in ("tenon/py.typed", "tenon/_tenon.pyi", "tenon/include/tenon/tenon.h", "tenon/include/tenon/plugin.h",
                       "tenon/lib/cmake/Tenon/TenonConfig.cmake", "tenon/lib/libtenon.so.0", "tenon/bin/tenon"):
            self.assertIn(wanted, owner)

    def test_nothing_of_the_build_tree(self):
        """No file names the folder that it was built in."""
        for package in PACKAGES:
            with zipfile.ZipFile(wheel(package)) as archive:
                for name in archive.namelist():
                    # libonnx's own assertions name its sources; nothing is read from there.
                    data = archive.read(name).replace(f"{ROOT}/build/deps/onnx-src/".encode(), b"")
                    self.assertFalse(str(ROOT).encode() in data, name)

    def test_the_command(self):
        environment = self.environment(*PACKAGES)
        self.assertIn("1 node: cpu 1", environment.tenon("run", MODEL, "--seed", "1"))
        text = environment.tenon("providers")
        self.assertIn("cpu", text)
        self.assertIn("reference", text)
        self.assertNotEqual(environment.tenon("no-such-command", status=self.status_of_unknown(environment)), "")
        # A virtual environment that is moved finds its own: nothing is read from where it was.
        self.assertIn("1 node: reference 1", environment.tenon("run", MODEL, "--provider", "reference", "--seed", "1"))
        by_module = run(environment.python, "-I", "-m", "tenon", "providers", env=environment.clean, cwd="/")
        self.assertIn("cpu", by_module)

    def status_of_unknown(self, environment: Environment) -> int:
        done = subprocess.run([environment.folder / "bin" / "tenon", "no-such-command"], env=environment.clean,
                              capture_output=True, text=True, cwd=environment.folder)
        self.assertNotEqual(done.returncode, 0)
        return done.returncode

    def test_the_path_of_programs(self):
        """`tenon X` is a tenon-X beside the script or on the PATH; the current folder is neither."""
        environment = self.environment(*PACKAGES)
        here = environment.folder / "work"
        here.mkdir()
        for folder, text in ((here, "from the current folder"), (environment.folder / "bin", "beside")):
            program = folder / "tenon-hello"
            program.write_text(f"#!/bin/sh\necho {text}; echo \"$PATH\"; echo \"$TENON_PROVIDER_PATH\"\n")
            program.chmod(0o755)
        for path in ("/usr/bin:/bin", "", None):
            clean = {key: value for key, value in environment.clean.items() if key != "PATH"}
            if path is not None:
                clean["PATH"] = path
            said = environment.tenon("hello", env=clean, cwd=here).splitlines()
            self.assertEqual(said[0], "beside")
            for listed in said[1:3]:
                parts = listed.split(":")
                self.assertEqual(sorted(parts), sorted(set(parts)), "a folder twice")
                self.assertTrue(all(part.startswith("/") for part in parts), listed)
        (environment.folder / "bin" / "tenon-hello").unlink()
        for path in ("/usr/bin:/bin", ""):
            done = subprocess.run([environment.folder / "bin" / "tenon", "hello"], cwd=here, capture_output=True, text=True,
                                  env={**environment.clean, "PATH": path})
            self.assertNotEqual(done.returncode, 0)
            self.assertNotIn("current folder", done.stdout)

    def test_c_and_cpp_programs_build_with_it(self):
        environment = self.environment(*PACKAGES)
        prefix = Path(environment.tenon("--prefix").strip())
        cmake = Path(run(environment.python, "-I", "-m", "tenon", "--cmake", cwd="/").strip())
        self.assertTrue((prefix / "include" / "tenon" / "tenon.hpp").exists() and (cmake / "TenonConfig.cmake").exists())
        variables = {**os.environ, "TENON_PROVIDER_PATH": ":".join(json.loads(environment.ask(
            "import json, tenon; print(json.dumps(tenon.provider_folders()))")))}
        for name in ("c_program", "cpp_program"):
            out = self.folder / name
            run("cmake", "-S", ROOT / "tests" / "consumers" / name, "-B", out, "-G", "Ninja", f"-DTenon_DIR={cmake}",
                "-DCMAKE_BUILD_TYPE=Release")
            run("cmake", "--build", out)
            text = run(out / "program", MODEL, env=variables)
            self.assertIn("0 0 0 1 2 3", text)
            self.assertIn("1 node: cpu 1", text)
        pkgconfig = run(environment.python, "-I", "-m", "tenon", "--pkgconfig").strip()
        flags = run("pkg-config", "--cflags", "--libs", "tenon", env={**os.environ, "PKG_CONFIG_PATH": pkgconfig})
        program = self.folder / "by_pkg_config"
        run("sh", "-c", f"cc -std=c11 {ROOT}/tests/consumers/c_program/main.c {flags.strip()} -o {program}")
        variables["LD_LIBRARY_PATH"] = str(prefix / "lib")
        self.assertIn("0 0 0 1 2 3", run(program, MODEL, env=variables))

    def test_types_are_there(self):
        environment = self.environment(*PACKAGES)
        stub = (environment.site / "tenon" / "_tenon.pyi").read_text()
        self.assertIn("class Tensor", stub)


if __name__ == "__main__":
    if "--build" in sys.argv:
        sys.argv.remove("--build")
        subprocess.run([ROOT / "tools" / "wheels"], check=True)
    if not all(list(WHEELS.glob(f"{package}-*.whl")) for package in PACKAGES):
        print("build/wheels has no wheels: run tools/wheels")
        sys.exit(77)
    unittest.main()
