"""One value for every list: filters, search, sort, pins and page, read from the query string.

The page, and later the API, export, counts and bulk selection, all take it, so they cannot disagree.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from admin_site.accounts import permissions
from admin_site.core.rules import Actor
from admin_site.core.section import Field, Kind, Section
from admin_site.records.filters import OPERATORS, Condition, read_condition

PER_PAGE = 50
PER_PAGE_MOST = 200
# Further than this, a page number costs what lies before it.
DEEPEST_ROW = 10_000
WORDS_MOST = 10
Q_LENGTH = 400
CONDITIONS_MOST = 50
# Words of the query string that are not fields.
OWN_WORDS = frozenset({"q", "sort", "page", "per_page", "pinned"})


class Args(Protocol):
    """The query string: several values for a name, as Werkzeug's MultiDict has them."""

    def items(self, multi: bool = False) -> Iterable[tuple[str, str]]: ...


@dataclass(frozen=True)
class Order:
    """One column of the sort."""

    field: str
    descending: bool

    def __str__(self) -> str:
        return f"-{self.field}" if self.descending else self.field


TRASH_SORT = (Order("deleted_at", descending=True),)


@dataclass(frozen=True, kw_only=True)
class ListQuery:
    """What a list shows. ``problems`` has a sentence for each word that was not understood."""

    section: Section
    conditions: tuple[Condition, ...] = ()
    q: str = ""
    sort: tuple[Order, ...] = ()
    page: int = 1
    per_page: int = PER_PAGE
    pinned: str = ""
    # What ``pinned`` is where nobody says: pages show the band first, the API does not order by pins.
    pinned_unless_said: str = field(default="", compare=False)
    trashed: bool = False
    problems: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def from_args(cls, section: Section, args: Args, actor: Actor, *, pinned: str = "") -> "ListQuery":
        """Read it; what is unknown or wrong is left out and told in ``problems``."""
        return _Reader(section, actor, pinned).read(args)

    @property
    def words(self) -> list[str]:
        """The words to search for."""
        return self.q.split()[:WORDS_MOST]

    @property
    def is_narrowed(self) -> bool:
        """Whether it leaves rows out."""
        return bool(self.conditions or self.q)

    def to_args(self, **changes: Any) -> dict[str, str]:
        """The query string that gives this list again, with some parts changed."""
        query = replace(self, **changes) if changes else self
        args = {condition.name: condition.text for condition in query.conditions}
        if query.q:
            args["q"] = query.q
        if query.sort not in ((), TRASH_SORT, default_sort(query.section)):
            args["sort"] = ",".join(map(str, query.sort))
        if query.pinned != query.pinned_unless_said:
            args["pinned"] = query.pinned
        if query.per_page != PER_PAGE:
            args["per_page"] = str(query.per_page)
        if query.page > 1:
            args["page"] = str(query.page)
        return args

    def in_trash(self) -> "ListQuery":
        """The same list of what is in the trash, last moved first unless it was sorted."""
        is_unsorted = self.sort == default_sort(self.section)
        return replace(self, trashed=True, sort=TRASH_SORT if is_unsorted else self.sort)

    def without(self, condition: Condition) -> "ListQuery":
        """The same list with one filter taken away, from its beginning."""
        return replace(self, conditions=tuple(c for c in self.conditions if c != condition), page=1)


def default_sort(section: Section) -> tuple[Order, ...]:
    """The order of a list that nobody sorted."""
    return (Order(section.sort.removeprefix("-"), section.sort.startswith("-")),)


def sortable(section: Section) -> Mapping[str, Field]:
    """The fields that a list can be sorted by."""
    return {
        name: item
        for name, item in section.all_fields.items()
        if name in section.table.columns
        and not item.secret
        and item.kind not in (Kind.LONGTEXT, Kind.MARKDOWN, Kind.RELATIONS)
    }


class _Reader:
    def __init__(self, section: Section, actor: Actor, pinned: str) -> None:
        self.section, self.actor, self.pinned_unless_said = section, actor, pinned
        self.problems: list[str] = []

    def read(self, args: Args) -> ListQuery:
        pairs = list(args.items(multi=True))
        last = dict(pairs)
        conditions = tuple(self._conditions(pairs))
        return ListQuery(
            section=self.section,
            conditions=conditions,
            q=self._q(last.get("q", "")),
            sort=self._sort(last.get("sort", "")),
            page=self._number(last, "page", 1, None),
            per_page=self._number(last, "per_page", PER_PAGE, PER_PAGE_MOST),
            pinned=self._pinned(last.get("pinned", "")),
            pinned_unless_said=self.pinned_unless_said,
            problems=tuple(self.problems),
        )

    def _conditions(self, pairs: list[tuple[str, str]]) -> Iterator[Condition]:
        filled = [(name, raw) for name, raw in pairs if name not in OWN_WORDS and not name.startswith("find.") and raw]
        if len(filled) > CONDITIONS_MOST:
            self.problems.append(f"A list takes at most {CONDITIONS_MOST} filters; the others were left out.")
        for name, raw in filled[:CONDITIONS_MOST]:
            field_name, _, operator = name.partition("__")
            known = self.section.all_fields.get(field_name)
            if known is None or known.secret or (operator or "eq") not in OPERATORS:
                self.problems.append(f"There is no filter “{name[:40]}”; it was left out.")
                continue
            if not permissions.allows(self.actor, "read", self.section):
                continue
            try:
                yield read_condition(known, operator or "eq", raw)
            except ValueError as error:
                self.problems.append(f"{error} The filter was left out.")

    def _q(self, raw: str) -> str:
        if len(raw) > Q_LENGTH:
            self.problems.append(f"The search was cut to {Q_LENGTH} characters.")
        return " ".join(raw.replace("\0", " ").encode("utf-8", "replace").decode()[:Q_LENGTH].split())

    def _sort(self, raw: str) -> tuple[Order, ...]:
        orders: dict[str, Order] = {}
        allowed = sortable(self.section)
        for part in raw.split(",") if raw else ():
            name = part.strip().removeprefix("-")
            if name in allowed:
                orders.setdefault(name, Order(name, part.strip().startswith("-")))
            else:
                self.problems.append(f"The list cannot be sorted by “{part[:40]}”.")
        return tuple(orders.values()) or default_sort(self.section)

    def _number(self, args: Mapping[str, str], name: str, default: int, most: int | None) -> int:
        raw = args.get(name, "")
        if not raw:
            return default
        if not (raw.isascii() and raw.isdigit() and int(raw[:20]) > 0):
            self.problems.append(f"“{raw[:40]}” is no number for {name}.")
            return default
        return min(int(raw[:20]), most or int(raw[:20]))

    def _pinned(self, raw: str) -> str:
        if raw and raw not in ("first", "only", "none"):
            self.problems.append("pinned must be first, only or none.")
            return self.pinned_unless_said
        return raw or self.pinned_unless_said
