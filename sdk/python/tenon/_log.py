# SPDX-License-Identifier: Apache-2.0
"""Tenon's log goes to the logger ``tenon`` of Python's ``logging``."""

from __future__ import annotations

import logging

logger = logging.getLogger("tenon")
_LEVELS = {1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO, 4: logging.DEBUG}


def emit(level: int, text: str) -> None:
    logger.log(_LEVELS.get(level, logging.DEBUG), "%s", text)
