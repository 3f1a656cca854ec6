-- health_conflicts(model, account, as_of, segment): categories that contradict each other.

--@ for models, accounts
CREATE FUNCTION @extschema@.health_conflicts(model {model}, account {account}, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c {volatility} PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION @extschema@.health_conflicts({model}, {account}, timestamptz, text) IS
'Pairs of categories that differ by 40 points or more, with the signals behind the gap, the widest gap first. The account given as {given}, by {by}. {need}';
--@ end
