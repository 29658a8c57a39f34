#!/usr/bin/env bash
# The snippets of docs, and what the README shows of commits and pull requests,
# run as far as no service is needed.
set -euo pipefail
# shellcheck source=tests/places/lib.sh
source "$(dirname "$0")/lib.sh"
venv pre-commit pre-commit==4.7.0
export PRE_COMMIT_HOME="$scratch/cache"
export PATH="$venv/bin:$scratch/bin:$PATH"

# block DOCUMENT LANGUAGE WORD: the first fenced block of the language that has
# the word in it.
block() {
    "$venv/bin/python" - "$root/docs/$1" "$2" "$3" <<'PYTHON'
import re, sys

path, language, word = sys.argv[1:]
text = open(path, encoding="utf-8").read()
blocks = re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)
found = [block for block in blocks if word in block]
if not found:
    sys.exit(f"{path} has no {language} block with {word}")
print(found[0], end="")
PYTHON
}

# script: the lines of the GitLab job that is read from standard input.
script() {
    "$venv/bin/python" -c 'import sys, yaml; print("\n".join(yaml.safe_load(sys.stdin)["migrations"]["script"]))'
}

# A clone with a topic branch that brings one finding.
repository "$scratch/origin"
migration "$scratch/origin" 0002_old_index "CREATE INDEX users_old ON users (id);" "DROP INDEX users_old;"
git -C "$scratch/origin" add -A
git -C "$scratch/origin" commit -q -m "old"
git clone -q "$scratch/origin" "$scratch/clone"
cd "$scratch/clone"
git checkout -q -b topic
migration . 0003_index "$bad_up" "$bad_down"
git add -A
git commit -q -m "topic"

echo "-- a plain shell"
block ci.md sh 'base=' >"$scratch/shell.sh"
exits 1 bash -euo pipefail "$scratch/shell.sh"
holds "$said" 0003_index
lacks "$said" 0002_old_index
[ -s bowline.sarif ] && [ -s bowline.md ] || fail "the reports are missing"
holds "$(cat bowline.md)" "$(block ../README.md markdown 0003_index)"
rm bowline.sarif bowline.md
exits 0 env BASE=HEAD bash -euo pipefail "$scratch/shell.sh"

echo "-- GitLab"
block ci.md yaml gitlab | script >"$scratch/gitlab.sh"
exits 1 env CI_MERGE_REQUEST_DIFF_BASE_SHA="$(git rev-parse origin/main)" bash -euo pipefail "$scratch/gitlab.sh"
python3 - gl-code-quality-report.json <<'PYTHON'
import json, sys

found = [(issue["check_name"], issue["location"]["path"]) for issue in json.load(open(sys.argv[1]))]
assert ("create-index-blocking", "db/migrations/0003_index.up.sql") in found, found
assert all("0002" not in path for _, path in found), found
PYTHON

echo "-- reviewdog's input"
block ci.md sh rdjsonl >"$scratch/reviewdog.sh"
exits 0 bash -euo pipefail "$scratch/reviewdog.sh"
python3 -c 'import json, sys; assert any("0003_index" in json.loads(line)["location"]["path"] for line in open(sys.argv[1]))' bowline.rdjsonl

echo "-- GitHub's workflow gives the action only inputs that it has"
block ci.md yaml 'runs-on' >"$scratch/workflow.yml"
"$venv/bin/python" - "$scratch/workflow.yml" "$root/action.yml" <<'PYTHON'
import re, sys, yaml

workflow, action = (yaml.safe_load(open(path, encoding="utf-8")) for path in sys.argv[1:])
steps = workflow["jobs"]["bowline"]["steps"]
step = next(step for step in steps if step.get("id") == "bowline")
assert set(step["with"]) <= set(action["inputs"]), step
used = set(re.findall(r"steps\.bowline\.outputs\.(\w+)", str(steps)))
assert used and used <= set(action["outputs"]), used
assert steps[0]["with"]["fetch-depth"] == 0
assert action["runs"]["using"] == "composite"
PYTHON

echo "-- pre-commit with the program on the PATH"
block pre-commit.md yaml 'language: system' >.pre-commit-config.yaml
pre-commit validate-config
git add .pre-commit-config.yaml
git commit -q -m "the hook"
migration . 0004_index "CREATE INDEX users_more ON users (email, id);" "DROP INDEX users_more;"
git add -A
exits 1 pre-commit run
holds "$said" create-index-blocking 0004_index
lacks "$said" 0003_index 0002_old_index

echo "-- the commit that the README shows"
git reset -q HEAD~2
git add .pre-commit-config.yaml db/migrations/0003_index.*
pre-commit install >/dev/null
exits 1 git commit -m "Find users by their address"
block ../README.md text 'git commit' | tail -n +2 >"$scratch/readme"
printf '%s\n' "$said" | diff -u "$scratch/readme" - || fail "the README shows another report"
pre-commit uninstall >/dev/null
git commit -q -m "topic"
git add -A

echo "-- an editor without a language client"
exits 1 bash -euo pipefail -c "cd '$root/fixtures/shop' && $(block editors.md console stdin-filename |
    sed -e 's/^\$ //' -e "s#draft.sql#migrations/0013_index_payments_provider_ref.up.sql#")"
holds "$said" create-index-blocking migrations/0021_new.up.sql
lacks "$said" rename-column

echo "-- the task for VS Code"
task="$(block editors.md json bowline | "$venv/bin/python" -c 'import json, sys; print(json.load(sys.stdin)["tasks"][0]["command"])')"
# shellcheck disable=SC2016
exits 1 bash -euo pipefail -c "${task//'${relativeFile}'/db/migrations/0003_index.up.sql}"
holds "$said" create-index-blocking 0003_index

echo "-- a git hook without pre-commit"
block pre-commit.md sh 'hooks/pre-commit' >"$scratch/hook.sh"
bash -eu "$scratch/hook.sh"
exits 1 git commit -m "a change"
holds "$said" create-index-blocking 0004_index
git rm -q -f --cached -- db/migrations/0004_index.up.sql db/migrations/0004_index.down.sql
git commit -q --allow-empty -m "nothing is staged that is SQL"
echo "snippets: all well"
