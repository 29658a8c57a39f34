# Steps with their times, for the scripts of this folder. Sourced, with
# `set -euo pipefail` in force.
# shellcheck shell=bash

names=()
times=()
begun="$SECONDS"

# step NAME: says what begins, and keeps how long the one before took.
step() {
    pass
    names+=("$*")
    started="$SECONDS"
    printf '\n== %s\n' "$*"
}

pass() {
    if [ "${#names[@]}" -gt "${#times[@]}" ]; then
        times+=("$((SECONDS - started))")
    fi
}

# What ends before `all_well` ended within a step.
on_exit() {
    local code="$?"
    if [ "$code" -ne 0 ]; then
        printf '\nFAILED with exit code %s in the step: %s\n' "$code" "${names[-1]:-none}" >&2
    fi
    exit "$code"
}
trap on_exit EXIT

# all_well: the times of all steps.
all_well() {
    pass
    printf '\n== times of %s\n' "$0"
    for at in "${!names[@]}"; do
        printf '%5s s  %s\n' "${times[$at]}" "${names[$at]}"
    done
    printf '%5s s  in total\n' "$((SECONDS - begun))"
}
