# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for other runtimes, so that programs written for them run on Tenon.

Two ways for a program that uses onnxruntime:

* change one line: ``import tenon.compat.onnxruntime as ort``;
* change nothing: ``python -m tenon.compat program.py ARGS...`` or ``python -m tenon.compat -m module ARGS...`` runs it
  with :mod:`tenon.compat.onnxruntime` wherever it says ``import onnxruntime``, whether that is installed or not.

What is the same, what differs and what raises: docs/onnxruntime-names.md.
"""

from ._standin import NAME, VERSION, install

__all__ = ["NAME", "VERSION", "install"]
