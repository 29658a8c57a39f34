"""Statements as bowline cuts and reads them, against PostgreSQL's own grammar.

    grammar.py BOWLINE SHARE FILE…

For each statement that `bowline inspect --format json` names: where the grammar
takes it, it must be one statement; where the grammar refuses it, it must not
become one together with what follows. Of the statements that the grammar takes,
at most SHARE percent may be unparsed.
"""

import json
import subprocess
import sys

import pglast

# Statements that are put together to see whether they are one.
TOGETHER = 4


def parsed(text):
    """How many statements the grammar sees; None where it refuses."""
    try:
        return len(pglast.parse_sql(text))
    except (pglast.parser.ParseError, ValueError, RecursionError):
        return None


def statements(bowline, path):
    # From standard input: no folder says that it is no migration.
    command = [bowline, "inspect", "-", "--format", "json", "--engine", "postgres@18"]
    with open(path, "rb") as file:
        source = file.read()
    run = subprocess.run(command, input=source, capture_output=True, check=False)
    if run.returncode > 1:
        sys.exit(f"{path}: {run.stderr.decode().strip()}")
    found = []
    for statement in json.loads(run.stdout)["statements"]:
        start, end = (statement["range"][side]["byte"] for side in ("start", "end"))
        unread = [o.get("unread") for o in statement["operations"] if o["kind"] == "unparsed"]
        found.append((start, end, statement["range"]["start"]["line"], unread))
    return source, found


def main():
    bowline, share, *paths = sys.argv[1:]
    total = accepted = 0
    unread, cut = [], []
    for path in paths:
        source, found = statements(bowline, path)
        for at, (start, end, line, unparsed) in enumerate(found):
            text = source[start:end].decode("utf-8", "replace")
            # psql's own: commands, and variables that it fills in.
            if text.startswith("\\") or "\n\\" in text:
                continue
            total += 1
            count = parsed(text)
            if count is None:
                for last in found[at + 1 : at + TOGETHER]:
                    if parsed(source[start : last[1]].decode("utf-8", "replace")) == 1:
                        cut.append(f"{path}:{line}: cut too early: {text[:100]!r}")
                        break
            elif count != 1 and text.strip():
                cut.append(f"{path}:{line}: {count} statements in one: {text[:100]!r}")
            else:
                accepted += 1
                if unparsed:
                    unread.append(f"{path}:{line}: {unparsed[0]}: {text[:100]!r}")
    percent = 100 * len(unread) / max(accepted, 1)
    print(
        f"{len(paths)} files, {total} statements, {accepted} that the grammar takes, "
        f"{len(unread)} of them unparsed ({percent:.2f} %), {len(cut)} cut differently"
    )
    if cut:
        sys.exit("\n".join(cut[:20]))
    if percent > float(share):
        sys.exit("\n".join(unread[:40]))


main()
