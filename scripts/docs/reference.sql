-- From the catalog: pg_temp.public_page() is the body of docs/reference.md, pg_temp.internal_page() of docs/internals.md.
-- scripts/docs/reference.sh has made the temporary table subject (place, title, page, pattern).

CREATE FUNCTION pg_temp.short(type oid, modifier int = NULL) RETURNS text LANGUAGE sql
RETURN replace(format_type(type, modifier), 'timestamp with time zone', 'timestamptz');

-- Comments are written for psql; in Markdown some of their signs would mean something.
CREATE FUNCTION pg_temp.prose(comment text) RETURNS text LANGUAGE sql
RETURN regexp_replace(comment, '([<>|*\[\]])', '\\\1', 'g');

CREATE TEMP VIEW argument AS
SELECT p.oid AS function, a.number, a.name, a.type, coalesce(a.mode, 'i') AS mode,
       regexp_replace(pg_get_function_arg_default(p.oid, a.number::int), '::[a-z \[\]]+$', '') AS by_default
  FROM pg_proc p,
       ROWS FROM (unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])),
                  unnest(p.proargnames), unnest(p.proargmodes))
           WITH ORDINALITY AS a (type, name, mode, number)
 WHERE a.type IS NOT NULL;

-- Arguments that a function takes ('i', 'b', 'v'), or columns that it returns ('o', 't'): name, type and default.
CREATE FUNCTION pg_temp.arguments(of_function oid, modes text) RETURNS text LANGUAGE sql
RETURN (
    SELECT string_agg(
               concat_ws(' ', CASE WHEN mode = 'v' THEN 'VARIADIC' END, nullif(name, ''), pg_temp.short(type))
               || coalesce(' = ' || by_default, ''),
               ', ' ORDER BY number)
      FROM argument WHERE function = of_function AND strpos(modes, mode::text) > 0);

-- Functions, relations and types of the extension.
CREATE TEMP TABLE member AS
SELECT d.classid, d.objid AS oid, coalesce(p.proname, c.relname, t.typname) AS name,
       coalesce(p.pronamespace, c.relnamespace, t.typnamespace) = e.extnamespace AS is_public,
       CASE WHEN t.oid IS NOT NULL THEN 'Type'
            ELSE CASE c.relkind WHEN 'r' THEN 'Table' WHEN 'v' THEN 'View' WHEN 'S' THEN 'Sequence' END END AS kind,
       coalesce(c.oid, t.typrelid) AS columns_of, obj_description(d.objid, d.classid::regclass::text) AS comment
  FROM pg_depend d
  JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score'
  LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
  LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind <> 'c'
  LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid AND t.typelem = 0
                     AND (t.typtype = 'b'
                          OR EXISTS (SELECT FROM pg_class x WHERE x.oid = t.typrelid AND x.relkind = 'c'))
 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
   AND coalesce(p.proname, c.relname, t.typname) IS NOT NULL;

CREATE TEMP VIEW form AS
SELECT m.oid, m.name, m.is_public, m.comment,
       regexp_replace(
           m.comment, 'given as (a row|a jsonb object|a json object|a text or literal holding a JSON object)',
           'given as …') AS alike,
       format('%s(%s)%s', m.name, pg_temp.arguments(m.oid, 'ibv'),
              CASE WHEN p.prokind <> 'p'
                   THEN concat(' → ', CASE WHEN p.proretset THEN 'SETOF ' END, pg_temp.short(p.prorettype))
              END) AS signature,
       concat_ws(', ',
           CASE WHEN p.prokind = 'a' THEN 'Aggregate' WHEN p.prokind = 'p' THEN 'Procedure'
                WHEN p.prorettype = 'trigger'::regtype THEN 'Trigger function' ELSE 'Function' END,
           CASE WHEN p.prokind = 'f'
                THEN CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END END,
           CASE WHEN p.prokind <> 'p'
                THEN 'parallel '
                     || CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END END
       ) AS kind,
       pg_temp.arguments(m.oid, 'ot') AS columns
  FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.oid;

CREATE FUNCTION pg_temp.column_table(relation oid) RETURNS text LANGUAGE sql
RETURN (
    SELECT E'\n\n| column | type | meaning |\n|---|---|---|\n' || string_agg(
               format('| `%s` | %s | %s |', attname, pg_temp.short(atttypid, atttypmod),
                      pg_temp.prose(col_description(attrelid, attnum))),
               E'\n' ORDER BY attnum)
      FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
    HAVING count(*) > 0);

-- Forms of a function whose comments say the same, but for the kind of account, stand together.
CREATE TEMP TABLE entry AS
SELECT name, is_public, min(oid::bigint) AS first,
       format(E'```\n%s\n```\n\n%s. %s%s',
              string_agg(signature, E'\n' ORDER BY oid), kind,
              pg_temp.prose(
                  CASE WHEN count(*) = 1 THEN min(comment)
                       ELSE replace(alike, 'given as …', 'given as a row, or as a JSON object (jsonb, json or text)')
                  END),
              E'\n\nColumns: ' || columns || '.') AS text
  FROM form GROUP BY name, is_public, kind, alike, columns
UNION ALL
SELECT name, is_public, oid::bigint,
       concat(kind, '. ', pg_temp.prose(comment),
              CASE WHEN kind <> 'Sequence' THEN pg_temp.column_table(columns_of) END)
  FROM member WHERE kind IS NOT NULL;

-- One section an object: its forms one below the other.
CREATE TEMP TABLE section AS
SELECT name, is_public, min(first) AS first,
       format(E'### %s\n\n%s', name, string_agg(text, E'\n\n' ORDER BY first)) AS text,
       (SELECT s.place FROM subject s
         WHERE s.pattern = name OR s.pattern LIKE '%*' AND starts_with(name, rtrim(s.pattern, '*'))
         ORDER BY length(s.pattern) DESC LIMIT 1) AS place
  FROM entry GROUP BY name, is_public;

CREATE TEMP VIEW chapter AS
SELECT place, title, page, string_agg(format('[%s](#%1$s)', name), ', ' ORDER BY first) AS names,
       string_agg(text, E'\n\n' ORDER BY first) AS texts
  FROM section JOIN (SELECT DISTINCT place, title, page FROM subject) s USING (place)
 WHERE is_public GROUP BY place, title, page;

CREATE FUNCTION pg_temp.public_page() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    homeless text := (SELECT string_agg(name, ', ') FROM section WHERE is_public AND place IS NULL);
BEGIN
    IF homeless IS NOT NULL THEN
        RAISE 'scripts/docs/reference.sh has no subject for %', homeless;
    END IF;
    RETURN (
        SELECT concat(
                   E'\n',
                   string_agg(format('- [%s](#%s): %s', title, replace(lower(title), ' ', '-'), names),
                              E'\n' ORDER BY place),
                   string_agg(format(E'\n\n## %s\n\nExplained in [%s](%s).\n\n%s', title, page, page, texts),
                              '' ORDER BY place))
          FROM chapter);
END
$$;

CREATE FUNCTION pg_temp.internal_page() RETURNS text LANGUAGE sql
RETURN (
    SELECT E'\n' || string_agg(regexp_replace(text, '^###', '##'), E'\n\n' ORDER BY name COLLATE "C")
      FROM section WHERE NOT is_public);
