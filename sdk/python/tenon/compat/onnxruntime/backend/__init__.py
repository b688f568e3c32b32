# SPDX-License-Identifier: Apache-2.0
"""ONNX's backend interface under onnxruntime's names. Needs the package onnx."""

from .backend import is_compatible, prepare, run, supports_device

__all__ = ["is_compatible", "prepare", "run", "supports_device"]
