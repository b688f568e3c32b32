# SPDX-License-Identifier: Apache-2.0
"""Runs every example of docs/ and compares what it prints with what the page shows; see examples.py for the rules.

    docs_test.py [--write] [PAGE...]

Installs the build folder (TENON_BUILD_DIR) into a temporary place first: C and C++ programs and providers are built
against what a user has. --write puts the outputs into the pages instead; look at the difference before committing, and
mark what varies with ‹ and ›.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import examples

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
DOCS = SOURCE / "docs"
sys.path.insert(0, str(HERE.parent / "models"))

import catalog  # noqa: E402


def pages():
    """Documents of docs/ that hold examples: all but the one about the folder."""
    return sorted(path for path in DOCS.rglob("*.md") if path.name != "README.md")


def installed(build, folder):
    """An installation of the build folder, and the variables with which it is found."""
    prefix = folder / "prefix"
    done = subprocess.run(["cmake", "--install", build, "--prefix", prefix], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)
    (prefix / "lib" / "tenon" / "providers.d" / "tenon-null.json").unlink(missing_ok=True)  # for authors, not users
    shutil.copy(build / "bin" / "tenon-compare", prefix / "bin")  # where pip puts it
    return examples.environment([prefix / "bin", pathlib.Path(sys.executable).parent], {
        "TENON_PREFIX": str(prefix),
        "CMAKE_PREFIX_PATH": str(prefix),
        "CMAKE_GENERATOR": "Ninja",
        "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig"),
        "LD_LIBRARY_PATH": str(prefix / "lib"),
        "PYTHONPATH": str(build / "python"),
        "XDG_DATA_HOME": str(folder / "data"),
        "TENON_NUM_THREADS": "2",
    })


def place(page, folder):
    """The folder of a page's examples, with the models that pages speak of."""
    here = folder / page.stem
    here.mkdir()
    shutil.copy(SOURCE / "tests" / "consumers" / "relu.onnx", here)
    magika = catalog.by_name("magika").path()
    shutil.copy(magika, here / "magika.onnx")
    return here


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help="put the outputs into the pages")
    parser.add_argument("pages", nargs="*", help="default: all of docs/")
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tenon-docs-"))
    wrong, count, left_out = [], 0, []
    try:
        environment = installed(pathlib.Path(os.environ["TENON_BUILD_DIR"]), folder)
        for path in [pathlib.Path(name) for name in arguments.pages] or pages():
            page = examples.Page(path, place(path, folder), environment).run()
            if arguments.write:
                path.write_text(page.rewritten())
            count += len(page.results)
            wrong += page.wrong()
            print(f"{path.name}: {len(page.results)} examples, {len(page.wrong())} wrong", flush=True)
            left_out += [f"{path.name}:{line}: not run: {reason}" for line, reason in page.left_out]
    finally:
        shutil.rmtree(folder)
    print("\n\n".join(wrong) + "\n" if wrong else "", end="")
    print("\n".join(left_out))
    print(f"{count} examples, {len(wrong)} wrong, {len(left_out)} not run")
    return 1 if wrong or (count == 0 and not arguments.pages) else 0


if __name__ == "__main__":
    sys.exit(main())
