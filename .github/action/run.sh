#!/usr/bin/env bash
# The step of action.yml: checks what a pull request, or a push, changes.
#
# Reads what GitHub sets (GITHUB_EVENT_PATH, GITHUB_BASE_REF, GITHUB_OUTPUT,
# GITHUB_ACTION_PATH, RUNNER_TEMP; bowline itself reads GITHUB_WORKSPACE and
# appends to GITHUB_STEP_SUMMARY) and the inputs of the action as BOWLINE_….
# Nothing of it is evaluated: every value is an argument of its own.
set -euo pipefail

action="${GITHUB_ACTION_PATH:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
sarif="${BOWLINE_SARIF:-bowline.sarif}"
markdown="${BOWLINE_MARKDOWN:-bowline.md}"

# output NAME VALUE: sets an output of the step, whatever the value holds.
output() {
    local mark="end-$RANDOM$RANDOM$RANDOM"
    if [ -n "${GITHUB_OUTPUT:-}" ]; then
        printf '%s<<%s\n%s\n%s\n' "$1" "$mark" "$2" "$mark" >>"$GITHUB_OUTPUT"
    fi
}

# escaped TEXT: as workflow commands want the text of a message.
escaped() {
    local text="${1//'%'/%25}"
    text="${text//$'\r'/%0D}"
    printf '%s' "${text//$'\n'/%0A}"
}

# stop MESSAGE: nothing could be said.
stop() {
    printf '::error title=bowline::%s\n' "$(escaped "$1")"
    output result broken
    exit 2
}

# event KEY…: a value of the event's payload; empty where there is none.
event() {
    [ -f "${GITHUB_EVENT_PATH:-}" ] || return 0
    # Without it the base branch decides, which is the same after a fetch.
    command -v python3 >/dev/null || return 0
    python3 - "$GITHUB_EVENT_PATH" "$@" <<'PYTHON'
import json, sys

with open(sys.argv[1], encoding="utf-8") as file:
    value = json.load(file)
for key in sys.argv[2:]:
    value = value.get(key) if isinstance(value, dict) else None
print(value if isinstance(value, str) else "")
PYTHON
}

is_commit() {
    git rev-parse --quiet --verify --end-of-options "$1^{commit}" >/dev/null 2>&1
}

# The revision to compare with: the input, the pull request's base as the event
# names it, the base branch, the commit before a push.
base() {
    local revision
    revision="${BOWLINE_BASE:-}"
    [ -n "$revision" ] || revision="$(event pull_request base sha)"
    [ -n "$revision" ] || revision="${GITHUB_BASE_REF:+origin/$GITHUB_BASE_REF}"
    [ -n "$revision" ] || revision="$(event before)"
    # A branch that is new has no commit before.
    case "$revision" in
    *[!0]*) printf '%s' "$revision" ;;
    esac
}

# Sets `commit` to what HEAD and the base have in common: what the base got
# since is not the pull request's.
find_commit() {
    local revision remedy=""
    revision="$(base)"
    [ -n "$revision" ] || return 0
    if [ "$(git rev-parse --is-shallow-repository)" = true ]; then
        remedy="; this clone is shallow: set \`fetch-depth: 0\` for actions/checkout, or run \`git fetch --unshallow\`"
    fi
    is_commit "$revision" || stop "the base $revision is not in this clone$remedy"
    commit="$(git merge-base "$revision" HEAD)" || stop "HEAD and the base $revision have no commit in common$remedy"
}

# install: puts bowline on PATH, built from this action's own source, unless it
# is there.
install() {
    command -v bowline >/dev/null && return
    command -v cargo >/dev/null || stop "neither bowline nor cargo is on PATH; install a Rust toolchain in a step before"
    local root="${RUNNER_TEMP:-${TMPDIR:-/tmp}}/bowline"
    cargo install --quiet --locked --path "$action" --root "$root" || stop "bowline could not be built"
    export PATH="$root/bin:$PATH"
}

# within FILE: a file of this folder as the repository names it.
within() {
    case "$1" in
    /*) printf '%s' "$1" ;;
    *) printf '%s%s' "$(git rev-parse --show-prefix)" "$1" ;;
    esac
}

main() {
    git rev-parse --git-dir >/dev/null 2>&1 || stop "$PWD is not in a git repository; check it out in a step before"
    local commit="" code=0 path
    find_commit
    install

    local arguments=(check --format github --output "sarif=$sarif" --output "markdown=$markdown")
    [ -z "$commit" ] || arguments+=(--since "$commit")
    [ -z "${BOWLINE_FAIL_ON:-}" ] || arguments+=("--fail-on=$BOWLINE_FAIL_ON")
    [ -z "${BOWLINE_ENGINE:-}" ] || arguments+=("--engine=$BOWLINE_ENGINE")
    arguments+=(--)
    while IFS= read -r path; do
        [ -z "$path" ] || arguments+=("$path")
    done <<<"${BOWLINE_PATHS:-}"

    rm -f -- "$sarif" "$markdown"
    bowline "${arguments[@]}" || code=$?

    output base "$commit"
    [ ! -f "$sarif" ] || output sarif "$(within "$sarif")"
    if [ -f "$markdown" ]; then
        output markdown "$(within "$markdown")"
    fi
    case "$code" in
    0) output result passed ;;
    1) output result failed ;;
    *) output result broken ;;
    esac
    exit "$code"
}

main
