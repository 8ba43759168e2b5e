"""The filter builder: rows of field, operator and value in groups of all or any.

It is a plain form over the language of ``q=``: what is chosen is written as text, and text is read into
rows. Names of its controls: ``b.<place>.f`` field, ``.o`` operator, ``.v`` value, ``.w`` the second one of
"between", ``.u`` unit, ``.g`` all or any of a group; a place such as ``1.0`` is the first row in the second row,
which is a group.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from werkzeug.datastructures import MultiDict

from admin_site.accounts import permissions
from admin_site.accounts.actor import Actor
from admin_site.core import registry
from admin_site.core.section import Field, Kind, Section
from admin_site.records import language, relations
from admin_site.records.filters import Age
from admin_site.records.language import Group, Term, Value
from admin_site.records.list_query import listable
from admin_site.records.resolve import Resolver, path_of
from admin_site.web.admin import builder_rows
from admin_site.web.admin.builder_rows import Row, Rows

SPAN_DIGITS = 4
WORDS, RAW = "words", "text"

_EMPTY = (("empty", "is empty"), ("filled", "is not empty"))
_IS = (("eq", "is"), ("ne", "is not"))
_ONE_OF = ("in", "is one of")
_BETWEEN = ("between", "is between")
_TEXT = (("contains", "contains"), *_IS, _ONE_OF, *_EMPTY)
_NUMBER = (
    *_IS, _ONE_OF, _BETWEEN, ("gte", "is at least"), ("lte", "is at most"), ("gt", "is more than"),
    ("lt", "is less than"), *_EMPTY,
)  # fmt: skip
_DATE = (
    ("last", "in the last"), ("older", "more than … ago"), _BETWEEN, ("eq", "is on"), ("gte", "is on or after"),
    ("lte", "is on or before"), ("gt", "is after"), ("lt", "is before"), *_EMPTY,
)  # fmt: skip
OPERATORS: Mapping[Kind, Sequence[tuple[str, str]]] = {
    kind: _TEXT for kind in Kind if kind in (Kind.TEXT, Kind.LONGTEXT, Kind.MARKDOWN, Kind.EMAIL, Kind.SLUG, Kind.ISBN)
} | {
    Kind.PASSWORD: (), Kind.INTEGER: _NUMBER, Kind.BOOLEAN: (("eq", "is"),), Kind.CHOICE: (*_IS, _ONE_OF, *_EMPTY),
    Kind.DATETIME: _DATE, Kind.RELATION: (*_IS, _ONE_OF, *_EMPTY), Kind.RELATIONS: (*_IS, _ONE_OF, *_EMPTY),
}  # fmt: skip
_WORD_OPERATORS = (("contains", "contain"), ("exact", "are exactly"), ("not", "do not contain"))


class Builder:
    """The builder of one section for one person."""

    def __init__(self, actor: Actor, section: Section) -> None:
        self.actor, self.section = actor, section
        self._options: dict[str, list[str]] = {}

    # From the text and from the form

    def from_text(self, q: str) -> Rows:
        """The rows of a query; what no row can say stays as text."""
        try:
            tree = language.parse(q)
        except language.QueryError:
            return Rows(parts=[Row(field=RAW, value=q)])
        if (
            len(tree.parts) == 1
            and isinstance(tree.parts[0], Group)
            and tree.parts[0].any
            and not tree.parts[0].negated
        ):
            tree = tree.parts[0]
        return builder_rows.placed(Rows(is_any=tree.any, parts=list(self._parts(tree, 1))))

    def _parts(self, group: Group, depth: int) -> Iterator[Row | Rows]:
        parts = list(group.parts)
        while parts:
            part = parts.pop(0)
            if not group.any and parts and (between := self._between(part, parts[0])):
                parts.pop(0)
                yield between
            elif not isinstance(part, Group):
                yield self._row(part)
            elif not part.any and len(part.parts) == 2 and not part.negated and (row := self._between(*part.parts)):
                yield row
            elif part.negated or depth >= language.DEPTH_MOST:
                yield Row(field=RAW, value=language.write(part, inside=True))
            else:
                yield Rows(is_any=part.any, parts=list(self._parts(part, depth + 1)))

    def _between(self, first: language.Node, second: language.Node) -> Row | None:
        """The row that says "at least" and "at most" in one."""
        if not (isinstance(first, Term) and isinstance(second, Term)):
            return None
        begins, ends = (None if term.name in ("", "has", "no") else self._row(term) for term in (first, second))
        if not begins or not ends or begins.field != ends.field or (begins.operator, ends.operator) != ("gte", "lte"):
            return None
        if "between" not in dict(OPERATORS[self.field(begins.field).kind or Kind.TEXT]):
            return None
        return Row(field=begins.field, operator="between", value=begins.value, until=ends.value)

    def _row(self, term: Term) -> Row:
        value = term.values[0]
        raw = Row(field=RAW, value=language.write(term))
        if not term.name:
            if term.negated and value.quoted:
                return raw
            operator = "not" if term.negated else "exact" if value.quoted else "contains"
            return Row(field=WORDS, operator=operator, value=value.text)
        if term.name in ("has", "no") and not term.negated:
            name = self._name(value.text)
            return Row(field=name, operator="filled" if term.name == "has" else "empty") if name else raw
        name = self._name(term.name)
        if not name:
            return raw
        return (self._one_of(name, term) if len(term.values) > 1 else self._compared(name, term, value)) or raw

    def _one_of(self, name: str, term: Term) -> Row | None:
        known = self.field(name)
        if term.negated or term.operator != "eq" or _ONE_OF not in OPERATORS[known.kind or Kind.TEXT]:
            return None
        return Row(
            field=name, operator="in", value=builder_rows.listed([self._words(known, value) for value in term.values])
        )

    def _compared(self, name: str, term: Term, value: Value) -> Row | None:
        known = self.field(name)
        age = Age.read(value.text) if known.kind is Kind.DATETIME else None
        operator = term.operator
        if term.negated:
            if operator != "eq":
                return None
            operator = "ne"
        if age:
            operator = {"lt": "last", "gt": "older"}.get(operator, "")
            return Row(field=name, operator=operator, value=str(age.number), unit=age.unit) if operator else None
        if operator not in dict(OPERATORS[known.kind or Kind.TEXT]):
            return None
        return Row(field=name, operator=operator, value=self._words(known, value))

    def _words(self, known: Field, value: Value) -> str:
        """A value as the form has it: rows by their titles."""
        said = value.text
        if known.is_relation and said.isascii() and said.isdigit() and not value.quoted:
            return self._title(known, int(said)) or said
        return said

    def from_form(self, args: MultiDict[str, str]) -> Rows:
        """The rows as they were filled in, with what its buttons ask for done."""
        root = builder_rows.read(args, "")
        if removed := args.get("b.remove"):
            builder_rows.remove(root, removed)
        way, _, place = args.get("b.move", "").partition(":")
        if way in ("up", "down"):
            builder_rows.move(root, place, -1 if way == "up" else 1)
        kind, _, place = args.get("b.add", "").partition(":")
        target = builder_rows.find(root, place)
        if target is not None and kind in ("cond", "group") and builder_rows.size(root) < builder_rows.ROWS_MOST:
            new: Row | Rows = (
                Row(field=self.fields()[0][0])
                if kind == "cond"
                else Rows(is_any=not target.is_any, parts=[Row(field=self.fields()[0][0])])
            )
            target.parts.append(new)
        return builder_rows.placed(root)

    # To the text

    def text(self, rows: Rows) -> str:
        """The query that the rows say; rows without a value say nothing. Errors are noted at their rows."""
        node = self._group(rows)
        return language.write(node) if node.parts else ""

    def _group(self, rows: Rows) -> Group:
        parts: list[language.Node] = []
        for part in rows.parts:
            if isinstance(part, Rows):
                inner = self._group(part)
                if inner.parts:
                    parts.append(inner)
            else:
                terms = self._terms(part)
                parts += [Group(tuple(terms))] if rows.is_any and len(terms) > 1 and part.field != RAW else terms
        return Group(tuple(parts), any=rows.is_any and len(parts) > 1)

    def _terms(self, row: Row) -> Sequence[language.Node]:
        terms = list(self._said(row))
        resolver = Resolver(self.section, self.actor)
        for term in terms:
            resolver.node(term)
        if resolver.problems and not row.error:
            row.error = resolver.problems[0].sentence
        return terms

    def _said(self, row: Row) -> Iterator[language.Node]:
        value = row.value.strip()
        if row.field == RAW:
            yield from self._raw(row, value)
        elif row.field == WORDS:
            words = [value] if row.operator == "exact" and value else value.split()
            for word in words:
                yield Term("", "eq", (Value(word, quoted=row.operator == "exact"),), row.operator == "not")
        elif row.operator in ("empty", "filled"):
            yield Term("no" if row.operator == "empty" else "has", "eq", (Value(row.field),))
        elif self._operator(row) == "between":
            ends = (("gte", value), ("lte", row.until.strip()))
            yield from (self._term(row, operator, said) for operator, said in ends if said)
        elif value:
            yield self._term(row, row.operator, value)

    def _raw(self, row: Row, value: str) -> Iterator[language.Node]:
        try:
            yield from language.parse(value).parts
        except language.QueryError as error:
            row.error = str(error)

    def _operator(self, row: Row) -> str:
        """What the row asks; the first that there is where its own was left from another field."""
        offered = [operator for operator, _word in self.operators(row)]
        if row.operator not in offered and offered:
            row.operator = offered[0]
        return row.operator

    def _term(self, row: Row, operator: str, value: str) -> Term:
        name = _spoken(self.section, row.field)
        if operator in ("last", "older"):
            if not (value.isascii() and value.isdigit() and len(value) <= SPAN_DIGITS):
                row.error = f"{self.field(row.field).label} needs a whole number here, up to 9,999."
            return Term(name, "lt" if operator == "last" else "gt", (Value(f"{value}{row.unit}"),))
        if operator == "in":
            return Term(name, "eq", tuple(self._value(row, one) for one in row.values) or (Value(value),))
        if operator == "ne":
            return Term(name, "eq", (self._value(row, value),), negated=True)
        return Term(name, operator or "eq", (self._value(row, value),))

    def _value(self, row: Row, value: str) -> Value:
        known = self.field(row.field)
        is_title = known.is_relation and value in self.options(row.field) and value != "me"
        return Value(value, is_title or (not known.is_relation and value != " ".join(value.split())))

    # What the form offers

    def fields(self) -> list[tuple[str, str]]:
        """What conditions can be about: words, every field, and fields of related rows that are declared."""
        here = [(name, item.label) for name, item in listable(self.section).items()]
        there = []
        for path in self.section.filters:
            if "." in path:
                try:
                    via, item = path_of(self.section, self.actor, path)
                except LookupError:
                    continue
                there.append((path, f"{via.label if via else ''}: {item.label.lower()}"))
        words = [(WORDS, "Words")] if self.section.search else []
        first = [pair for pair in here if pair[0] in self.section.filters]
        return [*words, *first, *there, *(pair for pair in here if pair not in first), (RAW, "Written query")]

    def field(self, path: str) -> Field:
        """The field of a path that ``fields`` offers; the number for any other."""
        try:
            return path_of(self.section, self.actor, path)[1]
        except LookupError:
            return self.section.field("id")

    def operators(self, row: Row) -> Sequence[tuple[str, str]]:
        """What can be said of the field."""
        if row.field == WORDS:
            return _WORD_OPERATORS
        return () if row.field == RAW else OPERATORS[self.field(row.field).kind or Kind.TEXT]

    @staticmethod
    def is_day(value: str) -> bool:
        """Whether a calendar can show the value; what it cannot show stays text, so that nothing typed is lost."""
        try:
            return not value or date.fromisoformat(value).isoformat() == value
        except ValueError:
            return False

    def options(self, path: str) -> list[str]:
        """Titles that a relation can be compared with, and "me" for people."""
        if path not in self._options:
            known = self.field(path)
            found = []
            if known.target and "." not in path:
                found = [title.text for title in relations.in_use(self.actor, self.section, known)]
                if known.target.__tablename__ == "users":
                    found = ["me", *found]
            self._options[path] = found
        return self._options[path]

    def _name(self, word: str) -> str:
        """The path of a spoken name; empty where there is none."""
        first, dot, rest = word.lower().partition(".")
        name = self.section.spoken.get(first, "")
        if not dot or not name:
            return name
        target = self.section.field(name).target
        other = registry.of_model(target) if target else None
        inner = other.spoken.get(rest, "") if other and permissions.allows(self.actor, "read", other) else ""
        path = f"{name}.{inner}"
        return path if path in self.section.filters else ""

    def _title(self, known: Field, number: int) -> str:
        found = relations.in_use(self.actor, self.section, known, ids=[number])
        return found[0].text if found else ""


def _spoken(section: Section, path: str) -> str:
    """The shortest name that people use for a field."""
    if "." in path:
        return path
    return min((word for word, name in section.spoken.items() if name == path), key=len, default=path)
