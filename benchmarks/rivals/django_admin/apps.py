"""The application."""

from django.apps import AppConfig


class DjangoAdminConfig(AppConfig):  # type: ignore[misc]  # Django has no types here
    """Posts."""

    name = "benchmarks.rivals.django_admin"
    label = "content"
