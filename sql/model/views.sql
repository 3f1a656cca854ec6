-- Models and templates as lists: for BI tools and for people.

CREATE VIEW @extschema@.health_templates WITH (security_invoker = true) AS
SELECT t.name, d.definition -> 'meta' ->> 'description' AS description, d.definition ->> 'method' AS method,
       d.definition ->> 'purpose' AS purpose,
       (SELECT count(*) FROM jsonb_object_keys(d.definition -> 'signals') AS k) AS signals,
       d.definition
  FROM unnest(@extschema@.health_template_names()) WITH ORDINALITY AS t (name, position)
 CROSS JOIN LATERAL (SELECT @extschema@.health_template(t.name) AS definition) d
 ORDER BY t.position;
COMMENT ON VIEW @extschema@.health_templates IS 'The shipped templates of model documents: SELECT health_model_draft(relation, name).';
COMMENT ON COLUMN @extschema@.health_templates.name IS 'The argument of health_template() and health_model_draft().';
COMMENT ON COLUMN @extschema@.health_templates.description IS 'What the template is for.';
COMMENT ON COLUMN @extschema@.health_templates.method IS 'The scoring method: weighted or points.';
COMMENT ON COLUMN @extschema@.health_templates.purpose IS 'What the score predicts.';
COMMENT ON COLUMN @extschema@.health_templates.signals IS 'The number of signals.';
COMMENT ON COLUMN @extschema@.health_templates.definition IS 'The model document.';

CREATE VIEW @extschema@.health_model_signals WITH (security_invoker = true) AS
SELECT m.name, m.version, m.active, s.*
  FROM @extschema@.health_model m
 CROSS JOIN LATERAL jsonb_to_recordset(@extschema@.health_model_describe(m.definition) -> 'signals') AS s
       (signal text, label text, category text, unit text, input text, scale text, weight double precision, share double precision,
        points double precision, max double precision, missing text, max_age text, optional boolean, ask text);
COMMENT ON VIEW @extschema@.health_model_signals IS 'The signals of every saved model version, without patches of segments.';
COMMENT ON COLUMN @extschema@.health_model_signals.name IS 'The model.';
COMMENT ON COLUMN @extschema@.health_model_signals.version IS 'Its version.';
COMMENT ON COLUMN @extschema@.health_model_signals.active IS 'Whether the bare name means this version.';
COMMENT ON COLUMN @extschema@.health_model_signals.signal IS 'The signal''s name: driver in health_drivers().';
COMMENT ON COLUMN @extschema@.health_model_signals.label IS 'The label for people.';
COMMENT ON COLUMN @extschema@.health_model_signals.category IS 'The signal''s category.';
COMMENT ON COLUMN @extschema@.health_model_signals.unit IS 'The unit of the value.';
COMMENT ON COLUMN @extschema@.health_model_signals.input IS 'The columns that the signal reads, in words.';
COMMENT ON COLUMN @extschema@.health_model_signals.scale IS 'How a value becomes a subscore, in words.';
COMMENT ON COLUMN @extschema@.health_model_signals.weight IS 'The weight in the document.';
COMMENT ON COLUMN @extschema@.health_model_signals.share IS 'The share of the score, 0 to 1, if every signal has a value; the shares of a version sum to 1. NULL with method points.';
COMMENT ON COLUMN @extschema@.health_model_signals.points IS 'Points per unit, with method points.';
COMMENT ON COLUMN @extschema@.health_model_signals.max IS 'The maximum number of points, added or subtracted, with method points.';
COMMENT ON COLUMN @extschema@.health_model_signals.missing IS 'The treatment of a missing value.';
COMMENT ON COLUMN @extschema@.health_model_signals.max_age IS 'The maximum age of a value; an older value counts as missing.';
COMMENT ON COLUMN @extschema@.health_model_signals.optional IS 'Whether a row may lack the column.';
COMMENT ON COLUMN @extschema@.health_model_signals.ask IS 'The question for people who judge this signal.';

CREATE VIEW @extschema@.health_model_bands WITH (security_invoker = true) AS
SELECT m.name, m.version, m.active, b.rank, b.band, b.label, b."from" AS from_score, b.below AS below_score, b.color
  FROM @extschema@.health_model m
 CROSS JOIN LATERAL jsonb_to_recordset(@extschema@.health_model_describe(m.definition) -> 'bands') AS b
       (rank integer, band text, label text, "from" double precision, below double precision, color text);
COMMENT ON VIEW @extschema@.health_model_bands IS 'The bands of every saved model version, without patches of segments.';
COMMENT ON COLUMN @extschema@.health_model_bands.name IS 'The model.';
COMMENT ON COLUMN @extschema@.health_model_bands.version IS 'Its version.';
COMMENT ON COLUMN @extschema@.health_model_bands.active IS 'Whether the bare name means this version.';
COMMENT ON COLUMN @extschema@.health_model_bands.rank IS 'The rank: 1 is the lowest band.';
COMMENT ON COLUMN @extschema@.health_model_bands.band IS 'The band''s name, which health_band() returns.';
COMMENT ON COLUMN @extschema@.health_model_bands.label IS 'The label for people.';
COMMENT ON COLUMN @extschema@.health_model_bands.from_score IS 'The lowest score of the band.';
COMMENT ON COLUMN @extschema@.health_model_bands.below_score IS 'The lowest score of the next band; NULL for the highest band.';
COMMENT ON COLUMN @extschema@.health_model_bands.color IS 'The color in the document.';

CREATE VIEW @extschema@.health_model_rules WITH (security_invoker = true) AS
SELECT m.name, m.version, m.active, r.position, r.rule, r.label, r.condition, r.action, r.reason
  FROM @extschema@.health_model m
 CROSS JOIN LATERAL jsonb_to_recordset(@extschema@.health_model_describe(m.definition) -> 'rules') AS r
       (position integer, rule text, label text, condition text, action text, reason text);
COMMENT ON VIEW @extschema@.health_model_rules IS 'The rules of every saved model version in the order of execution, without patches of segments.';
COMMENT ON COLUMN @extschema@.health_model_rules.name IS 'The model.';
COMMENT ON COLUMN @extschema@.health_model_rules.version IS 'Its version.';
COMMENT ON COLUMN @extschema@.health_model_rules.active IS 'Whether the bare name means this version.';
COMMENT ON COLUMN @extschema@.health_model_rules.position IS 'The place in the order of execution: 1 runs first.';
COMMENT ON COLUMN @extschema@.health_model_rules.rule IS 'The rule''s name: driver in health_drivers().';
COMMENT ON COLUMN @extschema@.health_model_rules.label IS 'The label for people.';
COMMENT ON COLUMN @extschema@.health_model_rules.condition IS 'The condition in words.';
COMMENT ON COLUMN @extschema@.health_model_rules.action IS 'The effect on the score, as in cap 39.';
COMMENT ON COLUMN @extschema@.health_model_rules.reason IS 'The text that drivers and explanations show if the rule fires.';
