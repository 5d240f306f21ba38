"""Hiding ids: HMAC-SHA256 with the secret key, computed inside the engine."""

from __future__ import annotations

import hashlib
import hmac

from kpi.errors import Refused

MAKE_A_KEY = 'python -c "import secrets; print(secrets.token_hex(32))"'
ANOTHER_KEY = (
    "KPI_HMAC_KEY is not the key this store was made with, so every user would count twice; "
    "set the first key again, or load everything into a new KPI_HOME"
)
_BLOCK = 64  # bytes in a block of SHA-256, RFC 2104


def pads(key: bytes) -> dict[str, bytes]:
    """The two padded keys of RFC 2104 with which SQL computes the same HMAC as Python's hmac."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return {
        "inner_pad": bytes(byte ^ 0x36 for byte in block),
        "outer_pad": bytes(byte ^ 0x5C for byte in block),
    }


def key_check(key: bytes) -> str:
    """A fingerprint by which two keys differ, without revealing either."""
    return hmac.new(key, b"kpi: which key made this store", hashlib.sha256).hexdigest()[:16]


def required(key: bytes | None) -> bytes:
    """The key, or a refusal that says how to make a key."""
    if not key:
        raise Refused(
            "KPI_HMAC_KEY is not set, and ids are never stored unhashed; "
            f"make a key with: {MAKE_A_KEY}"
        )
    return key
