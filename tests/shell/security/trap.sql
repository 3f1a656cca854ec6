-- A schema of look-alikes at the beginning of a search_path: every operator, function and table of Postgres and of the
-- extension, every base type as a domain, and overloads that match a call better than the right object. Each use is
-- reported, even if the caller catches the error.
CREATE SCHEMA trap;
CREATE SCHEMA safe;
SET check_function_bodies = off;
SET search_path = pg_catalog;

CREATE FUNCTION trap.spring() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'TRAPPED by a domain'; RAISE EXCEPTION 'trapped'; END $$;

CREATE TABLE safe.laid (kind text, laid boolean);

DO $$
DECLARE
    one record;
    body text;
BEGIN
    -- Functions with the same arguments. PL/pgSQL does not support "any" and internal arguments: such a look-alike is
    -- an input function of Postgres that accepts no value.
    FOR one IN
        SELECT p.proname, format_type(p.prorettype, NULL) AS result, p.proretset, p.provariadic <> 0 AS variadic,
               ARRAY(SELECT CASE WHEN p.provariadic <> 0 AND i = p.pronargs THEN 'VARIADIC ' ELSE '' END || format_type(p.proargtypes[i - 1], NULL) FROM generate_series(1, p.pronargs) i) AS arguments
          FROM pg_proc p
         WHERE (p.pronamespace = 'pg_catalog'::regnamespace OR p.proname LIKE 'health\_%') AND p.prokind <> 'p'
           AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype, 'cstring'::regtype)
    LOOP
        body := format('BEGIN RAISE WARNING ''TRAPPED by %s''; RAISE EXCEPTION ''trapped''; END', one.proname);
        BEGIN
            EXECUTE format('CREATE FUNCTION trap.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', one.proname, array_to_string(one.arguments, ', '),
                CASE WHEN one.proretset THEN 'SETOF ' ELSE '' END || CASE WHEN one.result IN ('"any"') THEN 'text' ELSE one.result END, body);
            INSERT INTO safe.laid VALUES ('function', true);
        EXCEPTION WHEN OTHERS THEN
            BEGIN
                EXECUTE format('CREATE FUNCTION trap.%I(%s) RETURNS %s LANGUAGE internal AS ''any_in''', one.proname, array_to_string(one.arguments, ', '), one.result);
                INSERT INTO safe.laid VALUES ('function', true);
            EXCEPTION WHEN OTHERS THEN
                INSERT INTO safe.laid VALUES ('function', false);
            END;
        END;
    END LOOP;
    -- Operators of Postgres and, for the usual names, of any two types: a literal takes the type of the other operand,
    -- and an exact match wins over a conversion.
    FOR one IN
        SELECT o.oprname, CASE WHEN o.oprleft <> 0 THEN format_type(o.oprleft, NULL) END AS "left", format_type(o.oprright, NULL) AS "right", format_type(o.oprresult, NULL) AS result
          FROM pg_operator o WHERE o.oprnamespace = 'pg_catalog'::regnamespace
         UNION
        SELECT o, l, r, 'boolean' FROM unnest(ARRAY['=', '<>', '<', '<=', '>', '>=', '+', '-', '*', '/', '||', '->', '->>', '#>', '#>>', '?', '@>', '~', '!~', '~*']) o,
               unnest(ARRAY['text', 'integer', 'bigint', 'double precision', 'numeric', 'jsonb', 'timestamp with time zone', 'interval', 'boolean', 'text[]']) l,
               unnest(ARRAY['text', 'integer', 'bigint', 'double precision', 'numeric', 'jsonb', 'timestamp with time zone', 'interval', 'boolean', 'text[]']) r
         ORDER BY 4
    LOOP
        BEGIN
            EXECUTE format('CREATE OR REPLACE FUNCTION trap.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', 'operator ' || one.oprname, concat_ws(', ', one."left", one."right"), one.result,
                format('BEGIN RAISE WARNING ''TRAPPED by %s''; RAISE EXCEPTION ''trapped''; END', replace(one.oprname, '%', '%%')));
            EXECUTE format('CREATE OPERATOR trap.%s (%s RIGHTARG = %s, FUNCTION = trap.%I)', one.oprname, 'LEFTARG = ' || one."left" || ',', one."right", 'operator ' || one.oprname);
            INSERT INTO safe.laid VALUES ('operator', true);
        EXCEPTION WHEN OTHERS THEN
            INSERT INTO safe.laid VALUES ('operator', false);
        END;
    END LOOP;
    -- Tables: empty, so that a query on a look-alike returns another result; tables of the extension with rows where
    -- possible.
    FOR one IN
        SELECT c.oid::regclass AS relation, c.relname FROM pg_class c
         WHERE c.relkind IN ('r', 'v', 'p') AND (c.relnamespace = 'pg_catalog'::regnamespace OR c.relname LIKE 'health\_%' AND c.relnamespace = 'public'::regnamespace)
    LOOP
        BEGIN
            EXECUTE format('CREATE TABLE trap.%I AS SELECT * FROM %s LIMIT 0', one.relname, one.relation);
            INSERT INTO safe.laid VALUES ('table', true);
        EXCEPTION WHEN OTHERS THEN
            INSERT INTO safe.laid VALUES ('table', false);
        END;
    END LOOP;
    -- Types: the names in declarations and casts.
    FOR one IN SELECT t.typname FROM pg_type t WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype = 'b' AND t.typelem = 0 LOOP
        EXECUTE format('CREATE DOMAIN trap.%I AS pg_catalog.%I CHECK (trap.spring())', one.typname, one.typname);
        INSERT INTO safe.laid VALUES ('type', true);
    END LOOP;
    -- Casts belong to types, not to a schema: only casts of the trap's own types are possible.
    FOR one IN SELECT c.oid::regclass AS relation, c.reltype::regtype AS type FROM pg_class c WHERE c.relnamespace = 'trap'::regnamespace AND c.relname IN ('health_model', 'health_source', 'health_run') LOOP
        EXECUTE format('CREATE FUNCTION trap.cast_to(pg_catalog.text, %s, boolean) RETURNS %s LANGUAGE plpgsql AS ''BEGIN RAISE WARNING ''''TRAPPED by a cast''''; RAISE EXCEPTION ''''trapped''''; END''', one.type, one.type);
        EXECUTE format('CREATE FUNCTION trap.%I(public.%I) RETURNS %s LANGUAGE plpgsql AS ''BEGIN RAISE WARNING ''''TRAPPED by a cast''''; RAISE EXCEPTION ''''trapped''''; END''', 'from ' || one.relation, split_part(one.relation::text, '.', 2), one.type);
        EXECUTE format('CREATE CAST (public.%I AS %s) WITH FUNCTION trap.%I(public.%I) AS IMPLICIT', split_part(one.relation::text, '.', 2), one.type, 'from ' || one.relation, split_part(one.relation::text, '.', 2));
        INSERT INTO safe.laid VALUES ('cast', true);
    END LOOP;
END
$$;

-- The trap also has models, if the extension is installed.
SELECT pg_catalog.to_regclass('public.health_model') IS NOT NULL AS there \gset
\if :there
INSERT INTO trap.health_model (name, version, definition, active)
SELECT m.name, m.version, '{"signals": {"a": {"scale": {"steps": [[0, 99]]}}}}', m.active FROM public.health_model m;
\endif
SELECT format('%s: %s of %s', kind, count(*) FILTER (WHERE laid), count(*)) FROM safe.laid GROUP BY kind ORDER BY kind;
