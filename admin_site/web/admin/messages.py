"""What was done, said on the next page, with Undo where it can be taken back."""

from typing import Any

from flask import flash

from admin_site.core import text
from admin_site.core.section import Section
from admin_site.history import log
from admin_site.jobs import undoable
from admin_site.web.identity import actor


def say(section: Section, title: str, deed: str, along: int = 0, *, undo: int | None = None) -> None:
    """What was done, with Undo where its change set is named."""
    more = (
        ""
        if not along
        else " with 1 row that belongs to it"
        if along == 1
        else f" with {along:,} rows that belong to it"
    )
    said = f"The {section.singular} “{text.clip(title, 60)}” {deed}{more}."
    message: Any = {"said": said, "undo": undo} if undo else said
    flash(message, "ok")


def last_deed(section: Section, row_id: int, action: str = "update") -> int | None:
    """The change set of what was just done, where this person may take it back."""
    may = undoable.may_take_back(actor(), section, action)
    return log.last_deed(section.name, row_id, actor().id) if may else None
