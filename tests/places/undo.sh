#!/usr/bin/env bash
# Runs every operation form, what undoes it, and the form again on a real
# server, and writes what came of it to fixtures/undo/undo.measured.tsv; runs
# every pair of fixtures/undo/pairs.txt, and writes pairs.measured.tsv; and
# every pair of the projects in fixtures, and writes projects.measured.tsv.
# FORM=name measures some of the forms, and writes nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/places/server.sh
. tests/places/server.sh
cargo test --locked --test undo -- --ignored --nocapture measure_every_form
if [ -z "${FORM:-}" ]; then
    cargo test --locked --test undo -- --ignored --nocapture measure_every_pair
    cargo test --locked --test undo -- --ignored --nocapture measure_every_project
fi
git diff --stat -- fixtures/undo/*.measured.tsv
