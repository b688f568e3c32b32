# SPDX-License-Identifier: Apache-2.0
"""The rules of examples.py, on small documents: what agrees, what does not, and that nothing is left out silently."""

import os
import pathlib
import tempfile
import unittest

import examples

PAGE = """
```python
x = 20
print("first")
```

```text
first
```

```python
print(x + 1)
```

```text
{python}
```

```{{code-block}} sh
:caption: greet.sh

echo "hello $1"
```

```console
$ sh greet.sh you
{console}
$ true
$ echo took 12.5 ms
took ‹10 ms›
```
"""


def run(text):
    with tempfile.TemporaryDirectory(prefix="tenon-examples-") as folder:
        path = pathlib.Path(folder, "page.md")
        path.write_text(text)
        return examples.Page(path, folder, dict(os.environ)).run()


class Examples(unittest.TestCase):
    def test_right_outputs(self):
        page = run(PAGE.format(python="21", console="hello you"))
        self.assertEqual(page.wrong(), [])
        self.assertEqual(len(page.results), 5)

    def test_wrong_outputs_are_found_and_mended(self):
        page = run(PAGE.format(python="22", console="hello"))
        wrong = page.wrong()
        self.assertEqual([text.split(":")[1] for text in wrong], ["12", "26"], wrong)
        self.assertEqual(page.rewritten(), PAGE.format(python="21", console="hello you"))

    def test_a_missing_output_is_wrong(self):
        self.assertEqual(len(run("```python\nprint(1)\n```\n").wrong()), 1)
        self.assertEqual(len(run("```console\n$ echo 1\n```\n").wrong()), 1)

    def test_what_raises_shows_its_last_line(self):
        self.assertEqual(run("```python\n1 / 0\n```\n\n```text\nZeroDivisionError: division by zero\n```\n").wrong(), [])

    def test_a_silent_failure_is_wrong(self):
        self.assertIn("exit status 3", run("```console\n$ exit 3\n```\n").wrong()[0])

    def test_other_blocks_are_told(self):
        page = run("```json\n{}\n```\n\n```text\n1\n```\n\n<!-- not run: a reason -->\n```console\n$ reboot\n```\n"
                   "```{note}\nA directive.\n```\n")
        self.assertEqual([problem.split(": ", 1)[1].split(" is ")[0] for problem in page.problems],
                         ["a block 'json'", "a block 'text'"])
        self.assertEqual(page.left_out, [(11, "a reason")])

    def test_marks(self):
        same = examples.same
        self.assertTrue(same("took 3.1 ms", "took ‹7 ms›"))
        self.assertTrue(same("at /a/b c", "at ‹/x› c"))
        self.assertFalse(same("took", "took ‹7 ms›"))
        self.assertFalse(same("took 3 ms\nmore", "took ‹7 ms›"))
        self.assertFalse(same("Took 3 ms", "took ‹7 ms›"))
        self.assertTrue(same("a  \nb\n\n", "a\nb"))
        self.assertTrue(same("time   n\n12.5 ms 3", "time  n\n‹3 s›  3"))
        self.assertFalse(same("a  b", "a b"))


if __name__ == "__main__":
    unittest.main()
