"""pgspot over an install script: prints "PASS CODE CONTEXT: OBJECT, OBJECT" for what it finds, as tests/shell/security/pgspot.expected has it.

Two passes. "functions" looks into the bodies, as in a schema where only the extension has objects; "script" at the statements of
the script alone, as in a schema where anybody may have laid out look-alikes before. pgspot reads less than Postgres does: what it
cannot read is put in words that it can, none of them weaker.
"""
import re
import subprocess
import sys
import tempfile

program, path = sys.argv[1:]
script = open(path, encoding="utf8").read()

# The replacement by the server in an extension's script.
script = script.replace("@extschema@", "extschema")
# A body that is parsed at creation, with the search_path of the script.
script = re.sub(r"^RETURN (.*?);$", r"SET search_path = health_score_internal, pg_temp AS $r$SELECT \1$r$;", script, flags=re.M | re.S)
# Variables of a table's row type: pgspot does not know the columns.
script = re.sub(r"^(    \w+) health_\w+(;| :=)", r"\1 record\2", script, flags=re.M)
# RETURN NEXT with an expression.
script = re.sub(r"RETURN NEXT (ROW\(.*?);$", r"RETURN NEXT (SELECT \1);", script, flags=re.M | re.S)
if "BEGIN ATOMIC" in script:
    sys.exit("pgspot cannot read BEGIN ATOMIC: write RETURN, or a PL/pgSQL function")

statement = re.compile(r"^(?:CREATE|ALTER|GRANT|COMMENT|SELECT)\b[^(;\n]*", re.M)


def objects(text):
    """The line on which each statement begins, and what it makes."""
    found = []
    for match in statement.finditer(text):
        words = re.sub(r"^CREATE (OR REPLACE )?(UNIQUE )?", "", match.group())
        name = re.search(r"\bhealth_\w+", words)
        found.append((text.count("\n", 0, match.start()) + 1, name.group() if name else words))
    return found


def findings(name, text, *options):
    with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf8") as file:
        file.write(text)
        file.flush()
        answer = subprocess.run([program, *options, file.name], capture_output=True, text=True, check=False).stdout
    if not re.search(r"Errors: \d+ Warnings: \d+ Unknown: 0 \n*\s*$", answer):
        sys.exit("pgspot did not come to the end:\n" + answer[-500:])
    places = objects(text)
    found = {}
    for code, context, line in re.findall(r"^(PS\d+): [^:]*: (.*?) at line (\d+)$", answer, flags=re.M | re.S):
        # The lines of a statement begin after the statement before.
        where = next(what for at, what in places if at >= int(line))
        found.setdefault(f"{name} {code} {' '.join(context.split())}", set()).add(where)
    for finding in sorted(found):
        print(f"{finding}: {', '.join(sorted(found[finding]))}")


findings("functions", "CREATE SCHEMA extschema; " + script)
findings("script", script, "--no-plpgsql", "--ignore", "PS005")
