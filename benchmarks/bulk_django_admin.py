"""Django's own bulk edit: one UPDATE, without history or search."""

import json
import time

from benchmarks.rivals.django_admin import site
from benchmarks.rivals.django_admin.models import Post


def main() -> None:
    """Give every live post a status, and then its next one."""
    began = time.monotonic()
    Post.objects.filter(live=1).update(status="archived")
    print(json.dumps({"django update": time.monotonic() - began}))
    Post.objects.filter(live=1).update(status="draft")


if __name__ == "__main__":
    assert site.app
    main()
