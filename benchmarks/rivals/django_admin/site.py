"""Django admin over the product's tables; who may come in and the sessions are in a file of its own.

Served by gunicorn as ``benchmarks.rivals.django_admin.site:app``. Run by itself it makes that file.
"""

from benchmarks.rivals import django_base

django_base.configure(
    "django.db",
    ROOT_URLCONF="benchmarks.rivals.django_admin.urls",
    INSTALLED_APPS=[
        "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
        "django.contrib.messages", "django.contrib.staticfiles", "benchmarks.rivals.django_admin",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]},
    }],
    STATIC_URL="/static/",
)  # fmt: skip

if __name__ == "__main__":
    django_base.make_file()
else:
    app = django_base.application()
