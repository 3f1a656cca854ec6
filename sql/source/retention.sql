-- Retention: drops old months of a history as whole partitions.

CREATE FUNCTION @extschema@.health_retain(source text, keep interval)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE
    found health_source := health_source_get(health_retain.source);
    history regclass := health_history_relation(found);
    oldest timestamptz := now() - keep;
    partition regclass;
    dropped integer := 0;
    gone timestamptz;
BEGIN
    IF keep IS NULL OR NOT (oldest < now()) THEN
        RAISE EXCEPTION 'keep must be a positive interval' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT health_retain(''crm'', ''2 years'').';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_partitioned_table p WHERE p.partrelid = history) THEN
        RAISE EXCEPTION 'history % is not partitioned', history USING ERRCODE = 'wrong_object_type',
            HINT = format('DELETE FROM %s WHERE scored_at < now() - %L::interval.', history, keep);
    END IF;
    FOR partition IN SELECT p.partition FROM health_history_partitions(history) p WHERE p.to_at <= oldest LOOP
        EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', history, partition);
        EXECUTE format('DROP TABLE %s', partition);
        dropped := dropped + 1;
    END LOOP;
    IF dropped > 0 THEN
        EXECUTE format('SELECT min(h.scored_at) FROM %s h', history) INTO gone;
        -- The owner of the history may be another role than that of the source: then old sums stay.
        IF health_source_table_own(to_regclass(health_source_table(found, '_bands')), '_bands')
           AND has_table_privilege(health_source_table(found, '_bands'), 'SELECT') AND has_table_privilege(health_source_table(found, '_bands'), 'DELETE') THEN
            EXECUTE format('DELETE FROM %s b WHERE b.scored_at < COALESCE($1, ''infinity'')', health_source_table(found, '_bands')) USING gone;
        END IF;
        IF (gone IS NULL OR gone > found.last_as_of - GREATEST(interval '2208 hours', health_recent_span(found))) AND found.run_as = current_user THEN
            UPDATE health_source s SET history_changed_at = clock_timestamp() WHERE s.name = found.name;
        END IF;
    END IF;
    RETURN dropped;
END
$$;
COMMENT ON FUNCTION @extschema@.health_retain(text, interval) IS
'Drops the monthly partitions of a source''s history that ended before now() - keep, with their sums in <name>_bands, and returns their number. Not a positive interval: 22023; not partitioned: 42809; still read by another session after two seconds: 55P03.';
