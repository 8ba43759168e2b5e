"""From the tree of ``q=`` to conditions on one section: what its names and values mean there."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from admin_site.accounts import permissions
from admin_site.core import clock, registry, text
from admin_site.core.rules import Actor
from admin_site.core.section import Field, Kind, Section
from admin_site.records import language
from admin_site.records.filters import Condition, Every, Named, Node, Not, Some, Words, read_condition
from admin_site.records.search.terms import Term

TERMS_MOST = 50
_DAYS = {"today": 0, "yesterday": 1}


@dataclass(frozen=True)
class Problem:
    """What was not understood, in one sentence, and the term that said it."""

    sentence: str
    term: language.Term | None = None


@dataclass
class Resolver:
    """Reads trees for one section and person; what is wrong is left out and told in ``problems``."""

    section: Section
    actor: Actor
    problems: list[Problem] = field(default_factory=list)
    _terms: int = 0
    _has_words: bool = False

    def read(self, q: str) -> tuple[language.Group, tuple[Node | None, ...]]:
        """The parts of a query as typed, and what each means (None where it was left out)."""
        try:
            tree = language.parse(q)
        except language.QueryError as error:
            self.problems.append(Problem(str(error)))
            return language.Group(()), ()
        return tree, tuple(self.node(part) for part in tree.parts)

    def node(self, part: language.Node) -> Node | None:
        """What a part means."""
        if isinstance(part, language.Group):
            found = tuple(node for inner in part.parts if (node := self.node(inner)) is not None)
            if not found:
                return None
            whole: Node = Some(found) if part.any else Every(found)
            return Not(whole) if part.negated else whole
        return self._term(part)

    def _term(self, term: language.Term) -> Node | None:
        self._terms += 1
        if self._terms > TERMS_MOST:
            if self._terms == TERMS_MOST + 1:
                self.problems.append(
                    Problem(f"A search takes at most {TERMS_MOST} terms; the others were left out.", term)
                )
            return None
        try:
            node = self._words(term) if self._is_words(term) else self._meaning(term)
        except ValueError as error:
            self.problems.append(Problem(str(error), term))
            return None
        return Not(node) if term.negated else node

    @staticmethod
    def _is_words(term: language.Term) -> bool:
        return not term.name or (term.values[0].text.startswith("//") and not term.values[0].quoted)

    def _words(self, term: language.Term) -> Node:
        said = language.write(replace(term, negated=False)) if term.name else term.values[0].text
        words = Term(said, exact=bool(not term.name and term.values[0].quoted), follows=self._has_words)
        self._has_words = True
        if not words.tokens:
            raise ValueError(f"“{text.clip(said, 40)}” has no letter or digit to search for.")
        if not self.section.search:
            raise ValueError(f"{self.section.label} are not searched by words.")
        return Words(words)

    def _meaning(self, term: language.Term) -> Node:
        match term.name:
            case "is":
                return self._is(term.values[0].text)
            case "has" | "no":
                via, known = self._path(term.values[0].text)
                return replace(read_condition(known, "isnull", "0" if term.name == "has" else "1"), via=via)
            case "in":
                return Every(()) if self._is_here(term.values[0].text) else Not(Every(()))
        via, known = self._path(term.name)
        found = self._condition(known, term)
        return _through(via, found) if via else found

    def _is_here(self, name: str) -> bool:
        return name.lower() in (self.section.name, self.section.singular)

    def _is(self, word: str) -> Node:
        known = self.section.all_fields
        name = f"is_{word.lower()}"
        if name in known and known[name].kind is Kind.BOOLEAN:
            return read_condition(known[name], "eq", "1")
        if word == "mine":
            return self._mine(self.section.field(self.section.owner))
        for item in known.values():
            if item.kind is Kind.CHOICE and (value := _choice(item, word)) in item.choice_labels:
                return read_condition(item, "eq", value)
        raise ValueError(f"There is no “is:{text.clip(word, 40)}” here.")

    def _field(self, word: str) -> Field:
        name = self.section.spoken.get(word.lower())
        if name is None or not permissions.allows(self.actor, "read", self.section):
            raise ValueError(f"There is no field “{text.clip(word, 40)}”.")
        return self.section.field(name)

    def _path(self, word: str) -> tuple[Field | None, Field]:
        """The field, and the relation that leads to it where the declaration allows that."""
        first, dot, rest = word.partition(".")
        if not dot:
            return None, self._field(word)
        relation = self._field(first)
        other = registry.of_model(relation.target) if relation.target else None
        inner = other.spoken.get(rest) if other else None
        try:
            return path_of(self.section, self.actor, f"{relation.name}.{inner}")
        except LookupError:
            raise ValueError(f"There is no field “{text.clip(word, 40)}”.") from None

    def _condition(self, known: Field, term: language.Term) -> Node:
        first = term.values[0]
        if known.is_relation and term.operator in ("eq", "ne"):
            parts = tuple(self._related(known, value) for value in term.values)
            node: Node = parts[0] if len(parts) == 1 else Some(parts)
            return node if term.operator == "eq" else Not(node)
        if known.kind is Kind.DATETIME and first.text.lower() in _DAYS and not first.quoted:
            day = (clock.now() - timedelta(days=_DAYS[first.text.lower()])).date().isoformat()
            return replace(read_condition(known, term.operator, day), text=day)
        if len(term.values) > 1:
            if term.operator != "eq":
                raise ValueError(f"{known.label} is compared with one value.")
            parts = tuple(read_condition(known, "eq", _choice(known, value.text)) for value in term.values)
            return Some(parts)
        return read_condition(known, term.operator, _choice(known, first.text))

    def _related(self, known: Field, value: language.Value) -> Node:
        said = value.text.strip()
        if not value.quoted:
            if said.lower() == "me" and known.target and known.target.__tablename__ == "users":
                return self._mine(known)
            if said.isascii() and said.isdigit():
                return read_condition(known, "eq", said)
        if not said or not text.is_storable(said):
            raise ValueError(f"{known.label} is compared with nothing.")
        return Condition(known, "eq", Named(text.fold(said), whole=value.quoted), said)

    def _mine(self, known: Field) -> Node:
        return Condition(known, "eq", self.actor.id or -1, "me")


def _through(via: Field, node: Node) -> Node:
    """The same, asked of the rows that a relation points to."""
    match node:
        case Condition():
            return replace(node, via=via)
        case Some(parts):
            return Some(tuple(_through(via, part) for part in parts))
        case Not(part):
            return Not(_through(via, part))
    return node


def words_of(nodes: tuple[Node | None, ...]) -> Iterator[Term]:
    """The words that every row of the list must have: those by which it is ranked and marked."""
    for node in nodes:
        if isinstance(node, Words):
            yield node.term
        elif isinstance(node, Every):
            yield from words_of(node.parts)


def path_of(section: Section, actor: Actor, path: str) -> tuple[Field | None, Field]:
    """The field of a path such as ``status`` or ``post_id.status``; ``LookupError`` where there is none.

    A path across a relation has to be among the declared filters, and its end readable by the person.
    """
    name, dot, inner = path.partition(".")
    known = section.all_fields.get(name)
    if known is None or known.secret:
        raise LookupError(path)
    if not dot:
        return None, known
    other = registry.of_model(known.target) if known.target else None
    if path not in section.filters or other is None or not permissions.allows(actor, "read", other):
        raise LookupError(path)
    end = other.all_fields.get(inner)
    if end is None or end.secret:
        raise LookupError(path)
    return known, end


def end_of(section: Section, path: str) -> Field:
    """The field that a declared filter across a relation leads to."""
    name, _dot, inner = path.partition(".")
    target = section.field(name).target
    other = registry.of_model(target) if target else None
    assert other is not None  # noqa: S101 - checked at start (S019)
    return other.field(inner)


def as_term(condition: Condition) -> language.Term:
    """A filter of the query string in the language of ``q=``."""
    name = f"{condition.via.name}.{condition.field.name}" if condition.via else condition.field.name
    if condition.operator == "isnull":
        return language.Term("no" if condition.value else "has", "eq", (language.Value(name),))
    raw = condition.text
    parts = raw.split(",") if condition.operator == "in" else [raw]
    # Without quotes, what begins like the rest of an address is taken for words.
    values = tuple(language.Value(part, quoted=part.startswith("//")) for part in parts)
    return language.Term(name, "eq" if condition.operator == "in" else condition.operator, values)


def _choice(known: Field, said: str) -> str:
    """The value of a choice, which people may call as the screen does, and without capitals."""
    if known.kind is not Kind.CHOICE or said in known.choice_labels:
        return said
    word = said.strip().casefold()
    found = (choice.value for choice in known.choices if word in (choice.value.casefold(), choice.label.casefold()))
    return next(found, said)
