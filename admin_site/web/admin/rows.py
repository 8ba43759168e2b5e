"""The rows of a list as markup, written by functions that are made once for a page.

There are up to 200 rows of a dozen cells: what a template does for each of them is most of what a page costs.
Every value is escaped here; nothing else writes rows. Cells and rows are closed by those that follow them, as HTML
allows, and names alone need no quotes: there are hundreds of them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape

from admin_site.accounts import permissions
from admin_site.accounts.actor import Actor
from admin_site.core import clock, text
from admin_site.core.section import Field, Kind, Section
from admin_site.records.reads import Item
from admin_site.records.relations import Title
from admin_site.records.search import marks
from admin_site.records.search.terms import Term
from admin_site.web import templating
from admin_site.web.assets import icon

NOTHING = "<span class=none>–</span>"
TITLE_LENGTH = 160
CELL_LENGTH = 120
LABEL_LENGTH = 30
RELATED_LENGTH = 80

Cell = Callable[[Item], str]


class Rows:
    """Writes the rows of one page: for one person, one list, these columns."""

    def __init__(
        self, actor: Actor, section: Section, address: str, state: str, columns: Sequence[tuple[Field, str]],
        terms: Sequence[Term] = (), *, is_ticked: bool = False,
    ) -> None:  # fmt: skip
        self.is_ticked = is_ticked
        self.actor, self.section, self.address = actor, section, address
        self.marker = marks.Marker(terms) if terms else None
        self.state = f"?back={quote(state, safe='')}" if state else ""
        workflow = section.workflow if section.workflow and section.workflow.moves else None
        self.step = workflow.action if workflow else ""
        # A digit for the state that a row has already: the menu leaves that step out.
        self.stood = {value: str(place) for place, value in enumerate(workflow.moves.values())} if workflow else {}
        self.state_of = attrgetter(f"row.{workflow.field}") if workflow else lambda _item: ""
        asked = ("update", "delete", "pin", *filter(None, (self.step,)))
        self.may = {action: _may(actor, section, action) for action in asked}
        # The letters of a row by how it is pinned and its state, where they depend on nothing else.
        self.letters: dict[tuple[bool, bool, str], str] | None = {} if None not in self.may.values() else None
        self.now = clock.now()
        first, *others = columns
        self.first = first[0]
        self.is_title_first = section.title_columns == (self.first.name,)
        self.cells = [(_opening(classes), self._cell(field)) for field, classes in others]

    def __call__(self, items: Sequence[Item]) -> Markup:
        """All of them."""
        return Markup("".join(map(self._row, items)))  # noqa: S704 - every part is escaped

    def trashed(self, items: Sequence[Item], movers: Mapping[int, Title]) -> Markup:
        """Rows of the trash, with who moved them there."""
        written = (self._in_trash(item, movers.get(item.id)) for item in items)
        return Markup("".join(written))  # noqa: S704 - every part is escaped

    def cell(self, item: Item) -> str:
        """The inside of the cell after the first column: what a changed cell shows."""
        return self.cells[0][1](item)

    def _row(self, item: Item) -> str:
        number, title = item.row.id, " ".join(item.title.split())
        actions = self._actions(item)
        url = f"{self.address}{number}"
        edit = "/edit" if actions[:1] == "e" else ""
        mark = self._mark_of(item) if item.pin else ""
        why = self._why(item, title) if self.marker else ""
        return (
            f"<tr>{self._tick(number, title)}<th scope=row class=title>"
            f'<a href="{url}{edit}{self.state}">{mark}{self._title(item, title)}</a>{why}{self._cells(item)}'
            f"{f'<td data-may={actions}>' if actions else '<td data-may>'}"
        )

    def _actions(self, item: Item) -> str:
        """A letter for each thing that the person may do to the row: from them the script makes its menu.

        Without script the same is found behind the row's own link.
        """
        if self.letters is None:
            return self._letters(item)
        alike = (item.is_pinned, bool(item.pin and item.pin.is_own), self.state_of(item))
        if (known := self.letters.get(alike)) is None:
            known = self.letters[alike] = self._letters(item)
        return known

    def _letters(self, item: Item) -> str:
        may_update, may_delete = self._allows("update", item.row), self._allows("delete", item.row)
        may_step = may_update and self.step and self._allows(self.step, item.row)
        step = f"w{self.stood.get(self.state_of(item), '')}" if may_step else ""
        return f"{'e' if may_update else ''}{step}{self._pin_action(item)}{'d' if may_delete else ''}"

    def _cells(self, item: Item) -> str:
        """The cells after the first; that of the last column tells when a pin ends, where it does."""
        if not item.pin or not item.pin.until or not self.cells:
            return "".join([f"{opening}{write(item)}" for opening, write in self.cells])
        *others, last = self.cells
        written = [f"{opening}{write(item)}" for opening, write in others]
        return "".join((*written, last[0], _until(item.pin.until)))

    def _in_trash(self, item: Item, mover: Title | None) -> str:
        """A row that can only be restored."""
        title = " ".join(item.title.split())
        by = escape(text.clip(mover.text, RELATED_LENGTH)) if mover else "System"
        return (
            f"<tr>{self._tick(item.id, title)}"
            f'<th scope=row class=title><a href="{self.address}trash/{item.id}">{self._title(item, title)}</a>'
            f"{self._cells(item)}"
            f"<td>{templating.brief_moment(item.row.deleted_at, self.now)}<td class=p2 dir=auto>{by}"
            f'<td class=menu-cell><a class="btn btn-default btn-sm" href="{self.address}{item.id}/restore">Restore'
            f'<span class="visually-hidden"> {escape(text.cut(title, 60))}</span></a>'
        )

    def _tick(self, number: int, title: str) -> str:
        """The box by which a row is chosen, where something can be done to many."""
        if not self.is_ticked:
            return ""
        label = _safe(text.cut(title, LABEL_LENGTH))
        return f'<td class=k-tick><input type=checkbox form=bulk name=ids value={number} aria-label="Select {label}">'

    @staticmethod
    def _mark_of(item: Item) -> str:
        return str(icon("bookmark-fill", "icon-sm")) + " " if item.pin and item.pin.is_own else ""

    def _allows(self, action: str, row: Any) -> bool:
        answer = self.may[action]
        return permissions.allows(self.actor, action, self.section, row) if answer is None else answer

    def _pin_action(self, item: Item) -> str:
        if not self.section.pins:
            return ""
        own = "n" if item.pin and item.pin.is_own else "m"
        if not self._allows("pin", item.row):
            return own
        return own + ("u" if item.is_pinned else "p")

    def _title(self, item: Item, title: str) -> str:
        line = title if self.is_title_first else " ".join(_words(item, self.first).split())
        said = text.cut(line, TITLE_LENGTH) or "–"
        return self.marker.mark(said) if self.marker else _safe(said)

    def _why(self, item: Item, title: str) -> str:
        """Where in the long text the words were found, if not in the title."""
        raw = getattr(item.row, "_excerpt", None)
        if not raw or self.marker is None or self.marker.has(title):
            return ""
        piece = self.marker.snippet(raw)
        return f'<span class="why">{piece}</span>' if piece else ""

    def _cell(self, field: Field) -> Cell:
        if field.is_relation:
            return _related(field)
        name = field.name
        match field.kind:
            case Kind.CHOICE:
                shown = {choice.value: templating.status(field, choice.value) for choice in field.choices}
                read = attrgetter(f"row.{name}")
                return lambda item: shown.get(read(item)) or templating.status(field, read(item) or "")
            case Kind.BOOLEAN:
                yes = '<span class="status status-ok i-check-lg">Yes</span>'
                return lambda item: yes if item.value(name) else NOTHING
            case Kind.DATETIME:
                return self._moment(name)
            case Kind.INTEGER:
                return lambda item: (
                    NOTHING if item.value(name) is None else f'<span class="num">{item.value(name)}</span>'
                )
        return lambda item: self._text(item, name)

    def _moment(self, name: str) -> Cell:
        now, read = self.now, attrgetter(f"row.{name}")

        def write(item: Item) -> str:
            when = read(item)
            return NOTHING if when is None else templating.brief_moment(when, now)

        return write

    def _text(self, item: Item, name: str) -> str:
        value = item.value(name)
        if not value:
            return NOTHING
        said = text.clip(value, CELL_LENGTH)
        return self.marker.mark(said) if self.marker and name in self.section.search else _safe(said)


_SPECIAL = re.compile("[&<>'\"]")


def _safe(raw: str) -> str:
    """The text as markup; most texts are that already, and to see it costs a third of writing them again."""
    return escape(raw) if _SPECIAL.search(raw) else raw


def _may(actor: Actor, section: Section, action: str) -> bool | None:
    """The answer for every row at once, or None where it depends on the row."""
    if permissions.is_unconditional(actor, action, section):
        return True
    return None if permissions.allows(actor, action, section) else False


def _opening(classes: str) -> str:
    if not classes:
        return "<td>"
    return f'<td class="{classes}">' if " " in classes else f"<td class={classes}>"


def _until(end: datetime) -> str:
    return f'<span class="pin-note">until {templating.moment(end, brief=True)}</span>'


def _related(field: Field) -> Cell:
    """Titles behind a relation, each written once for a page."""
    name, is_one = field.name, field.kind is Kind.RELATION
    is_person = field.target is not None and field.target.__tablename__ == "users"
    written: dict[int | None, str] = {None: NOTHING}
    read = attrgetter(f"row.{name}")

    def told(title: Title) -> str:
        words = text.clip(title.text, RELATED_LENGTH)
        shown = templating.person(words, title.id) if is_person else _safe(words)
        return f'{shown} <span class="faint">(in the trash)</span>' if title.trashed else shown

    def write(item: Item) -> str:
        if is_one and (known := written.get(read(item))):
            return known
        titles = item.related(name)
        for title in titles:
            if title.id not in written:
                written[title.id] = told(title)
        return ", ".join([written[title.id] for title in titles]) or NOTHING

    return write


def _words(item: Item, field: Field) -> str:
    value = item.value(field.name)
    if field.is_relation:
        return ", ".join(title.text for title in item.related(field.name))
    if field.kind is Kind.CHOICE:
        labels: Mapping[str, str] = field.choice_labels
        return labels.get(value, str(value))
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return "" if value is None else str(value)
