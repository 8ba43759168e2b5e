"""The figures beside the goals of the issue, as a table and as JSON."""

import json
import platform
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from benchmarks.measure import WITH_INDEX, Figures
from benchmarks.settings import FOLDER
from benchmarks.sites import (
    COMMON_PAGE,
    DEEP,
    DJANGO,
    EDIT,
    FILTERED,
    FLOOR,
    HELLO,
    LIST,
    OURS,
    RARE_PAGE,
    SAME,
    SAVE,
    SQLADMIN,
    STOCK,
    TUNED,
    Site,
)

TITLES = {
    LIST: "list, page 1", SAME: " with the rivals' columns",
    DEEP: "page half way down", RARE_PAGE: "search, rare word", COMMON_PAGE: "search, common word",
    FILTERED: "status + author", EDIT: "edit form", SAVE: "save",
}  # fmt: skip
# At most this part of the rival, for SQLite and for PostgreSQL, and at most so many times the floor.
Goal = Mapping[str, float]
GROWTH_MOST, DEEP_MOST = 1.15, 1.2
BYTES_MOST, PACKED_MOST = 50_000, 8_000
EXPORT_MEGABYTES, EXPORT_FIRST_BYTE, EXPORT_FLOOR, EXPORT_RIVAL = 10, 0.3, 1.4, 1 / 3
RATE_RIVAL, RATE_FLOOR = 9, 1 / 3
FLOOR_MOST: Goal = {"sqlite": 3.5, "postgresql": 6}
NOT = "not measured"
ALL_RIGHT = "All answers had the right rows, and every save was found in the database."
HEADS = ("figure", "ours", "floor", "rival", "", "/ rival", "/ floor", "goal", "")


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    figure: str
    ours: str
    floor: str = ""
    rival: str = ""
    rival_name: str = ""
    by_rival: str = ""
    by_floor: str = ""
    goal: str = ""
    verdict: str = ""

    @property
    def cells(self) -> Sequence[str]:
        """Its cells."""
        return tuple(asdict(self).values())


def lines(figures: Figures) -> Iterator[Line]:
    """The rows of the issue's table, each with what was reached."""
    kind = figures.kind
    yield _floor_line(figures)
    for rivals, goal, floor in (
        ((DJANGO,), {"sqlite": 1 / 9, "postgresql": 1 / 16}, {"sqlite": 2.7, "postgresql": 2.1}),
        ((TUNED,), {"sqlite": 1 / 4, "postgresql": 1 / 4}, {}),
    ):
        yield page_line(figures, LIST, rivals, goal[kind], floor.get(kind))
    yield _same_line(figures)
    yield _deep_line(figures)
    rare, common = {"sqlite": 1 / 50, "postgresql": 1 / 300}, {"sqlite": 1 / 40, "postgresql": 1 / 120}
    yield page_line(figures, RARE_PAGE, (DJANGO,), rare[kind], 2.1)
    yield page_line(figures, COMMON_PAGE, (DJANGO,), common[kind], {"sqlite": 3, "postgresql": 1.4}[kind])
    yield from _filter_lines(figures)
    yield page_line(figures, EDIT, (SQLADMIN,), 1 / 2.5, 2)
    yield page_line(figures, SAVE, (DJANGO,), 3 / 4, None)
    yield from _growth_lines(figures)
    yield from _export_lines(figures)
    yield _rate_line(figures)
    yield from _weight_lines(figures)


def page_line(
    figures: Figures, page: str, rivals: Sequence[Site], goal: float | None, floor_goal: float | None, called: str = ""
) -> Line:
    """A page of ours beside the best rival's and the floor's; ``goal`` is a part of the rival's."""
    ours = figures.median(OURS.name, called or page)
    floor = figures.median(FLOOR.name, called or page)
    name, rival = _best(figures, page, rivals)
    if ours is None:
        return Line(TITLES.get(page, page), "–", _ms(floor), _ms(rival), name, verdict=NOT)
    goals, verdicts = [], []
    if goal is not None:
        goals.append(f"≤ {_part(goal)}")
        verdicts.append(_verdict(_ratio(ours, rival), goal))
    if floor_goal is not None:
        goals.append(f"≤ {floor_goal:g} ×")
        verdicts.append(_verdict(_ratio(ours, floor), floor_goal))
    return Line(
        TITLES.get(page, page), _ms(ours), _ms(floor), _ms(rival), name, _said(_ratio(ours, rival)),
        _said(_ratio(ours, floor)), ", ".join(goals), ", ".join(verdicts),
    )  # fmt: skip


def _best(figures: Figures, page: str, rivals: Sequence[Site]) -> tuple[str, float | None]:
    found = [(figures.median(site.name, page), site.title) for site in rivals]
    measured = [(ms, title) for ms, title in found if ms is not None]
    if not measured:
        return rivals[0].title, None
    ms, title = min(measured)
    return title, ms


def _floor_line(figures: Figures) -> Line:
    floor, hello = figures.median(FLOOR.name, LIST), figures.median(FLOOR.name, HELLO)
    ratio, most = _ratio(floor, hello), FLOOR_MOST[figures.kind]
    return Line(
        "the floor itself",
        "",
        _ms(floor),
        _ms(hello),
        "hello",
        _said(ratio),
        "",
        f"≤ {most:g} ×",
        _verdict(ratio, most),
    )


def _same_line(figures: Figures) -> Line:
    """The list with the columns that rivals show: ours has no tags unless asked."""
    ours, (name, rival) = figures.median(OURS.name, SAME), _best(figures, LIST, (DJANGO,))
    floor = figures.median(FLOOR.name, LIST)
    return Line(
        TITLES[SAME], _ms(ours), _ms(floor), _ms(rival), name, _said(_ratio(ours, rival)), _said(_ratio(ours, floor))
    )


def _deep_line(figures: Figures) -> Line:
    deep, first = figures.median(OURS.name, DEEP), figures.median(OURS.name, LIST)
    floor = figures.median(FLOOR.name, DEEP)
    if deep is None:
        return Line(TITLES[DEEP], "–", _ms(floor), verdict=NOT)
    ratio = _ratio(deep, first)
    return Line(
        TITLES[DEEP], _ms(deep), _ms(floor), _ms(first), "our page 1", _said(ratio), _said(_ratio(deep, floor)),
        f"≤ {DEEP_MOST} ×", _verdict(ratio, DEEP_MOST),
    )  # fmt: skip


def _filter_lines(figures: Figures) -> Iterator[Line]:
    """With the index that the product proposes; rivals propose none, but what they gain by it is told."""
    all_rivals = (DJANGO, STOCK, TUNED)
    goal = {"sqlite": 1 / 30, "postgresql": 1 / 12}[figures.kind]
    yield page_line(figures, FILTERED, all_rivals, goal, None, called=WITH_INDEX)
    name, rival = _best(figures, WITH_INDEX, all_rivals)
    ours, floor = figures.median(OURS.name, WITH_INDEX), figures.median(FLOOR.name, WITH_INDEX)
    yield Line(" rivals with it too", _ms(ours), _ms(floor), _ms(rival), name, _said(_ratio(ours, rival)))
    name, rival = _best(figures, FILTERED, all_rivals)
    ours, floor = figures.median(OURS.name, FILTERED), figures.median(FLOOR.name, FILTERED)
    ratios = _said(_ratio(ours, rival)), _said(_ratio(ours, floor))
    yield Line(" nobody with it", _ms(ours), _ms(floor), _ms(rival), name, *ratios)


def _growth_lines(figures: Figures) -> Iterator[Line]:
    least = figures.rows[0]
    if least == figures.most:
        yield Line("growth", "–", goal=f"≤ {GROWTH_MOST} ×", verdict=f"{NOT}: there was one size only")
        return
    for page in (LIST, DEEP, RARE_PAGE, COMMON_PAGE, WITH_INDEX, EDIT, SAVE):
        now, before = figures.median(OURS.name, page), figures.median(OURS.name, page, least)
        title = f"growth, {TITLES.get(page, TITLES[FILTERED])}"
        if now is None or before is None:
            yield Line(title, "–", goal=f"≤ {GROWTH_MOST} ×", verdict=NOT)
        else:
            ratio = now / before
            goal, verdict = f"≤ {GROWTH_MOST} ×", _verdict(ratio, GROWTH_MOST)
            yield Line(title, _ms(now), "", _ms(before), f"at {least:,}", _said(ratio), "", goal, verdict)


def _export_lines(figures: Figures) -> Iterator[Line]:
    ours, floor, rival = (figures.exports.get(site.name, {}) for site in (OURS, FLOOR, STOCK))
    rows = floor.get("rows", 0)
    title = f"CSV of {rows:,.0f} rows"
    if not ours:
        seconds, theirs = _seconds(floor.get("seconds")), _seconds(rival.get("seconds"))
        yield Line(title, "–", seconds, theirs, STOCK.title, verdict=NOT)
        return
    by_rival, by_floor = _ratio(ours["seconds"], rival.get("seconds")), _ratio(ours["seconds"], floor.get("seconds"))
    yield Line(
        title, _seconds(ours["seconds"]), _seconds(floor.get("seconds")), _seconds(rival.get("seconds")), STOCK.title,
        _said(by_rival), _said(by_floor), f"≤ {_part(EXPORT_RIVAL)}, ≤ {EXPORT_FLOOR} ×",
        f"{_verdict(by_rival, EXPORT_RIVAL)}, {_verdict(by_floor, EXPORT_FLOOR)}",
    )  # fmt: skip
    memory = [f"{one['megabytes']:.0f} MB" if one else "–" for one in (ours, floor, rival)]
    goal, verdict = f"≤ {EXPORT_MEGABYTES} MB", _verdict(ours["megabytes"], EXPORT_MEGABYTES)
    yield Line(" memory above idle", memory[0], memory[1], memory[2], STOCK.title, goal=goal, verdict=verdict)
    bare = statistics.median(figures.wall[FLOOR.name, figures.most, HELLO])
    first = [_seconds(one.get("first byte")) for one in (ours, floor, rival)]
    goal, verdict = f"≤ bare page + {EXPORT_FIRST_BYTE} s", _verdict(ours["first byte"] - bare, EXPORT_FIRST_BYTE)
    yield Line(" first byte", first[0], first[1], first[2], STOCK.title, goal=goal, verdict=verdict)


def _rate_line(figures: Figures) -> Line:
    ours, floor, rival = (figures.pages_a_second.get(site.name) for site in (OURS, FLOOR, DJANGO))
    by_rival, by_floor = _ratio(ours, rival), _ratio(ours, floor)
    verdicts = f"{_verdict(by_rival, RATE_RIVAL, least=True)}, {_verdict(by_floor, RATE_FLOOR, least=True)}"
    said = [f"{one:.0f}" if one else "–" for one in (ours, floor, rival)]
    return Line(
        "pages a second", said[0], said[1], said[2], DJANGO.title, _said(by_rival), _said(by_floor),
        f"≥ {RATE_RIVAL} ×, ≥ {_part(RATE_FLOOR)}", verdicts,
    )  # fmt: skip


def _weight_lines(figures: Figures) -> Iterator[Line]:
    for place, title, most in ((0, "list, bytes", BYTES_MOST), (1, "list, bytes packed", PACKED_MOST)):
        weights = [figures.weights.get(site.name, (0, 0))[place] for site in (OURS, FLOOR, DJANGO)]
        said = [f"{weight:,}" if weight else "–" for weight in weights]
        verdict = _verdict(weights[0] or None, most)
        yield Line(title, said[0], said[1], said[2], DJANGO.title, goal=f"≤ {most:,}", verdict=verdict)


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None


def _verdict(value: float | None, limit: float, *, least: bool = False) -> str:
    if value is None:
        return NOT
    return "met" if (value >= limit if least else value <= limit) else "missed"


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f} ms" if value < 10 else f"{value:,.1f} ms"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"


def _said(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.2f} ×" if ratio >= 0.7 else f"1/{1 / ratio:.1f}"


def _part(goal: float) -> str:
    whole = Fraction(goal).limit_denominator(1000)
    return f"1/{1 / goal:g}" if whole.numerator == 1 or goal < 0.5 else f"{whole.numerator}/{whole.denominator}"


def show(figures: Figures, found: Sequence[Line], right: str) -> str:
    """The table in plain characters; ``right`` is what is said below it if all answers were."""
    rows = [HEADS, *(line.cells for line in found)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADS))]
    table = "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
    return f"{_preface(figures)}\n\n{table}\n{_epilogue(figures, right)}"


def _preface(figures: Figures) -> str:
    sizes = ", ".join(f"{rows:,}" for rows in figures.rows)
    goal = "" if figures.most >= 1_000_000 else " The goals are meant for 1,000,000 rows."
    return (
        f"{figures.kind}, {sizes} posts: processor time of the server and of its database connections, medians of "
        f"requests asked in turn.{goal}"
    )


def _epilogue(figures: Figures, right: str) -> str:
    found = [
        f"Not measured: {site}, {page}, {rows:,} rows: {why}." for (site, rows, page), why in figures.missing.items()
    ]
    if not figures.wrong:
        return "\n".join([*found, right])
    wrong = dict.fromkeys(figures.wrong)
    return "\n".join([*found, "These answers were wrong:", *(f"  {sentence}" for sentence in wrong)])


def keep(figures: Figures, found: Sequence[Line], sites: Sequence[Site], name: str = "results") -> str:
    """Write everything as JSON; returns where."""
    medians: dict[str, Any] = {}
    for (site, rows, page), spent in figures.cpu.items():
        wall = statistics.median(figures.wall[site, rows, page]) * 1000
        figure = {"cpu ms": statistics.median(spent), "wall ms": wall, "requests": len(spent)}
        medians.setdefault(site, {}).setdefault(str(rows), {})[page] = figure
    content = {
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": platform.platform(),
        "database": figures.kind, "rows": figures.rows, "table": [asdict(line) for line in found],
        "pages": medians, "bytes": figures.weights, "pages a second": figures.pages_a_second,
        "exports": figures.exports, "wrong": figures.wrong,
        "missing": {" ".join(map(str, key)): why for key, why in figures.missing.items()},
        "sites": {site.name: site.title for site in sites},
    }  # fmt: skip
    file = FOLDER / f"{name}-{figures.kind}-{figures.most}.json"
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False))
    return str(file)
