"""Passwords: any length, kept as bcrypt over a SHA-384 digest.

bcrypt reads 72 bytes and stops at NUL; the digest in base64 is 64 bytes without NUL, so that every
character of a long password counts.
"""

import base64
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import bcrypt
from flask import current_app
from zxcvbn import zxcvbn

from admin_site.core.errors import Busy

LEAST_LENGTH = 8
# A page of text is no password; hashing more than this is only work for the server.
MOST_LENGTH = 4096
# Guesses that the lists of common passwords need at most (OWASP: refuse the top 3,000).
LEAST_GUESSES = 10_000
# zxcvbn grows with the square of the length; what is longer is judged by its beginning.
JUDGED_LENGTH = 72

# One bcrypt of cost 12 occupies a core for a quarter of a second: let no crowd of them starve the pages.
_turn = threading.BoundedSemaphore(max(1, (os.cpu_count() or 2) - 1))
# Whoever would wait longer for a turn is asked to come again.
TURN_SECONDS = 2


@contextmanager
def _in_turn() -> Iterator[None]:
    if not _turn.acquire(timeout=TURN_SECONDS):
        raise Busy("Too many people are signing in at this moment. Please try again.")
    try:
        yield
    finally:
        _turn.release()


def hash_password(password: str) -> str:
    """The form that is stored."""
    return _hash(password, current_app.config["BCRYPT_COST"])


def matches(password: str, stored: str | None) -> bool:
    """Whether this is the password. Takes the same time where there is none."""
    expected = stored or _nobodys(current_app.config["BCRYPT_COST"])
    with _in_turn():
        same = bcrypt.checkpw(_digest(password), expected.encode())
    return same and stored is not None


def weakness(password: str, *about: str) -> str:
    """What is wrong with a new password, as a sentence; empty when it will do.

    ``about`` are words that belong to the person: name, e-mail address.
    """
    if len(password) < LEAST_LENGTH:
        return f"Password must have at least {LEAST_LENGTH} characters."
    if len(password) > MOST_LENGTH:
        return f"Password must have at most {MOST_LENGTH:,} characters."
    inputs = [word for word in about if word]
    if zxcvbn(password[:JUDGED_LENGTH], user_inputs=inputs)["guesses"] < LEAST_GUESSES:
        return "This password is among the first that are guessed. Try four words that do not belong together."
    return ""


def _hash(password: str, cost: int) -> str:
    with _in_turn():
        return bcrypt.hashpw(_digest(password), bcrypt.gensalt(cost)).decode()


def _digest(password: str) -> bytes:
    return base64.b64encode(hashlib.sha384(password.encode("utf-8", "surrogatepass")).digest())


@lru_cache(maxsize=4)
def _nobodys(cost: int) -> str:
    return _hash(os.urandom(16).hex(), cost)
