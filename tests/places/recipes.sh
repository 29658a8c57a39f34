#!/usr/bin/env bash
# What `bowline explain RULE --for FILE:LINE` writes, on a real server: for each
# of fixtures/recipes one database takes the migration as it stands, another
# takes the recipe's files one after the other, with the statements of the old
# release while it runs and those of the new one once it is out. Both must end
# with the same definitions and rows.
set -euo pipefail
# shellcheck source=tests/places/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/places/server.sh
source "$(dirname "$0")/server.sh"
here="$root/tests/places"

# section NAME: a part of the fixture.
section() {
    awk -v wanted="-- $1" '
        /^-- (setup|rows|old release|change|new release)$/ { on = ($0 == wanted); next }
        on
    ' "$fixture"
}

# sql DATABASE FILE: all statements, each by itself, and the first error ends it.
sql() {
    PGOPTIONS="-c client_min_messages=warning" psql -X -q -v ON_ERROR_STOP=1 -d "$1" -f "$2" >/dev/null ||
        fail "$name: $2:"$'\n'"$(cat "$2")"
}

state() {
    psql -X -q -v ON_ERROR_STOP=1 -d "$1" -f "$here/state.sql"
}

tried=0
for fixture in "$root"/fixtures/recipes/*.sql; do
    name="$(basename "$fixture" .sql)"
    rule="$(sed -n '1s/^-- rule: //p' "$fixture")"
    work="$scratch/$name"
    mkdir -p "$work/db"
    for part in setup rows 'old release' change 'new release'; do
        section "$part" >"$work/$part.sql"
    done
    cp "$work/setup.sql" "$work/db/0001_setup.sql"
    cp "$work/change.sql" "$work/db/0002_change.sql"
    line="$(grep -n -e '-- here$' "$work/change.sql" | cut -d : -f 1)" || line=1

    one="${name//-/_}_one" several="${name//-/_}_several"
    createdb "$one"
    createdb "$several"
    for part in setup rows 'old release' change 'new release'; do
        sql "$one" "$work/$part.sql"
    done

    (cd "$work" && "$scratch/bin/bowline" explain "$rule" --for "db/0002_change.sql:$line" >recipe.sql) ||
        fail "$name has no recipe"
    # The files as they come, and what is released in between.
    mkdir "$work/steps"
    awk -v folder="$work/steps" '
        /^-- (file|release): / { file = sprintf("%s/%02d.%s", folder, ++n, $2 == "file:" ? "sql" : "release") }
        { print > file }
    ' "$work/recipe.sql"
    sql "$several" "$work/setup.sql"
    sql "$several" "$work/rows.sql"
    old=waits new=waits
    for step in "$work"/steps/*; do
        case "$step" in
        *.release) ;;
        *)
            if grep -q '^-- bowline: phase contract$' "$step" && [ "$new" = waits ]; then
                [ "$old" = ran ] || sql "$several" "$work/old release.sql"
                sql "$several" "$work/new release.sql"
                old=ran new=ran
            fi
            sql "$several" "$step"
            ;;
        esac
        # The old release is at work from the first step on.
        if [ "$old" = waits ]; then
            sql "$several" "$work/old release.sql"
            old=ran
        fi
    done
    [ "$new" = ran ] || sql "$several" "$work/new release.sql"

    state "$one" >"$work/one"
    state "$several" >"$work/several"
    # What the recipe leaves behind by its nature is said in the fixture.
    sed -n 's/^-- remains: //p' "$fixture" >"$work/remains"
    diff "$work/one" "$work/several" | grep '^[<>]' >"$work/difference" || true
    diff -u "$work/remains" "$work/difference" || fail "$name ends elsewhere"
    tried=$((tried + 1))
done
[ "$tried" -ge 10 ] || fail "only $tried fixtures"
echo "recipes: $tried end where the single migration ends"
