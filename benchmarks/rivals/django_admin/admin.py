"""The posts in Django admin."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef

from benchmarks.rivals.django_admin.models import Pin, Post


@admin.register(Post)
class PostAdmin(admin.ModelAdmin):  # type: ignore[misc]  # Django has no types here
    """Newest first."""

    list_display = ("title", "author", "category", "status", "pinned", "created_at", "tag_names")
    list_filter = ("status", "author")
    list_per_page = 50
    list_select_related = ("author", "category")
    search_fields = ("title", "content")
    ordering = ("-created_at", "-id")
    fields = ("title", "content", "status", "slug", "category", "tags", "author")

    def get_queryset(self, request: Any) -> Any:
        """Rows outside the trash, so that the product's indexes serve; tags in one statement."""
        pins = Pin.objects.filter(section="posts", row_id=OuterRef("pk"), user_id=None)
        rows = super().get_queryset(request).filter(live=1)
        return rows.prefetch_related("tags").annotate(has_pin=Exists(pins))

    @admin.display(boolean=True)
    def pinned(self, post: Any) -> bool:
        """Whether it is pinned."""
        return bool(post.has_pin)

    @admin.display(description="tags")
    def tag_names(self, post: Any) -> str:
        """Its tags."""
        return ", ".join(tag.name for tag in post.tags.all())
