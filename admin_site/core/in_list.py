"""``IN`` over a list that is one parameter: hundreds of parameters cost more than what they are asked for.

The statement is the same for each length of the list, so it is compiled once and the databases keep it prepared.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Dialect, String, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine


def in_list(column: ColumnElement[Any], name: str = "rows") -> ColumnElement[bool]:
    """Whether a column is one of the numbers or texts that are given, as a list, under this name on execution."""
    return _InList(column, bindparam(name, type_=_ListOf(column.type)))


class _InList(FunctionElement[bool]):
    # Of no type: behind one of truth, databases without such a type would compare what is found with 1.
    name = "in_list"
    inherit_cache = True


class _ListOf(TypeDecorator[Sequence[Any]]):
    """JSON where the database can read that, else an array."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        # Without length or collation: those of the column hold.
        self.item = Text() if isinstance(item, String) else item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """What the driver is given."""
        return dialect.type_descriptor(ARRAY(self.item) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        """The whole list."""
        values = list(value or ())
        return values if dialect.name == "postgresql" else json.dumps(values)


@compiles(_InList, "sqlite")
def _json_each(element: _InList, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - compiled parts


@compiles(_InList, "postgresql")
def _any(element: _InList, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} = ANY ({values})"


@compiles(_InList)
def _each(element: _InList, compiler: SQLCompiler, **options: Any) -> str:
    """MariaDB reads JSON as rows, but then walks the whole table: there they stay single values."""
    column, values = element.clauses
    listed = bindparam(values.key, expanding=True, type_=column.type)
    return f"({compiler.process(column.in_(listed), **options)})"  # an empty one is two conditions
