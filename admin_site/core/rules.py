"""Rules: who may do something, answered for a row in hand and as SQL for a list.

The two answers of a rule must agree; ``tests/test_every_section.py`` holds them equal.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlalchemy.sql.base import ReadOnlyColumnCollection

Columns = ReadOnlyColumnCollection[str, Any]


class Actor(Protocol):
    """What a rule may ask about the one who acts."""

    @property
    def id(self) -> int | None:
        """The user's number; None for the system and for somebody not signed in."""

    @property
    def name(self) -> str:
        """What the user is called."""

    @property
    def grants(self) -> Mapping[tuple[str, str], str]:
        """(section, action) to "own" or "any"."""

    @property
    def roles(self) -> tuple[str, ...]:
        """The names of their roles."""

    @property
    def scopes(self) -> frozenset[str] | None:
        """The rights that a token is narrowed to; None is all that the person has."""

    @property
    def token_id(self) -> int | None:
        """The token that acts for the user, where one does."""

    @property
    def is_visitor(self) -> bool:
        """Somebody on the public pages, whoever they are."""

    @property
    def is_system(self) -> bool:
        """The command line and the program itself: all rights."""


class Rule(ABC):
    """One sentence about an actor and a row."""

    says: str = ""

    @abstractmethod
    def holds(self, actor: Actor, row: Any) -> bool:
        """Whether it is true of this row (any object with the columns as attributes)."""

    @abstractmethod
    def where(self, actor: Actor, columns: Columns) -> ColumnElement[bool]:
        """The same as a condition over the section's table."""

    def decided(self, actor: Actor) -> bool | None:
        """The answer where it is the same for every row, so that no row has to be asked; else None."""
        return None

    def mistakes(self, section: Any, sections: Mapping[str, Any], actions: Sequence[str]) -> Iterator[str]:
        """What this says that does not exist, in a rule of ``section``: found at start."""
        yield from ()

    def __and__(self, other: "Rule") -> "Rule":
        return AllOf(self, other)

    def __or__(self, other: "Rule") -> "Rule":
        return AnyOf(self, other)


@dataclass(frozen=True)
class Always(Rule):
    """True, or false, whoever asks."""

    answer: bool
    says: str = ""

    def holds(self, actor: Actor, row: Any) -> bool:
        return self.answer

    def where(self, actor: Actor, columns: Columns) -> ColumnElement[bool]:
        return true() if self.answer else false()

    def decided(self, actor: Actor) -> bool | None:
        return self.answer


class _Combined(Rule):
    rules: Sequence[Rule]

    def mistakes(self, section: Any, sections: Mapping[str, Any], actions: Sequence[str]) -> Iterator[str]:
        for rule in self.rules:
            yield from rule.mistakes(section, sections, actions)


class AllOf(_Combined):
    """Both must hold."""

    def __init__(self, *rules: Rule) -> None:
        self.rules = rules
        self.says = " and ".join(rule.says for rule in rules if rule.says)

    def holds(self, actor: Actor, row: Any) -> bool:
        return all(rule.holds(actor, row) for rule in self.rules)

    def where(self, actor: Actor, columns: Columns) -> ColumnElement[bool]:
        return and_(true(), *(rule.where(actor, columns) for rule in self.rules))

    def decided(self, actor: Actor) -> bool | None:
        answers = [rule.decided(actor) for rule in self.rules]
        return False if False in answers else None if None in answers else True


class AnyOf(_Combined):
    """One is enough."""

    def __init__(self, *rules: Rule) -> None:
        self.rules = rules
        self.says = " or ".join(rule.says for rule in rules if rule.says)

    def holds(self, actor: Actor, row: Any) -> bool:
        return any(rule.holds(actor, row) for rule in self.rules)

    def where(self, actor: Actor, columns: Columns) -> ColumnElement[bool]:
        return or_(false(), *(rule.where(actor, columns) for rule in self.rules))

    def decided(self, actor: Actor) -> bool | None:
        answers = [rule.decided(actor) for rule in self.rules]
        return True if True in answers else None if None in answers else False


anyone = Always(answer=True)
nobody = Always(answer=False, says="nobody may")
