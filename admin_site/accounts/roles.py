"""What each role may do. A grant is "any" row or only one's "own"; what is not named is refused."""

from collections.abc import Iterable, Mapping

from admin_site.core import registry

# Every action that a permission can name, and what it lets one do. A route whose action is not here does not start.
ACTIONS: Mapping[str, str] = {
    "read": "see {}", "create": "add {}", "update": "change {}", "delete": "move {} to the trash",
    "restore": "restore {}", "purge": "remove {} for good", "publish": "publish {}", "moderate": "moderate {}",
    "pin": "pin {} for everyone", "bulk_edit": "change many {} at once", "import": "import {}", "export": "export {}",
}  # fmt: skip

# Rights beside the sections, in the same grammar: area, action.
SITE_ACTIONS = ("roles", "tokens", "sessions", "jobs", "settings", "activity")

ADMIN = "admin"
_VIEWER = {"read": "any"}
_AUTHOR = _VIEWER | {"create": "any", "update": "own", "delete": "own"}
_EDITOR = dict.fromkeys(
    ("read", "create", "update", "delete", "restore", "publish", "moderate", "pin", "bulk_edit", "import", "export"),
    "any",
)
_EVERYTHING = dict.fromkeys(ACTIONS, "any")

# Role name to area to action to whose rows.
ROLE_GRANTS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "viewer": {"content": _VIEWER},
    "author": {"content": _AUTHOR},
    "editor": {"content": _EDITOR},
    ADMIN: {"content": _EVERYTHING, "accounts": _EVERYTHING, "site": dict.fromkeys(SITE_ACTIONS, "any")},
}


def grants_of(roles: Iterable[str]) -> dict[tuple[str, str], str]:
    """(section or "site", action) to "own" or "any", for somebody with these roles."""
    grants: dict[tuple[str, str], str] = {}
    for role in roles:
        for area, actions in ROLE_GRANTS.get(role, {}).items():
            for name in _names_in(area):
                for action, scope in actions.items():
                    if grants.get((name, action)) != "any":
                        grants[name, action] = scope
    return grants


def roles_with(section: str, action: str) -> list[str]:
    """The roles that may do this at least to their own rows, weakest first: the answer to "who could?"."""
    return [role for role in ROLE_GRANTS if (section, action) in grants_of([role])]


def _names_in(area: str) -> list[str]:
    if area == "site":
        return ["site"]
    return [section.name for section in registry.all_sections() if section.area == area]
