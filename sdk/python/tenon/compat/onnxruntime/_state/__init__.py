# SPDX-License-Identifier: Apache-2.0
"""What onnxruntime keeps in its extension module (``onnxruntime.capi.onnxruntime_pybind11_state``), over tenon."""
