"""One value for every list: filters, search, sort, pins and page, read from the query string.

The page, and later the API, export, counts and bulk selection, all take it, so they cannot disagree.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

from admin_site.accounts import permissions
from admin_site.core.rules import Actor
from admin_site.core.section import UNSORTED, Field, Kind, Section
from admin_site.records import keyset, language, resolve
from admin_site.records.filters import OPERATORS, Condition, Every, Node, Words, read_condition
from admin_site.records.search.terms import Term

PER_PAGE = 50
PER_PAGE_MOST = 200
# Further than this, a page number costs what lies before it.
DEEPEST_ROW = 10_000
Q_LENGTH = 1_000
CONDITIONS_MOST = 50
ORDERS_MOST = 5
COLUMNS_MOST = 30
# Words of the query string that are not fields, and what words of a page itself begin with.
OWN_WORDS = frozenset({"q", "sort", "page", "after", "per_page", "pinned", "columns", "view", "count", "group"})
PAGE_WORDS = ("find.", "b.")


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


@dataclass(frozen=True)
class Problem:
    """A word of the query string that was not understood: what is wrong, and what pages do instead."""

    name: str
    sentence: str
    instead: str = ""

    def __str__(self) -> str:
        return f"{self.sentence} {self.instead}".rstrip()


@dataclass(frozen=True)
class Part:
    """One part of ``q=`` as it was typed, and what it means; None where it was left out."""

    typed: language.Node
    meaning: Node | None


@dataclass(frozen=True, kw_only=True)
class ListQuery:
    """What a list shows. ``problems`` has a sentence for each word that was not understood."""

    section: Section
    conditions: tuple[Condition, ...] = ()
    q: str = ""
    parts: tuple[Part, ...] = field(default=(), compare=False)
    # Empty where nobody sorted: then the best come first if words are searched for.
    sort: tuple[Order, ...] = ()
    page: int = 1
    # The position that Next and Previous carry; ``page`` then only says how far it is.
    after: str = ""
    per_page: int = PER_PAGE
    pinned: str = ""
    # What ``pinned`` is where nobody says: pages show the band first, the API does not order by pins.
    pinned_unless_said: str = field(default="", compare=False)
    # Fields in their order; empty for those that the person prefers.
    columns: tuple[str, ...] = ()
    # The saved view that it belongs to; 0 says that it belongs to none, also where one opens with a view.
    view: int | None = None
    # Whether the rows are counted to the last.
    is_exact: bool = False
    group: str = ""
    trashed: bool = False
    problems: tuple[Problem, ...] = field(default=(), compare=False)

    @classmethod
    def from_args(cls, section: Section, args: Args, actor: Actor, *, pinned: str = "") -> "ListQuery":
        """Read it; what is unknown or wrong is left out and told in ``problems``."""
        return _Reader(section, actor, pinned).read(args)

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """The words that every row must have: by them the list is ranked and marked."""
        return tuple(resolve.words_of(tuple(part.meaning for part in self.parts)))

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every filter, of the query string and of ``q=``."""
        return (*self.conditions, *(part.meaning for part in self.parts if part.meaning is not None))

    @property
    def filters(self) -> tuple[Node, ...]:
        """The same without the words that the list is ranked by."""
        return (*self.conditions, *(rest for part in self.parts if (rest := without_words(part.meaning)) is not None))

    @cached_property
    def orders(self) -> tuple[Order, ...]:
        """How it is sorted, said or not."""
        return self.sort or (TRASH_SORT if self.trashed else default_sort(self.section))

    @property
    def is_ranked(self) -> bool:
        """Whether the best come first."""
        return bool(self.terms) and not self.sort and not self.trashed

    @property
    def is_narrowed(self) -> bool:
        """Whether it leaves rows out."""
        return bool(self.conditions or self.q or self.pinned in ("only", "none"))

    @cached_property
    def first_page(self) -> Mapping[str, str]:
        """The query string of its first page."""
        return self.to_args(page=1)

    def to_args(self, **changes: Any) -> dict[str, str]:
        """The query string that gives this list again, with some parts changed.

        Whoever changes what the list shows begins at its first page.
        """
        query = _changed(self, {"after": "", "page": 1} | changes) if changes else self
        args: dict[str, str] = {}
        again = [c for c in query.conditions if args.setdefault(c.name, c.text) != c.text]
        said = {
            # A name stands once in a query string: what it says twice is said in the language of q.
            "q": query.in_words(again) if again else query.q,
            "sort": ",".join(map(str, query.sort)) if query.sort != default_sort(query.section) or query.terms else "",
            "pinned": query.pinned if query.pinned != query.pinned_unless_said else "",
            "per_page": str(query.per_page) if query.per_page != PER_PAGE else "",
            "columns": ",".join(query.columns),
            "group": query.group,
            "view": "" if query.view is None else str(query.view),
            "count": "exact" if query.is_exact else "",
            "page": str(query.page) if query.page > 1 else "",
            "after": query.after,
        }
        return args | {name: value for name, value in said.items() if value}

    def in_trash(self) -> "ListQuery":
        """The same list of what is in the trash, last moved first unless it was sorted."""
        return replace(self, trashed=True)

    def without(self, gone: Condition | Part) -> "ListQuery":
        """The same list with one filter taken away, from its beginning."""
        if isinstance(gone, Condition):
            less = replace(self, conditions=tuple(c for c in self.conditions if c != gone), page=1, after="")
        else:
            kept = tuple(part for part in self.parts if part is not gone)
            q = language.write(language.Group(tuple(part.typed for part in kept)))
            less = replace(self, parts=kept, q=q, page=1, after="")
        return less if less.is_narrowed else less.plain()

    def plain(self) -> "ListQuery":
        """The whole list, from its beginning; it belongs to no view any more."""
        view = None if self.view is None else 0
        return replace(self, conditions=(), parts=(), q="", page=1, after="", view=view)

    def as_text(self) -> str:
        """All filters in the language of ``q=``."""
        return self.in_words(self.conditions)

    def in_words(self, conditions: Iterable[Condition]) -> str:
        """``q`` with these filters in front."""
        said = tuple(resolve.as_term(condition) for condition in conditions)
        try:
            return language.write(language.Group((*said, *language.parse(self.q).parts)))
        except language.QueryError:
            return " ".join([*map(language.write, said), self.q])


def _changed(query: ListQuery, changes: Mapping[str, Any]) -> ListQuery:
    return replace(query, **changes)


def without_words(node: Node | None) -> Node | None:
    """A filter without the words that the list is ranked by; None where nothing is left."""
    if node is None or isinstance(node, Words):
        return None
    if isinstance(node, Every):
        kept = tuple(rest for part in node.parts if (rest := without_words(part)) is not None)
        return Every(kept) if kept or not node.parts else None
    return node


def default_sort(section: Section) -> tuple[Order, ...]:
    """The order of a list that nobody sorted."""
    return (Order(section.sort.removeprefix("-"), section.sort.startswith("-")),)


def sortable(section: Section) -> Mapping[str, Field]:
    """The fields that a list can be sorted by."""
    return {
        name: item
        for name, item in section.all_fields.items()
        if name in section.table.columns and not item.secret and item.kind not in UNSORTED
    }


def listable(section: Section) -> Mapping[str, Field]:
    """The fields that can be columns of a list."""
    return {name: item for name, item in section.all_fields.items() if not item.secret}


def groupable(section: Section) -> Mapping[str, Field]:
    """The fields that a list can be grouped by: those with few values."""
    kinds = (Kind.CHOICE, Kind.BOOLEAN, Kind.RELATION)
    return {
        name: item
        for name, item in section.all_fields.items()
        if item.kind in kinds and not item.secret and name in section.table.columns
    }


class _Reader:
    def __init__(self, section: Section, actor: Actor, pinned: str) -> None:
        self.section, self.actor, self.pinned_unless_said = section, actor, pinned
        self.problems: list[Problem] = []

    def _refuse(self, name: str, sentence: str, instead: str = "") -> None:
        self.problems.append(Problem(name, sentence, instead))

    def read(self, args: Args) -> ListQuery:
        pairs = list(args.items(multi=True))
        last = dict(pairs)
        conditions = tuple(self._conditions(pairs))
        q = self._q(last.get("q", ""))
        return ListQuery(
            section=self.section,
            conditions=conditions,
            q=q,
            parts=self._parts(q),
            sort=self._sort(last.get("sort", "")),
            page=self._number(last, "page", 1, None),
            after=self._after(last.get("after", "")),
            per_page=self._number(last, "per_page", PER_PAGE, PER_PAGE_MOST),
            pinned=self._pinned(last.get("pinned", "")),
            pinned_unless_said=self.pinned_unless_said,
            columns=self._columns(last.get("columns", "")),
            view=0 if last.get("view") == "0" else self._number(last, "view", 0, None) or None,
            is_exact=last.get("count") == "exact",
            group=self._group(last.get("group", "")),
            problems=tuple(self.problems),
        )

    def _conditions(self, pairs: list[tuple[str, str]]) -> Iterator[Condition]:
        filled = [
            (name, raw) for name, raw in pairs if name not in OWN_WORDS and not name.startswith(PAGE_WORDS) and raw
        ]
        if len(filled) > CONDITIONS_MOST:
            too_many = f"A list takes at most {CONDITIONS_MOST} filters."
            self._refuse(filled[CONDITIONS_MOST][0], too_many, "The others were left out.")
        for name, raw in filled[:CONDITIONS_MOST]:
            path, said, operator = name.partition("__")
            try:
                if said and not operator:
                    raise LookupError
                via, known = resolve.path_of(self.section, self.actor, path)
                if (operator or "eq") not in OPERATORS:
                    raise LookupError
            except LookupError:
                self._refuse(name, f"There is no filter “{name[:40]}”.", "It was left out.")
                continue
            if not permissions.allows(self.actor, "read", self.section):
                continue
            try:
                yield replace(read_condition(known, operator or "eq", raw), via=via)
            except ValueError as error:
                self._refuse(name, str(error), "The filter was left out.")

    def _q(self, raw: str) -> str:
        if len(raw) > Q_LENGTH:
            self._refuse("q", f"A search has at most {Q_LENGTH:,} characters.", "The rest was left out.")
        return re.sub(r"[\0\s]", " ", raw.encode("utf-8", "replace").decode()[:Q_LENGTH]).strip()

    def _parts(self, q: str) -> tuple[Part, ...]:
        if not q or not permissions.allows(self.actor, "read", self.section):
            return ()
        resolver = resolve.Resolver(self.section, self.actor)
        tree, meanings = resolver.read(q)
        for problem in resolver.problems:
            self._refuse("q", problem.sentence, "" if problem.term else "The search was left out.")
        return tuple(Part(typed, meaning) for typed, meaning in zip(tree.parts, meanings, strict=True))

    def _sort(self, raw: str) -> tuple[Order, ...]:
        if not raw:
            return ()
        orders: dict[str, Order] = {}
        allowed = sortable(self.section)
        parts = raw.split(",")
        if len(parts) > ORDERS_MOST:
            self._refuse("sort", f"A list is sorted by at most {ORDERS_MOST} fields.", "The others were left out.")
        for part in parts[:ORDERS_MOST]:
            name = part.strip().removeprefix("-")
            if name in allowed:
                orders.setdefault(name, Order(name, part.strip().startswith("-")))
            else:
                self._refuse("sort", f"The list cannot be sorted by “{part[:40]}”.")
        return tuple(orders.values())

    def _after(self, raw: str) -> str:
        if not raw:
            return ""
        try:
            keyset.read(raw)
        except ValueError:
            self._refuse("after", "The page that was asked for is not known.", "This is the first one.")
            return ""
        return raw

    def _columns(self, raw: str) -> tuple[str, ...]:
        if not raw:
            return ()
        names = dict.fromkeys(part.strip() for part in raw.split(",")[:COLUMNS_MOST] if part.strip())
        allowed = listable(self.section)
        for name in names:
            if name not in allowed:
                self._refuse("columns", f"There is no column “{name[:40]}”.", "It was left out.")
        return tuple(name for name in names if name in allowed)

    def _group(self, raw: str) -> str:
        if raw and raw not in groupable(self.section):
            self._refuse("group", f"The list cannot be grouped by “{raw[:40]}”.")
            return ""
        return raw

    def _number(self, args: Mapping[str, str], name: str, default: int, most: int | None) -> int:
        raw = args.get(name, "")
        if not raw:
            return default
        if not (raw.isascii() and raw.isdigit() and int(raw[:20]) > 0):
            self._refuse(name, f"“{raw[:40]}” is no number for {name}.")
            return default
        return min(int(raw[:20]), most or int(raw[:20]))

    def _pinned(self, raw: str) -> str:
        if raw and raw not in ("first", "only", "none"):
            self._refuse("pinned", "pinned must be first, only or none.")
            return self.pinned_unless_said
        return raw or self.pinned_unless_said
