"""Sign-ins that were ended by signing out: no copy of their cookie opens anything any more.

An identity provider's claims live in a signed cookie, which Streamlit trusts as long as it lasts. So each
ended sign-in is remembered as an empty file, named by a hash, in a private folder of the store: any
process notes it, and all of them see it, without a lock.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = "sign-outs"
REMEMBERED_SECONDS = 32 * 24 * 3600
"""Longer than Streamlit accepts a cookie (31 days), so that no setting revives a cookie."""

CLAIMS = ("iss", "sub", "aud", "iat", "nonce", "sid", "email")
"""The claims by which sign-ins differ: the nonce is drawn anew for each."""


class SignOuts:
    """The ended sign-ins of a store, whose folder is ``home`` (KPI_HOME)."""

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER

    def end(self, claims: Mapping[str, Any]) -> None:
        """Ends the sign-in of these claims, and forgets those whose cookies have expired by themselves.

        Raises OSError where the folder can't be written.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file(claims).touch(mode=0o600)
        oldest = time.time() - REMEMBERED_SECONDS
        for file in self._folder.iterdir():
            try:
                if file.stat().st_mtime < oldest:
                    file.unlink()
            except FileNotFoundError:  # another process forgot it at the same moment
                continue

    def ended(self, claims: Mapping[str, Any]) -> bool:
        """True where the sign-in of these claims was ended; also where the folder can't be looked into."""
        try:
            self._file(claims).stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return True

    def can_be_recorded(self) -> bool:
        """True where this user may end sign-ins here; checked without creating anything."""
        folder = self._folder
        while not os.path.lexists(folder):
            folder = folder.parent
        return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)

    def _file(self, claims: Mapping[str, Any]) -> Path:
        named = json.dumps([claims.get(name) for name in CLAIMS], default=str)
        return self._folder / hashlib.sha256(named.encode()).hexdigest()
