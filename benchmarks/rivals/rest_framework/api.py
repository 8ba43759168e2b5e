"""The posts as Django REST framework has them: the fields of the product's API, a view set, a cursor."""

from typing import Any

from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.urls import include, path
from django.utils.text import slugify
from rest_framework import pagination, routers, serializers, viewsets

from benchmarks.rivals.django_admin.models import Category, Person, Pin, Post, Tag

# What Django admin does not show; the folded columns may not be empty.
for name, column in {
    "version": models.IntegerField(default=1), "created_by": models.BigIntegerField(null=True),
    "published_at": models.DateTimeField(null=True), "title_key": models.CharField(max_length=255),
    "content_key": models.TextField(),
}.items():  # fmt: skip
    Post.add_to_class(name, column)

# The product's own number of the administrator, whom Django knows by another one.
ADMINISTRATOR = 1


class PostSerializer(serializers.ModelSerializer):  # type: ignore[misc]  # Django REST framework has no types
    """A post."""

    category_id = serializers.PrimaryKeyRelatedField(
        source="category", queryset=Category.objects.all(), allow_null=True, required=False
    )
    author_id = serializers.PrimaryKeyRelatedField(
        source="author", queryset=Person.objects.all(), allow_null=True, required=False
    )
    tag_ids = serializers.PrimaryKeyRelatedField(source="tags", queryset=Tag.objects.all(), many=True, required=False)
    is_pinned = serializers.BooleanField(source="has_pin", read_only=True, default=False)

    class Meta:
        """What is shown, and what is not taken."""

        model = Post
        fields = (
            "id", "title", "content", "status", "slug", "category_id", "tag_ids", "is_pinned", "author_id",
            "published_at", "created_at", "updated_at", "created_by", "version",
        )  # fmt: skip
        read_only_fields = ("slug", "published_at", "created_by", "version")


class NewestFirst(pagination.CursorPagination):  # type: ignore[misc]
    """Pages by cursor, as large as asked."""

    ordering = ("-created_at", "-id")
    page_size = 10
    page_size_query_param = "per_page"
    max_page_size = 100


class PostViewSet(viewsets.ModelViewSet):  # type: ignore[misc]
    """Rows outside the trash, so that the product's indexes serve; tags in one statement, no folded texts."""

    serializer_class = PostSerializer
    pagination_class = NewestFirst

    def get_queryset(self) -> Any:
        """The rows, with whether they are pinned."""
        pins = Pin.objects.filter(section="posts", row_id=OuterRef("pk"), user_id=None)
        rows = Post.objects.filter(live=1).defer("title_key", "content_key")
        return rows.prefetch_related("tags").annotate(has_pin=Exists(pins))

    def perform_create(self, serializer: Any) -> None:
        """Save row and pairs in one commit; without it there would be several."""
        title, content = serializer.validated_data["title"], serializer.validated_data["content"]
        with transaction.atomic(using="content"):
            serializer.save(
                live=1, slug=slugify(title), title_key=title.casefold(), content_key=content.casefold(),
                created_by=ADMINISTRATOR, author_id=ADMINISTRATOR,
            )  # fmt: skip


router = routers.SimpleRouter(trailing_slash=False)
router.register("posts", PostViewSet, basename="post")
urlpatterns = [path("api/", include(router.urls))]
