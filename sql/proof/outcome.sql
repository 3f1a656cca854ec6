-- health_outcome: outcomes of accounts, the evidence for the proof of a model. Users write the rows.

CREATE TABLE @extschema@.health_outcome (
    book       text        NOT NULL DEFAULT 'accounts',
    account_id text        NOT NULL,
    kind       text        NOT NULL,
    at         timestamptz NOT NULL,
    value      numeric,
    note       text,
    PRIMARY KEY (book, account_id, kind, at),
    CONSTRAINT health_outcome_kind_check CHECK (kind IN ('churned', 'renewed', 'expanded', 'contracted', 'complained')),
    CONSTRAINT health_outcome_at_check CHECK (isfinite(at)),
    CONSTRAINT health_outcome_value_check CHECK (value > '-Infinity' AND value < 'Infinity')
);

COMMENT ON TABLE @extschema@.health_outcome IS 'Outcomes of accounts: one row for each event; to insert events that may be there already, add ON CONFLICT DO NOTHING. No grants to PUBLIC.';
COMMENT ON COLUMN @extschema@.health_outcome.book IS 'The population of accounts, as in health_source.';
COMMENT ON COLUMN @extschema@.health_outcome.account_id IS 'The account''s id as text; numbers and UUIDs need no cast.';
COMMENT ON COLUMN @extschema@.health_outcome.kind IS 'One of churned, renewed, expanded, contracted and complained.';
COMMENT ON COLUMN @extschema@.health_outcome.at IS 'When it happened.';
COMMENT ON COLUMN @extschema@.health_outcome.value IS 'The value of the event in a currency of your choice.';
COMMENT ON COLUMN @extschema@.health_outcome.note IS 'A note.';

SELECT pg_extension_config_dump('@extschema@.health_outcome', '');
