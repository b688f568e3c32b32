# SPDX-License-Identifier: Apache-2.0
"""Configuration of Sphinx. Nothing is fetched: no inventories of other projects, fonts and scripts from the theme only."""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "ext"))

project = "Tenon"
author = "the authors of Tenon"
copyright = author  # noqa: A001  Sphinx's name
release = re.search(r"project\(Tenon VERSION ([\d.]+)", (HERE.parent / "CMakeLists.txt").read_text()).group(1)
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "headers"]
exclude_patterns = ["README.md"]
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]
suppress_warnings = ["config.cache"]

add_function_parentheses = False
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
c_maximum_signature_line_length = 100
cpp_maximum_signature_line_length = 100
highlight_language = "text"
smartquotes = False

html_theme = "furo"
html_title = f"Tenon {release}"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
