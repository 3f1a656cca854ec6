-- The scores of all baselines must agree with health_score() on every account. Sums in another order may differ in the
-- ninth decimal after rounding.

\set ON_ERROR_STOP on

CREATE TABLE bench_score AS
SELECT account_id, health_score('bench', a) AS score FROM bench_account a;
CREATE TABLE bench_score_jsonb AS
SELECT account_id, health_score('bench', account) AS score FROM bench_document;

DO $$
DECLARE
    other record;
    wrong bigint;
    scored bigint;
BEGIN
    FOR other IN
        SELECT * FROM (VALUES
            ('inline SQL', 'bench_score', 'SELECT account_id, score FROM bench_inline'),
            ('tuned inline SQL', 'bench_score', 'SELECT account_id, score FROM bench_inline_tuned'),
            ('PL/pgSQL', 'bench_score', 'SELECT account_id, bench_plpgsql(a) AS score FROM bench_account a'),
            ('inline SQL over 30 columns', 'bench_score', 'SELECT account_id, score FROM bench_inline_wide'),
            ('health_score of 30 columns', 'bench_score', 'SELECT account_id, health_score(''bench'', a) AS score FROM bench_wide a'),
            ('drivers', 'bench_score', 'SELECT account_id, (SELECT sum(contribution) FROM health_drivers(''bench'', a)) AS score FROM bench_account a'),
            ('inline SQL over jsonb', 'bench_score_jsonb', 'SELECT account_id, score FROM bench_inline_jsonb'),
            ('inline SQL over jsonb of 30 keys', 'bench_score_jsonb', 'SELECT account_id, score FROM bench_inline_jsonb_30'),
            ('health_score of jsonb of 30 keys', 'bench_score_jsonb', 'SELECT account_id, health_score(''bench'', account) AS score FROM bench_document_30'),
            ('health_score of the text of jsonb', 'bench_score_jsonb', 'SELECT account_id, health_score(''bench'', account::text::json) AS score FROM bench_document')
        ) AS v (what, reference, query)
    LOOP
        EXECUTE format('SELECT count(*) FILTER (WHERE (o.score IS NULL) <> (s.score IS NULL) OR abs(o.score - s.score) > 1.5e-9),
                               count(o.account_id)
                          FROM %I s LEFT JOIN (%s) o USING (account_id)', other.reference, other.query) INTO wrong, scored;
        IF wrong > 0 OR scored <> (SELECT count(*) FROM bench_score) THEN
            RAISE EXCEPTION '% differs from health_score() on % of % accounts', other.what, wrong, scored;
        END IF;
    END LOOP;
END
$$;

DO $$
DECLARE
    wrong bigint;
BEGIN
    SELECT count(*) FILTER (WHERE (ours.score IS NULL) <> (theirs.score IS NULL) OR abs(ours.score - theirs.score) > 1.5e-9) INTO wrong
      FROM (SELECT account_id, health_score('bench', signal, value) AS score FROM bench_event GROUP BY account_id) ours
      JOIN bench_event_join theirs USING (account_id);
    IF wrong > 0 THEN
        RAISE EXCEPTION 'the join with a table of weights differs from health_score() of events on % accounts', wrong;
    END IF;
END
$$;

SELECT format('All baselines agree with health_score() to 1e-9: %s accounts, %s of them without a score.',
              count(*), count(*) - count(score)) FROM bench_score;

DO $$
BEGIN
    IF abs((SELECT health_auc(score, churned) FROM bench_outcome) - (SELECT auc FROM bench_rank_sum)) > 1e-9
       OR abs((SELECT auc FROM bench_rank_sum_tuned) - (SELECT auc FROM bench_rank_sum)) > 1e-9 THEN
        RAISE EXCEPTION 'the rank sum differs from health_auc()';
    END IF;
END
$$;
