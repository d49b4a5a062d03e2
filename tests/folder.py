"""Where tests make their folders: in memory where there is room for them, because hundreds of stores are made there.

    python -m tests.folder

prints it. Each durable change waits for the disk otherwise, and nothing that is tested here is about disks: a process
that is killed leaves behind what it wrote, wherever that is.
"""

import os
import shutil
import tempfile
from pathlib import Path

IN_MEMORY = Path("/dev/shm")  # noqa: S108  # each test has a folder of its own in it
#: Bytes that all tests together may need, and then some.
ROOM = 4 * 1024**3


def folder() -> str:
    """The folder's path; what is set as TMPDIR goes before."""
    if "TMPDIR" not in os.environ and os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free >= ROOM:
        return str(IN_MEMORY)
    return tempfile.gettempdir()


if __name__ == "__main__":
    print(folder())
