# SPDX-License-Identifier: Apache-2.0
"""Where programs import the extension module's names from."""

from .onnxruntime_pybind11_state import *  # noqa: F403
