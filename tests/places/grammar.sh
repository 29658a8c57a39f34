#!/usr/bin/env bash
# Statements as bowline cuts and reads them, against PostgreSQL's own grammar
# (pglast, from PyPI): those of the fixtures, and those of PostgreSQL's regression
# suite from Debian's source package. Nothing of it is kept.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/places/lib.sh

venv pglast pglast==8.7
against_the_grammar() {
    "$venv/bin/python" tests/places/grammar.py "$scratch/bin/bowline" "$@"
}

# Of the fixtures, some are broken on purpose.
find fixtures -name '*.sql' -print0 | sort -z >"$scratch/fixtures"
mapfile -d '' fixtures <"$scratch/fixtures"
against_the_grammar 0.1 "${fixtures[@]}"

# regression_suite: the suite's files in a folder of the scratch; fails where
# there is no apt, or no Debian behind it.
regression_suite() {
    local folder="$scratch/suite" keys=/usr/share/keyrings/debian-archive-keyring.gpg
    command -v apt-get >/dev/null && [ -r "$keys" ] && [ -r /etc/os-release ] || return 1
    mkdir -p "$folder/lists/partial"
    (
        # shellcheck source=/dev/null
        source /etc/os-release
        cd "$folder"
        echo "deb-src [signed-by=$keys] http://deb.debian.org/debian ${VERSION_CODENAME:?} main" >sources.list
        # apt takes no folders with blanks, and this one's name has some.
        local options=(-qq -o Dir::Etc::sourcelist=./sources.list -o Dir::Etc::sourceparts=-
            -o Dir::State::lists=./lists -o APT::Sandbox::User=root)
        apt-get "${options[@]}" update &&
            apt-get "${options[@]}" source --download-only postgresql-15 &&
            tar -xf postgresql-15_*.orig.tar.* --strip-components=4 --wildcards '*/src/test/regress/sql/*.sql'
    )
}

if regression_suite >"$scratch/log" 2>&1; then
    against_the_grammar 2 "$scratch"/suite/sql/*.sql
else
    echo "the regression suite could not be had here; only the fixtures were tried:"
    tail -n 3 "$scratch/log"
fi
