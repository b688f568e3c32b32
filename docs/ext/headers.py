# SPDX-License-Identifier: Apache-2.0
"""The directive `header`: the reference of a C or C++ header, out of the comments in it.

    .. header:: core/api/include/tenon/tenon.h
       :namespace: tenon

The path is relative to the project's root. A header with the option `namespace` is C++. Its head comment comes first,
then each declaration with the comment before it, under the sections of the header. Names of C declarations become
links wherever a comment says them.
"""

import pathlib
import re
import textwrap

import declarations
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import nested_parse_with_titles

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORD = re.compile(r"`([^`\n]+)`|\b((?:tenon|TENON)_\w+)(\*?)")


def inline(text, known):
    """A line of a comment as reStructuredText: quoted code and C names are marked, all else is taken as it stands."""

    def literal(match):
        quoted, name, star = match.groups()
        if name and not star and name in known:
            return f"\\ :c:expr:`{name}`\\ "
        return f"\\ ``{quoted or name + star}``\\ "

    parts, last = [], 0
    for match in WORD.finditer(text):
        parts += [re.sub(r"([\\*`|_])", r"\\\1", text[last:match.start()]), literal(match)]
        last = match.end()
    return "".join(parts + [re.sub(r"([\\*`|_])", r"\\\1", text[last:])])


def chunks(text):
    """(kind, lines) of a comment: paragraphs, items of a numbered list, and code, which is indented."""
    for chunk in re.split(r"\n\s*\n", textwrap.dedent(text)):
        lines = chunk.split("\n")
        indents = [len(line) - len(line.lstrip()) for line in lines]
        if re.search(r"\S {2,}\S", lines[0]) and len(lines) > 1 and min(indents[1:]) > 8:
            yield "code", lines  # columns
            continue
        group, kind = [], None
        for line, indent in zip(lines, indents, strict=True):
            item = re.match(r"\s*(\d+\.) (.*)", line)
            if item and (indent > 0 or kind == "item"):
                new, line = "item", line.strip()
            elif kind == "item" and indent > 3:
                group.append(line.strip())
                continue
            else:
                new = "code" if indent > 1 else "text"
            if group and (new != kind or new == "item"):
                yield kind, group
                group = []
            kind = new
            group.append(line)
        if group:
            yield kind, group


def prose(text, known, language):
    """A comment as lines of reStructuredText."""
    out = []
    for kind, lines in chunks(text):
        if kind == "code":
            out += [f".. code-block:: {language}", "", *textwrap.indent(textwrap.dedent("\n".join(lines)), "   ").split("\n"),
                    ""]
        elif kind == "item":
            first, *rest = lines
            number, text = first.split(" ", 1)
            out += [f"{number} {inline(text, known)}", *("   " + inline(line, known) for line in rest), ""]
        else:
            out += [*(inline(line.strip(), known) for line in lines), ""]
    return out


class HeaderDirective(SphinxDirective):
    required_arguments = 1
    option_spec = {"namespace": directives.unchanged}

    def run(self):
        path = ROOT / self.arguments[0]
        self.env.note_dependency(str(path))
        self.env.note_dependency(declarations.__file__)
        self.namespace = self.options.get("namespace")
        self.language = "cpp" if self.namespace else "c"
        self.known = known_names()
        header = declarations.read(path.read_text(), bool(self.namespace))
        lines = [f".. cpp:namespace:: {self.namespace}", ""] if self.namespace else []
        lines += prose(header.head, self.known, self.language) + self.items(header.items)
        if self.namespace:
            lines += [".. cpp:namespace:: NULL", ""]
        parent = self.state.parent.__class__()
        parent.document = self.state.document
        nested_parse_with_titles(self.state, StringList(lines, source=str(path)), parent, self.content_offset)
        return parent.children

    def items(self, items):
        out = []
        for i, item in enumerate(items):
            if item.kind == "section":
                title = inline(item.text, self.known)
                out += ["", title, "~" * len(title), "", *prose(item.comment, self.known, self.language)]
                continue
            after = items[i + 1] if i + 1 < len(items) else None
            if item.kind == "define" and after and after.kind == "record" and not after.comment \
                    and after.line == item.line + item.text.count("\n") + 1:
                after.comment, item.comment = item.comment, ""  # it is about the record
            out += self.item(item)
        return out

    def item(self, item):
        body = prose(item.comment, self.known, self.language) if item.comment else []
        code = [f".. code-block:: {self.language}", "", *textwrap.indent(item.text, "   ").split("\n"), ""]
        head = {
            "function": f".. {self.language}:function:: {item.text}",
            "type": f".. {self.language}:type:: {item.text}",
            "class": f".. cpp:class:: {' '.join(item.text.split()).replace('class ', '', 1)}",
            "record": f".. {self.language}:struct:: {item.name}",
            "opaque": f".. c:struct:: {item.name}",
        }.get(item.kind)
        if item.kind == "record":
            body += code
        elif item.kind == "class":
            if item.text.startswith("template"):
                head = f".. cpp:class:: {' '.join(item.text.split()).replace(' class ' + item.name, ' ' + item.name)}"
            body += self.items([member for member in item.members if member.kind != "class"])
        elif item.kind == "define":
            names = re.findall(r"#\s*define\s+(\w+)", item.text)
            shown = re.sub(r"[ \t]*\\\n.*", "", item.text, flags=re.DOTALL) if len(names) == 1 else item.text
            head = f".. c:macro:: {names[0]}"
            head += "".join(f"\n              {name}" for name in names[1:])
            body += [f".. code-block:: {self.language}", "", *textwrap.indent(shown, "   ").split("\n"), ""]
        elif head is None:
            return code + body
        return [*head.split("\n"), "", *("   " + line if line else "" for line in body), ""]


_KNOWN = {}


def known_names():
    """C names that have an entry: those of the C headers."""
    if not _KNOWN:
        for path in C_HEADERS:
            for item in declarations.read((ROOT / path).read_text()).items:
                if item.kind == "define":
                    _KNOWN.update(dict.fromkeys(re.findall(r"#\s*define\s+(\w+)", item.text), True))
                elif item.kind != "section":
                    _KNOWN[item.name] = True
    return _KNOWN


C_HEADERS = ("core/api/include/tenon/tenon.h", "plugin-api/include/tenon/types.h", "plugin-api/include/tenon/plugin.h")


def setup(app):
    app.add_directive("header", HeaderDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
