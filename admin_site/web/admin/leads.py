"""From one row to those that point to it: their lists, how many there are, and the form for another one."""

from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from admin_site.accounts import permissions
from admin_site.accounts.actor import Actor
from admin_site.core import registry
from admin_site.core.section import Section
from admin_site.records import reads
from admin_site.records.list_query import ListQuery
from admin_site.web.addresses import url_for
from admin_site.web.admin import forms


@dataclass(frozen=True)
class Lead:
    """Rows of a section that point to a row; more than ``reads.COUNT_MOST`` says that there are more."""

    section: Section
    label: str
    count: int
    url: str
    # Where one more is begun; empty for whoever may not.
    new_url: str


def to(actor: Actor, section: Section, row_id: int) -> list[Lead]:
    """What leads to a row, for this person."""
    return list(_leads(actor, section, row_id))


def _leads(actor: Actor, section: Section, row_id: int) -> Iterator[Lead]:
    pointing = registry.pointing_to(section)
    for other, field in pointing:
        if not permissions.allows(actor, "read", other) or field.name not in other.filters:
            continue
        asked = {field.name: str(row_id)}
        query = ListQuery.from_args(other, MultiDict(asked), actor)
        if query.problems:
            continue
        is_one = sum(one is other for one, _field in pointing) == 1
        may_add = permissions.allows(actor, "create", other) and field.name in forms.settable(other, actor, None)
        yield Lead(
            other, other.label if is_one else f"{other.label}: {field.label}", reads.count(actor, query),
            url_for(f"{other.name}.index_view", **asked),
            url_for(f"{other.name}.create_view", **asked) if may_add else "",
        )  # fmt: skip
