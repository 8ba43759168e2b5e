"""Users: the people who sign in. Their model stands in ``accounts``, where sign-in needs it."""

from collections.abc import Sequence

from sqlalchemy import func, select

from admin_site.accounts import sessions
from admin_site.accounts.models import Role, User, user_roles
from admin_site.accounts.roles import ADMIN
from admin_site.core.database import db
from admin_site.core.errors import Conflict
from admin_site.core.section import Change, Field, Kind, Section

LAST_ADMIN = "This is the last active administrator, who can be neither disabled, trashed nor demoted."


def _prepare(changes: Sequence[Change]) -> None:
    for change in changes:
        change.after["name"] = change.after["name"] or change.after["username"]
        if "password" in change.secrets:
            change.after["password_hash"] = str(change.sent["password"])
    _keep_an_administrator(changes)


def _keep_an_administrator(changes: Sequence[Change]) -> None:
    leaving = [change for change in changes if change.before and _stops_serving(change)]
    if not leaving:
        return
    # All who might remove an administrator queue here, so that two cannot each remove the other.
    admin_id = db.session.execute(select(Role.id).where(Role.name == ADMIN).with_for_update()).scalar_one()
    ids = [change.id for change in leaving]
    holds_it = user_roles.c.role_id == admin_id
    were = select(user_roles.c.user_id).where(holds_it, user_roles.c.user_id.in_(ids))
    if not db.session.execute(were).first():
        return
    others = (
        select(func.count())
        .select_from(User)
        .join(user_roles, user_roles.c.user_id == User.id)
        .where(holds_it, User.live == 1, User.is_active, User.id.not_in(ids))
    )
    if not db.session.execute(others).scalar_one():
        raise Conflict(LAST_ADMIN)


def _stops_serving(change: Change) -> bool:
    if not (change.before["live"] and change.before["is_active"]):
        return False
    old, new = change.links.get("role_ids", ([], []))
    return not change.after["live"] or not change.after["is_active"] or bool(set(old) - set(new))


def _end_sessions(_deed: object, changes: Sequence[Change]) -> None:
    """Whoever is trashed or disabled is signed out at once; a new password signs out everywhere else."""
    for change in changes:
        if not change.after["live"] or not change.after["is_active"]:
            sessions.end_all([change.id])
        elif "password" in change.secrets:
            own = change.actor.session_id if change.actor.id == change.id else None
            sessions.end_all([change.id], but=own)


section = Section(
    model=User,
    label="Users",
    singular="user",
    icon="people",
    group="System",
    area="accounts",
    columns=("name", "email", "role_ids", "is_active", "updated_at"),
    form=("name", "username", "email", "password", "age", "address", "city", "state", "role_ids", "is_active"),
    rail=("role_ids", "is_active"),
    fields=(
        Field(name="name", required=False, help="The username, if left empty."),
        Field(name="email", kind=Kind.EMAIL, label="E-mail"),
        Field(name="password", kind=Kind.PASSWORD, secret=True, autocomplete="new-password",
              help="Of somebody who is here already it stays as it is if left empty."),
        Field(name="age", least=0, most=150),
        Field(name="role_ids", kind=Kind.RELATIONS, label="Roles", target=Role, through=user_roles),
        Field(name="is_active", label="Active", help="Whoever is not active is signed out and cannot sign in."),
    ),
    filters=("role_ids", "is_active", "updated_at"),
    search=("name", "username", "email"),
    sort="name",
    prepare=_prepare,
    follow=_end_sessions,
)  # fmt: skip
