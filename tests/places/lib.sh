# What the scripts of this folder share: a scratch repository and checks that
# say what they found. Sourced, with `set -euo pipefail` in force.
# shellcheck shell=bash

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
# The name has a space and letters that are not ASCII, as users' folders do.
scratch="$(mktemp -d)/scratch größe"
mkdir -p "$scratch"
trap 'rm -rf -- "$(dirname "$scratch")"' EXIT

# Nothing of the machine's own git settings counts, and nothing of the CI's.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.com
export GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.com
for variable in $(compgen -e GITHUB_) $(compgen -e CI_); do
    unset "$variable"
done

# The program that is tried, in a folder of its own.
program="${BOWLINE:-$root/target/release/bowline}"
if [ ! -x "$program" ]; then
    echo "build bowline first: cargo build --release" >&2
    exit 1
fi
mkdir "$scratch/bin"
cp "$program" "$scratch/bin/bowline"

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# holds TEXT PART…: the text has every part.
holds() {
    local text="$1" part
    shift
    for part; do
        case "$text" in
        *"$part"*) ;;
        *) fail "«$part» is not in:"$'\n'"$text" ;;
        esac
    done
}

# lacks TEXT PART…: the text has none of the parts.
lacks() {
    local text="$1" part
    shift
    for part; do
        case "$text" in
        *"$part"*) fail "«$part» is in:"$'\n'"$text" ;;
        esac
    done
}

# exits CODE COMMAND…: runs the command, keeps what it says in `said`.
exits() {
    local expected="$1" code=0
    shift
    said="$("$@" 2>&1)" || code=$?
    [ "$code" = "$expected" ] || fail "$* ended with $code instead of $expected:"$'\n'"$said"
}

# repository FOLDER: a new one, with a table that stands since its first commit.
repository() {
    git init -q -b main "$1"
    mkdir -p "$1/db/migrations"
    migration "$1" 0001_users 'CREATE TABLE users (id bigint PRIMARY KEY, email text);' 'DROP TABLE users;'
    git -C "$1" add -A
    git -C "$1" commit -q -m "first"
}

# migration REPOSITORY NAME UP DOWN
migration() {
    printf '%s\n' "$3" >"$1/db/migrations/$2.up.sql"
    printf '%s\n' "$4" >"$1/db/migrations/$2.down.sql"
}

# shellcheck disable=SC2034
{
    good_up='ALTER TABLE users ADD COLUMN name text;'
    good_down='ALTER TABLE users DROP COLUMN name;'
    bad_up='CREATE INDEX users_email ON users (email);'
    bad_down='DROP INDEX users_email;'
}

# venv NAME PACKAGE…: an environment with these packages from PyPI; its folder
# is in `venv`. BOWLINE_VENVS names a folder that keeps them.
venv() {
    venv="${BOWLINE_VENVS:-$scratch/venvs}/$1"
    shift
    [ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$@"
}
