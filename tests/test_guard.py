"""What the server refuses before the page sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from ui.guard import Guard

LOOPBACK = ("127.0.0.1", "localhost", "::1")
HOST = "127.0.0.1:7860"


def app(*names: str, reached: list[str] | None = None) -> Starlette:
    async def page(request: Request) -> PlainTextResponse:
        if reached is not None:
            reached.append(request.method)
        return PlainTextResponse("the page", headers={"x-frame-options": "mine"})

    async def socket(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    routes = [Route("/", page, methods=["GET", "POST", "OPTIONS"]), WebSocketRoute("/", socket)]
    return Starlette(routes=routes, middleware=[Middleware(Guard, names=names)])


def asked(served: Any, headers: Mapping[str, str], method: str = "GET", kind: str = "http") -> list[Any]:
    """Return the messages that a request is answered with."""
    messages: list[Any] = []

    async def receive() -> dict[str, Any]:
        return (
            {"type": "websocket.connect"}
            if kind == "websocket"
            else {"type": "http.request", "body": b"", "more_body": False}
        )

    async def send(message: Any) -> None:
        messages.append(message)

    scope = {
        "type": kind,
        "method": method,
        "path": "/",
        "raw_path": b"/",
        "root_path": "",
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "ws" if kind == "websocket" else "http",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
        "state": {},
    }
    asyncio.run(served(scope, receive, send))
    return messages


def status(served: Any, headers: Mapping[str, str], method: str = "GET") -> int:
    return int(asked(served, headers, method)[0]["status"])


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://evil.example:7860",
        "null",
        "",
        "file://",
        "http://127.0.0.1",
        "http://127.0.0.1:7861",
        "http://127.0.0.1:7860.evil.example",
        "http://evil.example/127.0.0.1:7860",
        "http://evil.example#127.0.0.1:7860",
        "http://evil@127.0.0.1:7860",
        "http://localhost:7860",
        "127.0.0.1:7860",
        "http://[bad",
        "chrome-extension://abcdef",
    ],
)
@pytest.mark.parametrize("names", [LOOPBACK, ()])
def test_a_foreign_origin_is_refused_and_reaches_nothing(origin: str, method: str, names: tuple[str, ...]) -> None:
    reached: list[str] = []
    messages = asked(app(*names, reached=reached), {"host": HOST, "origin": origin}, method)
    assert messages[0]["status"] == 403
    assert messages[1]["body"] == b"Only the page itself may ask this."
    assert reached == []


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:7860", "http://127.0.0.1:7860"),
        ("localhost:7860", "http://localhost:7860"),
        ("localhost", "http://localhost"),
        ("LOCALHOST:7860", None),
        ("[::1]:7860", "http://[::1]:7860"),
        ("[::1]", None),
        ("127.0.0.1:7860", None),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_page_itself_may_ask(host: str, origin: str | None, method: str) -> None:
    headers = {"host": host, **({"origin": origin} if origin else {})}
    assert status(app(*LOOPBACK), headers, method) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:7860",
        "127.0.0.1.evil.example",
        "localhost.evil.example:7860",
        "evil-localhost",
        "127.0.0.2",
        "0.0.0.0:7860",
        "[::2]:7860",
        "[::1",
        "::1",
        "",
        "/127.0.0.1",
        "evil.example#@127.0.0.1",
        "evil.example\\@127.0.0.1",
        "evil.example@localhost:7860",
    ],
)
def test_on_loopback_another_name_is_refused_even_with_its_own_origin(host: str) -> None:
    served = app(*LOOPBACK)
    refused = [asked(served, headers) for headers in ({"host": host}, {"host": host, "origin": f"http://{host}"})]
    assert [messages[0]["status"] for messages in refused] == [403, 403]
    assert refused[0][1]["body"] == b"This server answers only on this machine."


def test_without_a_host_nothing_is_answered_on_loopback_and_no_origin_elsewhere() -> None:
    assert status(app(*LOOPBACK), {}) == 403
    assert status(app(), {}) == 200
    assert [status(app(), {"origin": origin}) for origin in ("null", "http://evil.example", "")] == [403, 403, 403]


def test_a_server_for_others_takes_any_name_but_no_foreign_origin() -> None:
    served = app()
    for host in ("news.example", "192.0.2.7:7860", "[2001:db8::1]:7860"):
        assert status(served, {"host": host}) == 200
        assert status(served, {"host": host, "origin": f"https://{host}"}, "POST") == 200
        assert status(served, {"host": host, "origin": "https://evil.example"}, "POST") == 403


def test_a_socket_is_refused_alike() -> None:
    served = app(*LOOPBACK)
    assert asked(served, {"host": HOST, "origin": f"http://{HOST}"}, kind="websocket")[0]["type"] == "websocket.accept"
    for headers in ({"host": HOST, "origin": "http://evil.example"}, {"host": "evil.example"}):
        assert asked(served, headers, kind="websocket")[0]["status"] == 403


def test_browsers_are_told_what_to_refuse() -> None:
    (start, body) = asked(app(*LOOPBACK), {"host": HOST})
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert (policy["default-src"], policy["object-src"], policy["frame-ancestors"]) == ("'self'", "'none'", "'self'")
    assert policy["connect-src"] == "'self' data: blob:"
    assert not any("http" in sources or "*" in sources for sources in policy.values())
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert headers["x-frame-options"] == "mine"
    assert body["body"] == b"the page"


def test_what_is_no_request_is_passed_on() -> None:
    passed: list[str] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        passed.append(scope["type"])

    nothing: Any = None
    asyncio.run(Guard(inner, names=LOOPBACK)({"type": "lifespan"}, nothing, nothing))
    assert passed == ["lifespan"]
