"""The program: flags -> library -> page."""

from __future__ import annotations

import argparse
import importlib
import inspect
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

SEEDS = Path(__file__).resolve().parent / "seeds"
LIMITS = {
    "--max-mb": "megabytes of an article's file (50)",
    "--max-archive-mb": "megabytes of an archive or a table of articles (2000)",
    "--max-seconds": "seconds to read an article (60)",
    "--max-memory-mb": "megabytes of memory to read a file with (1500)",
}
EXAMPLES = (
    "what did Lavrov say about al-Qaida?",
    "When was James Foley abducted?",
    "What did Damascus say?",
    "What did Lavrov say about football?",
)


def main(arguments: list[str] | None = None) -> None:
    """Serve the page until Ctrl-C. Exits with 2 and one line for a folder, a host or a port that cannot be had."""
    parser = argparse.ArgumentParser(description="Ask questions about a folder of articles, on this machine alone.")
    parser.add_argument("--folder", default=str(SEEDS), help="folder of articles (default: the seeds that ship)")
    parser.add_argument("--index", help="folder to keep the index in (default: one in the user's cache folder)")
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
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s, this machine)")
    parser.add_argument("--port", default=7860, type=int, help="port to listen at (default: %(default)s)")
    flags = parser.parse_args(arguments)
    if not Path(flags.folder).is_dir():
        parser.exit(2, f"app.py: no folder {flags.folder!r}: make it and put articles there\n")
    if not 1 <= flags.port <= 65535:
        parser.exit(2, f"app.py: a port is a number from 1 to 65535, not {flags.port}\n")
    host = f"[{flags.host}]" if ":" in flags.host and not flags.host.startswith("[") else flags.host
    try:
        _check_free(host.strip("[]"), flags.port)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        parser.exit(2, f"app.py: cannot listen at {host}:{flags.port} ({reason}): choose another --host or --port\n")

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    os.environ.update(GRADIO_ANALYTICS_ENABLED="False", HF_HUB_DISABLE_TELEMETRY="1")
    for name in ("no_proxy", "NO_PROXY"):  # Gradio asks its own server whether it is up: never by way of a proxy
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1,localhost", host.strip("[]")]))
    _import_gradio()
    from qa import Library, Limits, open_library
    from ui import serve  # after the settings above, which Gradio reads as it is imported

    limits = {
        flag.removeprefix("--max-").replace("-", "_"): value
        for flag in LIMITS
        if (value := getattr(flags, flag[2:].replace("-", "_"))) is not None
    }

    def open_folder(progress: Callable[[int, int, int], None]) -> Library:
        library = open_library(
            flags.folder,
            index=flags.index,
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

    examples = EXAMPLES if Path(flags.folder).resolve() == SEEDS else ()
    try:
        serve(open_folder, examples=examples, host=host, port=flags.port, ready=_announce)
    except OSError as error:
        parser.exit(2, f"app.py: cannot serve at {host}:{flags.port}: {error}\n")


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


def _check_free(host: str, port: int) -> None:
    """Raise OSError when ``host`` and ``port`` cannot be bound, which takes no time before Gradio is imported."""
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)


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
