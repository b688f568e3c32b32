# SPDX-License-Identifier: Apache-2.0
"""Importing this puts tests/models (catalog) and tests/driver (tenon_ctypes) on the module path."""
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "models"), str(TESTS / "driver")]
