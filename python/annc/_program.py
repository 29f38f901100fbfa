"""The program annc-gpu, which the package brings along."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from typing import Any

PATH = pathlib.Path(os.environ.get("ANNC_PROGRAM") or pathlib.Path(__file__).parent / "annc-gpu")


def run(*arguments: Any) -> None:
    """Run the program quietly; RuntimeError has its message if it fails."""
    result = subprocess.run([PATH, *map(os.fspath, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)
    if result.returncode:
        raise RuntimeError(result.stderr.strip())


def main() -> None:
    """Become the program, with this process's arguments."""
    os.execv(PATH, ["annc-gpu", *sys.argv[1:]])
