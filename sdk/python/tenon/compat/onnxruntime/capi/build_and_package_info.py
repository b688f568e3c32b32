# SPDX-License-Identifier: Apache-2.0
"""Name and version of the package that this stands in for."""

from ..._standin import NAME as package_name
from ..._standin import VERSION as __version__

__all__ = ["__version__", "package_name"]
