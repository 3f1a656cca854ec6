-- health_model_review: is a model out of date? And the note that somebody has looked.

CREATE FUNCTION @extschema@.health_model_reviewed(name text, note text)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    plain text := pg_catalog.regexp_replace(name, '@[0-9]+$', '');
    wanted integer := pg_catalog.substring(name, '@([0-9]+)$');
    reviewed integer;
BEGIN
    IF name IS NULL OR COALESCE(pg_catalog.btrim(note), '') OPERATOR(pg_catalog.=) '' THEN
        RAISE EXCEPTION 'name and note must not be null or empty' USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'A review without a word of what was found is none.',
            HINT = 'For example: SELECT health_model_reviewed(''saas'', ''AUC as in spring; weights stay'').';
    END IF;
    -- Raises for a model that does not exist.
    PERFORM health_model_get(name);
    UPDATE health_model m
       SET reviewed_at = pg_catalog.now(),
           note = pg_catalog.concat_ws('; ', m.note, pg_catalog.format('reviewed %s by %s: %s',
                      pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYY-MM-DD'), current_user, pg_catalog.btrim(health_model_reviewed.note)))
     WHERE m.name OPERATOR(pg_catalog.=) plain
       AND CASE WHEN wanted IS NULL THEN m.active ELSE m.version OPERATOR(pg_catalog.=) wanted END
    RETURNING m.version INTO reviewed;
    RETURN reviewed;
END
$$;
COMMENT ON FUNCTION @extschema@.health_model_reviewed(text, text) IS
'Notes that the active version of a model (or ''name@version'') was reviewed now, by whom, and what was found. Returns the version.';

-- Each check is a function that gives rows of the review, so that one can be read, and called, by itself.
CREATE TYPE @extschema@.health_review_row AS (
    model text, version integer, source text, item text, before double precision, now double precision, verdict text, message text
);
COMMENT ON TYPE @extschema@.health_review_row IS 'One thing that health_model_review has looked at.';
COMMENT ON COLUMN @extschema@.health_review_row.model IS 'The name of the model.';
COMMENT ON COLUMN @extschema@.health_review_row.version IS 'Its active version.';
COMMENT ON COLUMN @extschema@.health_review_row.source IS 'The source whose history was looked at; NULL for what concerns the model itself.';
COMMENT ON COLUMN @extschema@.health_review_row.item IS 'What was looked at: reviewed, triggers, psi, missing and a signal, highest band, auc, bands; last of all verdict.';
COMMENT ON COLUMN @extschema@.health_review_row.before IS 'The number as it was: at the first refresh with this version, or in the report of the fit.';
COMMENT ON COLUMN @extschema@.health_review_row.now IS 'The number as it is.';
COMMENT ON COLUMN @extschema@.health_review_row.verdict IS 'One of ok, watch, due and unknown.';
COMMENT ON COLUMN @extschema@.health_review_row.message IS 'The same in words.';

CREATE FUNCTION health_review_model(reviewed @extschema@.health_model)
RETURNS SETOF @extschema@.health_review_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    days double precision := pg_catalog.floor(EXTRACT(epoch FROM pg_catalog.now() OPERATOR(pg_catalog.-) GREATEST(reviewed.reviewed_at, reviewed.created_at)) / 86400::numeric);
    wanted CONSTANT text[] := '{health_model_changed,health_model_changed_truncate,health_model_changing,health_model_guard,health_model_guard_truncate}';
    lacking text;
    -- ENABLE TRIGGER ALL, with which pg_restore --disable-triggers ends, makes those that fire always fire in sessions of the origin alone.
    weak text;
BEGIN
    RETURN NEXT ROW(reviewed.name, reviewed.version, NULL, 'reviewed', NULL, days, CASE WHEN days OPERATOR(pg_catalog.>) 92 THEN 'due' ELSE 'ok' END,
        pg_catalog.format('%s %s days ago; quarterly is the rule', CASE WHEN reviewed.reviewed_at IS NULL THEN 'saved, and never reviewed since,' ELSE 'last reviewed' END, days))::health_review_row;
    SELECT pg_catalog.string_agg(w.name, ', ' ORDER BY w.name) FILTER (WHERE t.tgenabled IS NULL OR t.tgenabled NOT IN ('O', 'A')),
           pg_catalog.string_agg(pg_catalog.format('ENABLE ALWAYS TRIGGER %I', w.name), ', ' ORDER BY w.name) FILTER (WHERE t.tgenabled OPERATOR(pg_catalog.=) 'O' AND w.name OPERATOR(pg_catalog.<>) 'health_model_guard_truncate')
      INTO lacking, weak
      FROM pg_catalog.unnest(wanted) w (name)
      LEFT JOIN pg_catalog.pg_trigger t ON t.tgrelid OPERATOR(pg_catalog.=) 'health_model'::regclass AND t.tgname OPERATOR(pg_catalog.=) w.name;
    RETURN NEXT ROW(reviewed.name, reviewed.version, NULL, 'triggers', pg_catalog.cardinality(wanted),
        pg_catalog.cardinality(wanted) - COALESCE(pg_catalog.cardinality(pg_catalog.string_to_array(lacking, ', ')), 0) - COALESCE(pg_catalog.cardinality(pg_catalog.string_to_array(weak, ', ')), 0),
        CASE WHEN lacking IS NULL AND weak IS NULL THEN 'ok' ELSE 'due' END,
        CASE WHEN lacking IS NOT NULL THEN 'disabled or dropped on health_model: ' OPERATOR(pg_catalog.||) lacking
             WHEN weak IS NOT NULL THEN 'do not fire on changes that replication brings: ALTER TABLE health_model ' OPERATOR(pg_catalog.||) weak
             ELSE 'the triggers that keep saved versions as they are, and caches fresh, are at work' END)::health_review_row;
END
$$;
COMMENT ON FUNCTION health_review_model(@extschema@.health_model) IS 'What health_model_review says of a model itself: days since the last review, and whether the triggers of health_model are intact.';

CREATE FUNCTION health_review_drift(reviewed @extschema@.health_model, source @extschema@.health_source)
RETURNS SETOF @extschema@.health_review_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history text := pg_catalog.format('%I.%I', source.history_schema, source.history_name);
    highest integer := pg_catalog.jsonb_array_length(health_model_describe(reviewed.definition) OPERATOR(pg_catalog.->) 'bands');
    first_at timestamptz;
    last_at timestamptz;
    psi double precision;
    before double precision;
    share double precision;
    -- Of all rows of a time: a run counts those that it wrote itself.
    accounts_before double precision;
    accounts double precision;
    first_run bigint;
    last_run bigint;
    signal record;
BEGIN
    -- The times of whole refreshes, not of accounts that were scored in between.
    EXECUTE pg_catalog.format('SELECT min(r.as_of), max(r.as_of) FROM health_run r WHERE r.source = $3 AND r.status IN (''done'', ''held'') AND r.accounts > 0
                                  AND EXISTS (SELECT FROM %s h WHERE h.scored_at = r.as_of AND h.model = $1 AND h.model_version = $2)', history)
       INTO first_at, last_at USING reviewed.name, reviewed.version, source.name;
    IF first_at IS NULL OR first_at OPERATOR(pg_catalog.=) last_at THEN
        RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'psi', NULL, NULL, 'unknown',
            pg_catalog.format('source %s has %s with this version: nothing to compare', source.name, CASE WHEN first_at IS NULL THEN 'no score' ELSE 'only one refresh' END))::health_review_row;
        RETURN;
    END IF;
    EXECUTE pg_catalog.format($sql$
        SELECT health_psi(h.score, h.scored_at = $4),
               avg((h.band_rank = $5)::int) FILTER (WHERE h.scored_at = $3 AND h.score IS NOT NULL),
               avg((h.band_rank = $5)::int) FILTER (WHERE h.scored_at = $4 AND h.score IS NOT NULL),
               count(*) FILTER (WHERE h.scored_at = $3), count(*) FILTER (WHERE h.scored_at = $4)
          FROM %s h WHERE h.model = $1 AND h.model_version = $2 AND h.scored_at IN ($3, $4)$sql$, history)
       INTO psi, before, share, accounts_before, accounts USING reviewed.name, reviewed.version, first_at, last_at, highest;
    RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'psi', 0, psi,
        CASE WHEN psi OPERATOR(pg_catalog.<) 0.1 THEN 'ok' WHEN psi OPERATOR(pg_catalog.<=) 0.25 THEN 'watch' ELSE 'due' END,
        pg_catalog.format('scores of %s against those of %s: population stability index %s, %s', pg_catalog.to_char(last_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
            pg_catalog.to_char(first_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), pg_catalog.round(psi::numeric, 3),
            CASE WHEN psi OPERATOR(pg_catalog.<) 0.1 THEN 'stable' WHEN psi OPERATOR(pg_catalog.<=) 0.25 THEN 'to be watched' ELSE 'shifted' END))::health_review_row;
    RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'highest band', before, share,
        CASE WHEN share OPERATOR(pg_catalog.>) 0.8 THEN 'due' WHEN share IS NULL THEN 'unknown' ELSE 'ok' END,
        pg_catalog.format('%s %% of the scored accounts are in the highest band, %s %% at first; more than 80 %% tell nothing', pg_catalog.floor(share * 100::double precision), pg_catalog.floor(before * 100::double precision)))::health_review_row;
    SELECT pg_catalog.min(r.id) FILTER (WHERE r.as_of OPERATOR(pg_catalog.=) first_at), pg_catalog.max(r.id) FILTER (WHERE r.as_of OPERATOR(pg_catalog.=) last_at)
      INTO first_run, last_run FROM health_run r
     WHERE r.source OPERATOR(pg_catalog.=) health_review_drift.source.name AND r.status IN ('done', 'held') AND r.accounts OPERATOR(pg_catalog.>) 0;
    FOR signal IN
        SELECT l.signal AS name, f.missing::double precision / NULLIF(accounts_before, 0) AS before, l.missing::double precision / NULLIF(accounts, 0) AS share
          FROM health_run_signal l
          LEFT JOIN health_run_signal f ON f.run OPERATOR(pg_catalog.=) first_run AND f.signal OPERATOR(pg_catalog.=) l.signal
         WHERE l.run OPERATOR(pg_catalog.=) last_run
         ORDER BY l.signal
    LOOP
        RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'missing ' OPERATOR(pg_catalog.||) signal.name, signal.before, signal.share,
            CASE WHEN signal.share OPERATOR(pg_catalog.-) COALESCE(signal.before, 0) OPERATOR(pg_catalog.>) 0.2 THEN 'due'
                 WHEN signal.share OPERATOR(pg_catalog.-) COALESCE(signal.before, 0) OPERATOR(pg_catalog.>) 0.05 THEN 'watch' ELSE 'ok' END,
            pg_catalog.format('%s has no value in %s %% of the accounts%s', signal.name, pg_catalog.round((signal.share * 100::double precision)::numeric, 1),
                CASE WHEN signal.before IS NULL THEN '' ELSE pg_catalog.format(', %s %% at first', pg_catalog.round((signal.before * 100::double precision)::numeric, 1)) END))::health_review_row;
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_review_drift(@extschema@.health_model, @extschema@.health_source) IS
'What health_model_review says of a source''s scores: whether those of the latest refresh lie where those of the first with this version lay, how many are in the highest band, what has gone missing.';

CREATE FUNCTION health_review_proof(reviewed @extschema@.health_model, source @extschema@.health_source, horizon interval, until timestamptz)
RETURNS SETOF @extschema@.health_review_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
AS $$
DECLARE
    promised double precision := reviewed.definition #>> '{meta,fit,auc}';
    proof health_backtest_row;
    earlier health_backtest_row;
    latest timestamptz;
    before double precision;
BEGIN
    -- Now: the latest refresh whose horizon is complete. Then: what the fit promised, else the scores of the horizons before.
    SELECT pg_catalog.max(r.as_of) INTO latest FROM health_run r
     WHERE r.source OPERATOR(pg_catalog.=) health_review_proof.source.name AND r.status OPERATOR(pg_catalog.=) 'done'
       AND r.accounts OPERATOR(pg_catalog.>) 0 AND r.as_of OPERATOR(pg_catalog.<=) (until OPERATOR(pg_catalog.-) horizon);
    proof := (SELECT health_backtest(l.score, l.event, source.model) FROM health_labelled(source.name, 'churned', '0 days', horizon, until) l
               WHERE l.scored_at OPERATOR(pg_catalog.=) latest AND l.model OPERATOR(pg_catalog.=) reviewed.name AND l.model_version OPERATOR(pg_catalog.=) reviewed.version);
    earlier := (SELECT health_backtest(l.score, l.event, source.model) FROM health_labelled(source.name, 'churned', '0 days', horizon, until, true) l
                 WHERE l.scored_at OPERATOR(pg_catalog.<=) (latest OPERATOR(pg_catalog.-) horizon));
    before := COALESCE(promised, earlier.auc);
    IF proof.auc IS NULL OR proof.verdict OPERATOR(pg_catalog.~) '^too few' THEN
        RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'auc', before, proof.auc, 'unknown',
            COALESCE(proof.verdict, pg_catalog.format('no refresh of source %s with this version is %s old', source.name, horizon)))::health_review_row;
        RETURN;
    END IF;
    RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'auc', before, proof.auc,
        CASE WHEN proof.auc_low OPERATOR(pg_catalog.<=) 0.5 OR proof.auc_high OPERATOR(pg_catalog.<) before THEN 'due' WHEN proof.auc OPERATOR(pg_catalog.<) before - 0.03::double precision THEN 'watch' ELSE 'ok' END,
        pg_catalog.format('AUC %s (95 %% interval %s to %s) against churn within %s%s', pg_catalog.round(proof.auc::numeric, 3), pg_catalog.round(proof.auc_low::numeric, 3),
            pg_catalog.round(proof.auc_high::numeric, 3), horizon,
            CASE WHEN promised IS NOT NULL THEN pg_catalog.format('; the fit promised %s', pg_catalog.round(promised::numeric, 3))
                 WHEN before IS NOT NULL THEN pg_catalog.format('; before it was %s', pg_catalog.round(before::numeric, 3)) ELSE '' END))::health_review_row;
    RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'bands', earlier.worst_decile_lift, proof.worst_decile_lift,
        CASE WHEN proof.verdict OPERATOR(pg_catalog.~) '^passes' THEN 'ok' ELSE 'due' END,
        pg_catalog.format('churned within %s: %s; %s', horizon,
            (SELECT pg_catalog.string_agg(pg_catalog.format('%s %s %%', b.band, COALESCE(pg_catalog.round(b.rate * 100::double precision)::text, '–')), ', ')
               FROM unnest(proof.bands, proof.band_rates) b (band, rate)), proof.verdict))::health_review_row;
END
$$;
COMMENT ON FUNCTION health_review_proof(@extschema@.health_model, @extschema@.health_source, interval, timestamptz) IS
'What health_model_review says of a source''s scores against churn: AUC of the latest refresh with a complete horizon against what the fit promised or earlier scores reached, and churn by band.';

CREATE FUNCTION @extschema@.health_model_review(name text DEFAULT NULL, horizon interval DEFAULT '90 days', until timestamptz DEFAULT NULL)
RETURNS SETOF @extschema@.health_review_row
LANGUAGE plpgsql STABLE ROWS 20
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    reviewed health_model;
    source health_source;
    found health_review_row;
    known timestamptz := LEAST(COALESCE(until, pg_catalog.now()), pg_catalog.now());
    due text[];
    watch text[];
BEGIN
    PERFORM health_labelled_check('churned', '0 days', horizon);
    IF name IS NOT NULL THEN
        -- Raises for a model that does not exist, or has no active version.
        PERFORM health_model_get(name);
    END IF;
    FOR reviewed IN
        SELECT m.* FROM health_model m
         WHERE m.active AND (name IS NULL OR m.name OPERATOR(pg_catalog.=) pg_catalog.regexp_replace(name, '@[0-9]+$', ''))
         ORDER BY m.name
    LOOP
        due := '{}';
        watch := '{}';
        FOR found IN
            SELECT * FROM health_review_model(reviewed)
            UNION ALL
            -- Only histories whose reading runs nobody else's code.
            SELECT r.* FROM (SELECT p.* FROM health_source p
                              WHERE p.model IN (reviewed.name, pg_catalog.concat(reviewed.name, '@', reviewed.version)) AND health_history_plain(p) IS NOT NULL
                              ORDER BY p.name OFFSET 0) s
             CROSS JOIN LATERAL (SELECT * FROM health_review_drift(reviewed, s) UNION ALL SELECT * FROM health_review_proof(reviewed, s, horizon, known)) r
        LOOP
            RETURN NEXT found;
            IF found.verdict OPERATOR(pg_catalog.=) 'due' THEN
                due := due OPERATOR(pg_catalog.||) found.message;
            ELSIF found.verdict OPERATOR(pg_catalog.=) 'watch' THEN
                watch := watch OPERATOR(pg_catalog.||) found.message;
            END IF;
        END LOOP;
        RETURN NEXT ROW(reviewed.name, reviewed.version, NULL, 'verdict', NULL, NULL,
            CASE WHEN due OPERATOR(pg_catalog.<>) '{}' THEN 'due' WHEN watch OPERATOR(pg_catalog.<>) '{}' THEN 'watch' ELSE 'ok' END,
            COALESCE(NULLIF(pg_catalog.array_to_string(due OPERATOR(pg_catalog.||) watch, '; '), ''), 'nothing speaks against it'))::health_review_row;
    END LOOP;
END
$$;
COMMENT ON FUNCTION @extschema@.health_model_review(text, interval, timestamptz) IS
'Is a model (NULL: each that is active) out of date? A row for each thing looked at, and a verdict with its reasons: days since the review, triggers, drift of scores and of missing values, share in the highest band, AUC then and now, churn by band.';
