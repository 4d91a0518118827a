"""Runs a command until standard input ends: whoever started it is gone then, and so is what it was for."""

from __future__ import annotations

import subprocess
import sys
import threading


def main(command: list[str]) -> int:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def stop_with_the_starter() -> None:
        sys.stdin.buffer.read()
        process.terminate()

    threading.Thread(target=stop_with_the_starter, daemon=True).start()
    return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
