"""Looking through a workbook before it is read: how much it would become, whatever its few bytes say.

A reader makes room for all cells between the first and the last one, and writes a text out as often as cells name
it. Both are counted here from the XML, which the reader takes the same way or more loosely.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO
from xml.parsers import expat

from admin_site.core.errors import Invalid
from admin_site.imports import limits

UNREADABLE = "The workbook cannot be read. Save it again as .xlsx, or as CSV."
TOO_MUCH = "The workbook unpacks to more than is read. Save it as CSV, or in parts."
TOO_WIDE = f"The sheet has more than {limits.COLUMNS_MOST} columns; at most {limits.COLUMNS_MOST} are read."
_TEXTS = "xl/sharedstrings.xml"
_BOOK = "xl/workbook.xml"
# What makes an archive a workbook of another kind, which the reader would take too.
_OTHERS = frozenset({"mimetype", "content.xml", "xl/workbook.bin"})
_PIECE = 1024 * 1024
_PLACE = re.compile(r"([A-Za-z]*)([0-9]*)")
# No part with another ending can be a sheet.
_XML = (".xml", ".rels", ".vml")


def check(data: bytes) -> None:
    """``Invalid`` where a workbook is none, or would take more room than a file may."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = {item.filename.lower() for item in archive.infolist()}
            if _BOOK not in names or names & _OTHERS:
                raise Invalid(UNREADABLE)
            parts = sorted(archive.infolist(), key=lambda item: item.filename.lower() != _TEXTS)
            walk = _Walk(min(limits.EXPANDED_MOST, limits.EXPANDS_MOST * len(data)))
            for item in parts:
                with archive.open(item) as part:
                    walk.part(item.filename.lower(), part)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, OSError, EOFError):
        raise Invalid(UNREADABLE) from None
    except expat.ExpatError:
        raise Invalid(UNREADABLE) from None


class _Walk:
    """What has been seen of the parts of one workbook."""

    def __init__(self, left: int) -> None:
        self.left = left
        # The lengths of the texts that cells name by number.
        self.texts: list[int] = []

    def part(self, name: str, part: IO[bytes]) -> None:
        if not name.endswith(_XML):
            self._no_sheet(part)
            return
        handler = _Texts(self) if name == _TEXTS else _Sheet(self)
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = handler.start
        parser.EndElementHandler = handler.end
        parser.CharacterDataHandler = handler.text
        parser.StartDoctypeDeclHandler = _refuse
        for piece in self._pieces(part):
            parser.Parse(piece, False)
        parser.Parse(b"", True)

    def _pieces(self, part: IO[bytes]) -> Iterator[bytes]:
        while piece := part.read(_PIECE):
            self.spend(len(piece))
            yield piece

    def spend(self, size: int) -> None:
        """Take up some of the room that is left."""
        self.left -= size
        if self.left < 0:
            raise Invalid(TOO_MUCH)

    def _no_sheet(self, part: IO[bytes]) -> None:
        before = b""
        for piece in self._pieces(part):
            if b"sheetData" in before + piece:
                raise Invalid(UNREADABLE)
            before = piece[-16:]


def _refuse(*_given: object) -> None:
    """A document type brings entities, which no workbook needs."""
    raise Invalid(UNREADABLE)


class _Texts:
    """The texts that cells share."""

    def __init__(self, walk: _Walk) -> None:
        self.lengths = walk.texts

    def start(self, name: str, _given: dict[str, str]) -> None:
        if _local(name) == "si":
            self.lengths.append(0)

    def end(self, name: str) -> None:
        """Nothing ends that matters."""

    def text(self, said: str) -> None:
        if self.lengths:
            self.lengths[-1] += len(said)


class _Sheet:
    """The cells of a sheet; other parts have none."""

    def __init__(self, walk: _Walk) -> None:
        self.walk = walk
        self.row = self.column = self.width = self.height = 0
        self.is_shared = False
        self.said: list[str] | None = None

    def start(self, name: str, given: dict[str, str]) -> None:
        name = _local(name)
        if name == "c":
            self._cell(given)
        elif name == "row":
            self.row, self.column = _number(given.get("r", ""), self.row + 1), 0
            self._fit()
        elif name == "v" and self.is_shared:
            self.said = []

    def end(self, name: str) -> None:
        if self.said is not None and _local(name) == "v":
            place = _number("".join(self.said).strip(), 0)
            self.said = None
            if place < len(self.walk.texts):
                self.walk.spend(self.walk.texts[place])

    def text(self, said: str) -> None:
        if self.said is not None:
            self.said.append(said)

    def _cell(self, given: dict[str, str]) -> None:
        place = _PLACE.fullmatch(given.get("r", ""))
        if place is None:
            raise Invalid(UNREADABLE)
        self.column = _column(place[1]) if place[1] else self.column + 1
        self.row = _number(place[2], self.row)
        self.width = max(self.width, self.column)
        self.is_shared, self.said = given.get("t") == "s", None
        self._fit()

    def _fit(self) -> None:
        self.height = max(self.height, self.row)
        if self.row > limits.ROWS_MOST + 1:
            raise Invalid(f"The sheet has more than {limits.ROWS_MOST:,} rows. Import it in parts.")
        if self.width > limits.COLUMNS_MOST:
            raise Invalid(TOO_WIDE)
        if self.height * self.width > limits.CELLS_MOST:
            raise Invalid(f"The sheet has room for more than {limits.CELLS_MOST:,} cells. Import it in parts.")


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _number(said: str, default: int) -> int:
    if not said:
        return default
    if not said.isdecimal() or len(said) > 12:
        raise Invalid(UNREADABLE)
    return int(said)


def _column(letters: str) -> int:
    """``A`` is 1, ``AA`` is 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
        if number > limits.COLUMNS_MOST:
            raise Invalid(TOO_WIDE)
    return number
