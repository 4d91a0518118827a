#!/bin/sh
# Extract and verify the context `weight` of a checkout of wger, without a decision or an edit by hand: proof_wger.sh VENV CHECKOUT PYTHON
# PYTHON is the interpreter of an environment with the project installed; nothing is fetched here and the checkout is not changed.
set -eu
venv=$1 checkout=${2:?set WGER to a checkout} python=${3:?set PYTHON_OF_WGER to the interpreter of its environment}
folder=build/proof-wger
checkout=$(cd "$checkout" && pwd)
rm -rf "$folder"
mkdir -p build
cp -R "$checkout" "$folder"
rm -rf "$folder/.decompose"
cat > "$folder/decompose.toml" <<TOML
[verify]
python = "$python"
test-command = "{python} manage.py test --parallel 2"

[verify.environment]
DJANGO_SETTINGS_MODULE = "settings.ci"
DJANGO_MEDIA_ROOT = "/tmp"
TOML
cd "$folder"
"$venv/bin/decompose" analyze .
"$venv/bin/decompose" plan -q
"$venv/bin/python" - "$venv/bin/decompose" extract weight --allow-dirty <<'PYTHON'
import resource
import subprocess
import sys
import time

started = time.monotonic()
subprocess.run(sys.argv[1:], check=True)
seconds, mebibytes = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"extract: {seconds:.1f} s of 20, {mebibytes:.0f} MiB of 1024")
sys.exit(seconds > 20 or mebibytes > 1024)
PYTHON
lines=$(diff -ru -x boundaries -x __pycache__ "$checkout/wger" wger | grep -c '^[+-][^+-]' || true)
echo "changed in the monolith: $lines lines of 300"
test "$lines" -le 300
touch .decompose/proof-before
"$venv/bin/decompose" extract weight --allow-dirty -q
written=$(find . -newer .decompose/proof-before -type f -not -path './.decompose/*')
test -z "$written" || { echo "the second run wrote: $written"; exit 1; }
echo "the second run wrote nothing"
"$venv/bin/decompose" verify weight
