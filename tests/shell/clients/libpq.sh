#!/usr/bin/env bash
# Parameters as drivers send them: the extended protocol, with and without types, as text and binary, and pgbench's
# prepared mode. A client that knows nothing of the functions leaves the types to the server (type Oid 0, "unknown").
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

sql <<'SQL'
SELECT health_model_save('libpq', '{
  "signals": {"nps": {"scale": {"linear": [0, 10]}}, "logins": {"scale": {"linear": [0, 20]}}},
  "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 70}],
  "segments": [{"name": "vip", "when": {"input": "nps", "gt": 100}, "patch": {"signals": {"nps": {"weight": 3}}}}]
}') \g /dev/null
CREATE TABLE account AS SELECT i AS id, 9 AS nps, 10 * i AS logins FROM generate_series(1, 2) i;
CREATE TABLE seen (how text, score float8, band text, driver text);
SQL

# pgbench sends every variable as text of unknown type. A wrong answer divides by zero, which ends its run with an error.
script=$TMPDIR/libpq-$$.sql
trap 'rm -f "$script"' EXIT
cat >"$script" <<'SQL'
\set id 1
\set score 65
SELECT 1 / (health_score('libpq', a) = 70)::int FROM account a WHERE id = :id;
SELECT 1 / (health_band('libpq', :score::float8) = 'red')::int;
SELECT 1 / (health_band('libpq', :score::int, 'vip') = 'red')::int;
SELECT 1 / (health_display('libpq', :score) = '65')::int;
SELECT 1 / (health_score(:model, :object) = 70)::int;
SELECT 1 / (health_score(:model, :object, :as_of, :segment) = 80)::int;
SELECT 1 / (health_score(model => :model, account => :object, segment => :segment) = 80)::int;
SELECT 1 / (health_score(:document::jsonb, :object) = 70)::int;
SELECT 1 / (health_band(:model, :object) = 'green')::int;
SELECT 1 / (count(*) = 2)::int FROM health_drivers(:model, :object);
SELECT 1 / (s.score = 70)::int FROM health_assess(:model, :object) s;
SELECT 1 / (health_inputs('nps', :id::int)->>'nps' = '1')::int;
INSERT INTO seen SELECT :mode, health_score(:model, a), health_band(:model, a), d.driver FROM account a, health_drivers(:model, a) d WHERE a.id = :id AND d.rank = 1;
SQL
document=$(sql -c "SELECT definition FROM health_model WHERE name = 'libpq'")
for mode in simple extended prepared; do
  # The simple mode puts variables into the text of the query, so there they need their own quotes.
  quote=
  [ "$mode" != simple ] || quote="'"
  "$BINDIR/pgbench" -n -t 20 -M "$mode" -f "$script" -D mode="$quote$mode$quote" -D model="${quote}libpq$quote" \
    -D object="$quote{\"nps\": 9, \"logins\": 10}$quote" -D as_of="${quote}2026-01-01$quote" -D segment="${quote}vip$quote" \
    -D document="$quote$document$quote" >"$script.log" 2>&1 || fail "pgbench -M $mode: $(grep -m 5 -i -E 'error|abort' "$script.log")"
  rm -f "$script.log"
  found=$(sql -c "SELECT count(*), score, band, driver FROM seen WHERE how = '$mode' GROUP BY 2, 3, 4")
  [ "$found" = "20|70|green|logins" ] || fail "pgbench -M $mode wrote: $found"
  printf 'ok pgbench -M %s\n' "$mode"
done

# PQexecParams itself, by ctypes: what a language's driver does, without any driver.
if ! command -v python3 >/dev/null; then
  printf 'skip libpq PQexecParams: there is no python3\n'
  exit 0
fi
status=0
python3 - "$document" <<'PYTHON' || status=$?
import ctypes, ctypes.util, os, struct, sys

candidates = ["libpq.so.5", ctypes.util.find_library("pq")]
for directory in (os.path.join(os.environ["BINDIR"], "..", "lib"), os.path.join(os.environ["BINDIR"], "..", "..", "..")):
    candidates.append(os.path.join(directory, "libpq.so.5"))
pq = None
for candidate in filter(None, candidates):
    try:
        pq = ctypes.CDLL(candidate)
        break
    except OSError:
        pass
if pq is None:
    print("skip libpq PQexecParams: libpq.so.5 is not to be found")
    sys.exit(0)

P, I = ctypes.c_void_p, ctypes.c_int
pq.PQconnectdb.restype = P
for name, result, *arguments in [
    ("PQstatus", I, P), ("PQerrorMessage", ctypes.c_char_p, P), ("PQresultStatus", I, P), ("PQntuples", I, P),
    ("PQresultErrorField", ctypes.c_char_p, P, I), ("PQgetisnull", I, P, I, I), ("PQgetlength", I, P, I, I), ("PQgetvalue", P, P, I, I),
    ("PQexecParams", P, P, ctypes.c_char_p, I, P, P, P, P, I), ("PQprepare", P, P, ctypes.c_char_p, ctypes.c_char_p, I, P),
    ("PQexecPrepared", P, P, ctypes.c_char_p, I, P, P, P, I), ("PQdescribePrepared", P, P, ctypes.c_char_p),
    ("PQnparams", I, P), ("PQparamtype", ctypes.c_uint, P, I), ("PQclear", None, P), ("PQfinish", None, P),
]:
    function = getattr(pq, name)
    function.restype, function.argtypes = result, arguments
conn = pq.PQconnectdb(b"")  # PGHOST and the others say where
if pq.PQstatus(conn) != 0:
    sys.exit("FAILED libpq: no connection: " + pq.PQerrorMessage(conn).decode())

def fail(what):
    print("FAILED libpq: " + what)
    sys.exit(1)

def pack(values, formats):
    count = len(values)
    raw = [None if value is None else value if isinstance(value, bytes) else value.encode() for value in values]
    return ((ctypes.c_char_p * count)(*raw), (I * count)(*[0 if value is None else len(value) for value in raw]),
            (I * count)(*(formats or [0] * count)))

def outcome(result, binary):
    try:
        if pq.PQresultStatus(result) not in (1, 2):
            return "error " + pq.PQresultErrorField(result, ord("C")).decode()
        if pq.PQntuples(result) == 0 or pq.PQgetisnull(result, 0, 0):
            return None
        value = ctypes.string_at(pq.PQgetvalue(result, 0, 0), pq.PQgetlength(result, 0, 0))
        return struct.unpack(">d", value)[0] if binary else value.decode()
    finally:
        pq.PQclear(result)

def run(query, values, types=None, formats=None, binary=False):
    """PQexecParams; without types paramTypes is NULL, as most drivers have it."""
    given, lengths, formats = pack(values, formats)
    oids = None if types is None else (ctypes.c_uint * len(types))(*types)
    return outcome(pq.PQexecParams(conn, query.encode(), len(values), oids, given, lengths, formats, int(binary)), binary)

def check(name, got, wanted):
    if got != wanted:
        fail(f"{name}: {got!r}, not {wanted!r}")

ACCOUNT, DOCUMENT = '{"nps": 9, "logins": 10}', sys.argv[1]
TEXT, JSON, JSONB, FLOAT8, TIMESTAMPTZ, UNKNOWN = 25, 114, 3802, 701, 1184, 705
FOUR = "SELECT health_score($1, $2, $3, $4)"

check("account", run("SELECT health_score('libpq', $1)", [ACCOUNT]), "70")
check("model and account", run("SELECT health_score($1, $2)", ["libpq", ACCOUNT]), "70")
check("all four", run(FOUR, ["libpq", ACCOUNT, "2026-01-01", "vip"]), "80")
check("NULL as_of and segment", run(FOUR, ["libpq", ACCOUNT, None, None]), "70")
check("NULL account", run(FOUR, ["libpq", None, None, None]), None)
check("NULL model", run(FOUR, [None, ACCOUNT, None, None]), None)
check("named", run("SELECT health_score(account => $2, model => $1, segment => $3)", ["libpq", ACCOUNT, "vip"]), "80")
check("binary result", run("SELECT health_score('libpq', $1)", [ACCOUNT], binary=True), 70.0)
check("row of a table", run("SELECT health_score($1, a) FROM account a WHERE id = $2", ["libpq", "2"]), "95")
check("band of an account", run("SELECT health_band($1, $2)", ["libpq", ACCOUNT]), "green")
check("band in a segment", run("SELECT health_band($1, $2, $3, $4)", ["libpq", ACCOUNT, None, ""]), "green")
check("display", run("SELECT health_display($1, $2)", ["libpq", "69.9"]), "69")
check("drivers", run("SELECT string_agg(driver, ',' ORDER BY rank) FROM health_drivers($1, $2)", ["libpq", ACCOUNT]), "logins,nps")
check("assess", run("SELECT score || band FROM health_assess($1, $2)", ["libpq", ACCOUNT]), "70green")
check("save", run("SELECT health_model_save($1, $2, $3, $4)", ["libpq", DOCUMENT, None, "t"]), "1")
check("get", run("SELECT health_model_get($1) = $2", ["libpq", DOCUMENT]), "t")
check("patch", run("SELECT health_patch($1, $2) ->> 'purpose'", [DOCUMENT, '{"purpose": "renewal"}']), "renewal")
check("model check", run("SELECT count(*) FROM health_model_check($1)", [DOCUMENT]), "0")
check("template", run("SELECT jsonb_typeof(health_template($1))", ["simple"]), "object")
check("health_inputs", run("SELECT health_inputs('nps', $1::int, $2::text, 10)", ["9", "logins"]), '{"nps": 9, "logins": 10}')
# As jsonb_build_object: a value of any type has to have one.
check("health_inputs without types", run("SELECT health_inputs('nps', $1)", ["9"]), "error 42P18")
# A text that is no JSON is an account all the same: said so, not taken for a score.
check("not JSON", run("SELECT health_score($1, $2)", ["libpq", "nps 9"]), "error 22P02")
check("unknown model", run("SELECT health_score($1, $2)", ["lipbq", ACCOUNT]), "error 42704")
check("score without a type", run("SELECT health_band($1, $2)", ["libpq", "70"]), "error 22023")
check("score with a cast", run("SELECT health_band($1, $2::float8)", ["libpq", "70"]), "green")
check("document without a cast", run("SELECT health_score($1, $2)", [DOCUMENT, ACCOUNT]), "error 42704")
print("ok PQexecParams without types")

check("document with a cast", run("SELECT health_score($1::jsonb, $2)", [DOCUMENT, ACCOUNT]), "70")
check("type unknown", run("SELECT health_score($1, $2)", ["libpq", ACCOUNT], [UNKNOWN, UNKNOWN]), "70")
check("jsonb", run("SELECT health_score($1, $2)", ["libpq", ACCOUNT], [TEXT, JSONB]), "70")
check("json", run("SELECT health_score($1, $2)", ["libpq", ACCOUNT], [TEXT, JSON]), "70")
check("text", run("SELECT health_score($1, $2)", ["libpq", ACCOUNT], [TEXT, TEXT]), "70")
check("model untyped, account jsonb", run("SELECT health_score($1, $2)", ["libpq", ACCOUNT], [0, JSONB]), "70")
check("document jsonb", run("SELECT health_score($1, $2)", [DOCUMENT, ACCOUNT], [JSONB, 0]), "70")
check("document and account jsonb", run("SELECT health_score($1, $2)", [DOCUMENT, ACCOUNT], [JSONB, JSONB]), "70")
check("as_of timestamptz", run(FOUR, ["libpq", ACCOUNT, "2026-01-01", "vip"], [TEXT, JSONB, TIMESTAMPTZ, TEXT]), "80")
check("score float8", run("SELECT health_band($1, $2)", ["libpq", "70"], [TEXT, FLOAT8]), "green")
print("ok PQexecParams with types")

check("jsonb in binary", run("SELECT health_score($1, $2)", ["libpq", b"\x01" + ACCOUNT.encode()], [TEXT, JSONB], [1, 1], True), 70.0)
check("json in binary", run("SELECT health_score($1, $2)", ["libpq", ACCOUNT], [TEXT, JSON], [1, 1], True), 70.0)
check("untyped in binary", run("SELECT health_score($1, $2)", ["libpq", ACCOUNT], None, [1, 1], True), 70.0)
check("float8 in binary", run("SELECT health_band($1, $2)", ["libpq", struct.pack(">d", 70)], [TEXT, FLOAT8], [1, 1]), "green")
print("ok PQexecParams in binary")

pq.PQclear(pq.PQprepare(conn, b"s", FOUR.encode(), 0, None))
described = pq.PQdescribePrepared(conn, b"s")
types = [pq.PQparamtype(described, at) for at in range(pq.PQnparams(described))]
pq.PQclear(described)
# Of a parameter without a type, as_of is what only such a parameter can be; it reads a time as timestamptz does.
health_time = int(run("SELECT oid FROM pg_type WHERE typname = $1", ["health_time"]))
check("types that the server chose", types, [TEXT, TEXT, health_time, TEXT])
# Ten times: from the sixth on the plan may be generic.
for account, segment, wanted in [(ACCOUNT, "vip", 80.0), (ACCOUNT, None, 70.0), (None, None, None), ('{"nps": 5}', "", 50.0)] * 10:
    given, lengths, formats = pack(["libpq", account, None, segment], None)
    check("prepared", outcome(pq.PQexecPrepared(conn, b"s", 4, given, lengths, formats, 1), True), wanted)
print("ok PQprepare without types")
pq.PQfinish(conn)
PYTHON
exit "$status"
