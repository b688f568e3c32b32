# SPDX-License-Identifier: Apache-2.0
"""Checks tenon.compat's table of onnxruntime's names against onnxruntime itself, and writes the page about it.

    python sdk/python/tools/onnxruntime_names.py            checks; writes nothing
    python sdk/python/tools/onnxruntime_names.py --write    writes docs/onnxruntime-names.md

Needs the real onnxruntime of the table's version and tenon in one Python (PYTHONPATH=build/release/python). Fails when
onnxruntime has a public name or configuration key that the tables (names.toml, config_keys.toml) do not list, when a
table lists one that onnxruntime does not have, and when tenon.compat does not do what a row says: a name that is the
same or differs exists and takes the same arguments, one that raises exists and raises NotOffered.
"""

import argparse
import collections
import enum
import importlib
import inspect
import pathlib
import pkgutil
import re
import sys
import tomllib

HERE = pathlib.Path(__file__).resolve()
ROOT = HERE.parents[3]
COMPAT = HERE.parents[1] / "tenon" / "compat"
PAGE = ROOT / "docs" / "onnxruntime-names.md"
MODULES = [
    "onnxruntime",
    "onnxruntime.capi._pybind_state",
    "onnxruntime.capi.onnxruntime_inference_collection",
    "onnxruntime.capi.onnxruntime_validation",
    "onnxruntime.capi.build_and_package_info",
    "onnxruntime.backend",
    "onnxruntime.backend.backend",
    "onnxruntime.backend.backend_rep",
    "onnxruntime.datasets",
]
# Attributes that a class has for the language, not for its users, but for these.
PROTOCOLS = {"__array__", "__dlpack__", "__dlpack_device__", "__len__", "__iter__", "__getitem__"}
KINDS = ("same", "differs", "raises")
KEY_KINDS = ("same", "ignored", "raises")
KEY = re.compile(rb"(?:session|optimization|ep|mlas|memory)(?:\.[a-z0-9_]+)+")


def is_public(owner, name, value):
    """Whether a name of a module is onnxruntime's own: not Python's, not another package's."""
    if name.startswith("_") and name not in ("__version__", "__author__"):
        return False
    if inspect.ismodule(value):
        return value.__name__.startswith("onnxruntime.") and value.__name__.rpartition(".")[2] == name
    home = getattr(value, "__module__", None)
    if not isinstance(home, str) or home.startswith("onnxruntime"):
        return True
    return home == "collections.abc" and getattr(value, "__name__", name) != name  # a type alias of its own


def members(cls):
    """Public attributes of a class of onnxruntime, its onnxruntime bases' included."""
    found = set()
    for base in cls.__mro__:
        if base in (object, BaseException, Exception, enum.Enum, enum.IntEnum, int) or not base.__module__.startswith(
            "onnxruntime"
        ):
            continue
        if base.__name__ == "pybind11_object":
            continue
        found |= {name for name in vars(base) if not name.startswith("_") or name in PROTOCOLS}
    return sorted(found)


def public_names():
    """Name to object of everything public. Members of a class are listed where the class comes first."""
    names, seen = {}, set()
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        for name, value in sorted(vars(module).items()):
            if not is_public(module, name, value) or inspect.ismodule(value) and value.__name__ in MODULES:
                continue
            full = f"{module_name}.{name}"
            names[full] = value
            if inspect.ismodule(value):
                names |= {f"{full}.{inner}": item for inner, item in vars(value).items() if not inner.startswith("_")}
            elif inspect.isclass(value) and id(value) not in seen:
                seen.add(id(value))
                names |= {f"{full}.{member}": inspect.getattr_static(value, member) for member in members(value)}
    for package in ("onnxruntime", "onnxruntime.capi"):
        for part in pkgutil.iter_modules(importlib.import_module(package).__path__):
            name = f"{package}.{part.name}"
            if name not in MODULES and not part.name.startswith(("_", "lib")):
                names.setdefault(name, None)
    return names


def known_keys():
    """Configuration keys that onnxruntime's extension module holds as texts."""
    from onnxruntime.capi import onnxruntime_pybind11_state

    data = pathlib.Path(onnxruntime_pybind11_state.__file__).read_bytes()
    found = set()
    for text in data.split(b"\0"):
        if KEY.fullmatch(text):
            found.add(text.decode())
    # Texts that share the end of a longer one have no start of their own; a key's tail is no key.
    return {key for key in found if not key.endswith((".", "_"))}


def read_table():
    """Rows of names.toml by full name: (kind, text)."""
    rows = {}
    for section, entries in tomllib.loads((COMPAT / "names.toml").read_text(encoding="utf-8")).items():
        for name, text in entries.items():
            kind, _, why = text.partition(": ")
            rows[f"{section}.{name}"] = (kind, why)
    return rows


def expand(rows, names):
    """The row of each name: its own, else that of its enumeration or of its class that raises, else that of the same
    object where it comes first. Returns {name: (kind, text)} and the names without one."""
    table, missing, first = {}, [], {}
    for name, value in names.items():
        owner = name.rpartition(".")[0]
        inherits = owner in table and (table[owner][0] == "raises" or hasattr(names[owner], "__members__"))
        if name in rows:
            table[name] = rows[name]
        elif inherits and owner not in MODULES:
            table[name] = table[owner]
        elif id(value) in first:
            table[name] = first[id(value)]
        else:
            missing.append(name)
            continue
        if inspect.isclass(value) or inspect.isroutine(value) or inspect.ismodule(value):
            first.setdefault(id(value), table[name])
    return table, missing


def compat_object(name):
    """What tenon.compat.onnxruntime has under onnxruntime's name; AttributeError or ImportError when nothing."""
    inner = "tenon.compat." + name
    parts = inner.split(".")
    for cut in range(len(parts), 2, -1):
        try:
            value = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError as error:
            if error.name is not None and ".".join(parts[:cut]).startswith(error.name):
                continue
            raise
        for part in parts[cut:]:
            if inspect.isclass(value) and part not in dir(value) and part in attributes_set(value):
                return None
            value = inspect.getattr_static(value, part) if inspect.isclass(value) else getattr(value, part)
        return value
    raise ImportError(inner)


def attributes_set(cls):
    """Names that the methods of a class (Python's) set on itself: attributes that only its objects have."""
    return set(re.findall(r"\bself\.([A-Za-z]\w*)\b(?=[^=\n]*=)", inspect.getsource(cls)))


def arguments(value):
    """Names of a function's arguments, None where it does not tell (the extension's) or takes any."""
    value = getattr(value, "__func__", value)
    if not inspect.isfunction(value) and not inspect.isclass(value):
        return None
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return None
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    if inspect.Parameter.VAR_KEYWORD in kinds and inspect.Parameter.VAR_POSITIONAL in kinds:
        return None
    return [
        name for name, parameter in signature.parameters.items() if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]


def raises_not_offered(value):
    from tenon.compat.onnxruntime.capi._pybind_state import NotOffered

    value = getattr(value, "__func__", value)
    if isinstance(value, property):
        value = value.fget
    try:
        count = (
            0
            if inspect.isclass(value)
            else sum(
                p.default is inspect.Parameter.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
                for p in inspect.signature(value).parameters.values()
            )
        )
        value(*[None] * count)
    except NotOffered:
        return True
    except (RuntimeError, ModuleNotFoundError):
        return True
    return False


def check_row(name, kind, original, table):
    """What is wrong with tenon.compat for this row, or None."""
    owner = name.rpartition(".")[0]
    if kind == "raises" and owner in table and table[owner][0] == "raises":
        return None  # the class raises as a whole
    try:
        found = compat_object(name)
    except ModuleNotFoundError as error:
        return None if kind == "raises" else f"cannot be imported: {error}"
    except (AttributeError, ImportError) as error:
        if kind == "raises" and original is None:
            return None  # a module that is refused
        return f"is not there: {error}"
    if kind == "raises":
        return None if raises_not_offered(found) else "does not raise"
    if inspect.isclass(original) != inspect.isclass(found) and not isinstance(original, type(None)):
        return f"is {type(found).__name__}, not {type(original).__name__}"
    theirs, ours = arguments(original), arguments(found)
    if theirs is not None and ours is not None and not set(theirs) <= set(ours):
        return f"takes {ours}, onnxruntime's takes {theirs}"
    if isinstance(original, (str, int)) and not inspect.isclass(original) and kind == "same" and original != found:
        return f"is {found!r}, not {original!r}"
    if (
        inspect.isclass(original)
        and hasattr(original, "__members__")
        and {k: int(v) for k, v in original.__members__.items()} != {k: int(v) for k, v in found.__members__.items()}
    ):
        return "has other members"
    return None


def check_keys(keys):
    """What is wrong with config_keys.toml and the code behind it."""
    from tenon.compat.onnxruntime import SessionOptions
    from tenon.compat.onnxruntime.capi._pybind_state import InvalidArgument, NotOffered

    problems = []
    listed = {name for section in keys.values() for name in section}
    problems += [f"config key {name}: not in config_keys.toml" for name in sorted(known_keys() - listed)]
    held = known_keys()
    for section, entries in keys.items():
        for name, row in entries.items():
            if row["kind"] not in KEY_KINDS:
                problems.append(f"config key {name}: kind {row['kind']}")
            if section == "session" and name not in held and not row.get("header"):
                problems.append(f"config key {name}: onnxruntime does not hold it")
    for name, row in keys["session"].items():
        options = SessionOptions()
        try:
            options.add_session_config_entry(name, "1")
            raised = False
        except NotOffered:
            raised = True
        if raised != (row["kind"] == "raises"):
            problems.append(
                f"config key {name}: {'raises' if raised else 'does not raise'}, but its row says {row['kind']}"
            )
        if not raised and (f"{name}=1" in options._ignored()) != (row["kind"] == "ignored"):
            problems.append(f"config key {name}: ignored_options does not agree with its row")
    try:
        SessionOptions().add_session_config_entry("session.no_such_key", "1")
        problems.append("an unknown config key does not raise")
    except InvalidArgument:
        pass
    return problems


def page(table, keys, version):
    """The text of docs/onnxruntime-names.md."""
    counts = collections.Counter(kind for kind, _ in table.values())
    key_counts = collections.Counter(row["kind"] for section in keys.values() for row in section.values())
    lines = [
        "<!-- Written by sdk/python/tools/onnxruntime_names.py --write from sdk/python/tenon/compat/*.toml. -->",
        "# onnxruntime's names in tenon.compat",
        "",
        f"Every public name of onnxruntime {version} (modules, functions, classes and their members) and every",
        "configuration key, with what `tenon.compat.onnxruntime` does. *same*: as in onnxruntime, as far as applications",
        "see; *differs*: how; *raises*: it can be imported, and raises `NotOffered` (an onnxruntime `NotImplemented` and",
        "a `NotImplementedError`) when it is used; *ignored* (keys): without effect here, and listed by",
        "`session.ignored_options`.",
        "",
        "| | same | differs | raises | ignored | all |",
        "| --- | --- | --- | --- | --- | --- |",
        f"| names | {counts['same']} | {counts['differs']} | {counts['raises']} | | {sum(counts.values())} |",
        f"| configuration keys | {key_counts['same']} | | {key_counts['raises']} | {key_counts['ignored']} "
        f"| {sum(key_counts.values())} |",
        "",
    ]
    for module in MODULES:
        rows = [(name[len(module) + 1 :], row) for name, row in table.items() if _module_of(name) == module]
        if not rows:
            continue
        lines += [f"## {module}", "", "| name | | |", "| --- | --- | --- |"]
        lines += [f"| `{name}` | {kind} | {text} |" for name, (kind, text) in rows] + [""]
    for section, title in (
        ("session", "Configuration keys of sessions"),
        ("run", "Configuration keys of runs"),
        ("dynamic", "Dynamic options of providers"),
    ):
        lines += [f"## {title}", "", "| key | | |", "| --- | --- | --- |"]
        for name, row in sorted(keys[section].items()):
            accepted = ", ".join(f"`{value}`" if value else "empty" for value in row.get("accepts", ()))
            text = row["text"] + (f" (takes: {accepted})" if accepted else "")
            lines.append(f"| `{name}` | {row['kind']} | {text} |")
        lines.append("")
    return "\n".join(lines)


def _module_of(name):
    return max((module for module in MODULES if name.startswith(module + ".")), key=len)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the page")
    parser.add_argument("--missing", action="store_true", help="print names without a row and stop")
    options = parser.parse_args()
    import onnxruntime

    names, rows = public_names(), read_table()
    table, missing = expand(rows, names)
    if options.missing:
        print("\n".join(missing))
        return 0
    problems = [f"{name}: no row in names.toml" for name in missing]
    problems += [f"{name}: in names.toml, not in onnxruntime" for name in rows if name not in names]
    problems += [f"{name}: kind '{kind}'" for name, (kind, _) in table.items() if kind not in KINDS]
    problems += [f"{name}: {kind} needs a text" for name, (kind, text) in table.items() if kind != "same" and not text]
    for name, (kind, _) in table.items():
        problem = check_row(name, kind, names[name], table)
        if problem:
            problems.append(f"{name} ({kind}): {problem}")
    keys = tomllib.loads((COMPAT / "config_keys.toml").read_text(encoding="utf-8"))
    problems += check_keys(keys)
    text = page(table, keys, onnxruntime.__version__)
    if options.write:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        problems.append(f"{PAGE.relative_to(ROOT)} is not what --write would write")
    for problem in problems:
        print(problem)
    counts = collections.Counter(kind for kind, _ in table.values())
    listed = sum(len(section) for section in keys.values())
    print(f"{len(table)} names: {dict(counts)}; {listed} configuration keys; {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
