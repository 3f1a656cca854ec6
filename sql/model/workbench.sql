-- Drafts a model from a relation, and matches a model with a relation.

CREATE FUNCTION @extschema@.health_model_draft(relation regclass, template text DEFAULT 'simple', inputs jsonb DEFAULT NULL,
    as_of timestamptz DEFAULT NULL, bands text DEFAULT NULL)
RETURNS jsonb
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000
AS 'MODULE_PATHNAME', 'health_model_draft';
COMMENT ON FUNCTION @extschema@.health_model_draft(regclass, text, jsonb, timestamptz, text) IS
'A first model for a relation with one row per account: columns found by name or synonym, scales from the 5th to the 95th percentile of a sample; meta gives the reasons. inputs maps inputs or signals to columns (null omits one); ages count to as_of; bands: NULL or ''terciles''.';

--@ for models
CREATE FUNCTION @extschema@.health_model_match(model {model}, relation regclass, as_of timestamptz DEFAULT NULL,
    OUT signal text, OUT input text, OUT column_type text, OUT status text, OUT message text,
    OUT missing_share double precision, OUT invalid_share double precision,
    OUT at_worst_share double precision, OUT at_best_share double precision,
    OUT min double precision, OUT median double precision, OUT max double precision)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 20
AS 'MODULE_PATHNAME', 'health_model_match';
--@ end
COMMENT ON FUNCTION @extschema@.health_model_match(text, regclass, timestamptz) IS
'Whether a relation fits a saved model, and the scales fit the data: a row for the relation, for each signal, and for each input that only rules or segments read; status ok, warning or error. Shares (0 to 1) of a sample of accounts; min, median and max of raw numbers or of ages in days.';
COMMENT ON FUNCTION @extschema@.health_model_match(jsonb, regclass, timestamptz) IS
'Whether a relation fits a model document, and the scales fit the data: as the form by name.';

-- What a draft or a fit decided stands in meta of its document, each under a key of its own.
CREATE FUNCTION @extschema@.health_model_notes(definition jsonb, OUT origin text, OUT kind text, OUT name text, OUT note text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH meta AS (SELECT m.key, m.value FROM jsonb_each(CASE WHEN jsonb_typeof(definition -> 'meta') = 'object' THEN definition -> 'meta' END) m
                   WHERE jsonb_typeof(m.value) = 'object'),
         part AS (SELECT m.key AS origin, p.key, p.value FROM meta m CROSS JOIN LATERAL jsonb_each(m.value) p),
         told AS (
            SELECT p.origin, 1 AS place, 'note' AS kind, NULL::text AS name, n.value #>> '{}' AS note
              FROM part p CROSS JOIN LATERAL jsonb_array_elements(p.value) n WHERE p.key = 'notes' AND jsonb_typeof(p.value) = 'array'
            UNION ALL
            SELECT p.origin, 2, 'column', n.key, n.value #>> '{}'
              FROM part p CROSS JOIN LATERAL jsonb_each(p.value) n WHERE p.key IN ('left_out', 'no_weight') AND jsonb_typeof(p.value) = 'object'
            UNION ALL
            SELECT p.origin, 3, rtrim(d.key, 's'), n.key, n.value #>> '{}'
              FROM part p CROSS JOIN LATERAL jsonb_each(p.value) d CROSS JOIN LATERAL jsonb_each(CASE WHEN jsonb_typeof(d.value) = 'object' THEN d.value END) n
             WHERE p.key = 'dropped' AND jsonb_typeof(p.value) = 'object')
    SELECT t.origin, t.kind, t.name, t.note FROM told t
     ORDER BY t.origin, t.place, t.note !~ '^unknown name', t.kind, t.name COLLATE "C", t.note COLLATE "C";
END
$$;
COMMENT ON FUNCTION @extschema@.health_model_notes(jsonb) IS
'What a draft or a fit says about its document in meta: notes, columns that it left out, and signals, rules and segments of the template that it dropped, each with the reason. Columns with unknown names come first.';
