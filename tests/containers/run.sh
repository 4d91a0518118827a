#!/bin/sh
# Runs the tests of this folder: run.sh VENV SCRIPTS [MARK]
# SCRIPTS may hold podman-env.sh (settings for podman) and base-image.sh (makes the base image where no registry can be reached).
set -eu
venv=$1 scripts=$2 mark=${3:-containers}
if [ -f "$scripts/podman-env.sh" ]; then
    . "$scripts/podman-env.sh"
    bash "$scripts/base-image.sh"
fi
# Builds trust and ask whom this machine trusts and asks; nothing of it ends up in an image.
for path in /etc/ssl/certs /usr/local/share/ca-certificates /etc/pip.conf; do
    if [ -e "$path" ]; then BUILD_OPTIONS="${BUILD_OPTIONS:-} --volume $path:$path:ro"; fi
done
export BUILD_OPTIONS
exec "$venv/bin/python" -m pytest -m "$mark" -s tests/containers
