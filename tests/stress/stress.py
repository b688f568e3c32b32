# SPDX-License-Identifier: Apache-2.0
"""stress.py SECONDS MODEL...: starts the program stress on models of the catalog."""
import os
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "models")]

import catalog  # noqa: E402

program = Path(os.environ["TENON_BUILD_DIR"], "bin", "stress")
os.environ.pop("LD_PRELOAD", None)
os.execv(program, [str(program), sys.argv[1], *(str(catalog.by_name(name).path()) for name in sys.argv[2:])])
