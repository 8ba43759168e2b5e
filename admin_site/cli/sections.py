"""``sections …``: what the declarations became."""

import click
from flask.cli import AppGroup

from admin_site.accounts.roles import ACTIONS, ROLE_GRANTS, grants_of
from admin_site.cli.options import as_json, show
from admin_site.core import registry
from admin_site.core.errors import NotFound

group = AppGroup("sections", help="The kinds of content.")


@group.command("list")
@as_json
def list_sections(as_json: bool) -> None:
    """Every section."""
    rows = [
        {"name": section.name, "label": section.label, "group": section.group, "fields": len(section.all_fields),
         "pins": "yes" if section.pins else "no", "url": f"/admin/{section.name}/"}
        for section in registry.all_sections()
    ]  # fmt: skip
    show(rows, ("name", "label", "group", "fields", "pins", "url"), as_json=as_json)


@group.command("show")
@click.argument("name")
@as_json
def show_section(name: str, as_json: bool) -> None:
    """All that a declaration became: fields, and who may do what."""
    try:
        section = registry.get(name)
    except NotFound:
        raise NotFound(f"There is no section {name!r}: {', '.join(registry.by_name())}.") from None
    fields = [
        {"field": field.name, "kind": str(field.kind), "label": field.label,
         "required": "required" if field.required and not field.fixed else "",
         "unique": "unique" if field.name in section.unique else "",
         "kept by": "program" if field.fixed else "",
         "limit": field.length or ("" if field.most is None else f"{field.least}-{field.most}"),
         "values": ", ".join(choice.value for choice in field.choices)
                   or (field.target.__tablename__ if field.target else "")}
        for field in section.all_fields.values()
    ]  # fmt: skip
    show(fields, ("field", "kind", "label", "required", "unique", "kept by", "limit", "values"), as_json=as_json)
    if as_json:
        return
    click.echo()
    grants = {role: grants_of([role]) for role in ROLE_GRANTS}
    rows = [
        {"permission": f"{name}.{action}"} | {role: grants[role].get((name, action), "-") for role in ROLE_GRANTS}
        for action in ACTIONS
    ]
    show(rows, ("permission", *ROLE_GRANTS), as_json=False)
