-- An account as text or json is read like the same account as jsonb: the same values, or the same error, whatever the text holds.
CREATE FUNCTION outcome(form text, account text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    document CONSTANT jsonb := '{"on_invalid": "error", "signals": {
        "n": {"scale": {"linear": [0, 10]}, "optional": true}, "s": {"scale": {"map": {"a": 10, "é": 20, "true": 30, "1": 40, "a\"b": 50}, "otherwise": 60}},
        "b": {"scale": {"boolean": true}}, "key with blanks": {"scale": {"linear": [0, 1]}}}}';
    result text;
    detail text;
BEGIN
    CASE form
        WHEN 'text' THEN SELECT string_agg(format('%s=%s/%s/%s', driver, value, float8send(subscore), status), ' ' ORDER BY driver) INTO result FROM health_drivers(document, account);
        WHEN 'json' THEN SELECT string_agg(format('%s=%s/%s/%s', driver, value, float8send(subscore), status), ' ' ORDER BY driver) INTO result FROM health_drivers(document, account::json);
        ELSE SELECT string_agg(format('%s=%s/%s/%s', driver, value, float8send(subscore), status), ' ' ORDER BY driver) INTO result FROM health_drivers(document, account::jsonb);
    END CASE;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN format('%s %s %s', SQLSTATE, SQLERRM, detail);
END
$$;
CREATE TABLE account (id int GENERATED ALWAYS AS IDENTITY, account text);
INSERT INTO account (account) VALUES
    ('{"n": 5}'), ('{"n":5,"s":"a","b":true}'), (E' \t\n\r{ "n" : 5 , "s" : "a" } \n'), ('{"n": -0}'), ('{"n": 0.1}'), ('{"n": 1.50}'), ('{"n": 1e0}'),
    ('{"n": 12E-1}'), ('{"n": 1.5e+0}'), ('{"n": 9007199254740993}'), ('{"n": 0.30000000000000004}'), ('{"n": 3.0000000000000000000000000000000001}'),
    ('{"n": 1e400}'), ('{"n": -1e400}'), ('{"n": 1e-400}'), ('{"x": 1e400, "n": 2}'), ('{"n": 01}'), ('{"n": +1}'), ('{"n": .5}'), ('{"n": 1.}'), ('{"n": 1e}'), ('{"n": -}'),
    ('{"n": 0x10}'), ('{"n": 1_000}'), ('{"n": NaN}'), ('{"n": Infinity}'), ('{"n": 5 6}'), ('{"n": 5}}'), ('{"n": 5},'), ('{"n": 5,}'), ('{,"n": 5}'), ('{"n" 5}'),
    ('{"n": 5'), ('{"n": "5"}'), ('{"n": null}'), ('{"n": nul}'), ('{"n": nullx}'), ('{"n": truefalse}'), ('{"b": false}'), ('{"b": True}'), ('{"b": 1}'),
    ('{"n": 1, "n": 2}'), ('{"n": 1, "n": null}'), ('{"n": null, "n": 3}'), ('{"n": [1]}'), ('{"n": {"a": 1}}'), ('{"x": [1, {"y": 2}], "n": 4}'), ('{"x": {}, "n": 4}'),
    ('{"s": "a"}'), ('{"s": "é"}'), ('{"s": "\u00e9"}'), ('{"s": "a\"b"}'), ('{"s": "\u0000"}'), ('{"s": "\ud800"}'), (E'{"s": "a\nb"}'), ('{"s": ""}'), ('{"s": "a'), ('{"s": 1}'), ('{"s": true}'),
    ('{"\u006e": 7}'), ('{"key with blanks": 0.5}'), ('{"N": 5}'), ('{"": 1, "n": 2}'), ('{}'), ('{ }'), (''), (' '), ('null'), ('5'), ('"n"'), ('[]'), ('[{"n": 5}]'), ('n'), ('{''n'': 5}'),
    ('{"n": 5, "s": "' || repeat('x', 100000) || '"}'), ('{"n": 5, "' || repeat('k', 1000) || '": 1}'), ('{n: 5}'), ('{"n": 5} x'), ('{"n": 5}{"n": 6}'), (E'{"n":\u00a05}');
-- No difference to jsonb, but that text which is no JSON is refused earlier as a json, and in plainer words where it does not even begin like one.
SELECT id, left(account, 40) AS account, left(outcome('text', account), 60) AS as_text, left(outcome('jsonb', account), 60) AS as_jsonb FROM account
 WHERE outcome('text', account) IS DISTINCT FROM outcome('jsonb', account)
   AND NOT (outcome('text', account) LIKE '22P02 the account is text that is not JSON %' AND outcome('jsonb', account) LIKE '22P02 %') ORDER BY id;
SELECT id, left(account, 40) AS account, left(outcome('json', account), 60) AS as_json, left(outcome('jsonb', account), 60) AS as_jsonb FROM account
 WHERE outcome('json', account) IS DISTINCT FROM outcome('jsonb', account) ORDER BY id;
-- How many of them are read, and how many refused
SELECT count(*) FILTER (WHERE outcome('text', account) ~ '^[0-9A-Z]{5} ') AS refused, count(*) AS all FROM account;
-- 20,000 accounts with random numbers and texts
SELECT count(*) FROM (
    SELECT format('{"n": %s, "s": "%s", "b": %s, "key with blanks": %s}', (random() * 20 - 5) * power(10, i % 40 - 20), chr(97 + i % 26), CASE i % 3 WHEN 0 THEN 'true' WHEN 1 THEN 'false' ELSE 'null' END,
                  round((random() * 1e6)::numeric, i % 12)) AS account
      FROM generate_series(1, 20000) i) a
 WHERE float8send(health_score('{"signals": {"n": {"scale": {"linear": [0, 10]}}, "key with blanks": {"scale": {"linear": [0, 1000000]}}}}'::jsonb, account))
       IS DISTINCT FROM float8send(health_score('{"signals": {"n": {"scale": {"linear": [0, 10]}}, "key with blanks": {"scale": {"linear": [0, 1000000]}}}}'::jsonb, account::jsonb));
DROP TABLE account;
DROP FUNCTION outcome;
