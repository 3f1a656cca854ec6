-- The bodies of docs/reference.md and docs/internals.md from the catalog: pg_temp.public_page() and pg_temp.internal_page().
-- scripts/docs/reference.sh has made the temporary table subject (place, title, page, pattern).

CREATE FUNCTION pg_temp.short(type text) RETURNS text LANGUAGE sql
RETURN replace(type, 'timestamp with time zone', 'timestamptz');

-- Comments are written for psql; in Markdown some of their signs would mean something.
CREATE FUNCTION pg_temp.prose(comment text) RETURNS text LANGUAGE sql
RETURN regexp_replace(comment, '([<>|*\[\]])', '\\\1', 'g');

-- Arguments that a function takes ('i', 'b', 'v'), or columns that it returns ('o', 't'): name, type and default.
CREATE FUNCTION pg_temp.arguments(function oid, modes text) RETURNS text LANGUAGE sql
BEGIN ATOMIC
    SELECT coalesce(string_agg(concat_ws(' ', CASE WHEN mode = 'v' THEN 'VARIADIC' END, nullif(a.name, ''), pg_temp.short(format_type(a.type, NULL)))
                               || coalesce(' = ' || regexp_replace(pg_get_function_arg_default(p.oid, a.number::int), '::[a-z \[\]]+$', ''), ''), ', ' ORDER BY a.number), '')
      FROM pg_proc p,
           ROWS FROM (unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])), unnest(p.proargnames), unnest(p.proargmodes)) WITH ORDINALITY AS a (type, name, m, number),
           coalesce(a.m, 'i') AS mode
     WHERE p.oid = function AND a.type IS NOT NULL AND strpos(modes, mode::text) > 0;
END;

CREATE FUNCTION pg_temp.result(function oid) RETURNS text LANGUAGE sql
BEGIN ATOMIC
    SELECT CASE WHEN p.prokind = 'p' THEN '' ELSE ' → ' || CASE WHEN p.proretset THEN 'SETOF ' ELSE '' END || pg_temp.short(format_type(p.prorettype, NULL)) END
      FROM pg_proc p WHERE p.oid = function;
END;

CREATE TEMP TABLE member AS
SELECT d.classid, d.objid AS oid, coalesce(p.proname, c.relname, t.typname) AS name,
       coalesce(p.pronamespace, c.relnamespace, t.typnamespace) = e.extnamespace AS is_public,
       CASE WHEN c.relkind = 'r' THEN 'Table' WHEN c.relkind = 'v' THEN 'View' WHEN c.relkind = 'S' THEN 'Sequence' WHEN t.oid IS NOT NULL THEN 'Type' END AS kind,
       coalesce(c.oid, t.typrelid) AS columns_of, obj_description(d.objid, d.classid::regclass::text) AS comment
  FROM pg_depend d
  JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score'
  LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
  LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind <> 'c'
  LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid AND t.typelem = 0
                     AND (t.typtype = 'b' OR EXISTS (SELECT FROM pg_class x WHERE x.oid = t.typrelid AND x.relkind = 'c'))
 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND coalesce(p.proname, c.relname, t.typname) IS NOT NULL;

-- Forms of a function whose comments say the same, but for the kind of account, stand together.
CREATE TEMP TABLE entry AS
SELECT name, is_public, min(oid::bigint) AS first,
       E'```\n' || string_agg(name || '(' || pg_temp.arguments(oid, 'ibv') || ')' || pg_temp.result(oid), E'\n' ORDER BY oid) || E'\n```\n\n' || kind || '. '
       || pg_temp.prose(CASE WHEN count(*) = 1 THEN min(comment) ELSE replace(alike, 'given as …', 'given as a row, or as a JSON object (jsonb, json or text)') END)
       || coalesce(E'\n\nColumns: ' || columns || '.', '') AS text
  FROM (SELECT m.oid, m.name, m.is_public, m.comment, regexp_replace(m.comment, 'given as (a row|a jsonb object|a json object|a text or literal holding a JSON object)', 'given as …') AS alike,
               CASE p.prokind WHEN 'a' THEN 'Aggregate' WHEN 'p' THEN 'Procedure' ELSE
                    CASE WHEN p.prorettype = 'trigger'::regtype THEN 'Trigger function' ELSE 'Function' END
                    || CASE p.provolatile WHEN 'i' THEN ', immutable' WHEN 's' THEN ', stable' ELSE ', volatile' END END
               || CASE WHEN p.prokind = 'p' THEN '' WHEN p.proparallel = 's' THEN ', parallel safe' WHEN p.proparallel = 'r' THEN ', parallel restricted' ELSE ', parallel unsafe' END AS kind,
               nullif(pg_temp.arguments(m.oid, 'ot'), '') AS columns
          FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.oid) f
 GROUP BY name, is_public, kind, alike, columns
UNION ALL
SELECT m.name, m.is_public, m.oid::bigint,
       m.kind || '. ' || pg_temp.prose(m.comment)
       || coalesce(E'\n\n| column | type | meaning |\n|---|---|---|\n' || (
            SELECT string_agg(format('| `%s` | %s | %s |', a.attname, pg_temp.short(format_type(a.atttypid, a.atttypmod)), coalesce(pg_temp.prose(col_description(a.attrelid, a.attnum)), '')), E'\n' ORDER BY a.attnum)
              FROM pg_attribute a WHERE a.attrelid = m.columns_of AND m.kind <> 'Sequence' AND a.attnum > 0 AND NOT a.attisdropped), '')
  FROM member m WHERE m.kind IS NOT NULL;

-- One section an object: its forms one below the other.
CREATE TEMP TABLE section AS
SELECT name, is_public, min(first) AS first, '### ' || name || E'\n\n' || string_agg(text, E'\n\n' ORDER BY first) AS text,
       (SELECT s.place FROM subject s
         WHERE s.pattern = name OR s.pattern LIKE '%*' AND starts_with(name, rtrim(s.pattern, '*')) ORDER BY length(s.pattern) DESC LIMIT 1) AS place
  FROM entry GROUP BY name, is_public;

CREATE FUNCTION pg_temp.public_page() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    homeless text := (SELECT string_agg(name, ', ') FROM section WHERE is_public AND place IS NULL);
BEGIN
    IF homeless IS NOT NULL THEN
        RAISE 'scripts/docs/reference.sh has no subject for %', homeless;
    END IF;
    RETURN (
        SELECT E'\n' || string_agg(format('- [%s](#%s): %s', title, replace(lower(title), ' ', '-'), names), E'\n' ORDER BY place)
               || string_agg(format(E'\n\n## %s\n\nExplained in [%s](%s).\n\n%s', title, page, page, texts), '' ORDER BY place)
          FROM (SELECT s.place, s.title, s.page, string_agg(format('[%s](#%s)', name, name), ', ' ORDER BY first) AS names, string_agg(text, E'\n\n' ORDER BY first) AS texts
                  FROM (SELECT DISTINCT place, title, page FROM subject) s JOIN section USING (place) WHERE is_public GROUP BY s.place, s.title, s.page) chapter);
END
$$;

CREATE FUNCTION pg_temp.internal_page() RETURNS text LANGUAGE sql
RETURN (SELECT E'\n' || string_agg(regexp_replace(text, '^###', '##'), E'\n\n' ORDER BY name COLLATE "C") FROM section WHERE NOT is_public);
