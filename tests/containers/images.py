"""Images that a compose file names: pulled where a registry can be reached, else made of Debian's packages with what the file relies on."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from engine import podman


class StandIn(NamedTuple):
    """Debian packages and the program that runs: ``packages`` are separated by commas, ``start`` is a shell script."""

    packages: str
    start: str


STAND_INS = {
    # Of the official image's settings those that a generated file uses; its first start makes the database, later ones find it.
    "docker.io/library/postgres:15-alpine": StandIn(
        "postgresql-15",
        """#!/bin/sh
set -eu
export PGDATA=${PGDATA:-/var/lib/postgresql/data}
bin=$(echo /usr/lib/postgresql/*/bin)
mkdir -p "$PGDATA" /var/run/postgresql && chown -R postgres "$PGDATA" /var/run/postgresql && chmod 700 "$PGDATA"
as() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    as "$bin/initdb" --pgdata="$PGDATA" --username="$POSTGRES_USER" --auth="$POSTGRES_HOST_AUTH_METHOD" >/dev/null
    echo "host all all all $POSTGRES_HOST_AUTH_METHOD" >> "$PGDATA/pg_hba.conf"
    echo "CREATE DATABASE \\"$POSTGRES_DB\\"" | as "$bin/postgres" --single -jE postgres -D "$PGDATA" >/dev/null
fi
exec setpriv --reuid=postgres --regid=postgres --init-groups "$bin/postgres" -D "$PGDATA" -c listen_addresses='*'
""",
    ),
    "docker.io/library/redis:7-alpine": StandIn("redis-server", '#!/bin/sh\nexec redis-server --save "" --protected-mode no\n'),
    "docker.io/library/rabbitmq:4-alpine": StandIn("rabbitmq-server", "#!/bin/sh\nexec rabbitmq-server\n"),
}


def provide(image: str, scratch: Path) -> str:
    """Makes an image available under its name; says whether it is the real one. Skips where neither can be had."""
    if podman("image", "exists", image, check=False).returncode == 0:
        return "present"
    if podman("pull", "--quiet", image, check=False, timeout=600).returncode == 0:
        return "pulled"
    if image not in STAND_INS or shutil.which("mmdebstrap") is None:
        pytest.skip(f"no image {image}, and nothing to make one of")
    made = STAND_INS[image]
    start = scratch / "start"
    start.write_text(made.start)
    start.chmod(0o755)
    archive = scratch / "root.tar"
    command = [
        "mmdebstrap", "--quiet", "--variant=minbase", f"--include={made.packages}", f"--customize-hook=copy-in {start} /usr/local/bin",
        "bookworm", str(archive),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    if done.returncode:
        pytest.skip(f"no image {image}, and mmdebstrap cannot make one: {done.stderr[-500:]}")
    podman("import", "--quiet", "--change", 'ENTRYPOINT ["/usr/local/bin/start"]', str(archive), image, timeout=600)
    archive.unlink()
    return "stand-in"
