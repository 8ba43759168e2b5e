"""What a search asks for: terms, each a word or a run of words, of which the last may go on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from admin_site.records.search import words

# Some letters become eighteen; what is looked up has a bound of its own.
TOKENS_MOST = 60


@dataclass(frozen=True)
class Lexeme:
    """One word of the index, or the beginning of one."""

    text: str
    prefix: bool = False


@dataclass(frozen=True)
class Term:
    """Words that stand one after the other. ``text`` is what was typed."""

    text: str
    exact: bool = False
    # Other words stand before it: then even a single letter is a beginning.
    follows: bool = False

    @cached_property
    def tokens(self) -> list[str]:
        """The words as the index has them."""
        found = words.split(self.text)
        # The last letter alone is only there to be found by itself.
        told = found[:-1] if len(found) > 1 and words.is_unspaced(self.text[-1:]) else found
        return told[:TOKENS_MOST]

    def lexemes(self, *, in_title: bool = False) -> list[Lexeme]:
        """What has to be in the index."""
        mark, tokens = words.TITLE if in_title else "", self.tokens
        last = len(tokens) - 1
        return [Lexeme(mark + token, prefix=self.goes_on and place == last) for place, token in enumerate(tokens)]

    @cached_property
    def goes_on(self) -> bool:
        """Whether the last word may be the beginning of a longer one."""
        return not self.exact and bool(self.tokens) and (self.follows or len(self.tokens[-1]) > 1)

    @property
    def whole(self) -> "Term":
        """The same without longer words."""
        return replace(self, exact=True)

    @property
    def run(self) -> str:
        """The words as they stand in a document one after the other; empty for a single word."""
        tokens = self.tokens
        if len(tokens) < 2:
            return ""
        return f" {' '.join(tokens)}" + ("" if self.goes_on else " ")


def lexemes(terms: Sequence[Term], *, in_title: bool = False) -> list[Lexeme]:
    """What has to be in the index for all of them, each once."""
    found = (lexeme for term in terms for lexeme in term.lexemes(in_title=in_title))
    return list(dict.fromkeys(found))
