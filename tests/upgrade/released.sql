-- What an extension has, as tests/upgrade/released.txt lists it. Which types are qualified differs from one Postgres to the next.
\pset format unaligned
\pset tuples_only on
SET search_path = pg_catalog;
SELECT replace(format('%s %s', i.type, i.identity), 'pg_catalog.', '') AS object
  FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score'
 CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i
 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
   -- From one version on Postgres also lists the types of rows and arrays, which come and go with their relation or type.
   AND NOT EXISTS (SELECT FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
                    WHERE d.classid = 'pg_type'::regclass AND t.oid = d.objid AND (t.typcategory = 'A' OR c.relkind <> 'c'))
 ORDER BY replace(format('%s %s', i.type, i.identity), 'pg_catalog.', '') COLLATE "C";
