-- Learning from outcomes: the predictive power of each signal, and a fitted model.

--@ for models
CREATE FUNCTION @extschema@.health_signal_power(model {model}, relation regclass, outcome text, "by" text DEFAULT NULL,
    as_of timestamptz DEFAULT NULL,
    OUT by_value text, OUT signal text, OUT accounts bigint, OUT events bigint, OUT missing_share double precision,
    OUT auc double precision, OUT auc_low double precision, OUT auc_high double precision, OUT information_value double precision,
    OUT direction text, OUT verdict text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 20
AS 'MODULE_PATHNAME', 'health_signal_power';
--@ end
COMMENT ON FUNCTION @extschema@.health_signal_power(text, regclass, text, text, timestamptz) IS
'The predictive power of each signal of a saved model for a bad event: AUC of its subscores with interval, information value, direction (as scaled, reversed, none), verdict (useless, weak, medium, strong; suspicious: may contain the event). For all accounts, or for each value of column by.';
COMMENT ON FUNCTION @extschema@.health_signal_power(jsonb, regclass, text, text, timestamptz) IS
'The predictive power of each signal of a model document for a bad event: as the form by name.';

--@ for models
CREATE FUNCTION @extschema@.health_model_fit(model {model}, relation regclass, outcome text, columns text[] DEFAULT NULL,
    as_of timestamptz DEFAULT NULL, event_is_good boolean DEFAULT false)
RETURNS jsonb
LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000
AS 'MODULE_PATHNAME', 'health_model_fit';
--@ end
COMMENT ON FUNCTION @extschema@.health_model_fit(text, regclass, text, text[], timestamptz, boolean) IS
'A new draft learnt from outcomes (a boolean, 0/1 or yes/no column): a saved model''s signals, and further columns (''{*}'': all), with fitted weights, scales and bands; meta.fit has the AUC on held-out accounts. Error if no signal beats chance, or if fewer than 30 accounts have or lack the event.';
COMMENT ON FUNCTION @extschema@.health_model_fit(jsonb, regclass, text, text[], timestamptz, boolean) IS
'A new draft learnt from outcomes for a model document: as the form by name.';
