"""A folder's files -> articles. What is not plain text is parsed in a process of its own, within limits."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import asdict
from pathlib import Path
from threading import Timer
from typing import IO, Any, Self

from pathspec import GitIgnoreSpec

from embeddings.encoder import sha256_of
from embeddings.index import replace_file
from qa.articles import Article, Skipped, UnreadableArticleError, decoded, parse_article
from qa.formats import MANY, PLAIN, SUFFIXES, Limits
from qa.storage import RACY, File, Folder, Storage, Stored

# In a folder of articles: what of it is left out, in the form of .gitignore.
IGNORED = ".qaignore"

# A change within the clock's tick of the last look would not show in a file's times: such a file is looked at again.
_RACY_NS = 2_000_000_000
_ROOT = Path(__file__).resolve().parents[1]
# So many files in an archive may bring the reading process down before the rest is left.
_MOST_CRASHES = 20


def article_paths(folder: Folder) -> Iterator[tuple[str, File, str | None]]:
    """Walk ``folder`` for files, in order of their names: (path in the folder, file, why it is passed over or None).

    Hidden files and folders, and what `IGNORED` names, are left out silently; whatever else is not read is named with
    its reason. Raises OSError where a storage does not list all of it.
    """
    ignored = left_out(folder)
    for path, file, why in folder.files() if isinstance(folder, Storage) else _walked(folder):
        name = path.rpartition("/")[2]
        if (name.startswith(".") and name not in (".", "..")) or ignored.match_file(path):
            continue
        if not path.isprintable():
            printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in path)
            yield printable, file, "its name holds characters that cannot be printed: rename it"
        elif why:
            yield path, file, why
        elif file.suffix.lower() not in SUFFIXES:
            yield path, file, f"files of this kind are not read: there are {', '.join(SUFFIXES)}"
        else:
            yield path, file, None


def _walked(folder: Path) -> Iterator[tuple[str, Path, str | None]]:
    inside = folder.resolve()
    for directory, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            file = Path(directory, name)
            path = file.relative_to(folder).as_posix()
            if name.startswith(".") or file.suffix.lower() not in SUFFIXES:
                yield path, file, None
            elif file.is_symlink() and not file.resolve().is_relative_to(inside):
                yield path, file, "it is a link to a file outside the folder: copy the file itself here"
            elif file.is_file() or file.is_symlink():
                yield path, file, None


def left_out(folder: Folder) -> GitIgnoreSpec:
    """Return what `IGNORED` in the folder leaves out. Raises ValueError where it cannot be read."""
    try:
        text = folder.text(IGNORED) if isinstance(folder, Storage) else (folder / IGNORED).read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{f'{folder}/{IGNORED}'!r} cannot be read ({error}): mend it or remove it") from error
    return GitIgnoreSpec.from_lines(text.splitlines())


def leave_out(folder: Path, paths: Sequence[str]) -> None:
    """Add to the folder's `IGNORED` that these paths are left out. Raises OSError where it cannot be written."""
    lines = ["/" + re.sub(r"([\\*?\[\]!# ])", r"\\\1", path) + "\n" for path in paths]
    file = folder / IGNORED
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    ended = "" if before.endswith("\n") or not before else "\n"
    replace_file(file, (before + ended + "".join(lines)).encode())


class FileReader:
    """Reads files of all formats; ``columns`` say how the fields of rows are named, where it is not as usual.

    What `IGNORED` in ``folder`` names of files of many articles is left out. A context manager: the process that parses
    is ended with it. One that has not read yet can be sent to another process.
    """

    def __init__(self, limits: Limits, columns: Mapping[str, str], folder: Folder | None = None) -> None:
        self.limits = limits
        self.columns = columns
        self._ignored = left_out(folder) if folder else GitIgnoreSpec.from_lines([])
        of_many = (sorted(columns.items()), [pattern.pattern for pattern in self._ignored.patterns])
        self._how_one, self._how_many = (
            hashlib.sha256(f"{limits} {more}".encode()).hexdigest()[:8] for more in ("", of_many)
        )
        self._process: subprocess.Popen[str] | None = None

    def stamp(self, file: File, known: str, here: Path | None = None) -> str:
        """Return what a file is known by: its times, size and place; how it is read; its bytes' sha256.

        Where the first two are those of the stamp ``known``, so is the third. "": it cannot be read. Of a file in a
        storage, the first is what its listing tells, and the third is known by what was fetched, ``here``; without
        that, "" says that it is to be fetched.
        """
        looked_at = time.time_ns()
        how = self._how_many if file.suffix.lower() in MANY else self._how_one
        try:
            if isinstance(file, Stored):
                seen = file.seen
            else:
                here, status = file, file.stat()
                racy = looked_at - max(status.st_mtime_ns, status.st_ctime_ns) < _RACY_NS
                seen = RACY if racy else f"{status.st_size}.{status.st_mtime_ns}.{status.st_ctime_ns}.{status.st_ino}"
            if seen != RACY and known.startswith(f"{seen} {how} "):
                return known
            return f"{seen} {how} {sha256_of(here) if self._takes(here) else 'too large'}" if here else ""
        except OSError:
            return ""

    def is_same(self, stamp: str, other: str) -> bool:
        """Tell whether two stamps are of the same bytes, read in the same way."""
        return bool(stamp) and stamp.split(" ", 1)[1] == other.split(" ", 1)[-1]

    def _takes(self, file: Path) -> bool:
        return file.stat().st_size <= self._most(file) * 1_000_000

    def _most(self, file: File) -> int:
        return self.limits.archive_mb if file.suffix.lower() in MANY else self.limits.mb

    def at_hand(self, file: File) -> AbstractContextManager[Path]:
        """Give the file to be read: itself, or what is fetched of one in a storage. Raises UnfetchedError."""
        return nullcontext(file) if isinstance(file, Path) else file.fetched(self._most(file) * 1_000_000)

    def expected(self, file: File) -> int:
        """Return about how many articles a file holds, to tell how far its reading is; 1 for one in a storage."""
        if isinstance(file, Stored):
            return 1
        suffix = file.suffix.lower()
        with suppress(OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
            if suffix in MANY and self._takes(file):
                if suffix == ".zip":
                    with zipfile.ZipFile(file) as archive:
                        return len(archive.namelist())
                if suffix in (".jsonl", ".ndjson", ".csv", ".tsv"):
                    with file.open("rb") as lines:
                        return sum(1 for _ in lines)
        return 1

    def read(self, file: Path, path: str) -> Iterator[Article | Skipped]:
        """Yield the articles of a file (``path`` is its path in the folder), and what in it cannot be read, and why."""
        suffix = file.suffix.lower()
        try:
            if not self._takes(file):
                raise UnreadableArticleError(f"it is larger than {self._most(file)} MB: split it, or raise the limit")
            if suffix in PLAIN:
                yield parse_article(decoded(file.read_bytes()), path)
                return
        except OSError as error:
            yield Skipped(path, f"it cannot be read ({error.strerror or error}): check its permissions")
            return
        except UnreadableArticleError as error:
            yield Skipped(path, str(error))
            return
        found = 0
        for name, said in self._documents(file, suffix):
            place = f"{path}#{name}" if name and suffix != ".zip" else f"{path}/{name}" if name else path
            found += 1
            if self._ignored.match_file(place):
                continue
            if "reason" in said:
                yield Skipped(place, said["reason"])
                continue
            try:
                yield parse_article(said["text"], place, said["fields"])
            except UnreadableArticleError as error:
                yield Skipped(place, str(error))
        if not found:
            yield Skipped(path, "it holds no articles")

    def _documents(self, file: Path, suffix: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (name, what the process says of it), going on behind what brings the process down."""
        begun: list[str] = []
        for _ in range(_MOST_CRASHES):
            crash = yield from self._answers(file, suffix, begun)
            if not crash:
                return
            yield begun[-1] if begun else "", {"reason": crash}
            if not begun:
                return
        yield "", {"reason": f"{_MOST_CRASHES} files in it could not be read: the rest is left"}

    def _answers(
        self, file: Path, suffix: str, begun: list[str]
    ) -> Generator[tuple[str, dict[str, Any]], None, str | None]:
        """Yield the process's answers, and return why it ended, if it did.

        ``begun`` are the archive's members that it need not read again; those that it begins are added.
        """
        process = self._started()
        request = {"file": str(file.absolute()), "suffix": suffix, "columns": dict(self.columns), "passed_over": begun}
        with suppress(OSError):  # it has ended: which the reading of its answer tells
            process.stdin.write(json.dumps(request) + "\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
        while True:
            line, late = self._line(process.stdout)  # type: ignore[arg-type]
            if line == "\n":
                return None
            try:
                said = json.loads(line)
            except ValueError:
                self.close()
                if late:
                    return f"it takes longer than {self.limits.seconds} s to read: split it"
                return "reading it ended the process that did: it is damaged, or takes too much memory"
            name = said.pop("name")
            if said.get("reason") == "":
                begun.append(name)
            else:
                yield name, said

    def _line(self, answers: IO[str]) -> tuple[str, bool]:
        """Return the next line, and whether the process had to be ended since none came in time."""
        late = False

        def end() -> None:
            nonlocal late
            late = True
            if self._process:
                self._process.kill()

        timer = Timer(self.limits.seconds, end)
        timer.start()
        try:
            return answers.readline(), late
        finally:
            timer.cancel()

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
            self._process = subprocess.Popen(  # noqa: S603  # this program
                [sys.executable, "-m", "qa.formats", json.dumps(asdict(self.limits))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        return self._process

    def close(self) -> None:
        """End the process that parses."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
