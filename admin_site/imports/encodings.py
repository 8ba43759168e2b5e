"""Which encoding bytes are in that are not UTF-8: of those offered, the one whose letters one language has together.

cp1252 and cp1250 hold the same bytes for other letters, and a library that weighs single letters takes most short
files for the wrong one. What tells them apart is that a language has all the letters of a file, and hardly any two
languages have the same ones. Where both fit, it is cp1252.
"""

import re
from collections import Counter
from collections.abc import Mapping

import charset_normalizer

# The letters that languages have beside ASCII's, small ones.
WESTERN = (
    "äöüß", "àâçéèêëîïôœùûüÿ", "áéíñóúü", "áâãàçéêíóôõúü", "àéèìíòóùú", "áéëïíóöüè", "æøåéäö", "åäöé", "áðéíóúýþæö",
    "äöõüšž", "àçèéíïòóúü",
)  # fmt: skip
CENTRAL = ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž")
# Signs of cp1252 that are letters in cp1250, and where they stand: powers behind a word, or before a word in Spanish.
_SIGNS = re.compile(r"(?<=[\w)])[²³¹ªº](?!\w)|(?<!\w)[¿¡£¥](?=\w)|(?<=\d\s)[¢£¥](?!\w)|(?<!\w)[¼½¾](?!\w)|(?<=\d)[¼½¾]")
OTHER_SCRIPTS = ("shift_jis", "gb18030", "big5", "euc_kr")
# A language that has so many of the letters has them all but for a foreign name.
FITS = 0.95
# In one script the letters stand beside each other; among ASCII they are accents, most of them alone.
ALONE_LEAST = 0.5


def guess(sample: bytes) -> str:
    """The encoding; ``cp1252`` where nothing speaks for another."""
    western, central = _fit(sample, "cp1252", WESTERN), _fit(sample, "cp1250", CENTRAL)
    if max(western, central) < FITS and _share_alone(sample) < ALONE_LEAST:
        return "cp1251" if _is_cyrillic(sample) else _other(sample)
    return "cp1250" if central > western else "cp1252"


def _fit(sample: bytes, encoding: str, languages: tuple[str, ...]) -> float:
    """Which share of the letters beyond ASCII the language has that has most of them; 1 where there are none."""
    said = sample.decode(encoding, "replace")
    signs = len(_SIGNS.findall(said)) if encoding == "cp1252" else 0
    plain = _SIGNS.sub("", said) if signs else said
    counted = Counter(char for char in plain.lower() if _is_telling(char))
    total = sum(counted.values()) + signs
    return (max(_covered(counted, language) for language in languages) + signs) / total if total else 1.0


def _is_telling(char: str) -> bool:
    """Letters, and what would be one in the other encoding; quotes and dashes are the same in both."""
    return not char.isascii() and (char.isalpha() or char in "²³¹¿¡£¥¢¼½¾ªº\ufffd")


def _covered(counted: Mapping[str, int], language: str) -> int:
    return sum(times for char, times in counted.items() if char in language)


def _share_alone(sample: bytes) -> float:
    high = re.findall(rb"[\x80-\xff]+", sample)
    total = sum(map(len, high))
    return sum(1 for run in high if len(run) == 1) / total if total else 1.0


_CYRILLIC = re.compile(r"[А-Яа-яЁёЄєІіЇїЎў]")
# A capital inside of a word of small letters, as other scripts have them by chance.
_MIXED = re.compile(r"[а-яё][А-ЯЁ]")


def _is_cyrillic(sample: bytes) -> bool:
    said = sample.decode("cp1251", "replace")
    letters = len(_CYRILLIC.findall(said))
    total = sum(1 for char in said if not char.isascii() and (char.isalpha() or char == "\ufffd"))
    return letters >= total * FITS and len(_MIXED.findall(said)) <= letters * (1 - FITS)


def _other(sample: bytes) -> str:
    best = charset_normalizer.from_bytes(sample, cp_isolation=[*OTHER_SCRIPTS]).best()
    return best.encoding.replace("_kr", "-kr") if best else "cp1252"
