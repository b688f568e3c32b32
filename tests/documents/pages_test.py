# SPDX-License-Identifier: Apache-2.0
"""Builds docs/ into pages: without a warning, with an entry for each public name, and with nothing that a browser would
fetch from elsewhere. Also what the reader of headers makes of small ones."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(SOURCE / "docs" / "ext"))

import declarations  # noqa: E402

C_HEADER = """/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A head.
 */
#ifndef TENON_X_H_
#define TENON_X_H_
#ifdef __cplusplus
extern "C" {
#endif
/* ---- Things ---- */

/* Two of them. */
#define TENON_ONE 1
#define TENON_TWO 2 /* the second */

/* Not about what follows. */

typedef struct tenon_thing {
  int32_t size; /* of it */
} tenon_thing;
/* Makes one;
 * may fail. */
TENON_EXPORT int32_t tenon_thing_create(const char* text, /* never NULL */
                                        tenon_thing** out);
#ifdef __cplusplus
}
#endif
#endif
"""
CPP_HEADER = """// A head.
#pragma once
namespace tenon {
namespace detail {
inline int hidden() { return 1; }
}  // namespace detail
// A counter.
class Counter {
 public:
  explicit Counter(int first = 0) : value_(first) {}
  Counter(Counter&& other) noexcept = default;
  // Counts on; "}" is no end.
  int next() { return value_ += "}"[0] ? 1 : 0; }

 private:
  int value_ = 0;
};
}  // namespace tenon
"""


class Declarations(unittest.TestCase):
    def test_c(self):
        header = declarations.read(C_HEADER)
        self.assertEqual(header.head, "A head.")
        self.assertEqual([(item.kind, item.name, item.comment) for item in header.items], [
            ("section", "", ""), ("define", "TENON_ONE", "Two of them."), ("record", "tenon_thing", ""),
            ("function", "tenon_thing_create", "Makes one;\nmay fail.")])
        self.assertEqual(header.items[1].text.count("\n"), 1)
        self.assertEqual(header.items[3].line, 23)

    def test_cpp(self):
        (counter,) = declarations.read(CPP_HEADER, cpp=True).items
        self.assertEqual((counter.kind, counter.name, counter.comment), ("class", "Counter", "A counter."))
        self.assertEqual([member.text for member in counter.members], ["explicit Counter(int first = 0)", "int next()"])

    def test_open_brace_is_an_error(self):
        with self.assertRaisesRegex(ValueError, "line 3: a brace"):
            declarations.read("// h\n\nstruct X {\n int a;\n", cpp=True)


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="tenon-pages-")
        cls.out = pathlib.Path(cls.temporary.name, "html")
        cls.done = subprocess.run(
            [SOURCE / "tools" / "docs", "--build", os.environ["TENON_BUILD_DIR"], "--out", cls.out, "--venv", sys.prefix],
            capture_output=True, text=True, check=False)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def test_no_warning(self):
        self.assertEqual((self.done.returncode, self.done.stderr), (0, ""), self.done.stdout + self.done.stderr)

    def test_every_name_has_an_entry(self):
        sys.path.insert(0, os.path.join(os.environ["TENON_BUILD_DIR"], "python"))
        import tenon

        pages = {name: (self.out / "api" / f"{name}.html").read_text() for name in ("c", "cpp", "plugin", "python")}
        exports = (SOURCE / "core" / "api" / "exports.txt").read_text().split()
        missing = [name for name in exports if name.startswith("tenon_") and f'id="c.{name}"' not in pages["c"]]
        missing += [name for name in tenon.__all__ if not name.startswith("_") and not re.search(
            rf'id="tenon\.(?:\w+\.)?{name}"', pages["python"])]
        self.assertEqual(missing, [])
        self.assertIn('id="c.tenon_provider_entry_v0"', pages["plugin"])
        self.assertIn("placement_line", pages["cpp"])

    def test_nothing_is_fetched(self):
        for path in [*self.out.rglob("*.html"), *self.out.rglob("*.css")]:
            found = re.findall(r"""<(?:script|img|link)[^>]*(?:src|href)="(?:https?:)?//[^"]*|url\(["']?(?:https?:)?//[^)]*"""
                               r"""|@import[^;]*//""", path.read_text())
            self.assertEqual(found, [], path.name)


if __name__ == "__main__":
    unittest.main()
