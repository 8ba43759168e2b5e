"""The language of ``q=``: words, ``"exact words"``, ``-word``, ``field:value``, ``OR`` and parentheses.

Read into a tree and said again from it. What the names mean is for ``records.resolve``: this knows no section.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

OPERATORS = {"": "eq", "!=": "ne", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte", "~": "contains"}
_SIGNS = {operator: sign for sign, operator in OPERATORS.items()}
DEPTH_MOST = 3

_TOKEN = re.compile(
    r"""\s+ | (?P<open>-?\() | (?P<close>\))
    | (?P<minus>-)? (?:(?P<name>[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*):(?P<sign><=|>=|!=|<|>|~)?)?
      (?P<values>(?:"(?:[^"\\]|\\.)*(?:"|$)|[^\s()",]|,(?=[^\s,()]))+)
    | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|$)|([^,"]+)')


@dataclass(frozen=True)
class Value:
    """One value, as typed; quoted ones are taken to the letter."""

    text: str
    quoted: bool = False


@dataclass(frozen=True)
class Term:
    """``name:value``, or words where there is no name. ``start`` and ``end`` say where it stood."""

    name: str
    operator: str
    values: tuple[Value, ...]
    negated: bool = False
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class Group:
    """Terms and groups of which all, or any, must hold."""

    parts: tuple["Node", ...]
    any: bool = False
    negated: bool = False
    start: int = 0
    end: int = 0


Node = Term | Group


class QueryError(ValueError):
    """What was typed cannot be read; one sentence."""


def parse(text: str) -> Group:
    """The tree of a query; ``QueryError`` where parentheses do not match or lie too deep."""
    reader = _Reader(text)
    tree = reader.read_any(0)
    if reader.peek() is not None:
        raise QueryError("There is a “)” without its “(”.")
    if isinstance(tree, Group) and not tree.any and not tree.negated:
        return tree
    return Group((tree,), start=tree.start, end=tree.end)


def finished(text: str) -> str:
    """A query that somebody is still typing, with the parentheses (and the quotes in them) closed that are open."""
    for said, missing in product((text, text.rstrip("\\") + '"'), range(DEPTH_MOST + 1)):
        closed = said + ")" * missing
        try:
            parse(closed)
        except QueryError:
            continue
        return closed
    return text


def write(node: Node, *, inside: bool = False, in_any: bool = False) -> str:
    """The text of a tree; ``parse`` gives the same tree again."""
    minus = "-" if node.negated else ""
    if isinstance(node, Term):
        return _write_term(node)
    said = (" OR " if node.any else " ").join(write(part, inside=True, in_any=node.any) for part in node.parts)
    # What is joined by AND stands together without parentheses: they can be only so deep.
    needs_them = inside and len(node.parts) > 1 and not (in_any and not node.any)
    return f"{minus}({said})" if minus or needs_them else said


def _write_term(term: Term) -> str:
    head = _head(term)
    first, *others = term.values
    # Only what follows the name at once could be taken for a sign.
    return ",".join([head + _write_value(first, head), *(_write_value(value, "x:~") for value in others)])


def _write_value(value: Value, head: str) -> str:
    if not value.quoted and _is_plain(value, head):
        return value.text
    escaped = value.text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _is_plain(value: Value, head: str) -> bool:
    """Whether it is read as the same value without quotes."""
    token = _TOKEN.fullmatch(head + value.text)
    if token is None or token["values"] is None or token.group() == "OR":
        return False
    term = _term(token)
    return _head(term) == head and term.values == (value,)


def _head(term: Term) -> str:
    """What stands before the values."""
    return ("-" if term.negated else "") + (f"{term.name}:{_SIGNS.get(term.operator, '')}" if term.name else "")


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[re.Match[str]] = [
            found for found in _TOKEN.finditer(text) if not found.group().isspace() and not found["other"]
        ]
        self.place = 0

    def peek(self) -> re.Match[str] | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def read_any(self, depth: int) -> Node:
        parts = [self.read_all(depth)]
        while self._is_or(self.peek()):
            self.place += 1
            parts.append(self.read_all(depth))
        filled = tuple(_unwrapped(part) for part in parts if part.parts)
        if len(filled) == 1:
            return filled[0]
        return Group(filled, any=True, start=filled[0].start, end=filled[-1].end) if filled else Group(())

    def read_all(self, depth: int) -> Group:
        parts: list[Node] = []
        while (token := self.peek()) is not None and not token["close"] and not self._is_or(token):
            self.place += 1
            parts.append(self._read_group(token, depth) if token["open"] else _term(token))
        filled = tuple(part for part in parts if isinstance(part, Term) or part.parts)
        return Group(filled, start=filled[0].start if filled else 0, end=filled[-1].end if filled else 0)

    def _read_group(self, token: re.Match[str], depth: int) -> Node:
        if depth >= DEPTH_MOST:
            raise QueryError(f"Parentheses can stand {DEPTH_MOST} deep, no deeper.")
        inner = self.read_any(depth + 1)
        closing = self.peek()
        if closing is None:
            raise QueryError("There is a “(” without its “)”.")
        self.place += 1
        is_negated = token.group().startswith("-")
        if isinstance(inner, Term):
            inner = Group((inner,))
        return replace(inner, negated=inner.negated != is_negated, start=token.start(), end=closing.end())

    @staticmethod
    def _is_or(token: re.Match[str] | None) -> bool:
        return token is not None and token.group() == "OR"


def _unwrapped(group: Group) -> Node:
    return group.parts[0] if len(group.parts) == 1 and not group.any and not group.negated else group


def _term(token: re.Match[str]) -> Term:
    values = tuple(_values(token["values"]))
    is_negated, name = bool(token["minus"]), token["name"] or ""
    if not name:
        return Term("", "eq", (_words(token["values"]),), is_negated, token.start(), token.end())
    return Term(name.lower(), OPERATORS[token["sign"] or ""], values, is_negated, token.start(), token.end())


def _values(raw: str) -> Iterator[Value]:
    for found in _VALUE.finditer(raw):
        if found[2] is None:
            yield Value(re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL), quoted=True)
        else:
            yield Value(found[2])


def _words(raw: str) -> Value:
    if raw.startswith('"'):
        values: Sequence[Value] = list(_values(raw))
        return Value(" ".join(value.text for value in values), quoted=True)
    text = raw.replace('"', "")
    # Quotes in the middle: what stands between them may be anything.
    return Value(text, quoted=text != raw and not _is_plain(Value(text), ""))
