"""Answer -> page. Knows what ``qa`` exports, and nothing below it."""

from ui.page import Opening, build_page, launch, serve

__all__ = ["Opening", "build_page", "launch", "serve"]
