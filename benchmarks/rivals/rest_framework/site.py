"""Django REST framework over the product's tables; people and tokens are in a file of its own.

Served by gunicorn as ``benchmarks.rivals.rest_framework.site:app``. Run by itself it makes that file.
"""

from benchmarks.rivals import django_base

django_base.configure(
    "rest_framework.db",
    ROOT_URLCONF="benchmarks.rivals.rest_framework.api",
    INSTALLED_APPS=[
        "django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "rest_framework.authtoken",
        "benchmarks.rivals.django_admin",
    ],
    # An API needs no more of them; without sessions and messages the rival is faster.
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    },
)  # fmt: skip


def _make_file() -> None:
    person = django_base.make_file()
    from rest_framework.authtoken.models import Token

    Token.objects.filter(user=person).delete()
    Token.objects.create(user=person, key=django_base.PASSWORD)


if __name__ == "__main__":
    _make_file()
else:
    app = django_base.application()
