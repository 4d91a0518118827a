#!/bin/sh
# Extract and verify the context `weight` of a checkout of wger: proof_wger.sh VENV CHECKOUT PYTHON
# PYTHON is the interpreter of an environment with the project installed; nothing is fetched here and the checkout is not changed.
set -eu
venv=$1 checkout=${2:?set WGER to a checkout} python=${3:?set PYTHON_OF_WGER to the interpreter of its environment}
folder=build/proof-wger
rm -rf "$folder"
mkdir -p build
cp -R "$checkout" "$folder"
cat > "$folder/decompose.toml" <<TOML
[verify]
python = "$python"
test-command = "{python} manage.py test --parallel 2"

[verify.environment]
DJANGO_SETTINGS_MODULE = "settings.ci"
DJANGO_MEDIA_ROOT = "/tmp"

[[decisions]]
id = "weight:import:wger.weight.powersync.*"
choice = "stay"
reason = "the sync handler keeps working on the monolith's table until the data is split"
TOML
cd "$folder"
"$venv/bin/decompose" analyze .
"$venv/bin/decompose" plan -q
"$venv/bin/decompose" extract weight --allow-dirty
"$venv/bin/decompose" verify weight
