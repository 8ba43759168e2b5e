"""The product's tables as Django sees them."""

from django.db import models


class Named(models.Model):
    """A row that is known by its name."""

    name = models.CharField(max_length=200)

    class Meta:
        """Shared."""

        abstract = True
        managed = False

    def __str__(self) -> str:
        return self.name


class Person(Named):
    """An author."""

    class Meta:
        """Theirs."""

        managed = False
        db_table = "users"


class Category(Named):
    """A shelf."""

    class Meta:
        """Theirs."""

        managed = False
        db_table = "categories"


class Tag(Named):
    """A tag."""

    class Meta:
        """Theirs."""

        managed = False
        db_table = "tags"


class Pin(models.Model):
    """A pin."""

    section = models.CharField(max_length=40)
    row_id = models.BigIntegerField()
    user_id = models.BigIntegerField(null=True)

    class Meta:
        """Theirs."""

        managed = False
        db_table = "pins"


class Post(models.Model):
    """A post."""

    STATUSES = (("draft", "Draft"), ("review", "In review"), ("published", "Published"), ("archived", "Archived"))

    live = models.SmallIntegerField(null=True, editable=False)
    title = models.CharField(max_length=150)
    content = models.TextField()
    status = models.CharField(max_length=20, choices=STATUSES)
    slug = models.CharField(max_length=160)
    author = models.ForeignKey(Person, models.DO_NOTHING, null=True, blank=True)
    category = models.ForeignKey(Category, models.DO_NOTHING, null=True, blank=True)
    tags = models.ManyToManyField(Tag, db_table="post_tags", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        """Theirs."""

        managed = False
        db_table = "posts"

    def __str__(self) -> str:
        return self.title
