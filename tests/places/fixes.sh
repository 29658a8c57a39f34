#!/usr/bin/env bash
# What fixes write, on a real server: the projects of fixtures/fixes, each run
# in the transactions of its tool. With the safe fixes the database must come
# out the same as without them; with all of them every file must run, and run
# back.
set -euo pipefail
# shellcheck source=tests/places/lib.sh
source "$(dirname "$0")/lib.sh"

# shellcheck source=tests/places/server.sh
source "$(dirname "$0")/server.sh"
cd "$server"
psql -XAtqc "SELECT version()"

# Indexes and constraints, without what only fixed files bring about.
listing="SELECT pg_get_indexdef(indexrelid), indisvalid FROM pg_index
    WHERE indexrelid::regclass::text NOT IN ('customers_email_idx') AND indrelid::regclass::text IN ('orders', 'customers')
    UNION ALL SELECT conname || ' ' || pg_get_constraintdef(oid), convalidated FROM pg_constraint
    WHERE conrelid::regclass::text IN ('orders', 'customers') ORDER BY 1"

# migrate FOLDER WAY: runs the project there, and prints what failed.
migrate() {
    local report
    report="$(cd "$1" && "$scratch/bin/bowline" check --exit-zero --format json .)"
    printf '%s' "$report" | python3 "$root/tests/places/migrate.py" "$1" "$2"
}

# database NAME: a new one, for all that follows.
database() {
    psql -Xqc "CREATE DATABASE \"$1\"" postgres
    export PGDATABASE="$1"
}

# others FAILED DIFF: what failed for another reason than that a statement that
# no fix helped cannot run in its tool's transaction.
others() {
    grep -v "CONCURRENTLY cannot run inside a transaction block" "$1" && return
    while read -r path _; do
        grep -F "+++ b/$path" "$2" && return
    done <"$1"
    return 1
}

projects=0
for project in "$root"/fixtures/fixes/*/; do
    name="$(basename "$project")"
    projects=$((projects + 1))
    cp -r "$project" "$scratch/$name"
    database "$name before"
    migrate "$scratch/$name" up >"$scratch/failed" || true
    ! others "$scratch/failed" /dev/null || fail "$name: as it is it does not run"
    before="$(psql -XAtqc "$listing")"
    [ -n "$before" ] || fail "$name: nothing was created"

    for kind in safe unsafe; do
        here="$scratch/$name $kind"
        cp -r "$project" "$here"
        flags=()
        [ "$kind" = safe ] || flags=(--unsafe-fixes)
        (cd "$here" && "$scratch/bin/bowline" check --fix --exit-zero "${flags[@]}" . >/dev/null 2>&1)
        database "$name $kind"
        migrate "$here" up >"$scratch/failed" || true
        ! others "$scratch/failed" "$root/fixtures/fixes/$name.$kind.diff" ||
            fail "$name: with its $kind fixes it does not run"
        after="$(psql -XAtqc "$listing")"
        if [ "$kind" = safe ] && [ "$before" != "$after" ]; then
            diff <(printf '%s\n' "$before") <(printf '%s\n' "$after") >&2 || true
            fail "$name: the fixed files make another database"
        fi
        if [ ! -s "$scratch/failed" ]; then
            migrate "$here" down || fail "$name: with its $kind fixes it does not run back"
        fi
    done
done
[ "$projects" -gt 15 ] || fail "only $projects projects were found"
echo "fixes: $projects projects, all well"
