# A PostgreSQL server of its own, on a socket in a scratch folder, for as long
# as the script runs. Sourced, with `set -euo pipefail` in force. Afterwards
# PGHOST and PGUSER say where it is.
# shellcheck shell=bash

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
}
trap stop_server EXIT

"${as_user[@]}" initdb -D "$server/data" -U postgres -A trust --no-sync -E UTF8 --locale=C >/dev/null
"${as_user[@]}" pg_ctl -D "$server/data" -l "$server/log" -w start -o \
    "-k $server -c listen_addresses='' -c fsync=off -c wal_level=logical -c max_connections=50" >/dev/null
export PGHOST="$server" PGUSER=postgres
