# SPDX-License-Identifier: Apache-2.0
"""onnxruntime's inner package, as far as programs touch it."""
