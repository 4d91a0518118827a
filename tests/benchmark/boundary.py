"""What a call over the boundary costs beside the same call in this process.

    python tests/benchmark/boundary.py [--calls N] [--seconds S] [--firm]

The sample's context ``reviews`` is extracted into a copy, its service runs as in production (gunicorn, a database of its own) on the
loopback network, and the monolith asks one small question: in mode local, through the serialised contract (loopback), and remotely. Both
databases are SQLite files. Beside the times stands what a call costs in processor time on both sides, which other work on the machine does not
stretch. ``--firm`` ends with 1 where the median remote call costs more than 3 ms over the local one, or where
calls open connections of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT)]

from decompose.verification import processes  # noqa: E402

LIMIT = 3.0
"""Milliseconds that a remote call may cost over one in the process, at the median."""

KEY = "a key for the benchmark, which nobody needs to guess"

ASK = """
import json, os, socket, statistics, sys, threading, time
import django
django.setup()
from shop.boundaries import reviews

calls, seconds = int(sys.argv[1]), float(sys.argv[2])
opened = []
connect = socket.socket.connect
def counted(self, address):
    opened.append(address)
    return connect(self, address)
socket.socket.connect = counted

def ask():
    return reviews.review_exists(author=1, product=1)

def theirs():
    # Seconds of processor time that the service has used.
    ticks = 0
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
        try:
            if entry.isdigit() and b"reviews_service.wsgi" in open(f"/proc/{entry}/cmdline", "rb").read():
                ticks += sum(map(int, open(f"/proc/{entry}/stat").read().rpartition(")")[2].split()[11:13]))
        except OSError:
            pass
    return ticks / os.sysconf("SC_CLK_TCK")

def timed():
    ask()
    opened.clear()
    took = []
    used, used_there = time.process_time(), theirs()
    for _ in range(calls):
        started = time.perf_counter()
        ask()
        took.append((time.perf_counter() - started) * 1000)
    took.sort()
    cpu = (time.process_time() - used + theirs() - used_there) * 1000 / calls
    return {"cpu": cpu, "p50": statistics.median(took), "p95": took[int(len(took) * 0.95)], "p99": took[int(len(took) * 0.99)], "connections": len(opened)}

def throughput(threads):
    done, ends = [0] * threads, time.monotonic() + seconds
    def work(number):
        while time.monotonic() < ends:
            ask()
            done[number] += 1
    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(done) / seconds

found = {}
for mode in ("local", "loopback", "remote"):
    os.environ["REVIEWS_MODE"] = mode
    found[mode] = timed()
opened.clear()
found["throughput"] = {str(threads): throughput(threads) for threads in (1, 4)}
found["throughput"]["connections"] = len(opened)
print(json.dumps(found))
"""


def extracted(folder: Path) -> Path:
    """A copy of the sample with the service of ``reviews`` beside it."""
    shop = folder / "shop"
    shutil.copytree(ROOT / "sample_monolith", shop, ignore=shutil.ignore_patterns("__pycache__", ".decompose", "*.sqlite3"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for words in (["plan", "--quiet"], ["extract", "reviews", "--quiet", "--allow-dirty"]):
        subprocess.run([sys.executable, "-m", "decompose", *words], cwd=shop, env=environment, check=True, stdout=subprocess.DEVNULL)
    return shop


def measure(calls: int, seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-boundary-") as name:
        shop = extracted(Path(name))
        service = shop / "services" / "reviews"
        common = {"PATH": os.environ["PATH"], "SECRET_KEY": KEY, "BOUNDARY_TOKEN_KEY": KEY, "LOG_LEVEL": "WARNING"}
        theirs = {**common, "DJANGO_SETTINGS_MODULE": "reviews_service.settings", "DATABASE_URL": f"sqlite:///{name}/service.sqlite3"}
        ours = {**common, "DJANGO_SETTINGS_MODULE": "shop.settings.base", "PYTHONPATH": str(shop)}
        for place, environment in ((service, theirs), (shop, ours)):
            subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=place, env=environment, check=True)
        command = f"{sys.executable} -m gunicorn --bind 127.0.0.1:{{port}} --workers 1 --threads 4 --keep-alive 75 reviews_service.wsgi:application"
        with processes.server(command, cwd=service, env=theirs, log=Path(name) / "service.log", ready="/healthz") as (live, booted):
            if booted is None:
                raise SystemExit("\n".join(live.tail(30)))
            asked = subprocess.run(
                [sys.executable, "-c", ASK, str(calls), str(seconds)], cwd=shop, env={**ours, "REVIEWS_URL": live.url}, check=True, capture_output=True, text=True
            )
    found: dict[str, Any] = json.loads(asked.stdout)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=2000, help="calls in each mode")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long throughput is measured")
    parser.add_argument("--firm", action="store_true", help="end with 1 when a limit is not kept")
    options = parser.parse_args()
    found = measure(options.calls, options.seconds)
    print(f"{'mode':<10}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'cpu ms':>9}{'connections':>13}")
    for mode in ("local", "loopback", "remote"):
        each = found[mode]
        print(f"{mode:<10}{each['p50']:>9.2f}{each['p95']:>9.2f}{each['p99']:>9.2f}{each['cpu']:>9.2f}{each['connections']:>13}")
    added = found["remote"]["p50"] - found["local"]["p50"]
    rates = found["throughput"]
    print(f"a remote call costs {added:.2f} ms over a local one at the median (limit {LIMIT} ms)")
    print(f"throughput: {rates['1']:.0f} calls a second from one thread, {rates['4']:.0f} from four, {rates['connections']} connections opened")
    kept = added <= LIMIT and found["remote"]["connections"] == 0 and rates["connections"] <= 4
    return 1 if options.firm and not kept else 0


if __name__ == "__main__":
    sys.exit(main())
