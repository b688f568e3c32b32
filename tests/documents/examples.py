# SPDX-License-Identifier: Apache-2.0
"""The examples of a document: found, run in order, and compared with the output that the document shows.

A document is Markdown. Its fenced blocks mean, by the word behind the fence:

    python     a piece of the page's Python program: all pieces of a page share their names, as in a notebook. What it
               prints stands in the next block, a `text` one; without one it prints nothing. A piece that raises prints
               the last line of the traceback
    console    `$ command` lines (a line beginning with `> ` goes on with the command), each followed by what it prints;
               a command that prints nothing must succeed
    {code-block} LANGUAGE with `:caption: NAME`
               a file of that name in the page's folder, for the examples behind it
    {...}      any other directive of the documentation: no example

Everything else is an error, unless the line before the fence is `<!-- not run: REASON -->`. What stands between ‹ and ›
in an output differs from run to run: anything may stand there within the line, and the blanks of that output, which such
parts move about, count as one.
"""

import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys

FENCE = re.compile(r"^(?P<mark>```+)(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=mark)[ \t]*$", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"<!-- not run: (.+?) -->\n\Z")
VARIES = re.compile(r"\s*‹[^›\n]*›\s*")

# Runs the pieces of one page: a line of JSON in, a line of JSON out, for each.
SERVER = r"""
import contextlib, io, json, os, sys, traceback
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
names = {"__name__": "__main__"}
for line in sys.stdin:
    piece = json.loads(line)
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            exec(compile("\n" * piece["line"] + piece["text"], piece["page"], "exec"), names)
        except BaseException as error:
            print("".join(traceback.format_exception_only(error)).rstrip())
    answers.write(json.dumps(out.getvalue()) + "\n")
    answers.flush()
"""


@dataclasses.dataclass
class Block:
    """A fenced block. kind: the word behind the fence, `file`, `directive` or `not run`."""

    kind: str
    text: str
    line: int
    start: int  # of the text, in the document
    name: str = ""  # of a file; the reason of one that is not run


@dataclasses.dataclass
class Result:
    """What an example printed, and the part of the document that shows it: text[begin:end]."""

    line: int
    what: str
    got: str
    want: str
    begin: int
    end: int
    shown: bool = True  # a block or lines are there to show it
    status: int = 0

    def agrees(self):
        return same(self.got, self.want) and (self.status == 0 or self.want.strip() != "")


def same(got, want):
    """Whether an output is what a document shows, but for what is marked as varying and blanks at the ends of lines."""
    if "‹" in want:
        got, want = (re.sub(r"[ \t]+", " ", text) for text in (got, want))
    got, want = ("\n".join(line.rstrip() for line in text.rstrip().split("\n")) for text in (got, want))
    pattern = r"\s*\S.*?\s*".join(re.escape(part) for part in VARIES.split(want))
    return re.fullmatch(pattern, got) is not None


def blocks(text):
    """The Blocks of a document."""
    found = []
    for match in FENCE.finditer(text):
        info, body, start = match["info"].strip(), match["text"], match.start("text")
        block = Block(info, body, text.count("\n", 0, start) + 1, start)
        not_run = NOT_RUN.search(text[:match.start()])
        if not_run:
            block.kind, block.name = "not run", not_run.group(1)
        elif info.startswith("{code-block}"):
            options = re.match(r"(?::\w+:[^\n]*\n)*\n*", body).group()
            caption = re.search(r":caption: (\S+)", options)
            block.kind, block.name = ("file", caption.group(1)) if caption else ("code-block without a caption", "")
            block.text, block.line = body[len(options):], block.line + options.count("\n")
        elif info.startswith("{"):
            block.kind = "directive"
        found.append(block)
    return found


def commands(block):
    """(command, output, line, begin and end of the output within the block) of each command of a console block."""
    parts = list(re.finditer(r"^\$ (.*(?:\n> .*)*)\n?", block.text, re.MULTILINE))
    for part, after in zip(parts, [*parts[1:], None], strict=True):
        end = after.start() if after else len(block.text)
        line = block.line + block.text.count("\n", 0, part.start())
        yield part.group(1).replace("\n> ", "\n"), block.text[part.end():end], line, part.end(), end


class Page:
    """Runs the examples of one document in a folder of its own."""

    def __init__(self, path, folder, environment):
        self.path, self.folder, self.environment = pathlib.Path(path), pathlib.Path(folder), environment
        self.text = self.path.read_text()
        self.problems, self.left_out, self.results = [], [], []
        self.python = None

    def run(self):
        """Runs everything; afterwards `results`, `left_out` (line and reason) and `problems` are filled in."""
        found = blocks(self.text)
        taken = None
        try:
            for i, block in enumerate(found):
                if block is taken:
                    continue
                if block.kind == "python":
                    follows = found[i + 1] if i + 1 < len(found) and found[i + 1].kind == "text" else None
                    taken = follows
                    self.run_python(block, follows)
                elif block.kind == "console":
                    self.run_console(block)
                elif block.kind == "file":
                    target = self.folder / block.name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_text(block.text)
                elif block.kind == "not run":
                    self.left_out.append((block.line, block.name))
                elif block.kind != "directive":
                    self.problems.append(f"{self.path.name}:{block.line}: a block '{block.kind}' is no example, no file "
                                         "and no output of one")
        finally:
            if self.python:
                self.python.stdin.close()
                self.python.wait(60)
                self.python.stdout.close()
        return self

    def run_python(self, block, follows):
        if self.python is None:
            self.python = subprocess.Popen([sys.executable, "-c", SERVER], cwd=self.folder, env=self.environment, text=True,
                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        piece = {"page": self.path.name, "line": block.line - 1, "text": block.text}
        self.python.stdin.write(json.dumps(piece) + "\n")
        self.python.stdin.flush()
        answer = self.python.stdout.readline()
        got = json.loads(answer) if answer else "Python has ended"
        begin = follows.start if follows else block.start
        end = begin + len(follows.text) if follows else begin
        self.results.append(Result(block.line, block.text, got, follows.text if follows else "", begin, end, bool(follows)))

    def run_console(self, block):
        if not block.text.startswith("$ "):
            self.problems.append(f"{self.path.name}:{block.line}: a console block begins with '$ '")
        for command, want, line, begin, end in commands(block):
            done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.environment, text=True, check=False,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1500)
            self.results.append(Result(line, command, done.stdout, want, block.start + begin, block.start + end, True,
                                       done.returncode))

    def wrong(self):
        """One text for each example that does not do what the document shows."""
        texts = list(self.problems)
        for result in self.results:
            if not result.agrees():
                status = f" (exit status {result.status})" if result.status else ""
                texts.append(f"{self.path.name}:{result.line}: this example prints something else{status}\n{result.what}\n"
                             f"---- it prints\n{result.got}---- the document shows\n{result.want}")
        return texts

    def rewritten(self):
        """The document with the outputs that its examples have. Where no block shows an output, none is made."""
        text = self.text
        for result in reversed(self.results):
            if not same(result.got, result.want) and result.shown:
                text = text[:result.begin] + (result.got.rstrip() + "\n" if result.got.strip() else "") + text[result.end:]
        return text


def environment(programs, more=None):
    """Variables for examples: nothing of the caller's that Tenon reads, `programs` first on the PATH."""
    names = ("TENON_PROVIDER_PATH", "TENON_LOG", "PYTHONPATH", "XDG_DATA_HOME")
    kept = {name: value for name, value in os.environ.items() if name not in names}
    path = os.pathsep.join([*map(str, programs), os.environ["PATH"]])
    return {**kept, "PATH": path, "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "120", **(more or {})}
