"""The sections that exist. The machinery receives a ``Section`` or asks here."""

from collections.abc import Mapping

from admin_site.core.database import Record
from admin_site.core.errors import NotFound
from admin_site.core.section import Field, Kind, Section

_sections: dict[str, Section] = {}


def register(*sections: Section) -> None:
    """Add sections in the order in which the menu shows them. Adding one again changes nothing."""
    for section in sections:
        _sections.setdefault(section.name, section)


def all_sections() -> tuple[Section, ...]:
    """Every section, in the order of the menu."""
    return tuple(_sections.values())


def by_name() -> Mapping[str, Section]:
    """Every section by its name."""
    return _sections


def get(name: str) -> Section:
    """The section of this name; ``NotFound`` where there is none."""
    try:
        return _sections[name]
    except KeyError:
        raise NotFound from None


def of_model(model: type[Record]) -> Section | None:
    """The section whose rows these are, if there is one."""
    return next((section for section in _sections.values() if section.model is model), None)


def pointing_to(section: Section) -> list[tuple[Section, Field]]:
    """The sections whose rows may point to a row of this one, with the field that does."""
    return [
        (other, field)
        for other in _sections.values()
        for field in other.all_fields.values()
        if field.is_relation and field.target is section.model
    ]


def required_by(section: Section) -> list[tuple[Section, Field]]:
    """The sections whose rows cannot do without a row of this one, with the field that says so."""
    pointing = pointing_to(section)
    return [(other, field) for other, field in pointing if field.kind is Kind.RELATION and field.required]
