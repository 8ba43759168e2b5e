"""Values of the document's own formats, so that what its schemas allow is really acceptable."""

import string
from collections.abc import Iterable
from datetime import datetime

import schemathesis
from hypothesis import strategies as st

from admin_site.accounts.passwords import MOST_LENGTH
from admin_site.records.list_query import Q_LENGTH
from admin_site.records.values import NO, YEARS, YES
from tests.factories import isbn

# Letters of several scripts: every word has one that can be searched for.
LETTERS = string.ascii_letters + string.digits + "äßéøñжщאש漢字かな"
PLAIN = string.ascii_lowercase + string.digits
EMAIL_LENGTH = 254
ZONES = ("Z", "+00:00", "+05:30", "-11:00")
LENGTHS = ("minutes", "seconds", "milliseconds")
# With names that every section has.
TERMS = (
    "id:5", "id:>3", "version:1", "created:<7d", "created:>2mo", "updated:2026-01-31", "updated:!=2026-01-31",
    "created_by:me", "is:mine", "has:created_by", "no:created_by", "-version:1,2",
)  # fmt: skip


def register(cursors: Iterable[str]) -> None:
    """Tell schemathesis what each format is; ``cursors`` are some that lists have answered."""
    found: dict[str, st.SearchStrategy[str]] = {
        "isbn": isbns(),
        "text": st.lists(words(), min_size=1, max_size=8).map("\n".join),
        "slug": st.builds("{} {}".format, words(), plain()),
        "query": queries(),
        "cursor": st.sampled_from(["", *cursors]),
        "password": passwords(),
        "email": emails(),
        "date-time": st.builds("{}{}".format, moments().map(datetime.isoformat), st.sampled_from(ZONES)),
        "date": days(),
        "moment": st.builds(moment_in_short, moments(), st.sampled_from(("T", " ")), st.sampled_from(LENGTHS)),
        "whole-number": numbers(),
        "whole-numbers": lists(numbers()),
        "booleans": lists(st.sampled_from(sorted(YES | NO - {""}))),
        "moments": lists(days()),
        "isbns": lists(isbns()),
    }
    for name, strategy in found.items():
        schemathesis.openapi.format(name, strategy)


def words() -> st.SearchStrategy[str]:
    """A word of 1 to 12 letters and digits."""
    return st.text(LETTERS, min_size=1, max_size=12)


def plain() -> st.SearchStrategy[str]:
    """A word that may stand in an address."""
    return st.text(PLAIN, min_size=1, max_size=12)


def passwords() -> st.SearchStrategy[str]:
    """Nothing that is guessed early, up to the longest that is taken."""
    short = st.text(PLAIN + string.ascii_uppercase + "-_ ", min_size=16, max_size=40)
    return st.one_of(short, st.builds(_filled, short, st.integers(MOST_LENGTH - 1, MOST_LENGTH)))


def emails() -> st.SearchStrategy[str]:
    """An address, up to the longest that there can be."""
    longest = st.integers(EMAIL_LENGTH - 1, EMAIL_LENGTH).map(
        lambda length: f"{'a' * 60}@{'.'.join(['b' * 60] * 3)}.{'c' * (length - 247)}.org"
    )
    return st.one_of(st.builds("{}@{}.org".format, plain(), plain()), longest)


def _filled(text: str, length: int) -> str:
    return (text * length)[:length]


def moments() -> st.SearchStrategy[datetime]:
    """What all three databases can store, a day from both ends for the sake of zones."""
    return st.datetimes(datetime(YEARS[0], 1, 2), datetime(YEARS[1], 12, 30))


def moment_in_short(moment: datetime, parted: str, length: str) -> str:
    """Without a zone, and perhaps without seconds."""
    return moment.isoformat(parted, length)


def days() -> st.SearchStrategy[str]:
    """The same without a time."""
    return moments().map(lambda moment: moment.date().isoformat())


def numbers() -> st.SearchStrategy[str]:
    """A whole number that may be that of a row."""
    return st.integers(1, 2**31 - 1).map(str)


def lists(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Several values as one parameter has them."""
    return st.lists(values, min_size=1, max_size=5).map(",".join)


def isbns() -> st.SearchStrategy[str]:
    """A valid ISBN, with hyphens or without."""
    numbers = st.integers(0, 10**9 - 1).map(isbn)
    return st.one_of(numbers, numbers.map(lambda digits: f"{digits[:3]}-{digits[3:12]}-{digits[12]}"))


def queries() -> st.SearchStrategy[str]:
    """The language of ``q=``."""
    terms = st.one_of(
        words(),
        words().map("-{}".format),
        st.builds('"{} {}"'.format, words(), words()),
        st.sampled_from(TERMS),
    )
    joined = st.lists(terms, min_size=1, max_size=4).map(" ".join)
    longest = st.builds(_filled, words(), st.integers(Q_LENGTH - 1, Q_LENGTH))
    return st.one_of(joined, st.builds("{} OR ({})".format, joined, joined), longest)
