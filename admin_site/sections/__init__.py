"""The content: one file per family, model above and ``Section(...)`` below. A file put here is found."""

from collections.abc import Iterable, Iterator
from importlib import import_module
from pkgutil import iter_modules

from admin_site.accounts.actor import SYSTEM
from admin_site.core import checks, registry
from admin_site.core.section import Section
from admin_site.records.resolve import Resolver

# The order of the menu; a group that is not named here comes before the system's.
GROUPS = ("Content", "Library", "School")
LAST_GROUP = "System"


def register_all() -> None:
    """Make the sections known, in the order of the menu."""
    registry.register(*sorted(_declared(), key=lambda section: _place(section.group)))


def check_all(actions: Iterable[str]) -> None:
    """Refuse to start with a wrong declaration."""
    checks.check(registry.all_sections(), actions)
    wrong = [sentence for section in registry.all_sections() for sentence in _wrong_cards(section)]
    if wrong:
        raise checks.DeclarationError("\n".join(wrong))


def _wrong_cards(section: Section) -> Iterator[str]:
    for card in section.cards:
        for query in filter(None, (card.query, card.before)):
            resolver = Resolver(section, SYSTEM)
            resolver.read(query)
            for problem in resolver.problems:
                yield f"S018 {section.name}.cards: {query!r}: {problem.sentence}"


def _declared() -> Iterator[Section]:
    for found in iter_modules(__path__):
        module = import_module(f"{__name__}.{found.name}")
        yield from getattr(module, "SECTIONS", None) or (module.section,)


def _place(group: str) -> int:
    if group == LAST_GROUP:
        return len(GROUPS) + 1
    return GROUPS.index(group) if group in GROUPS else len(GROUPS)
