"""The pages of the floor: what a list and a form of the back office hold, as strings put together by hand."""

# ruff: noqa: E501 - markup is easier to read in whole lines

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from re import Pattern
from typing import Any

ASSETS = "/assets/0000"
MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONG_MONTHS = ("", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
               "November", "December")  # fmt: skip
STATUSES = {
    "draft": ("circle", "mute", "Draft"),
    "review": ("hourglass-split", "warn", "In review"),
    "published": ("check-circle-fill", "ok", "Published"),
    "archived": ("archive", "mute", "Archived"),
}
MENU = {
    "Content": (("notes", "sticky"), ("posts", "file-earmark-text"), ("categories", "folder"), ("tags", "tags"),
                ("comments", "chat-left-text"), ("questions", "chat-square-quote"), ("answers", "chat-square-text")),
    "Library": (("books", "book"), ("authors", "feather")),
    "School": (("students", "mortarboard"),),
    "System": (("users", "people"), ("jobs", "activity"), ("activity", "clock-history"), ("webhooks", "broadcast"),
               ("tokens", "key")),
}  # fmt: skip
COLUMNS = (
    ("title", "Title", "", ""), ("status", "Status", "c-sm", ""), ("category_id", "Category", "c-l p2", "p2"),
    ("author_id", "Author", "c-l p3", "p3"), ("-published_at", "Published", "c-sm p3", "p3"),
    ("-updated_at", "Updated at", "c-sm", ""),
)  # fmt: skip
NONE = "<span class=none>–</span>"
MORE = (
    ("counts", "bar-chart", "Counts and totals", ""), ("export.csv", "download", "Export as CSV", " download"),
    ("export.xlsx", "file-earmark-spreadsheet", "Export as XLSX", " download"),
    ("as-of", "clock-history", "As of a day", ""), ("curl", "terminal", "Copy as curl", ' data-copies="#curl"'),
)  # fmt: skip
DEEDS = (
    ("edit", "pencil", "Edit"), ("publish", "check-circle-fill", "Publish"), ("archive", "archive", "Archive"),
    ("pin", "pin-angle", "Pin for everyone"), ("unpin", "pin-angle", "Unpin"), ("delete", "trash", "Move to trash"),
)  # fmt: skip
COUNT_MOST = 10_000


def _icon(name: str, more: str = "") -> str:
    return f'<svg class="icon{more}" aria-hidden="true"><use href="{ASSETS}/i.svg#{name}"/></svg>'


def _group(name: str, entries: Iterable[tuple[str, str]]) -> str:
    links = "\n".join(
        f'<li><a href="/admin/{section}/"{" aria-current=page" if section == "posts" else ""}>{_icon(icon)}'
        f"{section.capitalize()}</a></li>"
        for section, icon in entries
    )
    return (
        f'<details class="nav-group" open><summary>{name}{_icon("chevron-down")}</summary>'
        f'<ul class="nav-list">{links}</ul></details>'
    )


def _mark() -> str:
    return (
        '<svg class="brand-mark" viewBox="0 0 24 24" aria-hidden="true"><rect class="page" width="24" height="24" rx="6"/>'
        '<path class="line" d="M6 7h6v1H6zM6 11h5v1H6zM6 15h6v1H6z"/><path class="ribbon" d="M14 5h4v13L16 16l-2 2z"/></svg>'
    )


# What is the same in every answer is put together once.
_HEAD = (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    '<meta name="color-scheme" content="light dark">\n<title>{}</title>\n'
    f'<link rel="icon" href="{ASSETS}/icon.svg" type="image/svg+xml">\n<link rel="stylesheet" href="{ASSETS}/app.css">\n'
    f'<script type="module" src="{ASSETS}/app.js"></script>\n</head>\n<body>\n'
    '<a class="skip" href="#main">Skip to content</a>\n<div class="app">\n'
    '<nav class="sidebar" id="sidebar" popover aria-label="Main">\n'
    f'<a class="brand" href="/admin/">{_mark()}<span>Floor</span><span class="env">Production</span></a>\n'
    f'<div class="nav-group"><ul class="nav-list"><li><a href="/admin/">{_icon("house")}Home</a></li>'
    f'<li><a href="/admin/pins/">{_icon("pin-angle")}Pinned</a></li></ul></div>\n'
    + "\n".join(_group(name, entries) for name, entries in MENU.items())
)
_FOOT = "</main></div></div></body></html>"
_ROW_MENU = (
    '<template id="row-menu"><ul class="menu-list">\n'
    f'<li><a data-to="">{_icon("eye")}Open</a></li>\n'
    f'<li data-needs="e"><a data-to="/edit">{_icon("pencil")}Edit</a></li>\n'
    '<li data-needs="p"><button form="row-form" data-to="/pin" name="is_pinned" value="1">'
    f"{_icon('pin-angle')}Pin for everyone</button></li>\n"
    '<li data-needs="u"><button form="row-form" data-to="/pin" name="is_pinned" value="0">'
    f"{_icon('pin-angle')}Unpin for everyone</button></li>\n"
    '<li data-needs="m"><button form="row-form" data-to="/pin-own" name="is_pinned" value="1">'
    f"{_icon('bookmark')}Pin for me</button></li>\n"
    '<li data-needs="n"><button form="row-form" data-to="/pin-own" name="is_pinned" value="0">'
    f"{_icon('bookmark')}Unpin for me</button></li>\n"
    f'<li><a data-to="/history">{_icon("clock-history")}History</a></li>\n<li data-needs="d" class="rule"></li>\n'
    f'<li data-needs="d"><a class="is-danger" data-to="/delete">{_icon("trash")}Move to trash</a></li>\n</ul></template>'
)
_TABLE = (
    '<div class="list-area">\n<table class="list cards"><caption class="visually-hidden">Posts</caption>\n<colgroup>'
    '<col class="c-tick">'
    + "".join(f'<col class="{width}">' for _sort, _label, width, _class in COLUMNS)
    + '<col class="c-menu"></colgroup>\n'
)
_BAND = (
    '<tbody class="is-pinned"><tr class="band"><th scope="rowgroup"><div class="band-line"><span>'
    f'{_icon("pin-angle-fill")}Pinned</span><span class="dim hide-phone">stays above every filter and sort'
    '</span><a class="push hide-phone" href="/admin/pins/?section=posts">Arrange</a></div></th></tr>\n'
)
_DEEDS = "".join(
    f'<button class="btn" name="deed" value="{deed}">{_icon(icon)}<span>{label}</span></button>'
    for deed, icon, label in DEEDS
)
# The icon of a status is drawn by the style sheet.
_STATUS = {
    value: f'<td><span class="status status-{value}">{label}</span><td class=p2>'
    for value, (_picture, _tone, label) in STATUSES.items()
}
_SIZES = "".join(f"<option{' selected' if size == 50 else ''}>{size}</option>" for size in (25, 50, 100, 200))


def list_page(
    person: Any, csrf: str, args: Mapping[str, str], band: Sequence[Any], rows: Sequence[Any], total: int, after: str
) -> str:
    """The list as the product has it, control by control."""
    state = escape("&".join(f"{name}={value}" for name, value in args.items()))
    back = "?back=" + state.replace("=", "%3D").replace("&amp;", "%26") if state else ""
    cells = "".join([_row(row, back, "empd") for row in rows])
    pinned = _BAND + "".join([_row(row, back, "emud") for row in band]) + "</tbody>" if band else ""
    return (
        f"{_HEAD.format('Posts · Floor')}{_person(person, csrf)}{_toolbar(args, csrf, state, back, total)}{_chips(args)}"
        f"{_ROW_MENU}{_TABLE}{_heads(args)}{pinned}<tbody>{cells}</tbody></table></div>"
        f"{_pager(args, len(rows), total, after)}{_FOOT}"
    )


def _person(person: Any, csrf: str) -> str:
    number, name = person[0], escape(person[1])
    return (
        '<div class="sidebar-foot"><details class="menu"><summary class="me">'
        f'<span class="avatar avatar-lg" data-hue="{number % 6 + 1}" aria-hidden="true">{_initials(name)}</span>'
        f'<span><span dir="auto">{name}</span><small>Admin</small></span>{_icon("chevron-expand")}</summary>\n'
        f'<ul class="menu-list up from-start"><li><a href="/account">{_icon("person")}Account</a></li>'
        f'<li><a href="/admin/keys">{_icon("keyboard")}Keyboard shortcuts</a></li><li class="rule"></li>'
        f'<li><form method="post" action="/logout"><input type="hidden" name="csrf_token" value="{csrf}"><button>'
        f"{_icon('box-arrow-right')}Log out</button></form></li></ul></details></div></nav>\n"
        '<div class="sheet"><header class="topbar"><button class="btn btn-quiet btn-icon only-phone" '
        f'popovertarget="sidebar" aria-label="Menu">{_icon("list", " icon-lg")}</button><nav aria-label="Breadcrumb">'
        '<ol class="crumbs"><li><a href="/admin/">Home</a></li><li><span aria-current="page">Posts</span></li></ol></nav>'
        f'<a class="search-open" href="/admin/search" data-palette="/admin/search.json">{_icon("search", " icon-sm")}'
        '<span>Search or jump to</span><kbd>Ctrl K</kbd></a></header>\n<main id="main" tabindex="-1">\n'
    )


def _toolbar(args: Mapping[str, str], csrf: str, state: str, back: str, total: int) -> str:
    q = escape(args.get("q", ""))
    return (
        f'<div class="page-head"><h1>Posts <span class="count">{_number(total)}</span></h1><div class="actions">'
        f'<a class="btn btn-quiet hide-phone" href="/admin/posts/import">{_icon("upload")}<span>Import</span></a>'
        f'<a class="btn btn-primary" href="/admin/posts/new{back}" data-key="c">{_icon("plus-lg")}<span>New post</span>'
        '<kbd class="hide-phone key">C</kbd></a></div></div>\n<nav aria-label="Saved views"><ul class="tabs">'
        f'<li><a href="/admin/posts/?pinned=first" aria-current="page">All <span class="count">{_number(total)}</span></a>'
        f'</li><li><a href="/admin/posts/views{back}" aria-label="Save or arrange views">{_icon("plus-lg")}</a></li></ul></nav>'
        '<div class="toolbar" role="search" aria-label="Posts"><form class="with-icon search" method="get" '
        f'action="/admin/posts/">{_kept(args, "q")}{_icon("search", " icon-sm")}<input class="form-control" type="search" '
        f'name="q" value="{q}" placeholder="Title and content" aria-label="Search posts" autocomplete="off" dir="auto" '
        'data-key="/"><kbd class="hide-phone key">/</kbd></form>\n'
        f'<a class="btn btn-default" href="/admin/posts/filters?{state}" data-panel="#filter-panel" data-key="f">'
        f'{_icon("funnel")}<span class="word">Filter</span></a><div class="end"><a class="btn btn-quiet" '
        f'href="/admin/posts/options?{state}" data-panel="#options-panel">{_icon("layout-three-columns")}<span class="word">'
        f"Columns and sort</span></a>{_more(state)}</div></div>\n{_selection(state, back, total)}"
        f'<form id="row-form" method="post"><input type="hidden" name="csrf_token" value="{csrf}">'
        f'<input type="hidden" name="back" value="{state}"></form>\n'
    )


def _more(state: str) -> str:
    links = "".join(
        f'<li><a href="/admin/posts/{path}?{state}"{more}>{_icon(icon)}{label}</a></li>'
        for path, icon, label, more in MORE
    )
    return (
        f'<details class="menu"><summary class="btn btn-quiet btn-icon" aria-label="More">{_icon("three-dots")}</summary>'
        f'<ul class="menu-list from-end">{links}<li><a href="/admin/pins/?section=posts">{_icon("pin-angle")}Arrange pins</a>'
        f'</li><li><a href="/admin/posts/trash">{_icon("trash")}Trash</a></li></ul></details>'
    )


def _selection(state: str, back: str, total: int) -> str:
    every = f"{back or '?'}&amp;all=1&amp;deed=choose"
    return (
        f'<form class="selection" id="bulk" method="get" action="/admin/posts/bulk"><input type="hidden" name="back" '
        f'value="{state}"><div class="as-is" role="toolbar" aria-label="Selected rows"><div class="what"><b data-count '
        f'role="status">Selected</b><a class="all" href="/admin/posts/bulk{every}">Select all {_number(total)} that match</a>'
        f'<button class="link" type="reset" data-clear>Clear</button></div><div class="end">{_DEEDS}</div></div></form>\n'
    )


def _kept(args: Mapping[str, str], but: str) -> str:
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in args.items() if name not in (but, "after")
    )  # fmt: skip


def _chips(args: Mapping[str, str]) -> str:
    chips = "".join(
        f'<li class="chip"><span class="chip-text">{escape(name)} is <b dir="auto">{escape(args[name])}</b></span>'
        f'<a href="/admin/posts/" aria-label="Remove filter: {escape(name)}">{_icon("x-lg")}</a></li>'
        for name in ("status", "author_id") if name in args
    )  # fmt: skip
    return (
        f'<ul class="chips" aria-label="Active filters">{chips}<li><a href="/admin/posts/">Clear all</a></li></ul>'
        if chips
        else ""
    )


def _heads(args: Mapping[str, str]) -> str:
    more = "".join(
        f"&amp;{escape(name)}={escape(value)}" for name, value in args.items() if name not in ("sort", "after")
    )
    sorted_by = f"{escape(args['sort'])}," if "sort" in args else ""
    heads = "".join(
        f'<th scope="col" class="{kind}" data-cell="{sort}"><a href="/admin/posts/?sort={sort}{more}" '
        f'data-more="/admin/posts/?sort={sorted_by}{sort}{more}">{label}</a></th>'
        for sort, label, _width, kind in COLUMNS
    )
    tick = (
        '<th class="k-tick" scope="col"><input type="checkbox" data-tick-all aria-label="Select all on this page"></th>'
    )
    return f'<thead><tr>{tick}{heads}<th class="menu-cell"><span class="visually-hidden">Actions</span></th></tr></thead>\n'


def _row(row: Any, back: str, may: str) -> str:
    number, raw, status, published, updated, author_id, category, author, found = row
    title, author = escape(raw), escape(author or "")
    named = found or f"{title}</a>"
    label = title[:30]
    return (
        f'<tr><td class=k-tick><input type=checkbox form=bulk name=ids value={number} aria-label="Select {label}">'
        f'<th scope=row class=title><a href="/admin/posts/{number}/edit{back}">{named}{_STATUS[status]}'
        f"{escape(category or '–')}<td class=p3><span class=person><i class=avatar data-hue={author_id % 6 + 1} "
        f"aria-hidden=true>{_initials(author)}</i>{author}</span><td class=p3>{_moment(published) if published else NONE}"
        f"<td>{_moment(updated)}<td data-may={may}>\n"
    )


def marked(row: Any, words: "Pattern[str]") -> str:
    """The title, and the place in the content where words were found, marked."""
    title, content = row[1], row[8]
    first = words.search(content)
    start = max(0, first.start() - 40) if first else 0
    excerpt = _mark_words(content[start : start + 160], words)
    return f"{_mark_words(title, words)}</a><small>{excerpt}</small>"


def _mark_words(text: str, words: "Pattern[str]") -> str:
    return words.sub(r"<mark>\1</mark>", escape(text))


def _initials(name: str) -> str:
    first, _space, last = name.partition(" ")
    return first[:1] + last[:1]


def _moment(when: Any) -> str:
    """Day and month, and behind them all of it; the driver of SQLite gives text."""
    said = when if isinstance(when, str) else when.isoformat(" ")
    day, month, year = said[8:10].lstrip("0"), int(said[5:7]), said[:4]
    exact = f"{day} {LONG_MONTHS[month]} {year}, {said[11:16]} UTC"
    return f'<span title="{exact}">{day} {MONTHS[month]} {year}</span>'


def _number(value: int) -> str:
    return f"{COUNT_MOST:,}+" if value > COUNT_MOST else f"{value:,}"


def _pager(args: Mapping[str, str], shown: int, total: int, after: str) -> str:
    state = "".join(f"&amp;{escape(name)}={escape(value)}" for name, value in args.items() if name != "after")
    left, right = _icon("chevron-left", " icon-flip icon-sm"), _icon("chevron-right", " icon-flip icon-sm")
    following = (
        f'<a class="btn btn-quiet btn-sm" rel="next" href="/admin/posts/?after={after}{state}">Next{right}</a>' if after else
        f'<a class="btn btn-quiet btn-sm" aria-disabled="true" role="link">Next{right}</a>'
    )  # fmt: skip
    return (
        f'<nav class="pager" aria-label="Pages"><span><b>1–{shown}</b> of <b>{_number(total)}</b></span><div class="end">'
        f'<form class="size" method="get"><label for="per-page">Rows</label>{_kept(args, "per_page")}<select '
        f'class="form-select form-select-sm" id="per-page" name="per_page" data-submit>{_SIZES}</select>'
        '<button class="btn btn-quiet btn-sm" data-plain>Show</button></form>'
        f'<a class="btn btn-quiet btn-sm" aria-disabled="true" role="link">{left}Previous</a>{following}</div></nav>\n'
    )


# The form


def edit_page(person: Any, csrf: str, row: Mapping[str, Any], tags: Sequence[Any], is_pinned: bool) -> str:
    """The form of a post, with the controls that the product's has."""
    return (
        f"{_HEAD.format('Edit post · Floor')}{_person(person, csrf)}{_form_head(row)}"
        f'<form class="edit-form" method="post" data-edit novalidate><input type="hidden" name="csrf_token" value="{csrf}">'
        f'<input type="hidden" name="version" value="{row["version"]}"><input type="hidden" name="back" value="">'
        f'<button class="visually-hidden" tabindex="-1" aria-hidden="true">Save</button>{_main_fields(row)}'
        f"{_rail(row, tags, is_pinned)}{_SAVE_BAR}</form>{_FOOT}"
    )


def _form_head(row: Mapping[str, Any]) -> str:
    icon, tone, label = STATUSES[row["status"]]
    own = f"/admin/posts/{row['id']}"
    return (
        f'<div class="page-head"><h1>Edit post</h1><span class="pill pill-{tone}">{_icon(icon)}{label}</span>'
        f'<div class="actions"><a class="btn btn-quiet" href="{own}/history">{_icon("clock-history")}<span>History</span></a>'
        f'<details class="menu"><summary class="btn btn-quiet btn-icon" aria-label="More">{_icon("three-dots")}</summary>'
        f'<ul class="menu-list"><li><a href="{own}">{_icon("eye")}Open</a></li><li class="rule"></li><li>'
        f'<a class="is-danger" href="{own}/delete">{_icon("trash")}Move to trash</a></li></ul></details></div></div>'
    )


def _main_fields(row: Mapping[str, Any]) -> str:
    return (
        '<div class="editor"><div class="editor-main"><div class="field" id="field-title"><label for="title">Title</label>'
        f'<input class="form-control title-input" type="text" id="title" name="title" value="{escape(row["title"])}" '
        'dir="auto" autocomplete="off"></div><div class="field" id="field-content"><label for="content">Content</label>'
        '<textarea class="form-control long-input" id="content" name="content" rows="12" dir="auto">\n'
        f"{escape(row['content'])}</textarea></div></div>"
    )


def _rail(row: Mapping[str, Any], tags: Sequence[Any], is_pinned: bool) -> str:
    options = "".join(
        f'<option value="{value}"{" selected" if value == row["status"] else ""}>{label}</option>'
        for value, (_icon_name, _tone, label) in STATUSES.items()
    )
    shelf, author = [(row["category_id"], row["category"])], [(row["author_id"], row["author"])]
    return (
        '<aside class="editor-rail" aria-label="Properties"><div class="rail-part"><div class="field" id="field-status">'
        f'<label for="status">Status</label><select class="form-select" id="status" name="status">{options}</select></div>'
        '</div><div class="rail-part"><div class="field" id="field-slug"><label for="slug">Address <span class="optional">'
        f'(optional)</span></label><input class="form-control" type="text" id="slug" name="slug" value="{escape(row["slug"])}"'
        ' dir="auto" autocomplete="off"><p class="help" id="slug-help">Made from the title if left empty.</p></div></div>'
        f"{_picker('category_id', 'Category', shelf, 'radio')}{_picker('tag_ids', 'Tags', tags, 'checkbox')}"
        '<div class="rail-part"><div class="field" id="field-is_pinned"><input type="hidden" name="is_pinned" value="0">'
        '<label class="check"><input class="form-check-input" type="checkbox" id="is_pinned" name="is_pinned" value="1"'
        f"{' checked' if is_pinned else ''}><span>Pinned for everyone</span></label></div></div>"
        f"{_picker('author_id', 'Author', author, 'radio')}{_facts(row)}</aside></div>"
    )


def _picker(name: str, label: str, chosen: Sequence[Any], kind: str) -> str:
    options = "".join(
        f'<li><label class="check"><input class="form-check-input" type="{kind}" name="{name}" value="{number}" checked>'
        f'<span dir="auto">{escape(title)}</span></label></li>'
        for number, title in chosen if number is not None
    )  # fmt: skip
    return (
        f'<div class="rail-part"><fieldset class="field picker" id="field-{name}" data-picker="/admin/posts/lookup/{name}" '
        f'data-name="{name}"><legend>{label} <span class="optional">(optional)</span></legend><ul class="picker-list plain">'
        f'{options}<li><label class="check"><input class="form-check-input" type="{kind}" name="{name}" value="">'
        '<span class="faint">None</span></label></li></ul><div class="picker-find"><input class="form-control '
        f'form-control-sm" type="search" name="{name}.find" value="" aria-label="Find {label.lower()}" placeholder="Find" '
        f'autocomplete="off"><button class="btn btn-default btn-sm" name="_find" value="{name}" formnovalidate>Find'
        f'<span class="visually-hidden"> {label.lower()}</span></button></div></fieldset></div>'
    )


def _facts(row: Mapping[str, Any]) -> str:
    return (
        f'<div class="rail-part"><dl class="pairs"><dt>Number</dt><dd><span class="num">{row["id"]}</span></dd>'
        f"<dt>Created at</dt><dd>{_moment(row['created_at'])}</dd><dt>Updated at</dt><dd>{_moment(row['updated_at'])}</dd>"
        f'<dt>Version</dt><dd><span class="num">{row["version"]}</span></dd></dl></div>'
    )


_SAVE_BAR = (
    '<div class="savebar"><span class="state" data-state role="status">All saved</span><div class="end">'
    '<a class="btn btn-quiet" href="/admin/posts/">Cancel</a><button class="btn btn-default hide-phone" name="_next" '
    'value="edit">Save and continue editing</button><button class="btn btn-primary" name="_next" value="list">Save'
    "</button></div></div>"
)
