"""One search over all sections, and what to try when nothing is found.

Only sections that the person may read are asked, and only rows that they may see answer: a hidden row
changes no result, no count and no suggestion.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from admin_site.accounts import permissions
from admin_site.core import registry, text
from admin_site.core.database import db
from admin_site.core.rules import Actor
from admin_site.core.section import Section
from admin_site.records import language, paging, pins, reads, relations, windows
from admin_site.records.list_query import ListQuery
from admin_site.records.reads import Item, Matching
from admin_site.records.search import ranking, suggest, words
from admin_site.records.search.terms import Term

# How many nearest words are tried before giving up.
TRIED_MOST = 12


@dataclass(frozen=True)
class Found:
    """What one section answers: its best rows, and how many there are (bounded as its list is)."""

    section: Section
    items: Sequence[Item]
    count: int
    score: float
    query: ListQuery


@dataclass(frozen=True)
class Answer:
    """What was found, best section first. ``corrected`` is the query that was asked instead, if none answered."""

    found: Sequence[Found]
    corrected: str = ""
    problems: Sequence[str] = field(default=())
    # Whether the words ask for something at all.
    is_asked: bool = True


def everywhere(actor: Actor, q: str, *, limit: int = 5, only: Sequence[str] = (), correcting: bool = True) -> Answer:
    """The best rows of every section that the person may read; unless told not to, of what was meant instead.

    Where only some sections are asked for, as by ``@ana``, what is meant is a name: it is left as it is.
    """
    sections = [s for s in readable(actor) if not only or s.name in only]
    answer = _ask(actor, sections, q, limit)
    if answer.found or only or not correcting:
        return answer
    corrected = correct(actor, sections, q)
    if corrected:
        return replace(_ask(actor, sections, corrected, limit), corrected=corrected)
    return answer


def readable(actor: Actor) -> list[Section]:
    """The sections that are searched for this person."""
    return [s for s in registry.all_sections() if s.search and permissions.allows(actor, "read", s)]


def _ask(actor: Actor, sections: Sequence[Section], q: str, limit: int) -> Answer:
    found, problems, is_asked = [], dict[str, int](), not sections
    for section in sections:
        query = ListQuery.from_args(section, MultiDict({"q": q, "per_page": str(limit)}), actor)
        is_asked = is_asked or bool(query.parts)
        for problem in query.problems:
            problems[problem.sentence] = problems.get(problem.sentence, 0) + 1
        if not query.problems and query.nodes:
            found.append(_in_section(actor, section, query))
    answering = sorted((one for one in found if one.count), key=lambda one: -one.score)
    everywhere_wrong = [problem for problem, times in problems.items() if times == len(sections)]
    return Answer(answering, problems=everywhere_wrong, is_asked=is_asked)


def _in_section(actor: Actor, section: Section, query: ListQuery) -> Found:
    matching = Matching.of(actor, query)
    names = tuple(dict.fromkeys([*section.title_columns, *([section.workflow.field] if section.workflow else [])]))
    if not query.is_ranked:
        items = paging.first(actor, query, names)
        return Found(section, items, matching.count() if len(items) == query.per_page else len(items), 0.0, query)
    count = matching.count()
    if not count:
        return Found(section, (), 0, 0.0, query)
    conditions = () if matching.is_plain else matching.looked_up
    head = ranking.head(section, query.terms, conditions, few=count <= reads.COUNT_MOST)
    ids = [place.id for place in head.places[: query.per_page]]
    items = reads.items(section, windows.rows_of(query, names, ids), names)
    return Found(section, items, count, head.places[0].score if head.places else 0.0, query)


def best(actor: Actor, query: ListQuery) -> tuple[list[int], int]:
    """The rows of one page of a search in one section, best first, and how many there are, counted so far.

    With ``pinned`` first, those that are pinned come before the others.
    """
    pinned = _pinned(actor, query) if query.pinned == "first" else []
    matching = Matching.of(actor, replace(query, pinned="none") if pinned else query)
    count = matching.count()
    offset = (query.page - 1) * query.per_page
    shown = pinned[offset : offset + query.per_page]
    rest = replace(matching, query=replace(matching.query, per_page=query.per_page - len(shown)))
    if not rest.query.per_page:
        return shown, count + len(pinned)
    window = windows.window_of(rest, (), count, offset=max(0, offset - len(pinned)))
    return [*shown, *(row.id for row in window.rows)], count + len(pinned)


def _pinned(actor: Actor, query: ListQuery) -> list[int]:
    """The pinned rows that match, in their order."""
    columns = query.section.table.columns
    conditions = Matching.of(actor, replace(query, pinned="only")).where(few=True)
    statement = pins.in_order(query.section, select(columns.id).where(*conditions))
    return [row.id for row in db.session.execute(statement.limit(reads.COUNT_MOST))]


def correct(actor: Actor, sections: Sequence[Section], q: str) -> str:
    """The query with words and names of related rows that are not found replaced by some that are; empty if none help.

    Every candidate is asked for before it is named, so a word is only named to who may see a row with it.
    """
    known = [section for section in sections if permissions.is_unconditional(actor, "read", section)]
    try:
        tree = language.parse(q)
    except language.QueryError:
        return ""
    if not known:
        return ""
    parts, changed = [], False
    for part in tree.parts:
        better = _nearest(actor, known, part) or _called(actor, known, part)
        changed = changed or better is not None
        parts.append(better or part)
    corrected = language.write(language.Group(tuple(parts)))
    return corrected if changed and _ask(actor, known, corrected, 1).found else ""


def _nearest(actor: Actor, sections: Sequence[Section], part: language.Node) -> language.Term | None:
    if not isinstance(part, language.Term) or part.name or part.negated:
        return None
    tokens = Term(part.values[0].text).tokens
    if len(tokens) != 1 or len(tokens[0]) < 3 or _ask(actor, sections, part.values[0].text, 1).found:
        return None
    left = TRIED_MOST
    for group in suggest.near(sections, tokens[0]):
        tried = [words.read_back(token) for token in group[:left]]
        # Of words that are as near, the one that stands in most rows is meant most often.
        rows, said = max(((_rows_with(actor, sections, word), word) for word in tried), key=lambda found: found[0])
        if rows:
            return replace(part, values=(language.Value(said),))
        left -= len(tried)
        if not left:
            break
    return None


def _called(actor: Actor, sections: Sequence[Section], part: language.Node) -> language.Term | None:
    """A filter by a related row whose name only begins so, or is spelt otherwise, with that name in full."""
    if not isinstance(part, language.Term) or part.negated or len(sections) != 1 or len(part.values) != 1:
        return None
    section, said = sections[0], part.values[0].text
    known = section.all_fields.get(section.spoken.get(part.name.lower(), ""))
    if known is None or not known.is_relation or said.isdigit() or _ask(actor, sections, language.write(part), 1).found:
        return None
    # Rows that are offered to filter by: those that rows which the person may see point to.
    titles = [title.text for title in relations.in_use(actor, section, known, said)]
    if not titles:
        every = [title.text for title in relations.in_use(actor, section, known)]
        offered = {word: name for name in every for word in (text.fold(name), *text.fold(name).split())}
        titles = [offered[near] for near in get_close_matches(text.fold(said), offered, 1)]
    return replace(part, values=(language.Value(titles[0], quoted=True),)) if titles else None


def _rows_with(actor: Actor, sections: Sequence[Section], word: str) -> int:
    """In how many rows a word stands, as it is; no more are counted of a section than are told."""
    asked = MultiDict({"q": f'"{word}"'})
    return sum(Matching.of(actor, ListQuery.from_args(section, asked, actor)).count() for section in sections)


def total(answer: Answer) -> tuple[int, bool]:
    """How many rows were found in all, and whether there are more."""
    most = reads.COUNT_MOST
    return sum(min(one.count, most) for one in answer.found), any(one.count > most for one in answer.found)
