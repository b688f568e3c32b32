# SPDX-License-Identifier: Apache-2.0
"""The dependency rule: plugin-api <- core <- sdk, and plugin-api <- plugins. Read from includes, from what the built
libraries are linked with, and from the provider names in core."""

import re
import sys

import common

# Headers of ours by the spelling of their include, and who owns them.
PLUGIN_API_HEADERS = re.compile(r"tenon/(types\.h|plugin\.h|provider\.hpp|kit/.+)$")
APPLICATION_HEADERS = re.compile(r"tenon/(tenon\.h|tenon\.hpp)$")
FOLDERS = ("plugin-api", "core", "plugins", "sdk", "tools", "tests", "bench")

# Folder -> owners whose headers it may include (its own always).
ALLOWED = {
    "plugin-api": set(),
    "core": {"plugin-api"},
    "plugins": {"plugin-api"},
    "sdk": {"plugin-api", "application"},
    "tools": {"plugin-api", "application", "sdk"},
    "tests": {"plugin-api", "application", "sdk"},
    "bench": {"plugin-api", "application", "sdk"},
}
PROVIDER_LIBRARIES = re.compile(r"\b(openblas|opencl|vulkan|cuda|cudnn|openvino|rocm|sycl)\b", re.IGNORECASE)
# The names of the ABI's kinds of device: the word is no provider's there.
DEVICE_KINDS = '"cpu", "gpu", "npu"'


def owner(root, path, name):
    """Which part of the tree a header spelled `name` in file `path` belongs to, or None for a system header."""
    if PLUGIN_API_HEADERS.search(name):
        return "plugin-api"
    if APPLICATION_HEADERS.search(name):
        return "application"
    near = (root / path).parent / name
    target = near if near.exists() else root / name
    if target.exists() and target.resolve().is_relative_to(root):
        parts = target.resolve().relative_to(root).parts
        return "/".join(parts[:2]) if parts[0] == "plugins" else parts[0]
    first = name.split("/")[0]
    return first if first in FOLDERS else None


def check_includes(root):
    problems = []
    for path in common.sources(root, ".c", ".cc", ".cpp", ".h", ".hpp"):
        folder = path.parts[0]
        if folder not in ALLOWED:
            continue
        own = "/".join(path.parts[:2]) if folder == "plugins" else folder
        allowed = ALLOWED[folder] | {own}
        if folder == "core":
            allowed = allowed | {"application"}  # core/api implements tenon.h
        for line, _, name in common.includes(root, path):
            of = owner(root, path, name)
            if of is not None and of not in allowed:
                problems.append(f"{path}:{line}: includes {name}, which belongs to {of}; {own} may use: "
                                f"{', '.join(sorted(allowed))}")
    return problems


def provider_ids(root):
    """Folder names below plugins/; `null` is left out, it is also a word of JSON."""
    folders = {path.parts[1] for path in common.files(root) if path.parts[0] == "plugins" and len(path.parts) > 2}
    return sorted(folders - {"null"})


def check_names(root):
    problems = []
    ids = "|".join(re.escape(name) for name in provider_ids(root))
    literal = re.compile(rf'"({ids})"|libtenon_provider_({ids})\b') if ids else None
    for path in common.files(root):
        if path.parts[0] != "core" or path.suffix == ".md":
            continue
        for number, line in enumerate(common.read(root, path).splitlines(), 1):
            line = line.replace(DEVICE_KINDS, "")
            found = PROVIDER_LIBRARIES.search(line) or (literal and literal.search(line))
            if found:
                problems.append(f"{path}:{number}: core names a provider or its library: {found.group(0)}")
    return problems


def check_links(build):
    problems = []
    core = build / "lib" / "libtenon.so.0"
    for library in common.provider_libraries(build):
        for needed in common.dynamic(library, "NEEDED"):
            # A part that a provider's variants share lies beside them.
            if needed.startswith("libtenon") and not (library.parent / needed).exists():
                problems.append(f"{library.name}: linked with {needed}; a provider is linked with nothing of ours")
    if core.exists():
        for needed in common.dynamic(core, "NEEDED"):
            if needed.startswith("libtenon") or PROVIDER_LIBRARIES.search(needed) or "blas" in needed:
                problems.append(f"{core.name}: linked with {needed}, which belongs to a provider")
    ninja = build / "build.ninja"
    if ninja.exists():
        for output, inputs in re.findall(r"^build (\S*libtenon_provider_\S+\.so): \S+ (.*)$", ninja.read_text(), re.MULTILINE):
            for word in inputs.split():
                if re.search(r"(^|/)libtenon\.so|tenon_core\.dir", word):
                    problems.append(f"{output}: its link line holds {word}; plugins never use core")
    return problems


def check(root, build):
    return check_includes(root) + check_names(root) + check_links(build)


if __name__ == "__main__":
    sys.exit(common.main(check))
