#!/usr/bin/env bash
# pre-commit itself, in a scratch repository, with the hook of this one.
# With --install it also lets pre-commit build bowline, as it does for a user.
set -euo pipefail
# shellcheck source=tests/places/lib.sh
source "$(dirname "$0")/lib.sh"

venv pre-commit pre-commit==4.7.0
export PRE_COMMIT_HOME="$scratch/cache"
export PATH="$venv/bin:$scratch/bin:$PATH"

# commit REPOSITORY: what is staged, through the hook.
commit() {
    git -C "$1" commit -m "a change"
}

echo "-- the hook's definition is one that pre-commit reads"
pre-commit validate-manifest "$root/.pre-commit-hooks.yaml"

# The same hook with the program that is built already, so that the cases below
# do not wait for another build; its keys are those of .pre-commit-hooks.yaml.
hooks() {
    printf 'repos:\n- repo: local\n  hooks:\n'
    sed -e 's/^/  /' -e 's/language: rust/language: system/' "$root/.pre-commit-hooks.yaml"
}

here="$scratch/repo"
repository "$here"
hooks >"$here/.pre-commit-config.yaml"
git -C "$here" add -A
(cd "$here" && pre-commit install >/dev/null)
exits 0 commit "$here"
# What is committed already is context, whatever is wrong with it.
migration "$here" 0001_users_old "CREATE INDEX users_old ON users (id);" "DROP INDEX users_old;"
git -C "$here" add -A
git -C "$here" commit -q --no-verify -m "old"

echo "-- a good migration passes"
migration "$here" 0002_name "$good_up" "$good_down"
git -C "$here" add -A
exits 0 commit "$here"
holds "$said" Passed

echo "-- a bad one is stopped, with rule, place and remedy"
migration "$here" 0003_index "$bad_up" "$bad_down"
git -C "$here" add -A
exits 1 commit "$here"
holds "$said" Failed create-index-blocking db/migrations/0003_index.up.sql:1 CONCURRENTLY
lacks "$said" 0001_users_old

echo "-- the staged text counts, not the one that is being edited"
printf '%s\n' 'CREATE INDEX CONCURRENTLY users_email ON users (email);' >"$here/db/migrations/0003_index.up.sql"
exits 1 commit "$here"
holds "$said" create-index-blocking
git -C "$here" add -A
exits 0 commit "$here"
printf '%s\n' "$bad_up" >"$here/db/migrations/0003_index.up.sql"
migration "$here" 0004_age 'ALTER TABLE users ADD COLUMN age int;' 'ALTER TABLE users DROP COLUMN age;'
git -C "$here" add -- db/migrations/0004_age.up.sql db/migrations/0004_age.down.sql
exits 0 commit "$here"
git -C "$here" checkout -q -- db

echo "-- a commit without SQL does not run it"
printf 'a note\n' >"$here/notes.txt"
git -C "$here" add -A
exits 0 commit "$here"
holds "$said" Skipped

echo "-- time on a history of 500 files"
for number in $(seq 1000 1247); do
    migration "$here" "${number}_table" "CREATE TABLE t$number (id bigint PRIMARY KEY, note text);" "DROP TABLE t$number;"
done
git -C "$here" add -A
git -C "$here" commit -q --no-verify -m "many"
files="$(git -C "$here" ls-files 'db/*.sql' | wc -l)"
[ "$files" -ge 500 ] || fail "the history has $files files"
migration "$here" 2000_note "ALTER TABLE t1247 ADD COLUMN more text;" "ALTER TABLE t1247 DROP COLUMN more;"
git -C "$here" add -A

# best COMMAND…: the shortest of several runs, in milliseconds.
best() {
    local run start took least=""
    for run in 1 2 3 4 5 6 7; do
        start="$(date +%s%N)"
        "$@" >/dev/null 2>&1 || fail "run $run of $* failed"
        took=$((($(date +%s%N) - start) / 1000000))
        if [ -z "$least" ] || [ "$took" -lt "$least" ]; then least="$took"; fi
    done
    printf '%s' "$least"
}

run_hook() {
    (cd "$here" && pre-commit run --config "$1")
}
hooks >"$scratch/with.yaml"
hooks | sed -e 's/entry: .*/entry: "true"/' >"$scratch/without.yaml"
own="$(best run_hook "$scratch/without.yaml")"
whole="$(best run_hook "$scratch/with.yaml")"
printf '%s files: pre-commit alone %s ms, with bowline %s ms, bowline adds %s ms\n' \
    "$files" "$own" "$whole" "$((whole - own))"
# BOWLINE_HOOK_MILLISECONDS is for machines that do something else meanwhile.
limit="${BOWLINE_HOOK_MILLISECONDS:-100}"
[ "$((whole - own))" -lt "$limit" ] || fail "bowline adds more than $limit ms"

if [ "${1:-}" = --install ]; then
    echo "-- the hook of this repository, installed by pre-commit"
    start="$(date +%s)"
    git clone -q "$root" "$scratch/bowline"
    cp "$root/.pre-commit-hooks.yaml" "$scratch/bowline"
    git -C "$scratch/bowline" add -A
    git -C "$scratch/bowline" commit -q --allow-empty -m "as it is"
    revision="$(git -C "$scratch/bowline" rev-parse HEAD)"
    there="$scratch/installed"
    repository "$there"
    printf 'repos:\n- repo: "%s"\n  rev: %s\n  hooks:\n  - id: bowline\n' \
        "$scratch/bowline" "$revision" >"$there/.pre-commit-config.yaml"
    # Dependencies that are built already are not built again.
    (cd "$there" && CARGO_TARGET_DIR="$root/target" pre-commit install --install-hooks)
    migration "$there" 0002_index "$bad_up" "$bad_down"
    git -C "$there" add -A
    # The program must be the one that pre-commit built.
    rm "$scratch/bin/bowline"
    exits 1 commit "$there"
    holds "$said" create-index-blocking db/migrations/0002_index.up.sql:1
    printf 'installed and run in %s s\n' "$(($(date +%s) - start))"
fi
echo "pre-commit: all well"
