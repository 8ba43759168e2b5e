"""The content: one file per family, model above and ``Section(...)`` below."""

from admin_site.core import checks, registry
from admin_site.sections import books, notes, posts, questions, students, users


def register_all() -> None:
    """Make the sections known, in the order of the menu."""
    registry.register(
        *posts.SECTIONS, notes.section, *questions.SECTIONS, *books.SECTIONS, students.section, users.section
    )


def check_all(actions: tuple[str, ...]) -> None:
    """Refuse to start with a wrong declaration."""
    checks.check(registry.all_sections(), actions)
