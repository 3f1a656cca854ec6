-- Models and templates as lists: for BI tools, and for people who look before they edit.

CREATE VIEW @extschema@.health_templates WITH (security_invoker = true) AS
SELECT t.name, d.definition -> 'meta' ->> 'description' AS description, d.definition ->> 'method' AS method,
       d.definition ->> 'purpose' AS purpose,
       (SELECT count(*) FROM jsonb_object_keys(d.definition -> 'signals') AS k) AS signals,
       d.definition
  FROM unnest(@extschema@.health_template_names()) WITH ORDINALITY AS t (name, position)
 CROSS JOIN LATERAL (SELECT @extschema@.health_template(t.name) AS definition) d
 ORDER BY t.position;
COMMENT ON VIEW @extschema@.health_templates IS 'The shipped model documents to begin with: SELECT health_model_draft(relation, name).';
COMMENT ON COLUMN @extschema@.health_templates.name IS 'The argument of health_template() and health_model_draft().';
COMMENT ON COLUMN @extschema@.health_templates.description IS 'What it is for.';
COMMENT ON COLUMN @extschema@.health_templates.method IS 'How it scores: weighted or points.';
COMMENT ON COLUMN @extschema@.health_templates.purpose IS 'What the score is to foretell.';
COMMENT ON COLUMN @extschema@.health_templates.signals IS 'How many signals it has.';
COMMENT ON COLUMN @extschema@.health_templates.definition IS 'The document.';

CREATE VIEW @extschema@.health_model_signals WITH (security_invoker = true) AS
SELECT m.name, m.version, m.active, s.*
  FROM @extschema@.health_model m
 CROSS JOIN LATERAL jsonb_to_recordset(@extschema@.health_model_describe(m.definition) -> 'signals') AS s
       (signal text, label text, category text, unit text, input text, scale text, weight double precision, share double precision,
        points double precision, max double precision, missing text, max_age text, optional boolean, ask text);
COMMENT ON VIEW @extschema@.health_model_signals IS 'The signals of every saved model version, segments'' patches not applied.';
COMMENT ON COLUMN @extschema@.health_model_signals.name IS 'The model.';
COMMENT ON COLUMN @extschema@.health_model_signals.version IS 'Its version.';
COMMENT ON COLUMN @extschema@.health_model_signals.active IS 'Whether the bare name means this version.';
COMMENT ON COLUMN @extschema@.health_model_signals.signal IS 'The signal''s name: driver in health_drivers().';
COMMENT ON COLUMN @extschema@.health_model_signals.label IS 'What people read.';
COMMENT ON COLUMN @extschema@.health_model_signals.category IS 'The category it belongs to.';
COMMENT ON COLUMN @extschema@.health_model_signals.unit IS 'The unit of its value.';
COMMENT ON COLUMN @extschema@.health_model_signals.input IS 'What is measured, by columns.';
COMMENT ON COLUMN @extschema@.health_model_signals.scale IS 'How a value becomes a subscore, in words.';
COMMENT ON COLUMN @extschema@.health_model_signals.weight IS 'As the document gives it.';
COMMENT ON COLUMN @extschema@.health_model_signals.share IS 'The share of the score, 0 to 1, when every signal counts; the shares of a version sum to 1. NULL under method points.';
COMMENT ON COLUMN @extschema@.health_model_signals.points IS 'Points per unit under method points.';
COMMENT ON COLUMN @extschema@.health_model_signals.max IS 'The most points, either way, under method points.';
COMMENT ON COLUMN @extschema@.health_model_signals.missing IS 'What happens without a value.';
COMMENT ON COLUMN @extschema@.health_model_signals.max_age IS 'How long a value is good.';
COMMENT ON COLUMN @extschema@.health_model_signals.optional IS 'Whether a row may lack the column.';
COMMENT ON COLUMN @extschema@.health_model_signals.ask IS 'The question to a person who judges this signal.';

CREATE VIEW @extschema@.health_model_bands WITH (security_invoker = true) AS
SELECT m.name, m.version, m.active, b.rank, b.band, b.label, b."from" AS from_score, b.below AS below_score, b.color
  FROM @extschema@.health_model m
 CROSS JOIN LATERAL jsonb_to_recordset(@extschema@.health_model_describe(m.definition) -> 'bands') AS b
       (rank integer, band text, label text, "from" double precision, below double precision, color text);
COMMENT ON VIEW @extschema@.health_model_bands IS 'The bands of every saved model version, from the lowest, segments'' patches not applied.';
COMMENT ON COLUMN @extschema@.health_model_bands.name IS 'The model.';
COMMENT ON COLUMN @extschema@.health_model_bands.version IS 'Its version.';
COMMENT ON COLUMN @extschema@.health_model_bands.active IS 'Whether the bare name means this version.';
COMMENT ON COLUMN @extschema@.health_model_bands.rank IS 'From the lowest band, 1, up.';
COMMENT ON COLUMN @extschema@.health_model_bands.band IS 'What health_band() returns.';
COMMENT ON COLUMN @extschema@.health_model_bands.label IS 'What people read.';
COMMENT ON COLUMN @extschema@.health_model_bands.from_score IS 'The lowest score of the band.';
COMMENT ON COLUMN @extschema@.health_model_bands.below_score IS 'Where the next band begins; NULL for the highest.';
COMMENT ON COLUMN @extschema@.health_model_bands.color IS 'As the document gives it.';

CREATE VIEW @extschema@.health_model_rules WITH (security_invoker = true) AS
SELECT m.name, m.version, m.active, r.position, r.rule, r.label, r.condition, r.action, r.reason
  FROM @extschema@.health_model m
 CROSS JOIN LATERAL jsonb_to_recordset(@extschema@.health_model_describe(m.definition) -> 'rules') AS r
       (position integer, rule text, label text, condition text, action text, reason text);
COMMENT ON VIEW @extschema@.health_model_rules IS 'The rules of every saved model version in the order in which they run, segments'' patches not applied.';
COMMENT ON COLUMN @extschema@.health_model_rules.name IS 'The model.';
COMMENT ON COLUMN @extschema@.health_model_rules.version IS 'Its version.';
COMMENT ON COLUMN @extschema@.health_model_rules.active IS 'Whether the bare name means this version.';
COMMENT ON COLUMN @extschema@.health_model_rules.position IS 'When it runs: rule 1 is the first.';
COMMENT ON COLUMN @extschema@.health_model_rules.rule IS 'The rule''s name: driver in health_drivers().';
COMMENT ON COLUMN @extschema@.health_model_rules.label IS 'What people read.';
COMMENT ON COLUMN @extschema@.health_model_rules.condition IS 'When it fires, in words.';
COMMENT ON COLUMN @extschema@.health_model_rules.action IS 'What it does, as in cap 39.';
COMMENT ON COLUMN @extschema@.health_model_rules.reason IS 'What it tells where it fired.';
