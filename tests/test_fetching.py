"""What is downloaded, and what is not.

A real server on this machine answers. Two things are stood in for: names are resolved by a table, and a connection to a
number that the table calls public ends at the server. Everything between, the checks above all, is the product's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gzip
import ipaddress
import shutil
import socket
import ssl
import subprocess
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio
import certifi
import pytest

from ui.fetching import fetch

PUBLIC = "93.184.215.14"
OTHER = "2606:2800:220:1::1"
Serve = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Web:
    """The internet: pages by path, names by number, and a record of what was asked of it."""

    port: int = 0
    pages: dict[str, Serve] = field(default_factory=dict)
    names: dict[str, list[list[str]]] = field(default_factory=dict)  # successive answers; the last one stays
    down: set[str] = field(default_factory=set)
    resolved: list[str] = field(default_factory=list)
    dialled: list[tuple[str, int]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)  # Host, path
    headers: list[dict[str, str]] = field(default_factory=list)
    sent: int = 0


def page(body: bytes = b"<p>News</p>", kind: str = "text/html", status: int = 200, **headers: str) -> Serve:
    def serve(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        if kind:
            handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return serve


def redirect(location: str) -> Serve:
    return page(b"", status=302, Location=location)


class Anything(dict[str, Serve]):
    def get(self, path: str, default: Any = None) -> Any:
        return page()


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    web = Web(names={"news.example": [[PUBLIC]]})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.asked.append((self.headers["Host"], self.path))
            web.headers.append(dict(self.headers))
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                web.pages.get(self.path, page(status=404))(self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    web.port = server.server_port
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    getaddrinfo, connect_tcp = socket.getaddrinfo, anyio.connect_tcp

    def resolve(host: str, port: int, *rest: Any, **more: Any) -> Any:
        if host not in web.names:
            return getaddrinfo(host, port, *rest, **more)  # numbers in any spelling, and localhost
        web.resolved.append(host)
        numbers = web.names[host][0] if len(web.names[host]) == 1 else web.names[host].pop(0)
        if not numbers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (socket.AF_INET6 if ":" in number else socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))
            for number in numbers
        ]

    async def dial(remote_host: str, remote_port: int, **_: Any) -> Any:
        web.dialled.append((remote_host, remote_port))
        if remote_host in web.down or remote_host not in (PUBLIC, OTHER):
            raise OSError("nobody listens there")
        return await connect_tcp("127.0.0.1", web.port)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(anyio, "connect_tcp", dial)
    yield web
    server.shutdown()
    server.server_close()


def get(url: str, folder: Path, **limits: Any) -> Path:
    return asyncio.run(fetch(url, folder, **limits))


def refused(url: str, folder: Path, **limits: Any) -> str:
    """Fetch what must not be fetched; return what was said, once it is certain that nothing was left in the folder."""
    with pytest.raises(ValueError) as error:
        get(url, folder, **limits)
    assert list(folder.iterdir()) == []
    return str(error.value)


def test_a_page_is_saved_under_its_host_and_path(web: Web, tmp_path: Path) -> None:
    web.pages["/2024/bridge-closed?from=mail"] = page(b"<p>The bridge closed.</p>", "text/html; charset=utf-8")
    file = get("  http://News.example/2024/bridge-closed?from=mail#top ", tmp_path)
    assert file == tmp_path / "news.example-2024-bridge-closed.html"
    assert file.read_bytes() == b"<p>The bridge closed.</p>"
    assert list(tmp_path.iterdir()) == [file]
    assert web.asked == [("news.example", "/2024/bridge-closed?from=mail")]
    assert web.dialled == [(PUBLIC, 80)]
    assert web.headers[0]["User-Agent"] == "ask-your-articles"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("text/html", "news.example-a.html"),
        ("Application/XHTML+XML;charset=utf-8", "news.example-a.html"),
        ("text/plain", "news.example-a.txt"),
        ("text/markdown", "news.example-a.md"),
        ("application/pdf", "news.example-a.pdf"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "news.example-a.docx"),
    ],
)
def test_the_content_type_decides_on_the_suffix(web: Web, tmp_path: Path, kind: str, name: str) -> None:
    web.pages["/a"] = page(b"x", kind)
    assert get("http://news.example/a", tmp_path).name == name


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", "text/html, text/plain", "", "html"])
def test_what_is_no_article_is_refused(web: Web, tmp_path: Path, kind: str) -> None:
    web.pages["/a.html"] = page(b"x", kind)
    assert refused("http://news.example/a.html", tmp_path) == (
        f"cannot fetch 'http://news.example/a.html': it is {kind!r}; "
        "give a page, or a text, Markdown, PDF or Word (.docx) file"
    )


@pytest.mark.parametrize("status", [201, 204, 304, 401, 404, 500])
def test_only_an_answer_that_is_the_document_is_saved(web: Web, tmp_path: Path, status: int) -> None:
    web.pages["/a"] = page(b"" if status in (204, 304) else b"x", status=status)
    assert f"it answers with the status {status}; check that a browser opens it" in refused(
        "http://news.example/a", tmp_path
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.8.9.10/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0.0.0.0/",
        "http://0/",
        "http://255.255.255.255/",
        "http://224.0.0.1/",
        "http://192.0.0.8/",
        "http://198.18.0.1/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://[fec0::1]/",
        "http://[ff0e::1]/",
        "http://[2001:db8::1]/",
        "http://[2002:7f00:1::1]/",  # 6to4
        "http://[2001:0:7f00:1::1]/",  # Teredo
        "http://[64:ff9b::7f00:1]/",  # NAT64
        "http://[64:ff9b:1::7f00:1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://0177.1/",
        "http://127.1/",
        "http://localhost/",
        "http://LOCALHOST/",
        "https://127.0.0.1/",
    ],
)
def test_what_only_this_machine_or_its_network_reaches_is_refused(web: Web, tmp_path: Path, url: str) -> None:
    assert refused(url, tmp_path) == (
        f"cannot fetch {url!r}: it is not a public address; give one that anybody can open"
    )
    assert web.dialled == []


@pytest.mark.parametrize(
    "number", ["10.1.2.3", "127.0.0.1", "169.254.169.254", "::1", "::ffff:10.1.2.3", "fd00::1", "fe80::1%2"]
)
@pytest.mark.parametrize("others", [[], [PUBLIC]])
def test_a_name_with_any_number_that_is_not_public_is_refused(
    web: Web, tmp_path: Path, number: str, others: list[str]
) -> None:
    for numbers in ([*others, number], [number, *others]):
        web.names["inside.example"] = [numbers]
        said = refused("http://inside.example/", tmp_path)
        assert said == (
            "cannot fetch 'http://inside.example/': it is not a public address; give one that anybody can open"
        )
    assert web.dialled == []


@pytest.mark.parametrize("number", [PUBLIC, OTHER, f"::ffff:{PUBLIC}", "64:ff9b::5db8:d70e"])
def test_public_numbers_are_asked(web: Web, tmp_path: Path, number: str) -> None:
    web.names["news.example"] = [[number]]
    web.pages["/"] = page()
    if number in (PUBLIC, OTHER):
        assert get("http://news.example/", tmp_path).name == "news.example.html"
    else:
        refused("http://news.example/", tmp_path)  # nobody listens there, but it was tried
    ((dialled, port),) = web.dialled
    assert (ipaddress.ip_address(dialled), port) == (ipaddress.ip_address(number), 80)


def test_a_name_is_resolved_once_so_that_it_cannot_change_after_the_check(web: Web, tmp_path: Path) -> None:
    web.names["rebinding.example"] = [[PUBLIC], ["127.0.0.1"]]
    web.pages["/"] = page()
    get("http://rebinding.example/", tmp_path)
    assert web.resolved == ["rebinding.example"]
    assert web.dialled == [(PUBLIC, 80)]
    with pytest.raises(ValueError, match="it is not a public address"):
        get("http://rebinding.example/", tmp_path)
    assert web.dialled == [(PUBLIC, 80)]


def test_the_next_number_is_asked_when_one_does_not_answer(web: Web, tmp_path: Path) -> None:
    web.names["news.example"] = [[OTHER, PUBLIC]]
    web.down = {OTHER}
    web.pages["/"] = page()
    get("http://news.example/", tmp_path)
    assert web.dialled == [(OTHER, 80), (PUBLIC, 80)]
    assert web.resolved == ["news.example"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("file:///etc/passwd", "it is not a web address; give one that begins with http:// or https:// and a site"),
        ("ftp://news.example/a", "it is not a web address; give one that begins with"),
        ("data:text/html,hello", "it is not a web address; give one that begins with"),
        ("javascript:alert(1)", "it is not a web address; give one that begins with"),
        ("news.example/a", "it is not a web address; give one that begins with"),
        ("//news.example/a", "it is not a web address; give one that begins with"),
        ("http:///etc/passwd", "it is not a web address; give one that begins with"),
        ("http://", "it is not a web address; give one that begins with"),
        ("", "it is not a web address; give one that begins with"),
        ("   ", "it is not a web address; give one that begins with"),
        ("http://0177.0.0.1/", "it is not a web address; copy it from the browser"),
        ("http://[::1", "it is not a web address; copy it from the browser"),
        ("http://news.example/\r\nHost: x", "it is not a web address; copy it from the browser"),
        ("http://news.example:8080/", "it names the port 8080; only sites at the usual port are fetched"),
        ("http://news.example:443/", "it names the port 443"),
        ("https://news.example:80/", "it names the port 80"),
        ("http://news.example:22/", "it names the port 22"),
        (f"http://{'a' * 300}.example/", "it names a site that is not found; check the spelling"),
        ("http://a..example/", "it names a site that is not found; check the spelling"),
    ],
)
def test_an_address_of_another_kind_is_refused(web: Web, tmp_path: Path, url: str, said: str) -> None:
    assert said in refused(url, tmp_path)
    assert web.dialled == []


def test_a_name_that_nobody_has_is_not_found(web: Web, tmp_path: Path) -> None:
    web.names["gone.example"] = [[]]
    assert refused("http://gone.example/", tmp_path) == (
        "cannot fetch 'http://gone.example/': it names a site that is not found; check the spelling"
    )


@pytest.mark.parametrize("url", ["http://anna:sesame@news.example/a", "http://sesame@news.example/a"])
def test_a_password_in_an_address_is_refused_and_not_repeated(web: Web, tmp_path: Path, url: str) -> None:
    assert refused(url, tmp_path) == (
        "cannot fetch 'http://...@news.example/a': it has a user's name or password in it; "
        "leave out what stands before the @"
    )
    assert web.dialled == []


def test_a_long_address_is_cut_where_it_is_quoted(web: Web, tmp_path: Path) -> None:
    said = refused(f"ftp://news.example/{'a' * 5000}", tmp_path)
    assert said.startswith("cannot fetch 'ftp://news.example/aaa")
    assert len(said) < 400


def test_a_redirect_is_followed_to_its_own_name(web: Web, tmp_path: Path) -> None:
    web.names["short.example"] = [[OTHER]]
    web.pages["/x"] = redirect("http://news.example/long/story")
    web.pages["/long/story"] = redirect("../end")
    web.pages["/end"] = page()
    assert get("http://short.example/x", tmp_path).name == "news.example-end.html"
    assert web.asked == [("short.example", "/x"), ("news.example", "/long/story"), ("news.example", "/end")]
    assert web.dialled == [(OTHER, 80), (PUBLIC, 80), (PUBLIC, 80)]
    assert web.resolved == ["short.example", "news.example", "news.example"]


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("http://127.0.0.1/", "is not a public address; give one that anybody can open"),
        ("http://169.254.169.254/latest/meta-data/", "is not a public address"),
        ("//localhost/", "is not a public address"),
        ("http://inside.example/", "is not a public address"),
        ("file:///etc/passwd", "is not a web address"),
        ("gopher://news.example/", "is not a web address"),
        ("http://u:p@news.example/", "has a user's name or password in it"),
        ("http://news.example:6379/", "names the port 6379"),
    ],
)
def test_a_redirect_is_checked_as_a_typed_address_is(web: Web, tmp_path: Path, location: str, said: str) -> None:
    web.names["inside.example"] = [["10.0.0.7"]]
    web.pages["/x"] = redirect(location)
    heard = refused("http://news.example/x", tmp_path)
    shown = location.replace("u:p@", "...@")
    assert heard.startswith(f"cannot fetch 'http://news.example/x': {shown!r}, where it leads, {said}")
    assert "10.0.0.7" not in heard
    assert web.dialled == [(PUBLIC, 80)]


def test_a_redirect_whose_address_is_none_is_refused(web: Web, tmp_path: Path) -> None:
    web.pages["/x"] = redirect("http://[::1")
    assert "it does not answer as a web site does" in refused("http://news.example/x", tmp_path)
    assert web.dialled == [(PUBLIC, 80)]


def test_a_site_that_leads_on_and_on_is_left_after_five_redirects(web: Web, tmp_path: Path) -> None:
    web.pages["/5"] = page()
    for number in range(5):
        web.pages[f"/{number}"] = redirect(f"/{number + 1}")
    web.pages["/x"] = redirect("/0")
    assert "it leads on more than 5 times" in refused("http://news.example/x", tmp_path)
    assert [path for _, path in web.asked] == ["/x", "/0", "/1", "/2", "/3", "/4"]
    assert get("http://news.example/0", tmp_path).name == "news.example-5.html"


def test_no_site_sees_a_cookie_though_both_have_one_number(web: Web, tmp_path: Path) -> None:
    web.names["other.example"] = [[PUBLIC]]
    web.pages["/x"] = page(b"", status=302, Location="http://other.example/y", Set_Cookie="who=anna")
    web.pages["/y"] = page()
    get("http://news.example/x", tmp_path)
    assert [headers.get("Cookie") for headers in web.headers] == [None, None]


def endless(web: Web, piece: bytes, *, length: str = "", packed: bytes = b"") -> Serve:
    def serve(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        if length:
            handler.send_header("Content-Length", length)
        if packed:
            handler.send_header("Content-Encoding", "gzip")
        handler.end_headers()
        handler.wfile.write(packed)
        for _ in range(1000):
            handler.wfile.write(piece)
            web.sent += len(piece)

    return serve


@pytest.mark.parametrize("length", ["", "99999999999"])
def test_a_document_that_does_not_end_is_left_at_the_limit(web: Web, tmp_path: Path, length: str) -> None:
    web.pages["/a"] = endless(web, b"x" * 100_000, length=length)
    assert refused("http://news.example/a", tmp_path, most_bytes=1_000_000) == (
        "cannot fetch 'http://news.example/a': it is larger than 1,000,000 bytes; "
        "give a smaller one, or add it as a file"
    )
    assert web.sent < 30_000_000  # what the system's buffers took, of 100 MB


def test_what_unpacks_to_nothing_without_an_end_is_left_at_the_limit(web: Web, tmp_path: Path) -> None:
    web.pages["/a"] = endless(web, b"x" * 100_000, packed=gzip.compress(b"<p>News</p>"))
    assert "it is larger than 1,000,000 bytes" in refused("http://news.example/a", tmp_path, most_bytes=1_000_000)
    assert web.sent < 30_000_000


def test_the_limit_of_size_is_exact(web: Web, tmp_path: Path) -> None:
    web.pages["/a"] = page(b"x" * 1000)
    web.pages["/z"] = page(gzip.compress(b"x" * 1000), Content_Encoding="gzip")
    for path in ("/a", "/z"):
        assert "it is larger than 999 bytes" in refused(f"http://news.example{path}", tmp_path, most_bytes=999)
    for path in ("/a", "/z"):
        assert get(f"http://news.example{path}", tmp_path, most_bytes=1000).read_bytes() == b"x" * 1000


def test_a_packed_page_is_saved_unpacked(web: Web, tmp_path: Path) -> None:
    body = b"<p>The bridge closed.</p>" * 20_000
    web.pages["/a"] = page(gzip.compress(body), Content_Encoding="gzip")
    assert get("http://news.example/a", tmp_path).read_bytes() == body
    assert web.headers[0]["Accept-Encoding"] == "gzip"


def bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(megabytes)) + packer.flush()


def test_a_bomb_is_not_unpacked_beyond_the_limit(web: Web, tmp_path: Path) -> None:
    web.pages["/a"] = page(bomb(200), Content_Encoding="gzip")
    tracemalloc.start()
    try:
        said = refused("http://news.example/a", tmp_path, most_bytes=1_000_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "it is larger than 1,000,000 bytes" in said
    assert peak < 12_000_000


@pytest.mark.parametrize("packing", ["br", "gzip, gzip", "zstd", "deflate"])
def test_a_packing_that_was_not_asked_for_is_refused(web: Web, tmp_path: Path, packing: str) -> None:
    web.pages["/a"] = page(gzip.compress(gzip.compress(b"x")), Content_Encoding=packing)
    assert f"it is packed as {packing!r}, unasked" in refused("http://news.example/a", tmp_path)


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(b"<p>News</p>" * 1000)[:-9],
        gzip.compress(b"<p>News</p>") + gzip.compress(b"<p>More</p>"),
        b"<p>News</p>",
        b"",
    ],
)
def test_a_page_that_comes_damaged_is_not_saved(web: Web, tmp_path: Path, packed: bytes) -> None:
    web.pages["/a"] = page(packed, Content_Encoding="gzip")
    assert refused("http://news.example/a", tmp_path) == (
        "cannot fetch 'http://news.example/a': it came damaged; try again"
    )


def test_a_page_that_breaks_off_is_not_saved(web: Web, tmp_path: Path) -> None:
    def broken(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"<p>Half")

    web.pages["/a"] = broken
    assert "it does not answer as a web site does" in refused("http://news.example/a", tmp_path)


def test_what_is_not_http_is_refused_without_its_words(web: Web, tmp_path: Path) -> None:
    web.pages["/a"] = lambda handler: handler.wfile.write(b"-ERR secret of the inside\r\n\r\n") and None
    said = refused("http://news.example/a", tmp_path)
    assert "it does not answer as a web site does; check the spelling, or try again later" in said
    assert "secret" not in said


def dripping(handler: BaseHTTPRequestHandler, head: bytes) -> None:
    handler.wfile.write(head)
    for _ in range(300):
        handler.wfile.write(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP"]
)
def test_a_slow_drip_is_cut_off(web: Web, tmp_path: Path, head: bytes) -> None:
    web.pages["/a"] = functools.partial(dripping, head=head)
    began = time.monotonic()
    assert refused("http://news.example/a", tmp_path, most_seconds=0.5) == (
        "cannot fetch 'http://news.example/a': it took more than 0.5 seconds; "
        "try again later, or save the page and add the file"
    )
    assert time.monotonic() - began < 5


def test_the_time_counts_over_all_redirects(web: Web, tmp_path: Path) -> None:
    def late(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.3)
        redirect("/a")(handler)

    web.pages["/a"] = late
    assert "it took more than 0.5 seconds" in refused("http://news.example/a", tmp_path, most_seconds=0.5)


def test_a_name_that_is_taken_gets_a_number(web: Web, tmp_path: Path) -> None:
    web.pages["/a"] = page(b"one")
    get("http://news.example/a", tmp_path)
    (tmp_path / "news.example-a-3.html").symlink_to("nowhere")
    web.pages["/a"] = page(b"two")
    assert get("http://news.example/a", tmp_path).name == "news.example-a-2.html"
    web.pages["/a"] = page(b"three")
    assert get("http://news.example/a", tmp_path).name == "news.example-a-4.html"
    assert [file.read_bytes() for file in sorted(tmp_path.glob("*[a24].html"))] == [b"two", b"three", b"one"]


def test_many_at_once_get_a_name_each(web: Web, tmp_path: Path) -> None:
    web.pages["/a"] = page()

    async def many() -> list[Path]:
        return await asyncio.gather(*(fetch("http://news.example/a", tmp_path) for _ in range(8)))

    assert sorted(file.name for file in asyncio.run(many())) == sorted(
        ["news.example-a.html", *(f"news.example-a-{number}.html" for number in range(2, 9))]
    )
    assert len(list(tmp_path.iterdir())) == 8


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "news.example.html"),
        ("", "news.example.html"),
        ("/a.html", "news.example-a.html"),
        ("/../../etc/passwd", "news.example-etc-passwd.html"),
        ("/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "news.example-etc-passwd.html"),
        ("/..%5c..%5cboot.ini", "news.example-boot.ini.html"),
        ("/a%00b%0ac", "news.example-a-b-c.html"),
        ("/.hidden", "news.example-hidden.html"),
        ('/-rf%20~/$(id);`id`|<>:"*?', "news.example-rf-id-id.html"),
        ("/über/Brücke", "news.example-ber-Br-cke.html"),
        ("/新闻/桥", "news.example.html"),
        ("/" + "a" * 3000, "news.example-" + "a" * 62 + ".html"),
        ("/" + "a" * 61 + "-b", "news.example-" + "a" * 61 + ".html"),
    ],
)
def test_a_hostile_path_makes_a_harmless_name(web: Web, tmp_path: Path, path: str, name: str) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    web.pages = Anything()
    assert get(f"http://news.example{path}", folder) == folder / name
    assert len(name) <= 80
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == [name]


def test_a_numbered_name_is_no_longer_than_others(web: Web, tmp_path: Path) -> None:
    web.pages = Anything()
    for _ in range(2):
        file = get(f"http://news.example/{'a' * 100}", tmp_path)
    assert file.name == "news.example-" + "a" * 60 + "-2.html"
    assert len(file.name) == 80


def test_a_folder_that_is_not_there_is_an_oserror_and_a_full_disk_leaves_nothing(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.pages["/a"] = page()
    with pytest.raises(FileNotFoundError):
        get("http://news.example/a", tmp_path / "none")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        get("http://news.example/a", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_proxy_of_the_environment_is_not_used(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://10.0.0.1:3128")
    web.pages["/a"] = page()
    get("http://news.example/a", tmp_path)
    assert web.dialled == [(PUBLIC, 80)]


@pytest.fixture
def certified(web: Web, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """The web over TLS, with a certificate for news.example."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=news.example "
        f"-addext subjectAltName=DNS:news.example -keyout {key} -out {certificate}".split(),
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.sni_callback = lambda _, name, __: web.resolved.append(f"asked for {name}")
    plain = web.port
    listening = socket.create_server(("127.0.0.1", 0))
    web.port = listening.getsockname()[1]

    def relay(source: Any, sink: Any) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        finally:
            sink.close()

    def serve() -> None:
        while True:
            try:
                taken, _ = listening.accept()
            except OSError:
                return
            try:
                outer = context.wrap_socket(taken, server_side=True)
            except OSError:
                continue
            inner = socket.create_connection(("127.0.0.1", plain))
            threading.Thread(target=relay, args=(outer, inner), daemon=True).start()
            threading.Thread(target=relay, args=(inner, outer), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    monkeypatch.setattr(certifi, "where", lambda: str(certificate))
    yield web
    listening.close()


def test_a_certificate_is_checked_for_the_name_though_a_number_is_connected_to(certified: Web, tmp_path: Path) -> None:
    certified.pages["/a"] = page()
    certified.names["other.example"] = [[PUBLIC]]
    assert get("https://news.example/a", tmp_path).name == "news.example-a.html"
    assert certified.dialled == [(PUBLIC, 443)]
    assert certified.asked == [("news.example", "/a")]
    assert certified.resolved == ["news.example", "asked for news.example"]
    with pytest.raises(ValueError, match="it has no valid certificate for its name; check the spelling"):
        get("https://other.example/a", tmp_path)
    assert certified.asked == [("news.example", "/a")]


def test_a_connection_is_not_used_for_another_name_at_the_same_number(certified: Web, tmp_path: Path) -> None:
    certified.names["other.example"] = [[PUBLIC]]
    certified.pages["/x"] = redirect("https://other.example/a")
    certified.pages["/a"] = page()
    said = refused("https://news.example/x", tmp_path)
    assert "'https://other.example/a', where it leads, has no valid certificate for its name" in said
    assert certified.asked == [("news.example", "/x")]
