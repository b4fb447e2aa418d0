"""The program: flags -> library -> page."""

from __future__ import annotations

import argparse
import getpass
import importlib
import importlib.util
import inspect
import ipaddress
import logging
import os
import shutil
import socket
import sys
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

SEEDS = Path(__file__).resolve().parent / "seeds"
LIMITS = {
    "--max-mb": "megabytes of an article's file (50)",
    "--max-archive-mb": "megabytes of an archive or a table of articles (2000)",
    "--max-seconds": "seconds to read an article (60)",
    "--max-memory-mb": "megabytes of memory to read a file with (1500)",
}
EVERYONE = "let everybody in who reaches --host: they share one list of conversations, and cannot change the articles"
DATABASE = "QA_DATABASE_URL"  # a variable of the environment, for its value holds a password
LOOPBACK = ("127.0.0.1", "localhost", "::1")
EXAMPLES = (
    "what did Lavrov say about al-Qaida?",
    "When was James Foley abducted?",
    "What did Damascus say?",
    "What did Lavrov say about football?",
)


def main(arguments: list[str] | None = None) -> None:
    """Serve the page until Ctrl-C. Exits with 2 and one line for a folder, a host or a port that cannot be had."""
    parser = _parser()
    flags = parser.parse_args(arguments)
    if flags.add_user:
        _add_user(parser, flags)
        return
    host = f"[{flags.host}]" if ":" in flags.host and not flags.host.startswith("[") else flags.host
    only_here = _checked(parser, flags, host)

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    os.environ.update(GRADIO_ANALYTICS_ENABLED="False", HF_HUB_DISABLE_TELEMETRY="1")
    for name in ("no_proxy", "NO_PROXY"):  # Gradio asks its own server whether it is up: never by way of a proxy
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1,localhost", host.strip("[]")]))
    url = os.environ.pop(DATABASE, "")  # which those that read the articles need not know
    state = _state_folder(flags)
    # What is uploaded passes through a folder of the page's own, which only its user can read, and does not stay there.
    cache = state / "cache"
    os.environ["GRADIO_TEMP_DIR"] = str(cache)
    shutil.rmtree(cache, ignore_errors=True)
    _import_gradio()
    from qa import Library, Limits, open_library
    from ui import Conversations, Users, serve  # after the settings above, which Gradio reads as it is imported

    limits = {
        flag.removeprefix("--max-").replace("-", "_"): value
        for flag in LIMITS
        if (value := getattr(flags, flag[2:].replace("-", "_"))) is not None
    }

    def open_folder(progress: Callable[[int, int, int], None]) -> Library:
        library = open_library(
            flags.folder,
            index=flags.index,
            uri=flags.uri,
            model=flags.model,
            rerank=flags.rerank,
            reader=flags.reader,
            caution=flags.caution,
            limits=Limits(**limits),
            columns=dict(flags.field),
            progress=progress,
        )
        if flags.watch:
            threading.Thread(target=_follow, args=(library,), name="watch", daemon=True).start()
        return library

    try:
        serve(
            open_folder,
            Conversations(url or state),
            examples=EXAMPLES if _folder(flags) == SEEDS else (),
            host=host,
            port=flags.port,
            users=Users(Path(flags.auth)) if flags.auth else None,
            names=[*LOOPBACK, flags.host.lower().strip("[]")] if only_here else (),
            editable=not (flags.read_only or flags.everyone or _folder(flags) is None),
            web=flags.allow_web,
            mcp=flags.mcp,
            ready=_announce,
        )
    except (OSError, ValueError) as error:
        parser.exit(2, f"app.py: cannot serve at {host}:{flags.port}: {error}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Ask questions about a folder of articles, on this machine alone.")
    parser.add_argument("--folder", help="folder of articles (default: the seeds that ship; with --uri, none)")
    parser.add_argument("--index", help="folder to keep the index in (default: one in the user's cache folder)")
    parser.add_argument("--store", choices=("embedded", "milvus"), help="what keeps the index (default: embedded)")
    parser.add_argument("--uri", help="the library in Milvus, such as http://127.0.0.1:19530/news")
    parser.add_argument("--model", help="name or path of a sentence-transformers model (default: all-MiniLM-L6-v2)")
    parser.add_argument("--rerank", metavar="MODEL", help="name or path of a CrossEncoder, or 'reader'")
    parser.add_argument("--reader", metavar="MODEL", help="name or path of a Hugging Face model that marks answers")
    caution = parser.add_mutually_exclusive_group()
    caution.set_defaults(caution="balanced")
    for flag, when in (("--cautious", "rather too often"), ("--eager", "only what is surely not answered")):
        caution.add_argument(flag, dest="caution", action="store_const", const=flag[2:], help=f"refuse {when}")
    parser.add_argument("--watch", action="store_true", help="read the folder again whenever it changes")
    named = "how .jsonl and .csv files name a field, such as text=body (may be given again)"
    parser.add_argument("--field", type=_field, action="append", default=[], metavar="OURS=THEIRS", help=named)
    for limit, of in LIMITS.items():
        parser.add_argument(limit, type=_whole_number, metavar="N", help=of)
    parser.add_argument("--state", help="folder to keep conversations in (default: one in the user's data folder)")
    parser.add_argument(
        "--read-only", action="store_true", help="articles can be neither added nor removed on the page"
    )
    parser.add_argument("--allow-web", action="store_true", help="articles can be added by their address on the web")
    parser.add_argument("--mcp", action="store_true", help="offer the page's endpoints to language models as MCP tools")
    access = parser.add_mutually_exclusive_group()
    access.add_argument("--auth", metavar="FILE", help="let only those in who have a password in this file")
    access.add_argument("--everyone", action="store_true", help=EVERYONE)
    parser.add_argument("--add-user", metavar="NAME", help="put NAME's password, asked for, into --auth's file")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s, this machine)")
    parser.add_argument("--port", default=7860, type=int, help="port to listen at (default: %(default)s)")
    return parser


def _checked(parser: argparse.ArgumentParser, flags: argparse.Namespace, host: str) -> bool:
    """Return whether only this machine can reach the page. Exits for what cannot be served, or not so."""
    if flags.folder and not Path(flags.folder).is_dir():
        parser.exit(2, f"app.py: no folder {flags.folder!r}: make it and put articles there\n")
    if (flags.store == "milvus") > bool(flags.uri) or (flags.uri and (flags.index or flags.store == "embedded")):
        parser.exit(2, "app.py: --store milvus needs --uri, the library's address, which no other store or index has\n")
    if flags.watch and _folder(flags) is None:
        parser.exit(2, "app.py: --watch needs --folder, the one to read again\n")
    if not 1 <= flags.port <= 65535:
        parser.exit(2, f"app.py: a port is a number from 1 to 65535, not {flags.port}\n")
    try:
        addresses = _check_free(host.strip("[]"), flags.port)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        parser.exit(2, f"app.py: cannot listen at {host}:{flags.port} ({reason}): choose another --host or --port\n")
    only_here = all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in addresses)
    if not only_here and not flags.auth and not flags.everyone:
        parser.exit(
            2,
            f"app.py: at {host} other machines reach the articles: give --auth FILE with passwords (--add-user NAME "
            f"makes one), or --everyone to let everybody in\n",
        )
    if flags.mcp and flags.auth:
        parser.exit(2, "app.py: tools of a language model have no password: give --mcp or --auth, not both\n")
    if flags.mcp and importlib.util.find_spec("mcp") is None:
        parser.exit(2, "app.py: --mcp needs one more package: pip install 'gradio[mcp]'\n")
    return only_here


def _folder(flags: argparse.Namespace) -> Path | None:
    """Return the folder of articles; None where others fill the library."""
    if flags.folder:
        return Path(flags.folder).resolve()
    return None if flags.uri else SEEDS


def _state_folder(flags: argparse.Namespace) -> Path:
    """Return the folder of conversations: ``--state``, or one for these articles in the user's data folder."""
    if flags.state:
        return Path(flags.state)
    from platformdirs import user_data_path

    folder = _folder(flags)
    name, place = (folder.name, str(folder)) if folder else ("milvus", flags.uri)
    return user_data_path("articles-qa") / f"{name}-{sha256(place.encode()).hexdigest()[:12]}"


def _add_user(parser: argparse.ArgumentParser, flags: argparse.Namespace) -> None:
    """Put a user's password, which is asked for, into the file of passwords."""
    if not flags.auth:
        parser.exit(2, "app.py: --add-user needs --auth FILE, the file that the password is put into\n")
    _import_gradio()
    from ui import add_user

    try:
        password = getpass.getpass(f"Password of {flags.add_user}: ") if sys.stdin.isatty() else sys.stdin.readline()
        add_user(Path(flags.auth), flags.add_user, password.rstrip("\n"))
    except (OSError, ValueError) as error:
        parser.exit(2, f"app.py: {error}\n")
    print(f"{flags.add_user} may open the page, with --auth {flags.auth}.")


def _follow(library: Any) -> None:
    """Keep the library in step with its folder for good."""
    try:
        for _ in library.watch():
            pass
    except Exception:
        logging.exception("the folder is no longer watched")


def _field(text: str) -> tuple[str, str]:
    ours, _, theirs = text.partition("=")
    if not ours or not theirs:
        raise argparse.ArgumentTypeError(f"{text!r} is no field: write it as OURS=THEIRS, such as text=body")
    return ours, theirs


def _whole_number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0: give 1 or more")
    return int(text)


def _check_free(host: str, port: int) -> list[str]:
    """Return the addresses of ``host``; raise OSError when they and ``port`` cannot be bound.

    That takes no time before Gradio is imported.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, address in found:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    return [str(address[0]) for *_, address in found]


def _import_gradio() -> None:
    """Import Gradio without the .pyi files that it makes anew for its own classes, nearly half of its import's time.

    It passes over a class whose file is not to be found, which is what it is told here; were that to change, the import
    would be slow again, and no more than that. (``gradio.component_meta.create_or_modify_pyi``, read in 6.31.)
    """
    getfile = inspect.getfile

    def find(thing: Any) -> str:
        if isinstance(thing, type) and thing.__module__.startswith("gradio."):
            raise OSError("not needed")
        return getfile(thing)

    inspect.getfile = find  # type: ignore[assignment]
    try:
        importlib.import_module("gradio")
    finally:
        inspect.getfile = getfile


def _announce(address: str) -> None:
    print(f"Open {address} in a browser. Ctrl-C ends the program.", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        # At once: open event streams and a model's threads would hold a normal exit up for seconds.
        sys.stdout.flush()
        os._exit(0)
