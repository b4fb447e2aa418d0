"""Answer -> page. Knows what ``qa`` exports, and nothing below it."""

from ui.conversations import Conversations
from ui.opening import Opening
from ui.page import build_page, launch, serve
from ui.users import Users, add_user

__all__ = ["Conversations", "Opening", "Users", "add_user", "build_page", "launch", "serve"]
