-- What an extension has, as tests/upgrade/released.txt lists it.
\pset format unaligned
\pset tuples_only on
SET search_path = pg_catalog;
SELECT format('%s %s', i.type, i.identity) AS object
  FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score'
 CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i
 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
 ORDER BY format('%s %s', i.type, i.identity) COLLATE "C";
