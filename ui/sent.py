"""What a browser sends with a click or a form: its word, so that each part is checked before it is used."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import gradio as gr

from ui.markup import LONGEST_QUESTION, clean


def number_of(event: Any, name: str) -> int:
    """Return a whole number that was sent; -1 for what is none."""
    try:
        return int(word_of(event, name))
    except ValueError:
        return -1


def word_of(event: Any, name: str) -> str:
    """Return a text that was sent, without what no text holds; an empty one for what is none."""
    try:
        value = getattr(event, name)
    except (AttributeError, TypeError):
        return ""
    return clean(value)[:LONGEST_QUESTION] if isinstance(value, str) else ""


def in_box(text: Any) -> gr.EventData:
    """Return what was sent in a box, as JSON, as if it had come with the event itself; nothing for what is none."""
    data = None
    with suppress(TypeError, ValueError, RecursionError):
        data = json.loads(text)
    return gr.EventData(None, data)
