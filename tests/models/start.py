# SPDX-License-Identifier: Apache-2.0
"""start.py PROGRAM [ARG...]: starts a program of the build's bin; @NAME is the path of a model of the catalog."""
import os
import sys
from pathlib import Path

import catalog

program = Path(os.environ["TENON_BUILD_DIR"], "bin", sys.argv[1])
os.environ.pop("LD_PRELOAD", None)  # a sanitizer's library, which is there for Python
os.execv(program, [str(program), *(str(catalog.by_name(arg[1:]).path()) if arg.startswith("@") else arg
                                   for arg in sys.argv[2:])])
