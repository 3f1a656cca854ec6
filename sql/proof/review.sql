-- health_model_review: is a model out of date? health_model_reviewed: records a review.

CREATE FUNCTION @extschema@.health_model_reviewed(name text, note text)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    plain text := regexp_replace(name, '@[0-9]+$', '');
    wanted integer := substring(name, '@([0-9]+)$');
    reviewed integer;
BEGIN
    IF name IS NULL OR COALESCE(btrim(note), '') = '' THEN
        RAISE EXCEPTION 'name and note must not be null or empty' USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'A review needs a note on its findings.',
            HINT = 'For example: SELECT health_model_reviewed(''saas'', ''AUC as in spring; weights stay'').';
    END IF;
    -- Raises for a model that does not exist.
    PERFORM health_model_get(name);
    PERFORM health_require('operator', 'health_model', 'UPDATE');
    UPDATE health_model m
       SET reviewed_at = now(),
           note = concat_ws('; ', m.note, format('reviewed %s by %s: %s',
                      to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD'), current_user, btrim(health_model_reviewed.note)))
     WHERE m.name = plain
       AND CASE WHEN wanted IS NULL THEN m.active ELSE m.version = wanted END
    RETURNING m.version INTO reviewed;
    RETURN reviewed;
END
$$;
COMMENT ON FUNCTION @extschema@.health_model_reviewed(text, text) IS
'Records a review of a model''s active version (or of ''name@version''): the time, the current role and the note. Returns the version.';

-- Each check is a function of its own that returns rows of the review.
CREATE TYPE @extschema@.health_review_row AS (
    model text, version integer, source text, item text, before double precision, now double precision, verdict text, message text
);
COMMENT ON TYPE @extschema@.health_review_row IS 'One check of health_model_review.';
COMMENT ON COLUMN @extschema@.health_review_row.model IS 'The name of the model.';
COMMENT ON COLUMN @extschema@.health_review_row.version IS 'Its active version.';
COMMENT ON COLUMN @extschema@.health_review_row.source IS 'The source whose history was checked; NULL for checks of the model itself.';
COMMENT ON COLUMN @extschema@.health_review_row.item IS 'The check: reviewed, triggers, psi, highest band, missing and a signal''s name, auc, bands; verdict in the last row.';
COMMENT ON COLUMN @extschema@.health_review_row.before IS 'The earlier number: from the first refresh with this version, from the fit, or from earlier scores.';
COMMENT ON COLUMN @extschema@.health_review_row.now IS 'The number now.';
COMMENT ON COLUMN @extschema@.health_review_row.verdict IS 'One of ok, watch, due and unknown.';
COMMENT ON COLUMN @extschema@.health_review_row.message IS 'The result in words.';

CREATE FUNCTION health_review_model(reviewed @extschema@.health_model)
RETURNS SETOF @extschema@.health_review_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    days double precision := floor(EXTRACT(epoch FROM now() - GREATEST(reviewed.reviewed_at, reviewed.created_at)) / 86400::numeric);
    wanted CONSTANT text[] := '{health_model_changed,health_model_changed_truncate,health_model_changing,health_model_guard,health_model_guard_truncate}';
    lacking text;
    -- pg_restore --disable-triggers ends with ENABLE TRIGGER ALL, which turns ENABLE ALWAYS triggers into ordinary
    -- ones.
    weak text;
BEGIN
    RETURN NEXT ROW(reviewed.name, reviewed.version, NULL, 'reviewed', NULL, days, CASE WHEN days > 92::double precision THEN 'due' ELSE 'ok' END,
        format('%s %s days ago; a review is due every quarter', CASE WHEN reviewed.reviewed_at IS NULL THEN 'never reviewed, saved' ELSE 'last reviewed' END, days))::health_review_row;
    SELECT string_agg(w.name, ', ' ORDER BY w.name) FILTER (WHERE t.tgenabled IS NULL OR t.tgenabled NOT IN ('O', 'A')),
           string_agg(format('ENABLE ALWAYS TRIGGER %I', w.name), ', ' ORDER BY w.name) FILTER (WHERE t.tgenabled = 'O' AND w.name <> 'health_model_guard_truncate')
      INTO lacking, weak
      FROM unnest(wanted) w (name)
      LEFT JOIN pg_trigger t ON t.tgrelid = 'health_model'::regclass AND t.tgname = w.name;
    RETURN NEXT ROW(reviewed.name, reviewed.version, NULL, 'triggers', cardinality(wanted),
        cardinality(wanted) - COALESCE(cardinality(string_to_array(lacking, ', ')), 0) - COALESCE(cardinality(string_to_array(weak, ', ')), 0),
        CASE WHEN lacking IS NULL AND weak IS NULL THEN 'ok' ELSE 'due' END,
        CASE WHEN lacking IS NOT NULL THEN 'disabled or dropped on health_model: ' || lacking
             WHEN weak IS NOT NULL THEN 'do not fire on replicated changes; fix: ALTER TABLE health_model ' || weak
             ELSE 'all triggers of health_model are enabled' END)::health_review_row;
END
$$;
COMMENT ON FUNCTION health_review_model(@extschema@.health_model) IS 'The checks of health_model_review on a model itself: days since the last review, and the triggers of health_model.';

CREATE FUNCTION health_review_unscored(reviewed @extschema@.health_model)
RETURNS SETOF @extschema@.health_review_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM health_source p
                    WHERE p.model IN (reviewed.name, concat(reviewed.name, '@', reviewed.version)) AND health_history_plain(p) IS NOT NULL) THEN
        RETURN NEXT ROW(reviewed.name, reviewed.version, NULL, 'auc', NULL, NULL, 'unknown',
            CASE WHEN EXISTS (SELECT FROM health_source p WHERE p.model IN (reviewed.name, concat(reviewed.name, '@', reviewed.version)))
                 THEN 'no history of this model can be read by the current role' ELSE 'no source scores accounts with this model' END)::health_review_row;
    END IF;
END
$$;
COMMENT ON FUNCTION health_review_unscored(@extschema@.health_model) IS 'The row of health_model_review that says that there is no history to check; none if there is one.';

CREATE FUNCTION health_review_drift(reviewed @extschema@.health_model, source @extschema@.health_source)
RETURNS SETOF @extschema@.health_review_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history text := format('%I.%I', source.history_schema, source.history_name);
    highest integer := jsonb_array_length(health_model_describe(reviewed.definition) -> 'bands');
    first_at timestamptz;
    last_at timestamptz;
    psi double precision;
    before double precision;
    share double precision;
    -- All rows of a time: health_run counts only rows that the run itself wrote.
    accounts_before double precision;
    accounts double precision;
    first_run bigint;
    last_run bigint;
    signal record;
BEGIN
    -- Times of whole refreshes, not of accounts scored in between.
    EXECUTE format('SELECT min(r.as_of), max(r.as_of) FROM health_run r WHERE r.source = $3 AND r.status IN (''done'', ''held'') AND r.accounts > 0
                                  AND EXISTS (SELECT FROM %s h WHERE h.scored_at = r.as_of AND h.model = $1 AND h.model_version = $2)', history)
       INTO first_at, last_at USING reviewed.name, reviewed.version, source.name;
    IF first_at IS NULL OR first_at = last_at THEN
        RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'psi', NULL, NULL, 'unknown',
            format('source %s has %s with this version, so that there is no comparison', source.name, CASE WHEN first_at IS NULL THEN 'no score' ELSE 'only one refresh' END))::health_review_row;
        RETURN;
    END IF;
    EXECUTE format($sql$
        SELECT health_psi(h.score, h.scored_at = $4),
               avg((h.band_rank = $5)::int) FILTER (WHERE h.scored_at = $3 AND h.score IS NOT NULL),
               avg((h.band_rank = $5)::int) FILTER (WHERE h.scored_at = $4 AND h.score IS NOT NULL),
               count(*) FILTER (WHERE h.scored_at = $3), count(*) FILTER (WHERE h.scored_at = $4)
          FROM %s h WHERE h.model = $1 AND h.model_version = $2 AND h.scored_at IN ($3, $4)$sql$, history)
       INTO psi, before, share, accounts_before, accounts USING reviewed.name, reviewed.version, first_at, last_at, highest;
    RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'psi', 0, psi,
        CASE WHEN psi < 0.1::double precision THEN 'ok' WHEN psi <= 0.25::double precision THEN 'watch' ELSE 'due' END,
        format('scores of %s compared with scores of %s: population stability index %s, %s', to_char(last_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
            to_char(first_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), round(psi::numeric, 3),
            CASE WHEN psi < 0.1::double precision THEN 'stable' WHEN psi <= 0.25::double precision THEN 'to be watched' ELSE 'shifted' END))::health_review_row;
    RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'highest band', before, share,
        CASE WHEN share > 0.8::double precision THEN 'due' WHEN share IS NULL THEN 'unknown' ELSE 'ok' END,
        format('%s %% of the scored accounts are in the highest band, %s %% at first; the limit is 80 %%', floor(share * 100::double precision), floor(before * 100::double precision)))::health_review_row;
    SELECT min(r.id) FILTER (WHERE r.as_of = first_at), max(r.id) FILTER (WHERE r.as_of = last_at)
      INTO first_run, last_run FROM health_run r
     WHERE r.source = health_review_drift.source.name AND r.status IN ('done', 'held') AND r.accounts > 0;
    FOR signal IN
        SELECT l.signal AS name, f.missing::double precision / NULLIF(accounts_before, 0) AS before, l.missing::double precision / NULLIF(accounts, 0) AS share
          FROM health_run_signal l
          LEFT JOIN health_run_signal f ON f.run = first_run AND f.signal = l.signal
         WHERE l.run = last_run
         ORDER BY l.signal
    LOOP
        RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'missing ' || signal.name, signal.before, signal.share,
            CASE WHEN signal.share - COALESCE(signal.before, 0) > 0.2::double precision THEN 'due'
                 WHEN signal.share - COALESCE(signal.before, 0) > 0.05::double precision THEN 'watch' ELSE 'ok' END,
            format('%s has no value for %s %% of the accounts%s', signal.name, round((signal.share * 100::double precision)::numeric, 1),
                CASE WHEN signal.before IS NULL THEN '' ELSE format(', %s %% at first', round((signal.before * 100::double precision)::numeric, 1)) END))::health_review_row;
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_review_drift(@extschema@.health_model, @extschema@.health_source) IS
'The checks of health_model_review on a source''s scores, the latest refresh against the first with this version: drift of the scores (PSI), share in the highest band, missing values by signal.';

CREATE FUNCTION health_review_proof(reviewed @extschema@.health_model, source @extschema@.health_source, horizon interval, until timestamptz)
RETURNS SETOF @extschema@.health_review_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
-- JIT compilation would take longer than the query over a whole history.
SET jit = off
AS $$
DECLARE
    promised double precision := reviewed.definition #>> '{meta,fit,auc}';
    proof health_backtest_row;
    earlier health_backtest_row;
    latest timestamptz;
    before double precision;
BEGIN
    -- Now: the latest refresh with a complete horizon. Before: the AUC that the fit reports, else the AUC of earlier
    -- scores.
    SELECT max(r.as_of) INTO latest FROM health_run r
     WHERE r.source = health_review_proof.source.name AND r.status = 'done' AND r.accounts > 0 AND r.as_of <= until - horizon;
    EXECUTE format('SELECT (b.proof).* FROM (SELECT health_backtest(l.score, l.event, $6) AS proof FROM (%s) l WHERE l.scored_at = $7 AND l.model = $8 AND l.model_version = $9) b',
            health_labelled_query(source, false))
       INTO proof USING source.book, 'churned'::text, '0 days'::interval, horizon, until, source.model, latest, reviewed.name, reviewed.version;
    EXECUTE format('SELECT (b.proof).* FROM (SELECT health_backtest(l.score, l.event, $6) AS proof FROM (%s) l) b', health_labelled_query(source, true))
       INTO earlier USING source.book, 'churned'::text, '0 days'::interval, horizon, latest, source.model;
    before := COALESCE(promised, earlier.auc);
    IF proof.auc IS NULL OR proof.verdict ~ '^too few' THEN
        RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'auc', before, proof.auc, 'unknown',
            COALESCE(proof.verdict, format('source %s has no refresh with this version that is %s old', source.name, horizon)))::health_review_row;
        RETURN;
    END IF;
    RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'auc', before, proof.auc,
        CASE WHEN proof.auc_low <= 0.5::double precision OR proof.auc < 0.55::double precision OR proof.auc_high < before THEN 'due'
             WHEN proof.auc < before - 0.03::double precision THEN 'watch' ELSE 'ok' END,
        format('AUC %s (95 %% interval %s to %s) against churn within %s%s', round(proof.auc::numeric, 3), round(proof.auc_low::numeric, 3),
            round(proof.auc_high::numeric, 3), horizon,
            CASE WHEN proof.auc_low <= 0.5::double precision OR proof.auc < 0.55::double precision THEN ', which is hardly better than chance' ELSE '' END
            || CASE WHEN promised IS NOT NULL THEN format('; the fit reported %s', round(promised::numeric, 3))
                 WHEN before IS NOT NULL THEN format('; earlier scores reached %s', round(before::numeric, 3)) ELSE '' END))::health_review_row;
    RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'bands', earlier.worst_decile_lift, proof.worst_decile_lift,
        CASE WHEN proof.verdict ~ '^passes' THEN 'ok' ELSE 'due' END,
        format('churned within %s: %s; %s', horizon,
            (SELECT string_agg(format('%s %s %%', b.band, COALESCE(round(b.rate * 100::double precision)::text, '–')), ', ')
               FROM unnest(proof.bands, proof.band_rates) b (band, rate)), proof.verdict))::health_review_row;
END
$$;
COMMENT ON FUNCTION health_review_proof(@extschema@.health_model, @extschema@.health_source, interval, timestamptz) IS
'The checks of health_model_review on a source''s scores against churn: AUC of the latest refresh with a complete horizon, compared with the AUC of the fit or of earlier scores, and churn by band.';

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
    known timestamptz := LEAST(COALESCE(until, now()), now());
    due text[];
    watch text[];
    unproven text[];
    proven boolean;
BEGIN
    PERFORM health_labelled_check('churned', '0 days', horizon);
    IF name IS NOT NULL THEN
        -- Raises for a model that does not exist, or has no active version.
        PERFORM health_model_get(name);
    END IF;
    FOR reviewed IN
        SELECT m.* FROM health_model m
         WHERE m.active AND (name IS NULL OR m.name = regexp_replace(name, '@[0-9]+$', ''))
         ORDER BY m.name
    LOOP
        due := '{}';
        watch := '{}';
        unproven := '{}';
        proven := false;
        FOR found IN
            SELECT * FROM health_review_model(reviewed)
            UNION ALL
            SELECT * FROM health_review_unscored(reviewed)
            UNION ALL
            -- Only histories that can be read without running code of another role.
            SELECT r.* FROM (SELECT p.* FROM health_source p
                              WHERE p.model IN (reviewed.name, concat(reviewed.name, '@', reviewed.version)) AND health_history_plain(p) IS NOT NULL
                              ORDER BY p.name OFFSET 0) s
             CROSS JOIN LATERAL (SELECT * FROM health_review_drift(reviewed, s) UNION ALL SELECT * FROM health_review_proof(reviewed, s, horizon, known)) r
        LOOP
            RETURN NEXT found;
            IF found.verdict = 'due' THEN
                due := due || found.message;
            ELSIF found.verdict = 'watch' THEN
                watch := watch || found.message;
            END IF;
            IF found.item = 'auc' THEN
                proven := proven OR found.verdict <> 'unknown';
                IF found.verdict = 'unknown' THEN
                    unproven := unproven || found.message;
                END IF;
            END IF;
        END LOOP;
        -- A model that nothing was compared with is not one that was found good.
        IF NOT proven THEN
            watch := watch || format('not compared with outcomes: %s', array_to_string(unproven, ', '));
        END IF;
        RETURN NEXT ROW(reviewed.name, reviewed.version, NULL, 'verdict', NULL, NULL,
            CASE WHEN due <> '{}' THEN 'due' WHEN cardinality(watch) > CASE WHEN proven THEN 0 ELSE 1 END THEN 'watch' WHEN proven THEN 'ok' ELSE 'unknown' END,
            COALESCE(NULLIF(array_to_string(due || watch, '; '), ''), 'no check found a problem'))::health_review_row;
    END LOOP;
END
$$;
COMMENT ON FUNCTION @extschema@.health_model_review(text, interval, timestamptz) IS
'Whether a model (NULL: each active model) is out of date. One row for each check, then a verdict with reasons: days since the review, triggers, drift of scores and of missing values, share in the highest band, AUC before and now, churn by band.';
