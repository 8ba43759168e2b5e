"""The list of a section and what belongs to it: filters, options, saved views, counts, export, cells."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from flask import current_app, flash, jsonify, redirect, request
from flask_admin import expose
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from admin_site.accounts import permissions
from admin_site.core.errors import Conflict, Invalid, NotFound
from admin_site.core.section import Section
from admin_site.core.transactions import atomic
from admin_site.jobs import bulk
from admin_site.records import as_of, facets, finding, paging, reads, trash, views
from admin_site.records.list_query import Q_LENGTH, ListQuery, Order, default_sort, groupable, listable, sortable
from admin_site.web import numbers
from admin_site.web.addresses import url_for
from admin_site.web.admin import cells, curl, downloads, list_page
from admin_site.web.admin.builder import Builder
from admin_site.web.admin.builder_rows import has_errors
from admin_site.web.admin.rows import Rows
from admin_site.web.api.params import PER_PAGE_MOST
from admin_site.web.identity import actor

SORTS_OFFERED = 3
PAGING = ("page", "after", "per_page")
# The first columns of a list stand in the trash too, beside when a row was moved there and by whom.
IN_TRASH = 3


class ListRoutes:
    """Routes about a list. Mixed into the view of a section."""

    section: Section
    render: Any

    @expose("/")
    def index_view(self) -> Any:
        """The list."""
        preferences = views.of(actor(), self.section)
        query = self.query_of(self._with_view(preferences))
        if query.view and request.args.get("q") == "" and not query.is_narrowed:
            query = query.plain()  # the words that made the view are gone
        if preferences.default and query.view is None:
            query = replace(query, view=0)  # its addresses stay away from the view that the plain one opens
        return self._list(query, "admin/list.html", preferences)

    @expose("/trash")
    def trash_view(self) -> str:
        """The rows that were moved to the trash, last moved first."""
        query = ListQuery.from_args(self.section, request.args, actor())
        return self._list(query.in_trash(), "admin/trash.html", views.Preferences())

    @expose("/filters")
    def filters_view(self) -> Any:
        """The filter builder: a page of its own, or over the list."""
        builder = Builder(actor(), self.section)
        query = self.query_of(request.args)
        is_sent = any(name.startswith("b.") for name in request.args)
        rows = builder.from_form(request.args) if is_sent else builder.from_text(query.as_text())
        text = builder.text(rows)
        found = self.query_of(MultiDict({**_kept(query), "q": text})) if text else query.plain()
        is_long = len(text) > Q_LENGTH
        wrong = has_errors(rows) or is_long
        if "b.apply" in request.args and not wrong:
            return redirect(list_page.list_url(found, page=1))
        total = None if wrong else reads.count(actor(), found)
        return self.render(
            "admin/filters.html", section=self.section, builder=builder, rows=rows, text=text, total=total,
            kept=_kept(query), list_url=list_page.list_url(query), is_wrong=wrong and "b.apply" in request.args,
            is_long=is_long,
        )  # fmt: skip

    @expose("/options", methods=("GET", "POST"))
    def options_view(self) -> Any:
        """Columns and sort of the list; the columns are remembered for the person."""
        preferences = views.of(actor(), self.section)
        if request.method == "POST":
            return self._set_options()
        query = self.query_of(request.args)
        return self.render(
            "admin/options.html", section=self.section, query=query, back=list_page.state(query),
            columns=_offered_columns(self.section, list_page.chosen_columns(query, preferences)),
            sortable=sortable(self.section), orders=[*query.orders, *[None] * SORTS_OFFERED][:SORTS_OFFERED],
            list_url=list_page.list_url(query),
        )  # fmt: skip

    def _set_options(self) -> Response:
        query = self.query_of(MultiDict(parse_qsl(request.form.get("back", "")[:4000])))
        allowed = listable(self.section)
        chosen = [name for name in request.form.getlist("column") if name in allowed]
        placed = sorted(chosen, key=lambda name: numbers.small(request.form.get(f"place.{name}", "")) or 99)
        is_reset = "reset" in request.form or placed == list(self.section.columns)
        columns: tuple[str, ...] = ()
        if query.view:  # the columns of a view are the view's, not one's own
            columns = self.section.columns if is_reset else tuple(placed)
        else:
            with atomic():
                views.set_columns(actor(), self.section, [] if is_reset else placed)
        sort = tuple(_chosen_orders(self.section, query))
        changes: dict[str, Any] = {"columns": columns, "sort": () if sort == default_sort(self.section) else sort}
        return redirect(list_page.list_url(query, **changes))

    @expose("/counts")
    def counts_view(self) -> str:
        """How many rows have each value, and what the numbers come to."""
        query = self.query_of(request.args)
        for problem in query.problems:
            flash(str(problem), "warn")
        return self.render(
            "admin/counts.html", section=self.section, query=query, list_url=list_page.list_url,
            beside=list_page.beside,
            facets=facets.facets(actor(), query), offered=groupable(self.section),
            totals=facets.totals(actor(), query), total=reads.Matching.of(actor(), query).count(
                None if query.is_exact else reads.COUNT_MOST
            ),
        )  # fmt: skip

    @expose("/as-of")
    def list_as_of_view(self) -> str:
        """The list as it was at the end of a day, filtered on the values of then; to be read only."""
        args = MultiDict((name, raw) for name, raw in request.args.items(multi=True) if name != "at")
        query = replace(self.query_of(args), pinned="", after="")
        problem, day, past = "", request.args.get("at", ""), as_of.Past()
        try:
            end = datetime.combine(date.fromisoformat(day), time.max, UTC) if day else None
        except ValueError:
            problem, end = "As of needs a date like 2026-11-20.", None
        if end is not None:
            past = as_of.listed(actor(), query, end)
        page = self.render(
            "admin/list_as_of.html", section=self.section, query=query, past=past, day=day if end else "",
            problem=problem, names=list_page.chosen_columns(query, views.of(actor(), self.section)),
            chips=list(list_page.chips(actor(), query)), list_url=list_page.list_url(query),
            args=query.to_args(page=1), most=as_of.ROWS_MOST,
        )  # fmt: skip
        return (page, 400) if problem else page  # type: ignore[return-value]  # a page with a status

    @expose("/curl")
    def curl_view(self) -> str:
        """The list as a command that gives the same rows to a program."""
        query = self.query_of(request.args)
        names = list_page.chosen_columns(query, views.of(actor(), self.section))
        root = current_app.config["BASE_URL"] or request.host_url.rstrip("/")
        return self.render(
            "admin/curl.html", section=self.section, list_url=list_page.list_url(query),
            command=curl.command(actor(), query, names, root), most=PER_PAGE_MOST,
        )  # fmt: skip

    @expose("/views", methods=("GET", "POST"))
    def views_view(self) -> Any:
        """The saved views of the person, with their counts: save one here, the others are changed one by one."""
        if request.method == "POST":
            try:
                return self._save_view(self._query_come_from())
            except (Invalid, Conflict) as error:
                return self._views_page(error.fields or {"name": [error.message]})
        return self._views_page({})

    def _query_come_from(self) -> ListQuery:
        return self.query_of(MultiDict(parse_qsl(request.values.get("back", "")[:4000])))

    def _views_page(self, errors: dict[str, list[str]], renamed: int | None = None) -> Any:
        """The page of views; ``renamed`` is the view whose new name is wrong, else the errors are of a new view."""
        query = self._query_come_from()
        preferences = views.of(actor(), self.section)
        page = self.render(
            "admin/views.html", section=self.section, query=query, back=list_page.state(query), errors=errors,
            renamed=renamed, views=[(view, self._count_of(view)) for view in preferences.views],
            name=request.form.get("name", ""), standing=preferences.named(query.view),
            shareable=views.shareable(actor(), self.section), list_url=list_page.list_url(query),
        )  # fmt: skip
        return (page, 400) if errors else page

    def _save_view(self, query: ListQuery) -> Response:
        name, shared = request.form.get("name", ""), request.form.get("shared_with", "")
        shown = list_page.chosen_columns(query, views.of(actor(), self.section))
        columns = () if shown == self.section.columns else shown
        args = {k: v for k, v in query.to_args(page=1, columns=columns).items() if k != "view"}
        with atomic():
            number = views.save(actor(), self.section, name, list_page.encoded(args), shared_with=shared)
        flash("The view was saved.", "ok")
        return redirect(url_for(".index_view", view=number))

    @expose("/views/counts")
    def view_counts_view(self) -> Response:
        """The number of rows of each saved view, as JSON, for the tabs."""
        found = {str(view.id): self._count_of(view) for view in views.of(actor(), self.section).views}
        most = reads.COUNT_MOST
        return jsonify(counts={number: f"{min(n, most):,}{'+' if n > most else ''}" for number, n in found.items()})

    @expose("/views/<int:view_id>", methods=("POST",))
    def view_view(self, view_id: int) -> Response:
        """Delete, rename or move a saved view, or make it the one that the list opens with."""
        try:
            with atomic():
                said = self._change_view(view_id, request.form.get("deed", ""))
        except Invalid as error:
            return self._views_page(error.fields, renamed=view_id)
        if said:
            flash(said, "ok")
        return redirect(url_for(".views_view", back=list_page.state(self._query_come_from()) or None))

    def _change_view(self, view_id: int, deed: str) -> str:
        """Returns what was done, in a sentence."""
        view = views.get(actor(), self.section, view_id)
        match deed:
            case "delete":
                views.remove(actor(), self.section, view_id)
                return f"The view “{view.name}” was deleted."
            case "rename":
                name = views.rename(actor(), self.section, view_id, request.form.get("name", ""))
                return f"The view “{view.name}” is now called “{name}”."
            case "up" | "down":
                place = views.move(actor(), self.section, view_id, -1 if deed == "up" else 1)
                return f"The view “{view.name}” is now number {place}."
            case "default" | "plain":
                views.set_default(actor(), self.section, view_id if deed == "default" else None)
                opens = f"“{view.name}”" if deed == "default" else "all rows"
                return f"{self.section.label} now open with {opens}."
        return ""

    @expose("/export.csv")
    def export_view(self) -> Response:
        """Exactly the filtered, sorted list with the chosen columns, as CSV."""
        return downloads.csv_response(self._query_to_export(), self._columns_to_export())

    @expose("/export.xlsx")
    def export_xlsx_view(self) -> Response:
        """The same as a workbook."""
        return downloads.xlsx_response(self._query_to_export(), self._columns_to_export())

    def _query_to_export(self) -> ListQuery:
        args = request.args.copy()
        if args.get("columns") == "all":
            args.pop("columns")
        query = self.query_of(args)
        if query.problems:
            raise Invalid(str(query.problems[0]))
        return query

    def _columns_to_export(self) -> tuple[str, ...]:
        if request.args.get("columns") == "all":
            return ()
        return list_page.chosen_columns(self._query_to_export(), views.of(actor(), self.section))

    @expose("/<int:id>/cell/<field_name>", methods=("GET", "POST"))
    def cell_view(self, id: int, field_name: str) -> Any:
        """One cell: what it holds and takes, or its new value, as JSON."""
        if field_name not in self.section.form:
            raise NotFound
        field = self.section.field(field_name)
        if field.kind not in list_page.INLINE:
            raise NotFound
        if request.method == "GET":
            return jsonify(cells.offer(actor(), self.section, id, field))
        answer, status = cells.change(actor(), self.section, id, field, request.form)
        return jsonify(answer), status

    # Helpers

    def query_of(self, args: Any) -> ListQuery:
        """The list that a query string means on pages: pins first."""
        return ListQuery.from_args(self.section, args, actor(), pinned="first" if self.section.pins else "")

    def _with_view(self, preferences: views.Preferences) -> Any:
        """The query string, with what the saved view says where it names nothing else."""
        # An empty search says something too: that what was searched for is not any more.
        said = {name for name, value in request.args.items() if value or name == "q"} - {*PAGING, "view"}
        named = request.args.get("view", "")
        view = next((view for view in preferences.views if str(view.id) == named), None)
        if view is None and named not in ("", "0") and not said:
            flash("This view was deleted, or is not shared with you. These are all rows.", "warn")
        if not request.args:
            view = preferences.default
        if view is None or said:
            return request.args
        return MultiDict([*parse_qsl(view.query), ("view", str(view.id)), *_paging_args()])

    def _count_of(self, view: views.View) -> int:
        return reads.count(actor(), self.query_of(MultiDict(parse_qsl(view.query))))

    def _list(self, query: ListQuery, template: str, preferences: views.Preferences) -> str:
        shown = list_page.chosen_columns(query, preferences)
        names = self.section.columns[:IN_TRASH] if query.trashed else shown
        page = paging.page(actor(), query, names)
        for problem in query.problems:
            flash(str(problem), "warn")
        path = url_for(".trash_view" if query.trashed else ".index_view")
        may_update = permissions.allows(actor(), "update", self.section)
        back = list_page.state(query)
        address = url_for(".index_view")
        deeds = bulk.choices(actor(), self.section, trashed=query.trashed)
        rows = Rows(
            actor(),
            self.section,
            address,
            back,
            list_page.shown(self.section, names),
            query.terms,
            is_ticked=bool(deeds),
        )
        return self.render(
            template, section=self.section, page=page, query=query, rows=rows, back=back, deeds=deeds, names=names,
            columns=partial(list_page.columns, query, names, path, may_update), views=tuple(preferences.views),
            chips=tuple(list_page.chips(actor(), query, page.items)), tabs=partial(list_page.tabs, query, preferences),
            suggestion="" if page.items or query.trashed else finding.correct(actor(), [self.section], query.q),
            movers=trash.movers(self.section, [item.id for item in page.items]) if query.trashed else {},
            list_url=list_page.list_url, beside=list_page.beside, steps=bulk.moves(self.section),
            per_page_choices=list_page.PER_PAGE_CHOICES,
        )  # fmt: skip


def _kept(query: ListQuery) -> dict[str, str]:
    """What of a list is no filter."""
    args = query.to_args(page=1)
    filtered = {condition.name for condition in query.conditions} | {"q", "view"}
    return {name: value for name, value in args.items() if name not in filtered}


def _paging_args() -> list[tuple[str, str]]:
    return [(name, request.args[name]) for name in PAGING if name in request.args]


def _offered_columns(section: Section, chosen: tuple[str, ...]) -> list[tuple[Any, int]]:
    """Every column with its place, 0 for those that are not shown; the shown ones first."""
    allowed = listable(section)
    shown = [(allowed[name], place) for place, name in enumerate(chosen, start=1)]
    return [*shown, *((item, 0) for name, item in allowed.items() if name not in chosen)]


def _chosen_orders(section: Section, query: ListQuery) -> list[Order]:
    """Those of the form, then the others that the list had: the form has no place for them."""
    allowed, found = sortable(section), dict[str, Order]()
    for place in range(1, SORTS_OFFERED + 1):
        name = request.form.get(f"sort.{place}", "")
        if name in allowed:
            found.setdefault(name, Order(name, request.form.get(f"direction.{place}") == "down"))
    for order in query.sort[SORTS_OFFERED:]:
        found.setdefault(order.field, order)
    return list(found.values())
