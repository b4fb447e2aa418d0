"""Who may open the page: a text file with a line for each user, which holds no password but what proves one.

    name:scrypt:32768:8:1:SALT:HASH

SALT and HASH are hex, HASH is scrypt (RFC 7914) of the password in UTF-8 (NFC). Blank lines and lines that begin with #
are passed over.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
import re
import secrets
import shlex
import stat
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SHORTEST_PASSWORD = 8  # characters

# 32 MB and about a tenth of a second for each guess. Lines of other parameters are refused, so that each check costs
# the same, whoever is named.
_N, _R, _P = 2**15, 8, 1
_SALT_BYTES = 16
_HASH_BYTES = 32

_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_LINE = re.compile(
    rf"({_NAME.pattern}):scrypt:{_N}:{_R}:{_P}:([0-9a-f]{{{2 * _SALT_BYTES}}}):([0-9a-f]{{{2 * _HASH_BYTES}}})"
)

_log = logging.getLogger(__name__)


class Users:
    """The users that a file names, asked for on every sign-in; a changed file is read again.

    For Gradio's ``auth`` give it ``users.check``: Gradio calls any other function on its event loop, which would stand
    still for everybody while a password is checked. Raises OSError or ValueError, with the line's number, for a file
    that cannot be used; a file that becomes so later is logged, and the users that were read before stay.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._state = _state(file)
        self._users = _read(file)
        if not self._users:
            raise ValueError(f"no users in {str(file)!r}: add one, or nobody could open the page")
        self._nobody = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_HASH_BYTES)
        self._one_at_a_time = threading.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="users")

    def __call__(self, name: str, password: str) -> bool:
        """Return whether ``password`` is that of the user ``name``. Takes as long where there is no such user."""
        with self._one_at_a_time:
            self._refresh()
            user = self._users.get(name)
            salt, proof = user or self._nobody
            right = hmac.compare_digest(_hash(password, salt), proof)
            return right and user is not None

    async def check(self, name: str, password: str) -> bool:
        """Return the same, from a thread of its own: those that wait hold no thread that answers questions."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self, name, password)

    def _refresh(self) -> None:
        """Read the file again if it is not as it was when it was last looked at."""
        state = _state(self._file)
        if state == self._state:
            return
        self._state = state
        try:
            self._users = _read(self._file)
        except (OSError, ValueError) as error:
            _log.error("the users that were read before may still open the page: %s", error)


def add_user(file: Path, name: str, password: str) -> None:
    """Write the user's line into ``file``, which is made where there is none; a line of the same name is replaced.

    Raises ValueError for a name or a password that cannot be taken, and whatever `Users` raises for a file that is
    there and cannot be used.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"the name {name[:100]!r} cannot be taken: use 1 to 64 letters (a to z), digits, . _ - and @")
    if len(password) < SHORTEST_PASSWORD:
        raise ValueError(f"the password has {len(password)} characters: use at least {SHORTEST_PASSWORD}")
    lines: list[str] = []
    if os.path.lexists(file):
        _read(file)
        lines = [line for line in _lines(file) if line.partition(":")[0] != name]
    salt = secrets.token_bytes(_SALT_BYTES)
    lines.append(f"{name}:scrypt:{_N}:{_R}:{_P}:{salt.hex()}:{_hash(password, salt).hex()}")
    new = file.with_name(file.name + ".new")
    new.unlink(missing_ok=True)
    try:
        # O_EXCL: a link that somebody put there is not followed.
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
            opened.flush()
            os.fsync(opened.fileno())
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def _hash(password: str, salt: bytes) -> bytes:
    plain = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(plain, salt=salt, n=_N, r=_R, p=_P, maxmem=2 * 128 * _N * _R, dklen=_HASH_BYTES)


def _state(file: Path) -> tuple[int, ...] | None:
    """Return what changes with the file or its permissions, or None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _lines(file: Path) -> list[str]:
    """Return the file's lines. Comments may be in any encoding, and are written back as they are."""
    return [line.strip() for line in file.read_bytes().decode("utf-8", "surrogateescape").rstrip().split("\n")]


def _read(file: Path) -> dict[str, tuple[bytes, bytes]]:
    """Return name -> (salt, hash). A bad line is named by its number only: it may hold a password as it is."""
    mode = stat.S_IMODE(file.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        raise PermissionError(
            f"others than its owner can use {str(file)!r} (mode {mode:04o}): run chmod 600 {shlex.quote(str(file))}"
        )
    users: dict[str, tuple[bytes, bytes]] = {}
    for number, line in enumerate(_lines(file), start=1):
        if not line or line.startswith("#"):
            continue
        parts = _LINE.fullmatch(line)
        if parts is None or parts[1] in users:
            wrong = "names a user a second time" if parts else "is not name:scrypt:32768:8:1:SALT:HASH"
            raise ValueError(f"line {number} of {str(file)!r} {wrong}: remove the line and add the user again")
        users[parts[1]] = bytes.fromhex(parts[2]), bytes.fromhex(parts[3])
    return users
