# SPDX-License-Identifier: Apache-2.0
"""Checks that onnxruntime makes while it is imported."""

from .build_and_package_info import __version__, package_name


def check_distro_info() -> None:
    """Nothing to check."""


def get_package_name_and_version_info() -> tuple[str, str, str]:
    """Package, version, and the version of CUDA, which is empty."""
    return package_name, __version__, ""


def check_training_module() -> tuple[bool, str, str, str]:
    """Whether there is training (there is not), then package, version and CUDA's version."""
    return (False, *get_package_name_and_version_info())
