#!/usr/bin/env bash
# The language server with a real editor: Neovim, headless, on a copy of the shop.
# Usage: tests/places/neovim.sh [PROGRAM]
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
program="${1:-$root/target/release/bowline}"

if ! command -v nvim >/dev/null 2>&1; then
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        as_root=(sudo)
    fi
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" apt-get install -y -qq neovim >/dev/null
fi

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
cp -r "$root/fixtures/shop" "$scratch/shop"
mkdir "$scratch/home"

BOWLINE="$program" SHOP="$scratch/shop" HOME="$scratch/home" XDG_STATE_HOME="$scratch/home" \
    timeout 120 nvim --headless --clean -n -u NONE -i NONE -S "$here/neovim.lua" -c "cquit 1" 2>&1 ||
    { echo "the session with Neovim failed" >&2; exit 1; }
