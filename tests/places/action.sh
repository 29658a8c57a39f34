#!/usr/bin/env bash
# The script of action.yml with the variables that GitHub sets, in a scratch
# repository with a real base and head.
set -euo pipefail
# shellcheck source=tests/places/lib.sh
source "$(dirname "$0")/lib.sh"
export PATH="$scratch/bin:$PATH"

here="$scratch/repo"
repository "$here"
# Merged long ago: it is context, and no finding of this pull request.
migration "$here" 0002_old_index "CREATE INDEX users_old ON users (id);" "DROP INDEX users_old;"
git -C "$here" add -A
git -C "$here" commit -q -m "old"
git -C "$here" checkout -q -b "topic/größe"
migration "$here" "0003_index mit größe" "$bad_up" "$bad_down"
git -C "$here" add -A
git -C "$here" commit -q -m "topic"
git -C "$here" checkout -q main
# The base moves on: what it got since is none of the pull request's.
migration "$here" 0004_base "CREATE INDEX users_base ON users (email, id);" "DROP INDEX users_base;"
git -C "$here" add -A
git -C "$here" commit -q -m "base moves"
base="$(git -C "$here" rev-parse main)"
fork="$(git -C "$here" merge-base main "topic/größe")"
git -C "$here" checkout -q "topic/größe"

# event PAYLOAD: the file that GitHub writes.
event() {
    printf '%s' "$1" >"$scratch/event.json"
}

# action [NAME=VALUE…]: the step, in the folder `at`.
at="$here"
action() {
    : >"$scratch/output"
    : >"$scratch/summary"
    (
        cd "$at"
        env GITHUB_ACTIONS=true GITHUB_ACTION_PATH="$root" GITHUB_WORKSPACE="$at" \
            GITHUB_EVENT_NAME=pull_request GITHUB_EVENT_PATH="$scratch/event.json" \
            GITHUB_BASE_REF=main GITHUB_OUTPUT="$scratch/output" \
            GITHUB_STEP_SUMMARY="$scratch/summary" RUNNER_TEMP="$scratch/temp" \
            "$@" "$root/.github/action/run.sh"
    )
}

outputs() {
    cat "$scratch/output"
}

tidy() {
    git -C "$here" clean -q -f
}

echo "-- a pull request with a finding fails, and names only its own migration"
event "{\"pull_request\": {\"base\": {\"ref\": \"main\", \"sha\": \"$base\"}}}"
exits 1 action
holds "$said" "::error " "file=db/migrations/0003_index mit größe.up.sql" create-index-blocking
lacks "$said" 0002_old_index 0004_base
holds "$(outputs)" failed "$fork" bowline.sarif bowline.md
holds "$(cat "$scratch/summary")" create-index-blocking blocking
python3 - "$here/bowline.sarif" <<'PYTHON'
import json, sys

log = json.load(open(sys.argv[1], encoding="utf-8"))
found = {
    (result["ruleId"], result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
    for result in log["runs"][0]["results"]
    if result["level"] == "error"
}
assert found == {("create-index-blocking", "db/migrations/0003_index%20mit%20gr%C3%B6%C3%9Fe.up.sql")}, found
PYTHON
holds "$(cat "$here/bowline.md")" create-index-blocking
tidy

echo "-- the threshold decides"
exits 0 action BOWLINE_FAIL_ON=never
holds "$(outputs)" passed
tidy

echo "-- without the event's payload the base branch decides"
git clone -q --no-local "$here" "$scratch/clone"
at="$scratch/clone"
exits 1 action GITHUB_EVENT_PATH=
holds "$(outputs)" failed "$fork"

echo "-- a shallow clone is told, with the remedy"
git clone -q --depth 1 "file://$here" "$scratch/shallow"
at="$scratch/shallow"
exits 2 action
holds "$said" "::error title=bowline::the base $base is not in this clone" "fetch-depth: 0" "git fetch --unshallow"
holds "$(outputs)" broken
[ ! -e "$at/bowline.sarif" ] || fail "a report was written"

echo "-- a push is compared with the commit before it"
at="$here"
event "{\"before\": \"$fork\"}"
exits 1 action GITHUB_BASE_REF=
holds "$said" 0003_index
lacks "$said" 0002_old_index
tidy

echo "-- a new branch has none: everything is judged"
event '{"before": "0000000000000000000000000000000000000000"}'
exits 1 action GITHUB_BASE_REF=
holds "$said" 0003_index 0002_old_index
tidy

echo "-- inputs are values, never script"
event "{\"pull_request\": {\"base\": {\"sha\": \"$base\"}}}"
evil="\$(touch '$scratch/evil'); touch '$scratch/evil'"
for variable in BOWLINE_BASE BOWLINE_FAIL_ON BOWLINE_ENGINE BOWLINE_PATHS; do
    exits 2 action "$variable=$evil"
    exits 2 action "$variable=--output=$scratch/evil"
    [ ! -e "$scratch/evil" ] || fail "$variable was run"
done
tidy

echo "-- no repository, no program"
mkdir "$scratch/plain"
at="$scratch/plain"
exits 2 action GIT_CEILING_DIRECTORIES="$scratch"
holds "$said" "is not in a git repository"
at="$here"
exits 2 action PATH=/usr/bin:/bin
holds "$said" "neither bowline nor cargo is on PATH"

echo "-- action.yml puts no input into a script"
python3 - "$root/action.yml" <<'PYTHON'
import re, sys

text = open(sys.argv[1], encoding="utf-8").read()
inputs = set(re.findall(r"^  ([a-z-]+):$", text.split("outputs:")[0], re.M))
used = set(re.findall(r"\$\{\{ inputs\.([a-z-]+) \}\}", text))
assert inputs == used, (inputs, used)
for line in text.splitlines():
    assert not ("run:" in line and "${{" in line), line
PYTHON
echo "action: all well"
