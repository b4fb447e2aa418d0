"""The worker processes of the Ray that this process started."""

from __future__ import annotations

import os
from pathlib import Path


def encoding_workers() -> list[int]:
    """Return the process ids of the workers that encode: those below this process, nobody else's."""
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text()
            names[int(folder.name)] = (folder / "cmdline").read_text()
        except (OSError, UnicodeDecodeError):
            continue
        parents[int(folder.name)] = int(status.rpartition(")")[2].split()[1])

    def is_ours(pid: int) -> bool:
        while pid > 1 and pid != os.getpid():
            pid = parents.get(pid, 0)
        return pid == os.getpid()

    return [pid for pid, name in names.items() if name.startswith("ray::MapWorker") and is_ours(pid)]
