"""What the server refuses before the page sees it, and what it tells browsers to refuse."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Whatever got into a page, it could load nothing from elsewhere and send nothing elsewhere. Gradio's own page has
# scripts and styles in it, and makes functions of the code that its HTML components are given.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


class Guard:
    """Refuses what another site's page sends through a reader's browser.

    That is a request whose Origin is not the server itself, and, where the server's ``names`` are known, because it
    listens on loopback alone, one for another name (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, *, names: Sequence[str] = ()) -> None:
        self.app = app
        self.names = frozenset(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 403."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if self.names and _parts(f"//{host}")[0] not in self.names:
            await PlainTextResponse("This server answers only on this machine.", 403)(scope, receive, send)
            return
        if origin is not None and (not host or _parts(origin)[1] != host):
            await PlainTextResponse("Only the page itself may ask this.", 403)(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self.app(scope, receive, answer)


def _parts(address: str) -> tuple[str | None, str]:
    """Return an address's host, and the host with its port."""
    try:
        parts = urlsplit(address)
        if "@" in parts.netloc:  # of which only what follows would be the name
            return None, ""
        return parts.hostname, parts.netloc
    except ValueError:
        return None, ""
