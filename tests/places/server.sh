# A PostgreSQL server of its own, on a socket in a scratch folder, for as long
# as the script runs. Sourced, with `set -euo pipefail` in force.
# Afterwards PGHOST, PGUSER and PGDATABASE say where it is.
# shellcheck shell=bash

# install PACKAGE…: from Debian.
install() {
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq "$@" >/dev/null
}

# Debian keeps the server's programs beside each other by version.
command -v initdb >/dev/null || PATH="$PATH:$(printf '%s:' /usr/lib/postgresql/*/bin)"
if ! command -v initdb >/dev/null || ! command -v psql >/dev/null; then
    install postgresql
    PATH="$PATH:$(printf '%s:' /usr/lib/postgresql/*/bin)"
fi

server="$(mktemp -d)"
as_user=()
if [ "$(id -u)" = 0 ]; then
    # The server does not run as root.
    chmod 755 "$server"
    as_user=(setpriv --reuid=nobody --regid=nogroup --clear-groups --)
    chown nobody:nogroup "$server"
fi

stop_server() {
    "${as_user[@]}" pg_ctl -D "$server/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf -- "$server"
    # That of lib.sh, where it was sourced before.
    [ -z "${scratch:-}" ] || rm -rf -- "$(dirname "$scratch")"
}
trap stop_server EXIT

"${as_user[@]}" initdb -D "$server/data" -U postgres -A trust --no-sync -E UTF8 --locale=C >/dev/null
"${as_user[@]}" pg_ctl -D "$server/data" -l "$server/log" -w start -o \
    "-k $server -c listen_addresses='' -c fsync=off -c wal_level=logical -c max_connections=50" >/dev/null
export PGHOST="$server" PGUSER=postgres PGDATABASE=postgres
