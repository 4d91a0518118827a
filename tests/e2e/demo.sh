#!/bin/sh
# The whole job on a copy of the sample: demo.sh VENV FOLDER CONTEXT
set -eu
venv=$1 folder=$2 context=$3
decompose="$venv/bin/decompose"

rm -rf "$folder"
mkdir -p "$(dirname "$folder")"
cp -R sample_monolith "$folder"
# The monolith's own environment: verification runs its tests in it, as its developers would.
"$venv/bin/python" -m venv "$folder/.venv"
"$folder/.venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$folder/requirements.txt"
cd "$folder"

"$decompose" analyze .
"$decompose" plan --quiet
"$decompose" extract "$context" --quiet --allow-dirty
"$decompose" verify "$context"

tables=$("$decompose" show tables --format json -q | grep -c '"id"' || true)
echo
echo "Done. A copy of the sample shop was analyzed ($tables tables), planned, cut and verified; nothing outside $folder changed."
list() { printf '  %-34s %s\n' "$1" "$2"; }
list plan/plan.md "the migration plan: contexts, data ownership, decisions, order, runbooks"
list decompose.toml "what the shop's team decided about the cut, with reasons"
list "shop/boundaries/$context/" "the boundary that the monolith now calls, in mode local"
list "services/$context/" "the service: moved code, its own first migration, image, tests"
list "services/$context/RUNBOOK.md" "the way into production, step by step, each with its way back"
list "services/$context/deploy/" "task definition, service and template for Amazon ECS"
list "services/$context/openapi.json" "the contract"
echo "Next: decompose extract $context --undo, or edit decompose.toml and plan again."
