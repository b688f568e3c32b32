# SPDX-License-Identifier: Apache-2.0
"""Reads a C or C++ header as far as its documentation needs: declarations, each with the comment that stands before it.

`read(text, cpp)` gives a Header: the comment at its head, and items in order. Sections are the lines
`/* ---- Title ---- */`. Bodies, private parts, namespaces named `detail`, includes and conditions are left out. It reads
this project's layout (what clang-format makes of it), no more of C++.
"""

import dataclasses
import re

SECTION = re.compile(r"-{4,} (.+?) -{4,}\s*(.*)", re.DOTALL)
RECORD = re.compile(r"(?:typedef )?(struct|class|enum)\s+(\w+)")
GUARD = re.compile(r"_(?:H|HPP)_$")


@dataclasses.dataclass
class Item:
    """One declaration. kind: section, define, function, record, class, opaque, type or other."""

    kind: str
    name: str
    text: str
    comment: str = ""
    line: int = 0
    members: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Header:
    head: str
    items: list

    def names(self):
        """Every C name that the header declares, with whether it is a function."""
        return {item.name: item.kind == "function" for item in self.items if item.kind != "section"}


def plain(comment):
    """A comment's words without its marks."""
    if comment.startswith("/*"):
        lines = comment[2:-2].split("\n")
        lines = [re.sub(r"^ ?\* ?", "", line.strip(" ") if i == 0 else line.lstrip(), count=1) if i else line.strip()
                 for i, line in enumerate(lines)]
    else:
        lines = [re.sub(r"^\s*///? ?", "", line) for line in comment.split("\n")]
    return "\n".join(line.rstrip() for line in lines).strip("\n")


class Reader:
    def __init__(self, text, cpp):
        self.text, self.cpp, self.at = text, cpp, 0
        self.items = []
        self.comment = ""  # that no declaration has taken yet

    def line(self, at=None):
        return self.text.count("\n", 0, self.at if at is None else at) + 1

    def read(self):
        while self.at < len(self.text):
            if not self.step():
                break
        return self.items

    def step(self):
        """Reads one thing. False at the end of the block that this reader is in."""
        rest = self.text[self.at:]
        blank = re.match(r"\s+", rest)
        if blank:
            if blank.group().count("\n") > 1:
                self.comment = ""
            self.at += blank.end()
            return True
        if rest.startswith(("/*", "//")):
            self.take_comment(rest)
        elif rest.startswith("#"):
            self.take_directive(rest)
        elif rest.startswith("}"):
            self.past_end(self.at)
        elif match := re.match(r"(public|private|protected):", rest):
            if match.group(1) != "public":
                self.skip_hidden()
            else:
                self.at += match.end()
        elif match := re.match(r'(extern "C"|namespace ([\w:]+)|namespace)\s*{', rest):
            self.at += match.end()
            if match.group(2) in ("detail", None) and not match.group(1).startswith("extern"):
                self.past_end(self.closing(self.at))
        else:
            self.take_declaration()
        return True

    def past_end(self, brace):
        """Behind a closing brace and the comment that says what it closes."""
        self.at = brace + 1 + re.match(r"[ \t]*(?://[^\n]*)?", self.text[brace + 1:]).end()

    def take_comment(self, rest):
        match = re.match(r"/\*.*?\*/", rest, re.DOTALL) or re.match(r"//[^\n]*(?:\n[ \t]*//[^\n]*)*", rest)
        text = plain(match.group())
        line = self.line()
        self.at += match.end()
        section = SECTION.match(text)
        if section:
            self.items.append(Item("section", "", section.group(1), section.group(2), line))
            self.comment = ""
        else:
            self.comment = text

    def take_directive(self, rest):
        text = re.match(r"#(?:[^\n\\]|\\.|\\\n)*", rest, re.DOTALL).group()
        line = self.line()
        self.at += len(text)
        if re.match(r"#\s*ifdef\s+__cplusplus", text) and not self.cpp:
            self.at += re.search(r"^#\s*(?:else|endif)", self.text[self.at:], re.MULTILINE).start()  # not for C
            return
        match = re.match(r"#\s*define\s+(\w+)", text)
        if not match or GUARD.search(match.group(1)) or "DTYPE_OF" in match.group(1):
            return
        name, last = match.group(1), self.items[-1] if self.items else None
        if any(item.kind == "define" and re.search(rf"#define {name}\b", item.text) for item in self.items):
            return  # the same for the other language
        # Lines that follow each other without a comment or a blank line between are one group.
        if last and last.kind == "define" and not self.comment and last.line + last.text.count("\n") + 1 == line:
            last.text += "\n" + text
        else:
            self.items.append(Item("define", name, text, self.take(), line))

    def take(self):
        comment, self.comment = self.comment, ""
        return comment

    def closing(self, at):
        """Where the brace that is open at `at` closes; strings and comments hold none that count."""
        depth = 1
        for match in re.finditer(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])\'|//[^\n]*|/\*.*?\*/|[{}]', self.text[at:], re.DOTALL):
            depth += {"{": 1, "}": -1}.get(match.group(), 0)
            if depth == 0:
                return at + match.start()
        raise ValueError(f"line {self.line(at)}: a brace is not closed")

    def skip_hidden(self):
        """To the next `public:` of this class, or to its end."""
        while self.at < len(self.text) and not re.match(r"public:", self.text[self.at:]):
            if self.text[self.at] == "{":
                self.at = self.closing(self.at + 1)
            self.at += 1

    def take_declaration(self):
        begin, line = self.at, self.line()
        end, brace = self.end_of_signature()
        signature = self.text[begin:end].strip()
        self.at = end + 1
        record = RECORD.match(re.sub(r"^template\s*<[^>]*>\s*", "", signature))
        if brace and record:
            inner_end = self.closing(self.at)
            inner = self.text[self.at:inner_end]
            self.at = self.text.index(";", inner_end) + 1
            whole = self.text[begin:self.at]
            kind = "class" if record.group(1) == "class" else "record"
            item = Item(kind, record.group(2), signature if kind == "class" else whole, self.take(), line)
            if kind == "class":
                inside = Reader("private:" + inner if record.group(1) == "class" else inner, self.cpp)
                item.members = inside.read()
            self.items.append(item)
            return
        if brace:
            self.at = self.closing(self.at) + 1
        trailing = re.match(r"[ \t]*(/\*.*?\*/|//[^\n]*)", self.text[self.at:], re.DOTALL)
        comment = self.take()
        if trailing:
            self.at += trailing.end()
            comment = "\n".join(filter(None, [comment, plain(trailing.group(1))]))
        self.declare(signature, comment, line)

    def end_of_signature(self):
        """Where the next declaration's `;` or body begins, and whether it is a body."""
        depth, equals = 0, False
        at = self.at
        while at < len(self.text):
            c = self.text[at]
            if c in "([":
                depth += 1
            elif c in ")]":
                depth -= 1
            elif self.text.startswith(("//", "/*"), at):
                at = self.text.index("\n" if c + self.text[at + 1] == "//" else "*/", at)
            elif depth == 0 and c == "=" and not self.text[max(0, at - 8):at].endswith("operator"):
                equals = True
            elif c == "{":
                if depth == 0 and not equals:
                    return at, True
                at = self.closing(at + 1)
            elif c == ";" and depth == 0:
                return at, False
            at += 1
        raise ValueError(f"line {self.line()}: a declaration does not end")

    def declare(self, signature, comment, line):
        text = re.sub(r"\s+", " ", re.sub(r"^(?:TENON_EXPORT|inline)\s+", "", signature))
        text = re.sub(r"\b(?:inline|TENON_EXPORT) ", "", text)
        text = re.sub(r"(\)(?: const)?(?: noexcept)?) : .*", r"\1", text)  # a constructor's initializers
        if re.search(r"= (delete|default)$|~\w+\(|operator=|&& ?\w*\)(?: noexcept)?$|^using |^template <> struct", text):
            return
        if match := re.match(r"typedef struct (\w+) (\w+)$", text):
            self.items.append(Item("opaque", match.group(2), text, comment, line))
        elif match := re.match(r"typedef .*\(\*(\w+)\)", text):
            self.items.append(Item("type", match.group(1), text.removeprefix("typedef "), comment, line))
        elif "(" in text.split("=")[0]:
            name = re.search(r"(operator\s*[^\s(]+|operator bool|\w+)\s*\(", text)
            self.items.append(Item("function", name.group(1) if name else "", text, comment, line))
        else:
            self.items.append(Item("other", text.split()[-1], signature + ";", comment, line))


def read(text, cpp=False):
    """The Header of a file's text."""
    licence = re.match(r"(?:(?:/\*|//) SPDX-License-Identifier[^\n]*\n)?(?://\n)?", text).end()
    match = re.compile(r"/\*.*?\*/|(?://[^\n]*\n)+", re.DOTALL).match(text, licence)
    head = plain(match.group().rstrip("\n")) if match else ""
    begin = match.end() if match else licence
    return Header(head, Reader("\n" * text[:begin].count("\n") + text[begin:], cpp).read())
