"""The command line: ``python manage.py --help``."""

from admin_site import create_app
from admin_site.cli import main

if __name__ == "__main__":
    main(create_app)
