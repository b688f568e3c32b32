# SPDX-License-Identifier: Apache-2.0
"""A session as one self-contained page."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from . import _tenon

if TYPE_CHECKING:
    from ._session import InferenceSession


def write_report(session: InferenceSession, path: str | os.PathLike[str]) -> None:
    """Writes the page of ``session`` to ``path``. An existing file is replaced only once the page is whole."""
    target = os.fspath(path)
    text = _tenon.report_html(session, os.path.basename(session._source) or "model")
    handle, draft = tempfile.mkstemp(prefix=".tenon-", suffix=".html", dir=os.path.dirname(os.path.abspath(target)))
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(draft, 0o666 & ~_umask())
        os.replace(draft, target)
    except BaseException:
        os.unlink(draft)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
