#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layout lock of the provider ABI [R3].

    layout.py --check    compares the headers with layout.lock; prints a diff and exits 1 when they differ
    layout.py --write    writes layout.lock anew (in a commit `abi: ...` that says why)

The lock holds every constant of types.h and plugin.h, and every record: its size, and for each field its offset, size,
first minor that has it and declaration. Field names come from the headers; the numbers come from a program that the C
compiler (--cc, default $CC or cc) builds of them. A record that breaks rule 1 (implicit padding, a type whose size
depends on the platform, an enum, a bool, a bit-field) is an error in both modes.
"""

import argparse
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent / "include"
HEADERS = ("tenon/types.h", "tenon/plugin.h")
LOCK = HERE / "layout.lock"

FIXED_TYPES = {"char", "int8_t", "uint8_t", "int32_t", "uint32_t", "int64_t", "uint64_t", "float", "double"}
# Names that stand in the headers for the compiler or for documentation, not for the boundary.
SKIPPED_DEFINES = {"TENON_TYPES_H_", "TENON_PLUGIN_H_", "TENON_EXPORT"}


class LayoutError(Exception):
    """A header that breaks rule 1, or that this script cannot read."""


@dataclass
class Field:
    name: str
    declaration: str
    since: str


@dataclass
class Record:
    name: str
    fields: list[Field] = field(default_factory=list)


def squeeze(text: str) -> str:
    """One declaration on one line, with the spaces that the compiler would need and no others."""
    text = " ".join(text.split())
    text = re.sub(r"\s*([(),*\[\]])\s*", lambda m: {",": ", ", "*": " *"}.get(m[1], m[1]), text).replace("* *", "**")
    return re.sub(r"(\w?)\( \*", lambda m: m[1] + (" " if m[1] else "") + "(*", text)


def split_statements(body: str) -> list[tuple[str, str]]:
    """The statements of a record's body, each with the comments that speak about it (before it, or on its last line)."""
    statements: list[tuple[str, str]] = []
    code, comments, depth = "", "", 0
    for token in re.findall(r"/\*.*?\*/|\n|.", body, re.S):
        if token.startswith("/*"):
            at_end_of_line = not code.strip() and statements and "\n" not in code
            if at_end_of_line:
                statements[-1] = (statements[-1][0], statements[-1][1] + token)
            else:
                comments += token
            continue
        depth += {"(": 1, ")": -1}.get(token, 0)
        if token == ";" and depth == 0:
            statements.append((squeeze(code), comments))
            code, comments = "", ""
        else:
            code += token
    if code.strip():
        raise LayoutError(f"cannot read '{code.strip()}'")
    return statements


def parse_fields(record: str, body: str) -> list[Field]:
    """Fields of one record, `double min, max` split in two; refuses what rule 1 forbids."""
    fields = []
    for statement, comments in split_statements(body):
        since = re.search(r"since (\d+\.\d+)", comments)
        version = since[1] if since else "0.0"
        function = re.fullmatch(r"(.+?)\(\*(\w+)\)\((.*)\)", statement)
        if function:
            fields.append(Field(function[2], statement, version))
            continue
        match = re.fullmatch(r"((?:const )?\w+)( \*+| )(\w+(?:\[\w+\])?(?:, \w+)*)", statement)
        if not match:
            raise LayoutError(f"{record}: cannot read field '{statement}' (rule 1: no bit-fields, no nested types)")
        base, stars, names = match[1], match[2].strip(), match[3].split(", ")
        plain = base.removeprefix("const ")
        if not stars and plain not in FIXED_TYPES and not plain.startswith("tenon_"):
            raise LayoutError(f"{record}: field '{statement}' is not of a fixed-width type (rule 1)")
        for name in names:
            declaration = f"{base} {stars}{name}"
            fields.append(Field(name.split("[")[0], declaration, version))
    return fields


def parse_header(text: str) -> tuple[list[str], list[Record], list[str]]:
    """Names of the constants, the records and the exported functions of one header."""
    if re.search(r"\benum\b|\bunion\b|\bbool\b", re.sub(r"/\*.*?\*/", "", text, flags=re.S)):
        raise LayoutError("an enum, a union or a bool in a header (rule 1)")
    defines = [name for name in re.findall(r"^#define (TENON_\w+)\s+\S", text, re.M) if name not in SKIPPED_DEFINES]
    records = []
    for match in re.finditer(r"typedef struct (\w+) \{(.*?)^\} \1;", text, re.M | re.S):
        records.append(Record(match[1], parse_fields(match[1], match[2])))
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    functions = [squeeze(f) for f in re.findall(r"^TENON_EXPORT (.*?);", code, re.M | re.S)]
    functions += [squeeze(f) for f in re.findall(r"^typedef (int32_t \(\*.*?);", code, re.M | re.S)]
    return defines, records, functions


def probe_source(defines: list[str], records: list[Record]) -> str:
    """A C program that prints a line for each constant, record and field."""
    lines = ["#include <stddef.h>", "#include <stdio.h>", *(f"#include <{h}>" for h in HEADERS)]
    # _Generic tells text constants from numbers without naming them here.
    lines += ["#define SHOW(name, value) _Generic((value), char *: show_text, const char *: show_text, "
              "default: show_number)(name, value)",
              'static void show_text(const char *n, const char *v) { printf("constant %s \\"%s\\"\\n", n, v); }',
              'static void show_number(const char *n, long long v) { printf("constant %s %lld\\n", n, v); }',
              "int main(void) {"]
    lines += [f'  SHOW("{name}", {name});' for name in defines]
    for record in records:
        lines.append(f'  printf("record %s %zu\\n", "{record.name}", sizeof({record.name}));')
        for f in record.fields:
            lines.append(f'  printf("field %zu %zu\\n", offsetof({record.name}, {f.name}), '
                         f"sizeof((({record.name} *)0)->{f.name}));")
    lines += ["  return 0;", "}", ""]
    return "\n".join(lines)


def run_probe(source: str, compiler: str, include: pathlib.Path) -> list[str]:
    """Output lines of the probe, built by `compiler` against the headers."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "probe.c")
        file.write_text(source)
        program = pathlib.Path(folder, "probe")
        command = [*compiler.split(), "-std=c11", "-w", f"-I{include}", str(file), "-o", str(program)]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        if built.returncode != 0:
            raise LayoutError(f"{compiler} cannot build the probe:\n{built.stderr}")
        return subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout.splitlines()


def describe_record(record: Record, lines: list[str]) -> list[str]:
    """The lock's lines for one record; `lines` are the probe's, this record's first."""
    size = int(lines[0].split()[2])
    out = [f"record {record.name} size {size}"]
    end = 0
    for f, line in zip(record.fields, lines[1:]):
        offset, width = (int(word) for word in line.split()[1:])
        if offset != end:
            raise LayoutError(f"{record.name}: {offset - end} bytes of implicit padding before '{f.name}' (rule 1)")
        end = offset + width
        out.append(f"  {offset:>4} {width:>4} {f.since}  {f.declaration}")
    if end != size:
        raise LayoutError(f"{record.name}: {size - end} bytes of implicit padding at the end (rule 1)")
    return out


def describe(compiler: str, include: pathlib.Path) -> str:
    """The whole lock, as the headers below `include` are now."""
    defines, records, functions = [], [], []
    for header in HEADERS:
        parts = parse_header((include / header).read_text())
        defines += parts[0]
        records += parts[1]
        functions += parts[2]
    lines = run_probe(probe_source(defines, records), compiler, include)
    out = ["# The layout of the provider ABI. Written by layout.py --write; a change needs a commit `abi: ...`.",
           "# Fields: offset, size in bytes, first minor, declaration.", ""]
    out += lines[: len(defines)] + [""]
    lines = lines[len(defines):]
    for record in records:
        out += describe_record(record, lines) + [""]
        lines = lines[1 + len(record.fields):]
    out += [f"function {f}" for f in functions]
    return "\n".join(out) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="compare the headers with the lock")
    mode.add_argument("--write", action="store_true", help="write the lock anew")
    parser.add_argument("--cc", default=os.environ.get("CC", "cc"), help="C compiler of the probe (default: $CC or cc)")
    parser.add_argument("--include", type=pathlib.Path, default=INCLUDE, help="folder that holds tenon/plugin.h")
    options = parser.parse_args()
    try:
        now = describe(options.cc, options.include)
    except LayoutError as error:
        print(f"layout: {error}", file=sys.stderr)
        return 1
    if options.write:
        LOCK.write_text(now)
        return 0
    locked = LOCK.read_text() if LOCK.exists() else ""
    if now == locked:
        return 0
    sys.stdout.writelines(difflib.unified_diff(locked.splitlines(True), now.splitlines(True), "layout.lock", "headers"))
    print("layout: the headers differ from the lock. If that is meant, run plugin-api/abi/layout.py --write and commit "
          "it as `abi: ...` with the reason [R3].", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
