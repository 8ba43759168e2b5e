"""Changing one cell of a list: through the one write path, answered as JSON."""

from collections.abc import Mapping
from typing import Any

from admin_site.accounts import permissions
from admin_site.accounts.actor import Actor
from admin_site.core.errors import Busy, Conflict, Denied, Invalid, Stale
from admin_site.core.section import Field, Kind, Section
from admin_site.core.transactions import atomically
from admin_site.records import reads, relations, writes
from admin_site.web import numbers
from admin_site.web.admin import forms, picker
from admin_site.web.admin.rows import Rows

CHOICES_MOST = 50


def offer(actor: Actor, section: Section, row_id: int, field: Field) -> dict[str, Any]:
    """What the cell holds, the version of its row, and what it can be changed to."""
    item = reads.item(actor, section, row_id)
    permissions.require(actor, "update", section, item.row)
    if field.name not in forms.settable(section, actor, item):
        raise Denied(f"You may not set {field.label}.", needs=f"{section.name}.update")
    return {
        "value": forms.as_typed(field, item), "version": item.row.version, "label": field.label,
        "kind": str(field.kind), "choices": (found := _choices(actor, section, field, item)),
        "more": field.is_relation and len(found) >= CHOICES_MOST,
    }  # fmt: skip


def _choices(actor: Actor, section: Section, field: Field, item: reads.Item) -> list[dict[str, str]]:
    if field.kind is Kind.CHOICE:
        return [{"value": c.value, "label": c.label} for c in forms.choices(section, actor, field, item)]
    if field.kind is Kind.BOOLEAN:
        return [{"value": "1", "label": "Yes"}, {"value": "0", "label": "No"}]
    if field.kind is not Kind.RELATION:
        return []
    picker.require(actor, section, field)
    offered = relations.candidates(actor, field, "", limit=CHOICES_MOST)
    standing = [title for title in item.related(field.name) if title.id not in {other.id for other in offered}]
    blank = [] if field.required else [{"value": "", "label": "None"}]
    return [*blank, *({"value": str(title.id), "label": title.text} for title in (*standing, *offered))]


def change(actor: Actor, section: Section, row_id: int, field: Field, sent: Mapping[str, str]) -> tuple[Any, int]:
    """Give the cell its new value; answers with its markup, or with what stands against it."""
    raw = sent.get("version", "")
    version = numbers.small(raw) or 0
    try:
        atomically(
            lambda: writes.update(
                actor, section, row_id, {field.name: sent.get("value", "")}, version=version, source="cell"
            )
        )
    except Stale as error:
        if field.name in error.mergeable:  # only other fields were changed meanwhile
            return change(actor, section, row_id, field, {**sent, "version": str(error.version)})
        item = reads.item(actor, section, row_id)
        theirs = forms.as_typed(field, item)
        if field.name not in error.yours:  # left as it was read, or what stands already
            return _shown(actor, section, item, field), 200
        return {"error": f"Somebody changed this meanwhile to “{_said(item, field) or 'nothing'}”. Enter keeps yours.",
                "version": error.version, "theirs": theirs}, 409  # fmt: skip
    except (Invalid, Conflict, Busy) as error:
        fields = error.fields.get(field.name) or [message for found in error.fields.values() for message in found]
        return {"error": " ".join(fields) or error.message}, error.status
    return _shown(actor, section, reads.item(actor, section, row_id), field), 200


def _shown(actor: Actor, section: Section, item: reads.Item, field: Field) -> dict[str, Any]:
    """The cell, and those of the same row that follow by themselves: when it was changed, or published."""
    stamps = section.workflow.stamps.values() if section.workflow else ()
    following = {name: _markup(actor, section, item, section.field(name)) for name in ("updated_at", *stamps)}
    return {
        "html": _markup(actor, section, item, field), "text": _said(item, field), "version": item.row.version,
        "following": following,
    }  # fmt: skip


def _markup(actor: Actor, section: Section, item: reads.Item, field: Field) -> str:
    return Rows(actor, section, "", "", [(section.field(section.columns[0]), ""), (field, "")]).cell(item)


def _said(item: reads.Item, field: Field) -> str:
    if field.is_relation:
        return ", ".join(title.text for title in item.related(field.name))
    value = item.value(field.name)
    return field.choice_labels.get(value, "" if value is None else str(value))
