"""Runs the migrations of a project with psql, as its tool would.

Which files there are, in which order and in which transaction, is what `bowline
check --format json` says on standard input. Arguments: the project's folder,
`up` or `down`.
"""

import json
import re
import subprocess
import sys

# What stands between the ways forward and back in one file.
MARKS = {
    "goose": (r"^-- \+goose Up.*$", r"^-- \+goose Down.*$"),
    "dbmate": (r"^-- migrate:up.*$", r"^-- migrate:down.*$"),
    "sql-migrate": (r"^-- \+migrate Up.*$", r"^-- \+migrate Down.*$"),
    "node-pg-migrate": (r"^-- Up Migration$", r"^-- Down Migration$"),
    "tern": (None, r"^---- create above / drop below ----$"),
}


def part(text, migration):
    """The text that the tool sends for one direction of a migration."""
    layout, way = migration["layout"], migration["direction"]
    if layout == "liquibase":
        return changeset(text, migration["id"], way)
    if layout not in MARKS:
        return text
    up, down = MARKS[layout]
    halves = re.split(down, text, maxsplit=1, flags=re.M)
    if way == "down":
        return halves[1]
    return re.split(up, halves[0], maxsplit=1, flags=re.M)[1] if up else halves[0]


def changeset(text, name, way):
    sets = re.split(r"^--changeset ", text, flags=re.M)[1:]
    body = next(body for body in sets if body.split()[0] == name)
    lines = body.split("\n")[1:]
    back = [line.removeprefix("--rollback ") for line in lines if line.startswith("--rollback ")]
    forward = [line for line in lines if not line.startswith("--rollback ")]
    return "\n".join(back if way == "down" else forward)


def psql(arguments, sql):
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *arguments]
    run = subprocess.run(command, input=sql, text=True, capture_output=True)
    return run.stderr.strip() if run.returncode else None


def send(transaction, sql):
    """Sends a text as a tool does that has such transactions."""
    if transaction == "implicit":
        return psql(["-c", sql], "")
    if transaction in ("file", "all-pending"):
        return psql(["-1", "-f", "-"], sql)
    return psql(["-f", "-"], sql)


def main(folder, way):
    migrations = [m for m in json.load(sys.stdin)["migrations"] if m["direction"] == way]
    if way == "down":
        migrations.reverse()
    pending = ""
    failed = False
    for migration in migrations:
        with open(f"{folder}/{migration['path']}", encoding="utf-8", newline="") as file:
            sql = part(file.read(), migration)
        transaction = migration["transaction"]
        if migration["layout"] == "flyway" and "CONCURRENTLY" in sql:
            transaction = "statement"
        if transaction == "all-pending":
            pending += sql + "\n"
            continue
        problem = send(transaction, sql)
        if problem:
            failed = True
            print(f"{migration['path']} {migration['id']} {way}: {problem}")
    if pending:
        problem = send("all-pending", pending)
        if problem:
            failed = True
            print(f"all pending {way}: {problem}")
    return failed


sys.exit(main(*sys.argv[1:]))
