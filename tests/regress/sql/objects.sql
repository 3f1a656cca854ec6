-- The objects of the extension, by the catalog: named, described, and declared as they are promised.
-- (Newer versions of Postgres count row and array types of a table as members too; they are the table's.)
CREATE VIEW member AS
SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS object, i.schema
  FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
 CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i
 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'health_score'
   AND NOT EXISTS (SELECT FROM pg_type t WHERE d.classid = 'pg_type'::regclass AND t.oid = d.objid AND (t.typrelid <> 0 OR t.typelem <> 0));

-- What users see, so that nothing appears or goes unnoticed.
SELECT object FROM member WHERE schema = 'public' ORDER BY object COLLATE "C";
-- What the extension is made of.
SELECT object FROM member WHERE schema IS DISTINCT FROM 'public' ORDER BY object COLLATE "C";

-- Everything has a comment, columns and hand-made indexes too.
SELECT object FROM member m
 WHERE NOT EXISTS (SELECT FROM pg_description d WHERE d.classoid = m.classid AND d.objoid = m.objid AND d.objsubid = 0 AND d.description <> '');
SELECT m.object, a.attname FROM member m JOIN pg_attribute a ON a.attrelid = m.objid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE m.classid = 'pg_class'::regclass AND m.object NOT LIKE 'sequence %' AND col_description(a.attrelid, a.attnum) IS NULL;
SELECT i.indexrelid::regclass FROM member m JOIN pg_index i ON m.classid = 'pg_class'::regclass AND i.indrelid = m.objid
 WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid) AND obj_description(i.indexrelid, 'pg_class') IS NULL;
-- A comment is a sentence, and fits a terminal's line or three.
SELECT m.object, d.description FROM member m JOIN pg_description d ON d.classoid = m.classid AND d.objoid = m.objid
 WHERE d.description !~ '^[A-Z].*[.…]$' OR length(d.description) > 300 OR d.description ~ '\s\s|\n';

-- All names begin with health_, and all are in the extension's schema or in that of its internals.
SELECT object FROM member m
  LEFT JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
  LEFT JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
  LEFT JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid
 WHERE ltrim(coalesce(p.proname, c.relname, t.typname, split_part(object, ' ', -1)), '_') NOT LIKE 'health\_%'
    OR m.schema <> ALL (ARRAY['health_score_internal', (SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'health_score')]);
-- Users do not see what only Postgres or the extension calls: triggers, support functions, input and output, parts of aggregates.
SELECT p.oid::regprocedure FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
 WHERE m.schema = 'public'
   AND (p.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype, 'cstring'::regtype)
        OR p.proargtypes::oid[] && ARRAY['internal', 'cstring', 'bytea']::regtype[]::oid[]
        OR EXISTS (SELECT FROM pg_aggregate a WHERE p.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn))
        OR EXISTS (SELECT FROM pg_description d WHERE d.objoid = p.oid AND d.classoid = 'pg_proc'::regclass AND d.description ~ 'Not meant to be called|Used by'));
-- Types that users see are those that what they call returns.
SELECT t.oid::regtype FROM member m JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid
 WHERE m.schema = 'public' AND NOT EXISTS (SELECT FROM member f JOIN pg_proc p ON f.classid = 'pg_proc'::regclass AND p.oid = f.objid WHERE f.schema = 'public' AND p.prorettype = t.oid);
-- The schema of the internals has one table, everybody may use it, and nobody but its owner may put anything into it.
SELECT relname FROM pg_class WHERE relnamespace = 'health_score_internal'::regnamespace AND relkind <> 'c' ORDER BY relname COLLATE "C";
SELECT has_schema_privilege('public', 'health_score_internal', 'USAGE') AS usage, has_schema_privilege('public', 'health_score_internal', 'CREATE') AS "create";
-- Nothing is in it that the extension did not put there.
SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'health_score_internal'::regnamespace AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid);
SELECT evtname, evtevent, evttags, evtenabled, evtfoid::regproc FROM pg_event_trigger ORDER BY evtname;

-- Volatility, parallel safety, strictness, cost and rows of each function; the arguments by name.
SELECT p.oid::regprocedure AS function,
       CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END AS volatility,
       CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END AS parallel,
       p.proisstrict AS strict, p.procost AS cost, p.prorows AS rows
  FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid ORDER BY p.oid::regprocedure::text COLLATE "C";
-- By document is immutable, by name stable; both are parallel safe.
SELECT p.oid::regprocedure FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
 WHERE p.proargnames[1] = 'model'
   AND (p.proparallel <> 's' OR p.provolatile <> CASE p.proargtypes[0] WHEN 'jsonb'::regtype THEN 'i' WHEN 'text'::regtype THEN 's' END::"char");
-- The functions of one account have the same arguments, in the same order, with the same defaults, in all eight forms.
SELECT p.proname, count(*) AS forms, count(DISTINCT p.proargtypes) AS different,
       count(*) FILTER (WHERE p.pronargdefaults = 2 AND p.proargnames[1:4] = '{model,account,as_of,segment}'
                          AND p.proargtypes[2] = 'timestamptz'::regtype AND p.proargtypes[3] = 'text'::regtype) AS alike,
       count(DISTINCT coalesce(p.proallargtypes[5:], ARRAY[p.prorettype])) AS results
  FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
 WHERE 'account' = ANY (p.proargnames) GROUP BY p.proname ORDER BY p.proname;
-- Nobody's rights but the caller's; nothing claims to leak nothing; PL/pgSQL functions have their search_path fixed, SQL ones
-- are parsed already, and the procedures, which commit and so cannot have settings, qualify what they use. (Of an aggregate the
-- language says nothing.)
SELECT p.oid::regprocedure, p.prosecdef, p.proleakproof, p.proconfig FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
  JOIN pg_language l ON l.oid = p.prolang
 WHERE p.prosecdef OR p.proleakproof OR (p.prokind <> 'a' AND l.lanname NOT IN ('c', 'plpgsql') AND p.prosqlbody IS NULL)
    OR (l.lanname = 'plpgsql') <> coalesce('search_path=pg_catalog, public, health_score_internal, pg_temp' = ANY (p.proconfig), false);
-- Everybody may call the functions; everybody may read the models and the list of sources; nobody but the owner may write them,
-- or read what runs have met.
SELECT p.oid::regprocedure, p.proacl FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
 WHERE NOT has_function_privilege('public', p.oid, 'EXECUTE');
SELECT relation, privilege
  FROM unnest(ARRAY['health_model', 'health_source', 'health_run', 'health_run_signal', 'health_outcome', 'health_pulse', 'health_override', 'health_pulse_due', 'health_identity']) relation, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) privilege
 WHERE has_table_privilege('public', relation, privilege);

-- The tables: columns, keys, triggers (those that invalidate fire always), and that a dump holds its rows.
CREATE VIEW extension_table AS
SELECT objid AS oid FROM member WHERE classid = 'pg_class'::regclass AND object LIKE 'table %';
SELECT attrelid::regclass AS "table", attname, format_type(atttypid, atttypmod) AS type, attnotnull, pg_get_expr(adbin, adrelid) AS "default"
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON (adrelid, adnum) = (attrelid, attnum)
 WHERE attrelid IN (TABLE extension_table) AND attnum > 0 ORDER BY attrelid::regclass::text COLLATE "C", attnum;
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid IN (TABLE extension_table) AND contype <> 'n' ORDER BY conname COLLATE "C";
SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid IN (TABLE extension_table) ORDER BY indexrelid::regclass::text COLLATE "C";
SELECT tgname, CASE tgenabled WHEN 'A' THEN 'always' WHEN 'O' THEN 'origin' END AS fires, pg_get_triggerdef(oid) FROM pg_trigger
 WHERE tgrelid IN (TABLE extension_table) AND NOT tgisinternal ORDER BY tgname COLLATE "C";
SELECT extconfig::regclass[], extcondition, extrelocatable, extversion FROM pg_extension WHERE extname = 'health_score';
SELECT name, superuser, trusted, relocatable, schema, requires, comment FROM pg_available_extension_versions WHERE name = 'health_score';
DROP VIEW extension_table, member;
