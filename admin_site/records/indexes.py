"""Which indexes the lists need, and which of them the database has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import inspect

from admin_site.core.database import connection
from admin_site.core.section import Kind, Section
from admin_site.records import relations
from admin_site.records.filters import Condition
from admin_site.records.list_query import ListQuery, default_sort, sortable

# Rows of text are looked up by words, pairs of rows by their own table.
_UNINDEXED = frozenset({Kind.LONGTEXT, Kind.MARKDOWN, Kind.RELATIONS})


@dataclass(frozen=True)
class Missing:
    """An index that a list would use and the database does not have."""

    section: Section
    use: str
    columns: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name by our convention, cut to what all three databases take."""
        return f"ix_{self.section.name}_{'_'.join(self.columns)}"[:60]

    @property
    def migration(self) -> str:
        """The line of a revision that adds it."""
        columns = ", ".join(f'"{column}"' for column in self.columns)
        return f'op.create_index("{self.name}", "{self.section.name}", [{columns}])'


def missing(section: Section) -> Iterator[Missing]:
    """An index for each declared filter, each column that can be sorted by its head, and the usual sort."""
    standing = _standing(section)
    usual = _key(section, default_sort(section)[0].field)
    wanted: dict[str, tuple[str, tuple[str, ...]]] = {}
    for name in dict.fromkeys([default_sort(section)[0].field, *section.columns]):
        if name in sortable(section) and section.field(name).kind is not Kind.BOOLEAN:
            column = _key(section, name)
            wanted.setdefault(column, (f"sort {name}", _plain("live", column)))
    for name in section.filters:
        if "." not in name and name != "is_pinned" and section.field(name).kind not in _UNINDEXED:
            column = _key(section, name)
            wanted.setdefault(column, (f"filter {name}", _plain("live", column, usual)))
    for use, columns in wanted.values():
        needed = [column for column in columns[:2] if column != "id"]
        if not _is_served(standing, needed):
            yield Missing(section, use, columns)


def for_list(query: ListQuery) -> Missing | None:
    """The index that one list, with its filters and its sort, walks; None where it stands."""
    section = query.section
    equal = [
        _key(section, node.field.name)
        for node in query.filters
        if isinstance(node, Condition) and node.operator == "eq" and node.field.name in section.table.columns
    ]
    order = [_key(section, order.field) for order in query.orders]
    columns = _plain("live", *dict.fromkeys([*equal, *order]))
    # Columns that are compared with one value may stand in any order.
    head = len(dict.fromkeys(["live", *equal]))
    for found in _standing(section):
        if set(found[:head]) == set(columns[:head]) and found[head : len(columns)] == columns[head:]:
            return None
    return Missing(section, f"list {'&'.join(f'{k}={v}' for k, v in query.to_args().items())}", columns)


def _plain(*columns: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*columns, "id"]))


def _key(section: Section, name: str) -> str:
    return str(relations.key_column(section.table, name).name)


def _standing(section: Section) -> list[tuple[str, ...]]:
    found = inspect(connection()).get_indexes(section.name)
    indexes = [tuple(str(column) for column in index["column_names"]) for index in found]
    constraints = inspect(connection()).get_unique_constraints(section.name)
    return [*indexes, *(tuple(c["column_names"]) for c in constraints), ("id",)]


def _is_served(standing: Sequence[tuple[str, ...]], needed: Sequence[str]) -> bool:
    """Whether some index begins with the column, or with ``live`` and the column."""
    last = needed[-1]
    return any(columns[:1] == (last,) or columns[:2] == ("live", last) for columns in standing)
