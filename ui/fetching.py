"""Downloads one web address that somebody typed, and nothing that only this machine or its network can reach.

The address is hostile, and so are the sites that it names and is led to: a page that is served to others must not be a
door to the router's settings or to a cloud's keys. Hence a name is resolved once, every number that it resolves to must
be public, and the connection is made to a number that was checked, with the name kept for the Host header and the
certificate; each redirect is treated as a new address.

safehttpx, which Gradio brings for this, is not used: it asks dns.google where a name is not public, is content with one
public number among private ones, takes any port, and limits neither the size nor the whole time.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import socket
import threading
import zlib
from contextlib import aclosing
from pathlib import Path

import httpx

SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
MOST_REDIRECTS = 5
LONGEST_NAME = 80  # characters of a file's name

_CONNECT_SECONDS = 5.0  # for one of a site's numbers, so that there is time for the next one
_SHOWN = 200  # characters of an address in an error

_HEADERS = {"User-Agent": "ask-your-articles", "Accept": ", ".join(SUFFIXES), "Accept-Encoding": "gzip"}

# `is_global` depends on Python's version: 3.11.7 takes most of these for public, though no site is served there.
# 6to4 (2002::/16) and Teredo (in 2001::/23) hold an IPv4 number, which may be a private one.
_NO_SITES = [
    ipaddress.ip_network(network)
    for network in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")
]
_UNICAST = ipaddress.IPv6Network("2000::/3")  # all that was ever given to public IPv6 sites
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # how a network without IPv4 reaches a site that has nothing else

_naming = threading.Lock()  # between finding a name free and taking it


class _RefusedError(Exception):
    """Why an address is not fetched, and what to do: the end of a sentence."""


async def fetch(url: str, folder: Path, *, most_bytes: int = 10_000_000, most_seconds: float = 20.0) -> Path:
    """Save what ``url`` serves in ``folder``, under a new name made of its host and path, and return the new file.

    ``most_bytes`` counts the document, unpacked; ``most_seconds`` everything up to its last byte. A file appears whole
    or not at all. Raises ValueError with a sentence for a person, and OSError when the folder cannot be written.
    """
    try:
        async with asyncio.timeout(most_seconds):
            name, suffix, body = await _download(url, most_bytes)
    except TimeoutError as error:
        reason = f"it took more than {most_seconds:g} seconds; try again later, or save the page and add the file"
        raise _cannot_fetch(url, reason) from error
    except _RefusedError as error:
        raise _cannot_fetch(url, str(error)) from error
    return await asyncio.to_thread(_save, folder, name, suffix, body)


def _cannot_fetch(url: str, reason: str) -> ValueError:
    return ValueError(f"cannot fetch {_shown(url)}: {reason}")


def _shown(url: str) -> str:
    """Return an address quoted, cut short, and without the password that may stand in it."""
    hidden = re.sub(r"//[^/?#]*@", "//...@", url)
    return repr(hidden if len(hidden) <= _SHOWN else hidden[:_SHOWN] + "...")


async def _download(url: str, most_bytes: int) -> tuple[str, str, bytes]:
    """Return a name for the document that ``url`` leads to, its suffix, and the document."""
    context = httpx.create_ssl_context(trust_env=False)
    address, it = _parsed(url.strip(), "it"), "it"
    for _ in range(MOST_REDIRECTS + 1):
        numbers = await _public_numbers(address, it)
        try:
            # A client for each address: none sees another's cookies, or uses a connection that was made for another
            # name and checked against that name's certificate.
            timeout = httpx.Timeout(None, connect=_CONNECT_SECONDS)
            async with (
                httpx.AsyncClient(verify=context, trust_env=False, headers=_HEADERS, timeout=timeout) as client,
                aclosing(await _response(client, address, numbers)) as response,
            ):
                if not response.has_redirect_location:
                    suffix = _suffix(response, it)
                    return f"{address.raw_host.decode()}{address.path}", suffix, await _body(response, most_bytes)
                location = response.headers["Location"]
        except zlib.error as error:
            raise _RefusedError(f"{it} came damaged; try again") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                reason = f"{it} has no valid certificate for its name; check the spelling"
            else:
                reason = f"{it} does not answer as a web site does; check the spelling, or try again later"
            raise _RefusedError(reason) from error
        it = f"{_shown(location)}, where it leads,"
        address = _parsed(location, it, address)
    raise _RefusedError(f"it leads on more than {MOST_REDIRECTS} times; give the address where the article itself is")


def _parsed(url: str, it: str, base: httpx.URL | None = None) -> httpx.URL:
    """Return an address that may be asked for, as far as its spelling tells."""
    try:
        address = httpx.URL(url) if base is None else base.join(url)
    except httpx.InvalidURL as error:
        raise _RefusedError(f"{it} is not a web address; copy it from the browser") from error
    if address.scheme not in ("http", "https") or not address.raw_host:
        raise _RefusedError(f"{it} is not a web address; give one that begins with http:// or https:// and a site")
    if address.userinfo:
        raise _RefusedError(f"{it} has a user's name or password in it; leave out what stands before the @")
    if address.port is not None:  # httpx leaves out the port that is the scheme's own
        raise _RefusedError(f"{it} names the port {address.port}; only sites at the usual port are fetched")
    return address


async def _public_numbers(address: httpx.URL, it: str) -> list[str]:
    """Resolve an address's host, this once, and return its numbers, all of which are public."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            address.raw_host.decode(), {"http": 80, "https": 443}[address.scheme], type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError) as error:
        raise _RefusedError(f"{it} names a site that is not found; check the spelling") from error
    numbers = list(dict.fromkeys(str(place[0]) for *_, place in found))
    if not numbers or not all(map(_is_public, numbers)):
        raise _RefusedError(f"{it} is not a public address; give one that anybody can open")
    return numbers


def _is_public(number: str) -> bool:
    """Return whether anybody on the internet reaches a site at this IP number, which may hold an IPv4 number."""
    address = ipaddress.ip_address(number)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif address in _NAT64:
            address = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        elif address not in _UNICAST:
            return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _NO_SITES)


async def _response(client: httpx.AsyncClient, address: httpx.URL, numbers: list[str]) -> httpx.Response:
    """Ask the first of the numbers that takes a connection. Its answer's body is still to be read."""
    headers = {"Host": address.netloc.decode()}
    extensions = {"sni_hostname": address.raw_host.decode()}
    for number in numbers:
        request = client.build_request("GET", address.copy_with(host=number), headers=headers, extensions=extensions)
        try:
            return await client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            if number == numbers[-1]:
                raise
    raise AssertionError("an address has at least one number")


def _suffix(response: httpx.Response, it: str) -> str:
    """Return the suffix for what an answer says it is."""
    if response.status_code != httpx.codes.OK:
        raise _RefusedError(f"{it} answers with the status {response.status_code}; check that a browser opens it")
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in SUFFIXES:
        raise _RefusedError(f"{it} is {kind[:_SHOWN]!r}; give a page, or a text, Markdown, PDF or Word (.docx) file")
    return SUFFIXES[kind]


async def _body(response: httpx.Response, most_bytes: int) -> bytes:
    """Return an answer's body, unpacked. httpx would unpack a received piece, or pieces in pieces, before any count."""
    packing = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in ("gzip", "identity"):
        raise _RefusedError(f"it is packed as {packing[:_SHOWN]!r}, unasked; save the page and add the file")
    inflate = zlib.decompressobj(wbits=31) if packing == "gzip" else None
    body, received = bytearray(), 0
    async for piece in response.aiter_raw():
        received += len(piece)
        body += inflate.decompress(piece, most_bytes + 1 - len(body)) if inflate else piece
        if max(len(body), received) > most_bytes:
            raise _RefusedError(f"it is larger than {most_bytes:,} bytes; give a smaller one, or add it as a file")
    if inflate and (not inflate.eof or inflate.unused_data):
        raise zlib.error("the packed document breaks off, or something follows it")
    return bytes(body)


def _save(folder: Path, name: str, suffix: str, body: bytes) -> Path:
    """Put ``body`` into a new file, with safe characters of ``name`` in its name, so that it is there whole or not."""
    words = re.findall(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*", name)
    stem = "-".join(words).removesuffix(suffix) or "page"
    with _naming:
        number = 1
        while True:
            end = suffix if number == 1 else f"-{number}{suffix}"
            file = folder / (stem[: LONGEST_NAME - len(end)].rstrip("-.") + end)
            if not os.path.lexists(file):
                break
            number += 1
        part = file.with_name(f".{file.name}.part")  # hidden: no article meanwhile
        try:
            with part.open("wb") as opened:
                opened.write(body)
                opened.flush()
                os.fsync(opened.fileno())
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    return file
