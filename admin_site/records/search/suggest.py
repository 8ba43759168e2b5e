"""“Did you mean”: known words that are spelt almost like one that found nothing."""

from collections.abc import Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy import func, select

from admin_site.core.database import db
from admin_site.core.section import Section
from admin_site.records.search.documents import SearchWord

# Looked at for one word, of each kind of beginning.
WORDS_MOST = 50_000
NEAREST = 8


def near(sections: Sequence[Section], token: str) -> list[str]:
    """Words of these sections that are one typing error away, or two for longer words; nearest first.

    Give only sections of which the person may read every row: a word by itself tells that it exists.
    """
    errors = 1 if len(token) < 5 else 2
    for is_first_right in (True, False):
        known = _alike(sections, token, errors, is_first_right=is_first_right)
        found = process.extract(token, known, scorer=OSA.distance, score_cutoff=errors, limit=NEAREST)
        if found:
            return [word for word, *_ in sorted(found, key=lambda item: (item[1], item[0]))]
    return []


def _alike(sections: Sequence[Section], token: str, errors: int, *, is_first_right: bool) -> Sequence[str]:
    length = func.length(SearchWord.word)
    query = select(SearchWord.word).where(
        SearchWord.section.in_([section.name for section in sections]),
        length.between(len(token) - errors, len(token) + errors),
        SearchWord.word != token,
    )
    if is_first_right:
        query = query.where(SearchWord.word.startswith(token[:1], autoescape=True))
    return db.session.execute(query.distinct().limit(WORDS_MOST)).scalars().all()
