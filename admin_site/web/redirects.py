"""Where to go next, when the request says so: only within this site."""

import re

_CONTROL = re.compile(r"[\x00-\x20\x7f\\]")


def is_local(target: str) -> bool:
    """Whether it is a path of this site, however a browser reads it.

    One slash at the start, then no other; no backslash (browsers take it for a slash), no blank and no
    control character (browsers drop them).
    """
    return target.startswith("/") and not target.startswith("//") and not _CONTROL.search(target)


def local_or(target: str | None, fallback: str) -> str:
    """The target if it is local, else the fallback."""
    return target if target and is_local(target) else fallback
