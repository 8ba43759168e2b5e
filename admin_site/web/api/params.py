"""The query string of a list, read strictly: what is unknown or wrong is refused, each word with its sentence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from werkzeug.datastructures import MultiDict

from admin_site.core.errors import Invalid
from admin_site.core.rules import Actor
from admin_site.core.section import Section
from admin_site.records import feed
from admin_site.records.list_query import OWN_WORDS, PAGE_WORDS, ListQuery, Order

PER_PAGE = 10
PER_PAGE_MOST = 100
PAGE_MOST = 2**31 - 1
# As many as the largest number of a row has.
DIGITS_MOST = 19
# What programs may say beside filters; the other words of lists belong to pages.
LIST_WORDS = ("q", "sort", "pinned", "page", "per_page", "cursor", "fields", "expand")
SHARED_WORDS = ("q", "sort", "pinned")
LISTS = ("sort", "fields", "expand")
NEWEST_FIRST = (Order("created_at", descending=True),)


@dataclass(frozen=True)
class Asked:
    """What a list is asked for: the query, the fields of each object, and from where on."""

    query: ListQuery
    names: tuple[str, ...]
    expand: tuple[str, ...]
    cursor: str | None


def of_list(section: Section, args: "MultiDict[str, str]", actor: Actor) -> Asked:
    """The list that a query string asks for; ``Invalid`` names every word that is wrong."""
    args = gathered(args)
    errors = twice(args, LIST_WORDS)
    said = {name: args[name] for name in args if name in LIST_WORDS}
    page, per_page = _page(said, errors), _per_page(said, errors)
    cursor = _cursor(said, errors)
    names, expand = _fields(section, said, errors), _expand(section, said, errors)
    filters = MultiDict((name, raw) for name, raw in args.items(multi=True) if name not in LIST_WORDS[3:])
    query = _query(section, filters, actor, errors)
    if errors:
        raise Invalid(fields=errors)
    return Asked(replace(query, page=page, per_page=per_page), names, expand, cursor)


def of_object(section: Section, args: "MultiDict[str, str]") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which fields of a single object are asked for, and which relations expanded."""
    args = gathered(args)
    errors = only(args, ("fields", "expand"))
    said = dict(args.items())
    names, expand = _fields(section, said, errors), _expand(section, said, errors)
    if errors:
        raise Invalid(fields=errors)
    return names, expand


def of_filter(section: Section, said: "MultiDict[str, str]", actor: Actor) -> ListQuery:
    """The rows that a bulk deed names by a filter."""
    errors: dict[str, list[str]] = {}
    query = _query(section, said, actor, errors)
    if "q" in said and not query.parts:
        errors.setdefault("q", [NOTHING_ASKED])  # an empty search must not mean every row
    if errors:
        raise Invalid(fields={f"filter.{name}": texts for name, texts in errors.items()})
    return query


NOTHING_ASKED = "q asks for nothing."


def gathered(args: "MultiDict[str, str]") -> "MultiDict[str, str]":
    """The same with each list in one parameter: its values come parted by commas, or each in one of its own."""
    found: MultiDict[str, str] = MultiDict()
    for name, values in args.lists():
        is_list = name in LISTS or name.endswith("__in")
        found.setlist(name, [",".join(values)] if is_list else values)
    return found


def only(args: "MultiDict[str, str]", allowed: Sequence[str]) -> dict[str, list[str]]:
    """A sentence for each parameter that does not exist here, or says something twice."""
    return {name: [unknown(name)] for name in args if name not in allowed} | twice(args, allowed)


def twice(args: "MultiDict[str, str]", words: Sequence[str]) -> dict[str, list[str]]:
    """A sentence for each word that stands more than once, where only one of them could count."""
    return {
        name: [f"{name} can stand here once."]
        for name, values in args.lists()
        if name in words and name not in LISTS and len(values) > 1
    }


def refuse_unknown(args: "MultiDict[str, str]", allowed: Sequence[str]) -> None:
    """``Invalid`` where a parameter does not exist here, or says something twice."""
    if errors := only(args, allowed):
        raise Invalid(fields=errors)


def unknown(name: str) -> str:
    """The one answer for what does not exist and for what is hidden."""
    return f"There is no parameter “{name[:40]}”."


def size(args: "MultiDict[str, str]", default: int = PER_PAGE) -> int:
    """``per_page`` of a list that has only that; ``Invalid`` where it is wrong."""
    errors: dict[str, list[str]] = {}
    number = _per_page(dict(args.items()), errors, default)
    if errors:
        raise Invalid(fields=errors)
    return number


def number(args: "MultiDict[str, str]", name: str, most: int) -> int | None:
    """A whole number from 1 on, None where it is not said; ``Invalid`` where it is wrong."""
    raw = args.get(name)
    if raw is None:
        return None
    found = _whole(raw, most)
    if found is None:
        raise Invalid(fields={name: [f"{name} must be a whole number from 1 to {most}."]})
    return found


def _query(section: Section, args: "MultiDict[str, str]", actor: Actor, errors: dict[str, list[str]]) -> ListQuery:
    for name, raw in args.items(multi=True):
        if (name in OWN_WORDS and name not in SHARED_WORDS) or name.startswith(PAGE_WORDS):
            errors.setdefault(name, [unknown(name)])
        elif not raw and name not in SHARED_WORDS:
            errors.setdefault(name, [f"“{name[:40]}” needs a value."])
    query = ListQuery.from_args(section, args, actor)
    for problem in query.problems:
        errors.setdefault(problem.name, []).append(problem.sentence)
    if args.get("q", "").strip() and not query.parts:
        errors.setdefault("q", [NOTHING_ASKED])  # what was said and means nothing must not mean every row
    return query if query.sort else replace(query, sort=NEWEST_FIRST)


def _page(said: dict[str, str], errors: dict[str, list[str]]) -> int:
    if "page" not in said:
        return 1
    if "cursor" in said:
        errors["page"] = ["page and cursor exclude each other."]
        return 1
    page = _whole(said["page"], PAGE_MOST)
    if page is None:
        errors["page"] = [f"page must be a whole number from 1 to {PAGE_MOST}."]
    return page or 1


def _per_page(said: dict[str, str], errors: dict[str, list[str]], default: int = PER_PAGE) -> int:
    if "per_page" not in said:
        return default
    size = _whole(said["per_page"], PER_PAGE_MOST)
    if size is None:
        errors["per_page"] = [f"per_page must be a whole number from 1 to {PER_PAGE_MOST}."]
    return size or default


def _whole(raw: str, most: int) -> int | None:
    if not (raw.isascii() and raw.isdigit() and len(raw) <= DIGITS_MOST):
        return None
    return int(raw) if 0 < int(raw) <= most else None


def _cursor(said: dict[str, str], errors: dict[str, list[str]]) -> str | None:
    if "cursor" not in said:
        return None
    try:
        feed.check_cursor(said["cursor"])
    except ValueError:
        errors["cursor"] = [WRONG_CURSOR]
    return said["cursor"]


WRONG_CURSOR = "cursor must be the next_cursor of an answer to the same list."


def _fields(section: Section, said: dict[str, str], errors: dict[str, list[str]]) -> tuple[str, ...]:
    allowed = feed.readable(section)
    asked = _names(said.get("fields", ""))
    if wrong := [name for name in asked if name not in allowed]:
        errors["fields"] = [f"There is no field “{name[:40]}”." for name in wrong[:10]]
    return tuple(name for name in allowed if not asked or name in asked or name == "id")


def _expand(section: Section, said: dict[str, str], errors: dict[str, list[str]]) -> tuple[str, ...]:
    allowed = expandable(section)
    asked = _names(said.get("expand", ""))
    if wrong := [name for name in asked if name not in allowed]:
        errors["expand"] = [f"There is no relation “{name[:40]}”." for name in wrong[:10]]
    chosen = _names(said.get("fields", ""))
    if missing := [name for name in asked if chosen and name in allowed and name not in chosen]:
        errors["expand"] = [f"{missing[0]} is expanded, so it must be among the fields."]
    return tuple(name for name in allowed if name in asked)


def expandable(section: Section) -> list[str]:
    """The relations whose rows can be had along."""
    return [name for name, field in feed.readable(section).items() if field.is_relation]


def _names(raw: str) -> list[str]:
    return [name.strip() for name in raw.split(",") if name.strip()] if raw else []
