# SPDX-License-Identifier: Apache-2.0
"""A session as one self-contained page."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from . import _tenon

if TYPE_CHECKING:
    from ._session import InferenceSession


def write_report(session: InferenceSession, path: str | os.PathLike[str]) -> None:
    """Writes the page of ``session`` to ``path``. An existing file is replaced only once the page is whole."""
    target = os.fspath(path)
    text = _tenon.report_html(session, os.path.basename(session._source) or "model")
    draft = os.path.join(os.path.dirname(os.path.abspath(target)), f".tenon-{secrets.token_hex(8)}.html")
    # 0o666 and the umask's word, as any new file has; reading the umask would mean setting it for all threads.
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666), "w", encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
            os.replace(draft, target)
        except BaseException:
            os.unlink(draft)
            raise
