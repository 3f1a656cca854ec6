-- The past of an account as <name>_recent keeps it: the times, scores and bands of some weeks as one bytea. NULL is an
-- empty list. No function here reads a table.

CREATE FUNCTION health_past_make(times timestamptz[], scores double precision[], bands text[])
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_past_make';
COMMENT ON FUNCTION health_past_make(timestamptz[], double precision[], text[]) IS 'The list of an account''s rows, in any order; NULL for NULL.';

CREATE FUNCTION health_past_next(past bytea, entered bytea, as_of timestamptz, score double precision, band text, since timestamptz, held timestamptz[])
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_past_next';
COMMENT ON FUNCTION health_past_next(bytea, bytea, timestamptz, double precision, text, timestamptz, timestamptz[]) IS
'The list as of a new score: with the rows that entered since, without those of held runs and those before since, except the newest of these that is less than 92 days old.';

CREATE FUNCTION health_past_compare(past bytea, entered bytea, as_of timestamptz, score double precision, held timestamptz[], "window" bigint, tolerance double precision,
    OUT trend text, OUT change double precision, OUT before_at timestamptz, OUT band_before text)
RETURNS record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'health_past_compare';
COMMENT ON FUNCTION health_past_compare(bytea, bytea, timestamptz, double precision, timestamptz[], bigint, double precision) IS
'A new score compared with the list: its trend over a window (microseconds), and its change since the newest score that is 30 to 92 days old, with the time and the band of that score.';

CREATE FUNCTION health_past_has(past bytea, at timestamptz)
RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'health_past_has';
COMMENT ON FUNCTION health_past_has(bytea, timestamptz) IS 'Whether the list has a row of that very time.';

CREATE FUNCTION health_past_score(past bytea, at timestamptz)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'health_past_score';
COMMENT ON FUNCTION health_past_score(bytea, timestamptz) IS 'The score of that very time in the list.';

CREATE FUNCTION health_past_band(past bytea, at timestamptz)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'health_past_band';
COMMENT ON FUNCTION health_past_band(bytea, timestamptz) IS 'The band of that very time in the list.';

CREATE FUNCTION health_past_first(past bytea, since timestamptz)
RETURNS timestamptz
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'health_past_first';
COMMENT ON FUNCTION health_past_first(bytea, timestamptz) IS 'The time of the first score in the list, from a time on.';

CREATE FUNCTION health_past_trend(past bytea, since timestamptz, tolerance double precision)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_past_trend';
COMMENT ON FUNCTION health_past_trend(bytea, timestamptz, double precision) IS 'The trend of the scores in the list from a time on, as by health_trend().';

CREATE FUNCTION health_model_trend(model text, OUT "window" bigint, OUT tolerance double precision)
RETURNS record
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_model_trend';
COMMENT ON FUNCTION health_model_trend(text) IS 'The window of a saved model''s trends in microseconds, and their tolerance in points. A unit of time means what it means in the document.';
