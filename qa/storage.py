"""A folder in a storage (s3://bucket/articles, gs://...) -> its files, each of which is fetched when it is its turn."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from os import PathLike
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

# What listings call that which changes with a file's bytes, and, where they have none of it, when it was changed.
_TAGS = ("ETag", "etag")
_TIMES = ("mtime", "LastModified", "last_modified", "updated", "created")
# So many seconds after a change another one may leave the time as it is: such a file is fetched again.
_TICK = 2.0
RACY = "racy"
_BLOCK = 1_000_000
_MOST_OF_TEXT = 1_000_000
# No folder is as deep; where a listing goes on for ever, this ends it.
_LONGEST_PATH = 4096


class UnfetchedError(OSError):
    """A file of a storage did not come, or not whole. What is held of it says nothing wrong: it stays."""


class Storage:
    """A folder in a storage, by its address; fsspec and the package for its protocol reach it.

    They read names, passwords and endpoints from the environment. Raises ValueError for an address that holds them, or
    is none of a folder in a storage.
    """

    def __init__(self, address: str) -> None:
        protocol, _, rest = address.partition("://")
        # Nothing is quoted of an address before it is known to hold no secret.
        if not re.fullmatch("[a-z][a-z0-9]+", protocol) or "::" in rest:
            raise ValueError("no storage has an address of that form: give one such as s3://BUCKET/FOLDER")
        host = rest.partition("/")[0]
        if protocol in ("abfs", "abfss"):  # CONTAINER@ACCOUNT
            host = host.rpartition("@")[2] if re.fullmatch(r"[^@:]+@[^@:]+", host) else host
        if not re.fullmatch(r"[^@:]*(:\d+)?", host) or "?" in rest:
            raise ValueError(
                "the address of a storage holds no name, password or '?': leave them out, the package that reads the "
                "storage takes them from the environment (docs/scale.md)"
            )
        if protocol in ("http", "https"):
            raise ValueError(
                f"{address!r} is the address of a web page, and no storage: give a bucket as s3://BUCKET/FOLDER, or "
                "save the pages in a folder and give that"
            )
        if protocol == "file" and host:
            raise ValueError(f"{address!r} does not begin at the root: give one such as file:///srv/articles")
        if not rest.strip("/"):
            raise ValueError(
                f"{address!r} names no folder: give one such as s3://BUCKET/FOLDER or file:///srv/articles"
            )
        self.address = address.rstrip("/")

    def __str__(self) -> str:
        return self.address

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.address.rpartition("/")[2]

    def opened(self) -> tuple[Any, str]:
        """Return fsspec's file system, and the folder's path in it. Raises OSError where it cannot be had."""
        from fsspec.core import url_to_fs

        try:
            files, root = url_to_fs(self.address)
        except ImportError as error:  # it names the package
            raise OSError(f"{self.address!r} cannot be read without another package: {error}") from error
        except Exception as error:  # here and below: packages for storage raise what they like
            raise OSError(f"{self.address!r} cannot be read ({_told(error)})") from error
        return files, root.rstrip("/")

    def require(self) -> None:
        """Look whether it is there. Raises FileNotFoundError, NotADirectoryError, OSError where that cannot be told."""
        files, root = self.opened()
        files.invalidate_cache()
        try:
            kind = files.info(root)["type"]
        except FileNotFoundError as error:
            raise self._missing() from error
        except Exception as error:
            raise OSError(f"{self.address!r} cannot be read ({_told(error)})") from error
        if kind == "file":
            raise NotADirectoryError(f"{self.address!r} is a file: name the folder that holds the articles")

    def _missing(self) -> FileNotFoundError:
        return FileNotFoundError(f"there is no folder {self.address!r}, or nothing in it: correct it, or fill it first")

    def files(self) -> Iterator[tuple[str, Stored, str | None]]:
        """List the folder as `qa.reading.article_paths` does: (path in it, file, why it is passed over or None).

        Hidden folders are left out. Raises OSError where it is not there, or a part of it cannot be listed.
        """
        files, root = self.opened()
        files.invalidate_cache()
        now = time.time()
        folders = [""]
        while folders:
            inside = folders.pop()
            below = []
            for name, info in self._listed(files, root, inside):
                path, kind = inside + name, info.get("type")
                if name in ("", ".", "..") or "/" in name or len(path) > _LONGEST_PATH:
                    why = "its name in the storage is no plain path within the folder: rename it there"
                    yield path or "/", self._stored(info, now), why
                elif kind == "directory":
                    if not name.startswith("."):
                        below.append(f"{path}/")
                elif kind == "link" or info.get("islink"):
                    yield path, self._stored(info, now), "it is a link: copy there what it leads to"
                elif kind == "file":
                    yield path, self._stored(info, now), None
            folders += reversed(below)

    def _listed(self, files: Any, root: str, inside: str) -> list[tuple[str, Mapping[str, Any]]]:
        """Return what a folder holds, by the names in it."""
        folder = f"{root}/{inside}".rstrip("/")
        try:
            listing = files.ls(folder, detail=True)
        except FileNotFoundError as error:
            if inside:  # it has just been removed, or was only a mark of a folder
                return []
            raise self._missing() from error
        except Exception as error:
            raise OSError(
                f"{self.address!r} cannot be listed ({_told(error)}): what the index holds of it stays as it is"
            ) from error
        found = []
        for info in listing:
            name, kind = str(info["name"]), info.get("type")
            marks_folder = name == folder or (name == f"{folder}/" and kind == "file" and not info.get("size"))
            if not marks_folder:  # what is not within the folder keeps a "/" in its name, by which it is refused
                found.append((name.removeprefix(f"{folder}/") if name.startswith(f"{folder}/") else f"/{name}", info))
        return sorted(found, key=lambda one: one[0])

    def _stored(self, info: Mapping[str, Any], now: float) -> Stored:
        name, size = str(info["name"]), info.get("size")
        known = [info[tag] for tag in _TAGS if info.get(tag)]
        if not known:
            known = [info[when] for when in _TIMES if info.get(when)]
            times = [when.timestamp() if isinstance(when, datetime) else when for when in known]
            if not known or any(isinstance(when, int | float) and now - when < _TICK for when in times):
                return Stored(self, name, size, RACY)
        seen = hashlib.sha256(repr((self.address, name, size, known)).encode()).hexdigest()[:32]
        return Stored(self, name, size, seen)

    def text(self, path: str) -> str:
        """Return a short text in the folder. Raises FileNotFoundError, OSError, UnicodeDecodeError."""
        files, root = self.opened()
        try:
            with files.open(f"{root}/{path}", "rb") as file:
                data = bytes(file.read(_MOST_OF_TEXT + 1))
        except FileNotFoundError:
            raise
        except Exception as error:
            raise OSError(_told(error)) from error
        if len(data) > _MOST_OF_TEXT:
            raise OSError("it is too long")
        return data.decode()


@dataclass(frozen=True)
class Stored:
    """A file in a storage, as the listing has it: its name there, and its size in bytes, where that is told.

    ``seen`` changes with its bytes; `RACY` where that cannot be told.
    """

    storage: Storage
    name: str
    size: int | None
    seen: str

    @property
    def suffix(self) -> str:
        """The ending of its name, with the point."""
        return PurePosixPath(self.name).suffix

    @contextmanager
    def fetched(self, most: int) -> Iterator[Path]:
        """Fetch it, up to one byte behind ``most``, to a temporary file that is removed afterwards.

        Raises UnfetchedError.
        """
        with TemporaryDirectory(prefix="articles-qa-") as folder:
            file = Path(folder, f"article{self.suffix}")
            self._fetch(file, most)
            yield file

    def _fetch(self, file: Path, most: int) -> None:
        again = "it is tried again at the next start"
        try:
            with file.open("wb") as target:
                if (self.size or 0) > most:  # not fetched: who finds a hole of that length says that it is too large
                    target.truncate(most + 1)
                    return
                files, _ = self.storage.opened()
                with files.open(self.name, "rb") as source:
                    while (left := most + 1 - target.tell()) > 0 and (block := source.read(min(left, _BLOCK))):
                        target.write(block)
                came = target.tell()
        except Exception as error:
            raise UnfetchedError(f"it cannot be fetched ({_told(error)}): {again}") from error
        if came < (self.size or 0):
            raise UnfetchedError(f"only {came} of its {self.size} bytes came: {again}")


Folder = Path | Storage
File = Path | Stored


def folder_at(place: str | PathLike[str]) -> Folder:
    """Return the folder at ``place``, a path or the address of one in a storage. Raises ValueError: see `Storage`."""
    return Storage(place) if isinstance(place, str) and "://" in place else Path(place).absolute()


def _told(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
