# SPDX-License-Identifier: Apache-2.0
"""Each check finds what it is for: a small tree that breaks one rule, and the same tree mended."""

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import dependencies
import documents
import exports
import first_build
import format as layout
import lists
import providers
import sources
import tidy

LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        self.build = self.root / "build"

    def put(self, path, text):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def library(self, path, code, *flags):
        """A shared library made of C code, at a path in the build folder."""
        target = self.build / path
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "-", "-x", "none", "-o", str(target), *flags],
                       input=code, text=True, check=True)
        return target

    def finds(self, problems, *words):
        self.assertEqual(len(problems), 1, problems)
        for word in words:
            self.assertIn(word, problems[0])


class Dependencies(Tree):
    def test_plugin_includes_core(self):
        self.put("core/base/status.hpp", LICENCE)
        self.put("plugins/acme/acme.cc", LICENCE + '#include "core/base/status.hpp"\n')
        self.finds(dependencies.check(self.root, self.build), "plugins/acme/acme.cc:2", "core/base/status.hpp")

    def test_plugin_includes_application_header(self):
        self.put("plugins/acme/acme.cc", "#include <tenon/tenon.h>\n")
        self.finds(dependencies.check(self.root, self.build), "tenon/tenon.h")

    def test_plugin_includes_another_plugin(self):
        self.put("plugins/other/other.hpp", LICENCE)
        self.put("plugins/acme/acme.cc", '#include "../other/other.hpp"\n')
        self.finds(dependencies.check(self.root, self.build), "plugins/other")

    def test_plugin_api_includes_core(self):
        self.put("plugin-api/include/tenon/plugin.h", '#include "core/base/status.hpp"\n')
        self.finds(dependencies.check(self.root, self.build), "belongs to core")

    def test_core_includes_sdk_and_tests_include_core(self):
        self.put("core/api/session.cc", '#include "sdk/cpp/helper.hpp"\n')
        self.finds(dependencies.check(self.root, self.build), "belongs to sdk")
        self.put("core/api/session.cc", "#include <tenon/tenon.h>\n#include <vector>\n")
        self.assertEqual(dependencies.check(self.root, self.build), [])
        self.put("tests/a_test.cc", '#include "core/ir/graph.hpp"\n')
        self.finds(dependencies.check(self.root, self.build), "tests/a_test.cc:1")

    def test_core_names_a_provider(self):
        self.put("plugins/acme/acme.cc", "#include <tenon/plugin.h>\n")
        self.put("core/host/open.cc", 'auto id = "acme";\n')
        self.finds(dependencies.check(self.root, self.build), "core/host/open.cc:1", "acme")
        self.put("plugins/cpu/cpu.cc", "#include <tenon/plugin.h>\n")
        self.put("core/host/open.cc", 'const char* kinds[] = {"unknown", "cpu", "gpu", "npu"};\n')
        self.assertEqual(dependencies.check(self.root, self.build), [])
        self.put("core/host/open.cc", "// as OpenBLAS does\n")
        self.finds(dependencies.check(self.root, self.build), "core/host/open.cc:1")

    def test_provider_linked_with_core(self):
        core = self.library("lib/libtenon.so.0", "int tenon_version(void){return 0;}", "-Wl,-soname,libtenon.so.0")
        self.library("lib/tenon/providers.d/libtenon_provider_acme.so", "int tenon_version(void); int f(void){return tenon_version();}",
                     str(core))
        self.finds(dependencies.check(self.root, self.build), "libtenon_provider_acme.so", "libtenon.so.0")

    def test_link_line_holds_core_objects(self):
        self.put("build/build.ninja", "build lib/tenon/providers.d/libtenon_provider_acme.so: LINK a.o core/tenon_core.dir/b.o\n")
        self.finds(dependencies.check(self.root, self.build), "tenon_core.dir")


class Exports(Tree):
    def test_list_and_library_agree(self):
        self.library("lib/libtenon.so.0", "int tenon_a(void){return 0;} int tenon_b(void){return 0;}")
        self.put("core/api/exports.txt", "tenon_a\ntenon_b\n")
        self.assertEqual(exports.check(self.root, self.build), [])
        self.put("core/api/exports.txt", "tenon_a\n")
        self.finds(exports.check(self.root, self.build), "tenon_b", "does not list")
        self.put("core/api/exports.txt", "tenon_a\ntenon_b\ntenon_c\n")
        self.finds(exports.check(self.root, self.build), "tenon_c", "no longer exports")

    def test_foreign_name_leaks(self):
        self.library("lib/libtenon.so.0", "int onnx_leak(void){return 0;}")
        self.put("core/api/exports.txt", "onnx_leak\n")
        self.finds(exports.check(self.root, self.build), "onnx_leak")


class Providers(Tree):
    def manifest(self, library, needs=()):
        facts = {"id": "acme", "variants": [{"library": library}], "needs": [{"soname": name} for name in needs]}
        self.put("build/lib/tenon/providers.d/tenon-acme.json", json.dumps(facts))

    def test_entry_alone(self):
        self.manifest("libtenon_provider_acme.so")
        path = "lib/tenon/providers.d/libtenon_provider_acme.so"
        self.library(path, "int tenon_provider_entry_v0(void){return 0;}")
        self.assertEqual(providers.check(self.root, self.build), [])
        self.library(path, "int tenon_provider_entry_v0(void){return 0;} int cblas_sgemm(void){return 0;}")
        self.finds(providers.check(self.root, self.build), "cblas_sgemm")

    def test_part_that_variants_share(self):
        self.manifest("libtenon_provider_acme.so", ["libacme_part.so", "libgomp.so.1"])
        self.library("lib/tenon/providers.d/libtenon_provider_acme.so", "int tenon_provider_entry_v0(void){return 0;}")
        path = "lib/tenon/providers.d/libacme_part.so"
        self.library(path, "int tenon_acme_f(void){return 0;}")
        self.assertEqual(providers.check(self.root, self.build), [])
        self.library(path, "int tenon_acme_f(void){return 0;} int cblas_sgemm(void){return 0;}")
        self.finds(providers.check(self.root, self.build), "cblas_sgemm", "tenon_acme_")

    def test_manifest_and_library_belong_together(self):
        self.library("lib/tenon/providers.d/libtenon_provider_acme.so", "int tenon_provider_entry_v0(void){return 0;}")
        self.finds(providers.check(self.root, self.build), "no manifest")
        self.manifest("libtenon_provider_other.so")
        self.assertIn("was not built", providers.check(self.root, self.build)[0])

    def test_nothing_built(self):
        self.finds(providers.check(self.root, self.build), "no provider was built")


class Sources(Tree):
    def test_long_file(self):
        self.put("core/a.cc", LICENCE + "int x;\n" * 599)
        self.assertEqual(sources.check(self.root, self.build), [])
        self.put("core/a.cc", LICENCE + "int x;\n" * 600)
        self.finds(sources.check(self.root, self.build), "601 lines")

    def test_licence_line(self):
        self.put("core/a.cc", "int x;\n")
        self.finds(sources.check(self.root, self.build), "SPDX")
        self.put("core/a.cc", LICENCE)
        self.put("tools/run", "#!/bin/sh\ntrue\n")
        self.finds(sources.check(self.root, self.build), "tools/run:1")
        self.put("tools/run", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n")
        self.assertEqual(sources.check(self.root, self.build), [])

    def test_open_ends_and_silent_skips(self):
        for line in ("// TO" + "DO: later", "// not imple" + "mented", "TEST(A, DISABLED_" + "B)", "GTEST_SKIP" + "();",
                     'open("/ho' + 'me/me/model.onnx")'):
            self.put("core/a.cc", f"{LICENCE}{line}\n")
            self.finds(sources.check(self.root, self.build), "core/a.cc:2")
        self.put("core/a.cc", f'{LICENCE}GTEST_SKIP() << "no AVX-512 here";\n')
        self.assertEqual(sources.check(self.root, self.build), [])

    def test_big_file(self):
        self.put("tests/models/a.onnx", "x" * ((1 << 20) + 1))
        self.finds(sources.check(self.root, self.build), "tests/models/a.onnx", "1048577")


class Lists(Tree):
    def test_file_without_its_line(self):
        self.put("plugins/acme/ops.def", LICENCE + "TENON_OP(softmax)\n// relu is a comment\n")
        self.put("plugins/acme/ops/ai.onnx/softmax.cc", LICENCE)
        self.assertEqual(lists.check(self.root, self.build), [])
        self.put("plugins/acme/ops/ai.onnx/relu.cc", LICENCE)
        self.finds(lists.check(self.root, self.build), "ops/ai.onnx/relu.cc", "plugins/acme/ops.def")

    def test_nearest_list(self):
        self.put("plugins/acme/ops/ai.onnx/ops.def", "TENON_OP(softmax)\n")
        self.put("plugins/acme/ops/ai.onnx/softmax.cc", LICENCE)
        self.assertEqual(lists.check(self.root, self.build), [])
        self.put("plugins/acme/ops/ai.onnx.ml/scaler.cc", LICENCE)
        self.finds(lists.check(self.root, self.build), "plugins/acme/ops.def", "missing")

    def test_shared_source_needs_no_line(self):
        self.put("plugins/acme/ops.def", "TENON_OP(softmax)\n")
        self.put("plugins/acme/ops/softmax.cc", LICENCE)
        self.put("plugins/acme/ops/window.cc", LICENCE)
        self.finds(lists.check(self.root, self.build), "ops/window.cc")
        self.put("plugins/acme/ops/window.hpp", LICENCE)
        self.assertEqual(lists.check(self.root, self.build), [])

    def test_missing_list(self):
        self.put("core/opt/passes/dead_code.cc", LICENCE)
        self.finds(lists.check(self.root, self.build), "core/opt/passes", "missing")
        self.put("core/opt/passes.def", "dead_code\n")
        self.assertEqual(lists.check(self.root, self.build), [])


class Documents(Tree):
    def setUp(self):
        super().setUp()
        self.put("README.md", "See [core](core/README.md).\n")
        self.put("core/README.md", "`core/README.md` is this file; `core/*/x.cc` is a pattern.\n")

    def test_true_places(self):
        self.assertEqual(documents.check(self.root, self.build), [])

    def test_dead_link_and_dead_path(self):
        self.put("README.md", "See [core](core/GONE.md).\n")
        self.finds(documents.check(self.root, self.build), "core/GONE.md")
        self.put("README.md", "See `core/gone.cc`.\n")
        self.finds(documents.check(self.root, self.build), "core/gone.cc")

    def test_folder_without_readme(self):
        self.put("sdk/a.hpp", LICENCE)
        self.finds(documents.check(self.root, self.build), "sdk")


class FirstBuild(Tree):
    PRESETS = {"version": 3, "configurePresets": [{"name": "release", "generator": "Ninja", "binaryDir": "build"}]}

    def test_tests_are_left_out(self):
        self.put("CMakePresets.json", json.dumps(self.PRESETS))
        self.put("a.c", "int f(void) { return 0; }\n")
        self.put("a_test.c", "int main(void) { return 0; }\n")
        head = "cmake_minimum_required(VERSION 3.25)\nproject(p C)\nadd_library(a STATIC a.c)\n"
        self.put("CMakeLists.txt", head + "if(BUILD_TESTING)\nadd_executable(t a_test.c)\nendif()\n")
        self.assertEqual(first_build.check(self.root, self.build), [])
        self.put("CMakeLists.txt", head + "add_executable(t a_test.c)\n")
        self.finds(first_build.check(self.root, self.build), "a_test.c")


class Compilers(Tree):
    """The checks that call LLVM's tools, with this project's own settings."""

    def setUp(self):
        super().setUp()
        for name in (".clang-format", ".clang-tidy"):
            self.put(name, (Path(__file__).resolve().parents[2] / name).read_text())

    @unittest.skipIf(shutil.which("clang-format") is None, "no clang-format on this machine")
    def test_layout(self):
        self.put("core/a.cc", "int f() { return 1; }\n")
        self.assertEqual(layout.check(self.root, self.build), [])
        self.put("core/a.cc", "int x;\nint f(){return 1;}\n")
        self.finds(layout.check(self.root, self.build), "core/a.cc:2")

    @unittest.skipIf(shutil.which("clang-tidy") is None, "no clang-tidy on this machine")
    def test_tidy(self):
        file = self.put("core/a.cc", "int *f() { return 0; }\n")
        self.put("build/compile_commands.json", json.dumps(
            [{"directory": str(self.root), "file": str(file), "command": f"c++ -std=c++20 -c {file}"}]))
        self.finds(tidy.check(self.root, self.build), "core/a.cc:1", "modernize-use-nullptr")
        self.put("core/a.cc", "int *f() { return nullptr; }\n")
        self.assertEqual(tidy.check(self.root, self.build), [])


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False).result.wasSuccessful())
