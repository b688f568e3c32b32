# SPDX-License-Identifier: Apache-2.0
"""no_alloc.py MODEL [NAME=N...]: starts the program no_alloc on a model of the catalog."""
import os
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "models")]

import catalog  # noqa: E402

program = Path(os.environ["TENON_BUILD_DIR"], "bin", "no_alloc")
os.execv(program, [str(program), str(catalog.by_name(sys.argv[1]).path()), *sys.argv[2:]])
