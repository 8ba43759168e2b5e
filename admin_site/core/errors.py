"""Five ways in which a request can fail; ``web/errors.py`` turns each into a page or JSON.

They are raised where the reason is known and caught at the edge only.
"""

from collections.abc import Mapping, Sequence
from typing import Any

FieldErrors = Mapping[str, Sequence[str]]


class AppError(Exception):
    """Base of the five. ``message`` is one sentence that a person can act on."""

    status = 500
    code = "error"

    def __init__(self, message: str = "", *, fields: FieldErrors | None = None) -> None:
        self.fields: dict[str, list[str]] = {k: list(v) for k, v in (fields or {}).items()}
        self.message = message or next((text for texts in self.fields.values() for text in texts), "")
        super().__init__(self.message)

    @property
    def whole(self) -> str:
        """All that is wrong, for whoever mends a row without its form: a sentence for each wrong value."""
        said = [sentence for sentences in self.fields.values() for sentence in sentences]
        return " ".join(f"{sentence.rstrip('.')}." for sentence in said) if len(said) > 1 else self.message


class NotFound(AppError):
    """Missing, or hidden from the person who asks; the two must not be told apart."""

    status = 404
    code = "not_found"

    def __init__(self, message: str = "Resource not found") -> None:
        super().__init__(message)


class Denied(AppError):
    """The person may see this, but may not do that. ``needs`` names the missing permission."""

    status = 403
    code = "forbidden"

    def __init__(self, message: str = "You may not do this", *, needs: str = "") -> None:
        super().__init__(message)
        self.needs = needs


class Invalid(AppError):
    """Bad input. ``fields`` has a list of sentences for each field that is wrong."""

    status = 400
    code = "invalid"


class Conflict(AppError):
    """A value is taken, or the state of the row does not allow it."""

    status = 409
    code = "conflict"


class Stale(Conflict):
    """The row has changed since the writer read it.

    By field name: ``base`` is what the writer had read, ``yours`` what they made of it, ``theirs`` what
    stands now. What the writer left as they had read it is not among them. ``mergeable`` names those that
    nobody else has changed: they can be written without taking anything from anybody.
    """

    status = 412
    code = "stale"

    def __init__(
        self,
        message: str,
        *,
        base: Mapping[str, Any],
        yours: Mapping[str, Any],
        theirs: Mapping[str, Any],
        version: int,
        mergeable: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.base = dict(base)
        self.yours = dict(yours)
        self.theirs = dict(theirs)
        self.mergeable = list(mergeable)
        self.version = version


class Busy(AppError):
    """Try again later: the database is occupied, or a limit was reached."""

    status = 503
    code = "busy"

    def __init__(
        self, message: str = "The database is busy. Please try again.", *, retry_after: int = 5, status: int = 503
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.status = status
        self.code = "too_many_requests" if status == 429 else "busy"
