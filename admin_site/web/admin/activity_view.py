"""What happened on the site: every change set, one's own or with the right everybody's, each of which opens."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, ClassVar

from flask import request, url_for
from flask_admin import expose
from sqlalchemy import select

from admin_site.accounts import permissions
from admin_site.accounts.models import User
from admin_site.core import registry, text
from admin_site.core.database import db
from admin_site.core.errors import NotFound
from admin_site.core.section import Section
from admin_site.history import change_sets, log
from admin_site.records import relations
from admin_site.records.values import ID_MOST
from admin_site.web import numbers, templating
from admin_site.web.admin import history_page, undoing
from admin_site.web.admin.guard import GuardedView
from admin_site.web.identity import actor

ENTRIES = 50


@dataclass(frozen=True)
class Told:
    """A change set for the list: who, what in one sentence, where it leads."""

    set: change_sets.ReadSet
    who: relations.Title | None
    said: str
    source: str


@dataclass(frozen=True)
class Touched:
    """One row of a change set."""

    entry: change_sets.SetEntry
    section: Section
    title: str
    is_trashed: bool
    url: str
    verb: str
    lines: list[history_page.Line]


class ActivityView(GuardedView):
    """``/admin/activity/``"""

    actions: ClassVar[dict[str, str]] = {"index": "read", "change": "read"}

    def __init__(self) -> None:
        super().__init__(
            name="Activity", endpoint="activity", url="activity", category="System", menu_icon_type="bi",
            menu_icon_value="clock-history",
        )  # fmt: skip
        self.static_folder = None

    def check_action(self, action: str) -> None:
        """For whoever may read some section."""
        if not _sections():
            raise NotFound

    def is_accessible(self) -> bool:
        """For whoever may change something, and so has a history."""
        return any(permissions.allows(actor(), "update", section) for section in registry.all_sections())

    @expose("/")
    def index(self) -> str:
        """Change sets, newest first, by person, section, source, day and words."""
        asked = {
            name: text.storable(request.args.get(name, ""))[:100].strip()
            for name in ("q", "by", "section", "source", "since")
        }
        sections = _sections()
        wanted = [section.name for section in sections if asked["section"] in ("", section.name)]
        is_all = permissions.may(actor(), "activity")
        since = _day(asked["since"])
        found = change_sets.find_all(
            sections=wanted, actor_id=numbers.row(asked["by"]) if is_all else actor().id, source=asked["source"],
            since=since, words=asked["q"], before=numbers.row(request.args.get("before", "")),
        )  # fmt: skip
        asked["since"] = asked["since"] if since else ""
        problems = ["Since must be a date like 2026-11-20."] if request.args.get("since") and since is None else []
        return self.render(
            "admin/activity.html", told=_told(found, wanted), asked=asked, sections=sections, is_all=is_all,
            people=_people() if is_all else [], sources=history_page.SOURCES, problems=problems,
            older=found[-1].id if len(found) == log.PAGE_SIZE else 0, searched=change_sets.SEARCHED_MOST,
        )  # fmt: skip

    @expose("/<int:id>")
    def change(self, id: int) -> str:
        """One change set: each row that it touched, and whether it can be undone."""
        sections = [section.name for section in _sections()]
        change_set = change_sets.find(id) if 0 < id <= ID_MOST else None
        parts = change_sets.parts_of([id], sections)[id] if change_set else []
        if change_set is None or not parts:
            raise NotFound
        before = numbers.row(request.args.get("before", ""))
        entries = change_sets.entries_of(id, before=before, limit=ENTRIES)
        who = relations.titles(User, [change_set.actor_id] if change_set.actor_id else [])
        return self.render(
            "admin/change.html", change=change_set, who=who.get(change_set.actor_id or 0), said=_sentence(parts),
            touched=_touched(entries, sections), older=entries[-1].id if len(entries) == ENTRIES else 0,
            source=history_page.SOURCES.get(change_set.source, change_set.source), key=secrets.token_urlsafe(12),
            count=sum(part.count for part in parts), **undoing.of(id),
        )  # fmt: skip


def _sections() -> list[Section]:
    return [section for section in registry.all_sections() if permissions.allows(actor(), "read", section)]


def _people() -> Sequence[Any]:
    """Those who ever changed something, as far as they fit a list to choose from."""
    query = select(User.id, User.name).where(User.live == 1).order_by(User.name_key, User.id).limit(200)
    return db.session.execute(query).all()


def _told(found: Sequence[change_sets.ReadSet], sections: Sequence[str]) -> list[Told]:
    parts = change_sets.parts_of([one.id for one in found], sections)
    people = relations.titles(User, [one.actor_id for one in found if one.actor_id])
    names = _titles([part for group in parts.values() for part in group if part.count == 1])
    return [
        Told(one, people.get(one.actor_id or 0), _sentence(parts[one.id], names),
             history_page.SOURCES.get(one.source, one.source))
        for one in found
    ]  # fmt: skip


def _titles(parts: Sequence[change_sets.Part]) -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {}
    for name in {part.section for part in parts}:
        ids = [part.row_id for part in parts if part.section == name]
        titles = relations.readable(actor(), registry.get(name), ids)
        found |= {(name, number): title.text for number, title in titles.items()}
    return found


def _sentence(parts: Sequence[change_sets.Part], names: dict[tuple[str, int], str] | None = None) -> str:
    said = []
    for part in parts[:3]:
        section = registry.get(part.section)
        name = (names or {}).get((part.section, part.row_id)) if part.count == 1 else None
        many = templating.plural(part.count, section.singular, section.label.lower())
        what = f"the {section.singular} “{text.clip(name, 60)}”" if name else many
        said.append(f"{history_page.VERBS[part.action]} {what}")
    return ", ".join(said) + (" …" if len(parts) > 3 else "")


def _touched(entries: Sequence[change_sets.SetEntry], sections: Sequence[str]) -> list[Touched]:
    found = []
    by_section = {name: [e.row_id for e in entries if e.section == name] for name in {e.section for e in entries}}
    titles = {
        name: relations.readable(actor(), registry.get(name), ids)
        for name, ids in by_section.items() if name in sections
    }  # fmt: skip
    for entry in entries:
        title = titles.get(entry.section, {}).get(entry.row_id)
        if title is None:
            continue
        section = registry.get(entry.section)
        may_see = not title.trashed or permissions.allows(actor(), "restore", section)
        url = url_for(f"{section.name}.history_view", id=entry.row_id) if may_see else ""
        said = list(history_page.lines(section, entry.changes)) if entry.action in ("update", "create") else []
        found.append(Touched(entry, section, title.text, title.trashed, url, history_page.VERBS[entry.action], said))
    return found


def _day(raw: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(raw), time(), UTC) if raw else None
    except ValueError:
        return None
