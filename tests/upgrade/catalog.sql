-- Everything that the catalog knows of the extension's objects, one line each: the same after an upgrade as after a fresh install.
-- Names are compared, never oids.
\pset format unaligned
\pset tuples_only on
SET search_path = pg_catalog;

CREATE TEMP VIEW member AS
SELECT d.classid, d.objid, format('%s %s', i.type, i.identity) AS object
  FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score'
 CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i
 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e';

SELECT line FROM (
    SELECT object, 1 AS part, object AS line FROM member
    UNION ALL
    SELECT object, 2, format('%s: comment %s', object, obj_description(objid, (SELECT relname FROM pg_class WHERE oid = classid))) FROM member
    UNION ALL
    -- An acl that says what the default says is as good as none.
    SELECT m.object, 3, format('%s: %s, %s, volatility %s, parallel %s, strict %s, security definer %s, leakproof %s, cost %s, rows %s, support %s, library %s, settings %s, returns %s, arguments %s, acl %s, body %s',
               m.object, l.lanname, p.prokind, p.provolatile, p.proparallel, p.proisstrict, p.prosecdef, p.proleakproof, p.procost, p.prorows, p.prosupport, p.probin, p.proconfig,
               pg_get_function_result(p.oid), pg_get_function_arguments(p.oid),
               (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(coalesce(p.proacl, acldefault('f', p.proowner))) a),
               md5(coalesce(p.prosrc, '') || coalesce(pg_get_function_sqlbody(p.oid), '')))
      FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid JOIN pg_language l ON l.oid = p.prolang
    UNION ALL
    SELECT m.object, 4, format('%s: aggregate %s %s %s %s %s %s %s, state %s %s, moving %s %s %s %s %s, init %s %s, final %s %s, modify %s %s', m.object,
               a.aggkind, a.aggnumdirectargs, a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggtranstype::regtype, a.aggtransspace,
               a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn, a.aggmtranstype::regtype, a.aggmtransspace, a.agginitval, a.aggminitval, a.aggfinalextra, a.aggmfinalextra, a.aggfinalmodify, a.aggmfinalmodify)
      FROM member m JOIN pg_aggregate a ON m.classid = 'pg_proc'::regclass AND a.aggfnoid = m.objid
    UNION ALL
    SELECT m.object, 5, format('%s: %s, options %s, row security %s %s, acl %s, view %s', m.object, c.relkind, c.reloptions, c.relrowsecurity, c.relforcerowsecurity,
               (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) a),
               CASE c.relkind WHEN 'v' THEN md5(pg_get_viewdef(c.oid)) END)
      FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
    UNION ALL
    SELECT m.object, 6, format('%s: column %s %s, not null %s, default %s, identity %s, generated %s, collation %s, compression %s, storage %s, acl %s, comment %s', m.object, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               pg_get_expr(b.adbin, b.adrelid), a.attidentity, a.attgenerated, a.attcollation::regcollation, a.attcompression, a.attstorage, a.attacl, col_description(a.attrelid, a.attnum))
      FROM member m JOIN pg_class c ON c.oid = CASE m.classid WHEN 'pg_class'::regclass THEN m.objid WHEN 'pg_type'::regclass THEN (SELECT typrelid FROM pg_type t WHERE t.oid = m.objid) END
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped LEFT JOIN pg_attrdef b ON (b.adrelid, b.adnum) = (a.attrelid, a.attnum)
    UNION ALL
    SELECT m.object, 7, format('%s: constraint %s %s, comment %s', m.object, k.conname, pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint'))
      FROM member m JOIN pg_constraint k ON m.classid = 'pg_class'::regclass AND k.conrelid = m.objid
    UNION ALL
    SELECT m.object, 8, format('%s: index %s, comment %s', m.object, pg_get_indexdef(i.indexrelid), obj_description(i.indexrelid, 'pg_class'))
      FROM member m JOIN pg_index i ON m.classid = 'pg_class'::regclass AND i.indrelid = m.objid
    UNION ALL
    -- The names of a foreign key's triggers hold oids.
    SELECT m.object, 9, format('%s: trigger %s, enabled %s', m.object,
               CASE WHEN t.tgisinternal THEN format('%s of %s, %s', t.tgfoid::regproc, (SELECT k.conname FROM pg_constraint k WHERE k.oid = t.tgconstraint), t.tgtype) ELSE pg_get_triggerdef(t.oid) END, t.tgenabled)
      FROM member m JOIN pg_trigger t ON m.classid = 'pg_class'::regclass AND t.tgrelid = m.objid
    UNION ALL
    -- Those of foreign keys have numbers for names.
    SELECT m.object, 9, format('%s: foreign key %s checks %s, enabled %s', m.object, k.conname, t.tgfoid::regproc, t.tgenabled)
      FROM member m JOIN pg_trigger t ON m.classid = 'pg_class'::regclass AND t.tgrelid = m.objid AND t.tgisinternal JOIN pg_constraint k ON k.oid = t.tgconstraint
    UNION ALL
    SELECT m.object, 10, format('%s: sequence %s %s %s %s %s %s, owned by %s', m.object, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle, pg_get_serial_sequence(t.oid::regclass::text, a.attname))
      FROM member m JOIN pg_sequence s ON m.classid = 'pg_class'::regclass AND s.seqrelid = m.objid
      LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.deptype IN ('a', 'i') LEFT JOIN pg_class t ON t.oid = d.refobjid LEFT JOIN pg_attribute a ON (a.attrelid, a.attnum) = (d.refobjid, d.refobjsubid)
    UNION ALL
    SELECT m.object, 11, format('%s: dumped where %s', m.object, e.extcondition[array_position(e.extconfig, m.objid)])
      FROM member m JOIN pg_extension e ON e.extname = 'health_score' AND m.classid = 'pg_class'::regclass AND m.objid = ANY (e.extconfig)
    UNION ALL
    SELECT m.object, 12, format('%s: acl %s', m.object, (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(coalesce(n.nspacl, acldefault('n', n.nspowner))) a))
      FROM member m JOIN pg_namespace n ON m.classid = 'pg_namespace'::regclass AND n.oid = m.objid
    UNION ALL
    SELECT m.object, 13, format('%s: on %s %s, calls %s, enabled %s', m.object, t.evtevent, t.evttags, t.evtfoid::regproc, t.evtenabled)
      FROM member m JOIN pg_event_trigger t ON m.classid = 'pg_event_trigger'::regclass AND t.oid = m.objid
) lines ORDER BY line COLLATE "C";
