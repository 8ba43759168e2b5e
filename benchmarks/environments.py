"""Virtual environments of the product and of each rival, with pinned requirements, made once."""

import hashlib
import subprocess
import sys
from pathlib import Path

from benchmarks.settings import FOLDER, HERE, ROOT

REQUIREMENTS = {
    "product": (HERE / "requirements.txt", ROOT / "requirements.txt"),
    "django_admin": (HERE / "rivals/django_admin/requirements.txt",),
    "rest_framework": (HERE / "rivals/rest_framework/requirements.txt",),
    "flask_admin": (HERE / "rivals/flask_admin/requirements.txt",),
    "sqladmin": (HERE / "rivals/sqladmin/requirements.txt",),
}
PIP_FLAGS = ("--quiet", "--disable-pip-version-check", "--no-input")


def python_of(name: str) -> Path:
    """The interpreter of an environment, which is made if it is not there or has other requirements."""
    folder = FOLDER / "environments" / name
    python, stamp = folder / "bin" / "python", folder / "stamp"
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in REQUIREMENTS[name])).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        print(f"Making the environment of {name} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        command = [str(python), "-m", "pip", "install", *PIP_FLAGS, "-r", str(REQUIREMENTS[name][0])]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        stamp.write_text(digest)
    return python
