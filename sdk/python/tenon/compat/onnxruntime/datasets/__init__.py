# SPDX-License-Identifier: Apache-2.0
"""onnxruntime's example models, which are not here."""

from .._state.errors import refused_function

get_example = refused_function("datasets.get_example", "Tenon ships no example models")
