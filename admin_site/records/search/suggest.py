"""“Did you mean”: known words that are spelt almost like one that found nothing."""

import re
from collections.abc import Sequence
from itertools import groupby

from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy import and_, func, or_, select

from admin_site.core.database import db
from admin_site.core.section import Section
from admin_site.records.search import words
from admin_site.records.search.vocabulary import SearchWord

# Looked at for one word, of each kind of beginning.
WORDS_MOST = 50_000
# How long an encoded letter is.
LETTER = 6


def near(sections: Sequence[Section], token: str) -> list[list[str]]:
    """Words of these sections that are one typing error away, or two for longer words; equally near ones together.

    Give only sections of which the person may read every row: a word by itself tells that it exists.
    """
    typed = _read(token)
    errors = 1 if len(typed) < 5 else 2
    found: dict[str, tuple[int, bool, str]] = {}
    for is_first_right in (True, False):
        known = {_read(word): _whole(word) for word in _alike(sections, token, errors, is_first_right=is_first_right)}
        for said, distance, _ in process.extract(typed, [*known], scorer=OSA.distance, score_cutoff=errors, limit=None):
            found[known[said]] = (int(distance), said[:1] != typed[:1], said)
        if any(distance <= 1 for distance, *_ in found.values()):
            break
    nearest = sorted(found, key=lambda word: found[word])
    return [[*group] for _nearness, group in groupby(nearest, key=lambda word: found[word][:2])]


def _whole(word: str) -> str:
    """A word without the piece of a letter at which its end was cut."""
    return re.sub("_[0-9a-f]{0,4}$", "", word)


def _read(word: str) -> str:
    return words.read_back(_whole(word))


def _alike(sections: Sequence[Section], token: str, errors: int, *, is_first_right: bool) -> Sequence[str]:
    column = SearchWord.word
    # A letter outside ASCII is as long as six.
    less, more = len(token) - errors * (LETTER if "_" in token else 1), len(token)
    length = func.length(column)
    is_spelt = column.contains("_", autoescape=True)
    query = select(column).where(
        SearchWord.section.in_([section.name for section in sections]),
        or_(length.between(less, more + errors), and_(is_spelt, length.between(less, more + errors * LETTER))),
        column != token,
    )
    if is_first_right:
        query = query.where(column.startswith(token[: LETTER if token.startswith("_") else 1], autoescape=True))
    return db.session.execute(query.distinct().order_by(column).limit(WORDS_MOST)).scalars().all()
