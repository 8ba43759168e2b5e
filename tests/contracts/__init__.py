"""What outsiders rely on, as text: a test writes it anew and compares; the diff is reviewed."""

from pathlib import Path

HERE = Path(__file__).parent


def compare(name: str, lines: list[str]) -> None:
    """Fail where the text differs; it has then been rewritten, so that `git diff` shows how."""
    path = HERE / name
    text = "\n".join(lines) + "\n"
    before = path.read_text() if path.exists() else ""
    if before != text:
        path.write_text(text)
    assert before == text, f"{path.name} has changed; review the diff and commit it"
