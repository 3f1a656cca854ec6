-- Baselines: the same score without the extension, as fast as possible. Each gives the score of health_score('bench',
-- …): subscores clamped to 0 to 100, the weight of missing signals redistributed, NULL if less than half of the weight
-- (of 100) is known, rounded to 9 decimals. run.sh first checks the scores of every account.
--
-- Slower forms: CASE WHEN … IS NULL around every term, subscores in a subquery, (VALUES …) in a lateral subquery,
-- round(…::numeric, 9), a subquery without OFFSET 0 (the planner then inlines the weights twice), and over JSON
-- jsonb_to_record() and (account->'x')::float8.

\set ON_ERROR_STOP on

-- Inline SQL. GREATEST ignores NULL, so that a missing signal adds 0.
SELECT format($sql$CREATE VIEW %I AS
SELECT account_id, CASE WHEN known >= 50 THEN round(earned / known * 1e9::float8) / 1e9::float8 END AS score
  FROM (SELECT account_id,
               20 * least(100, greatest(0, nps::float8 * 10))
             + 20 * least(100, greatest(0, logins::float8 / 40 * 100))
             + 10 * least(100, greatest(0, (seat_use - 0.1) / 0.8 * 100))
             + 15 * least(100, greatest(0, (15 - tickets)::float8 / 15 * 100))
             + 10 * least(100, greatest(0, (60 - overdue)::float8 / 60 * 100))
             + 10 * least(100, greatest(0, (usage_change + 0.5) / 0.6 * 100))
             + 15 * least(100, greatest(0, (csat - 1) / 4 * 100)) AS earned,
               CASE WHEN nps IS NULL THEN 0 ELSE 20 END
             + CASE WHEN logins IS NULL THEN 0 ELSE 20 END
             + CASE WHEN seat_use IS NULL THEN 0 ELSE 10 END
             + CASE WHEN tickets IS NULL THEN 0 ELSE 15 END
             + CASE WHEN overdue IS NULL THEN 0 ELSE 10 END
             + CASE WHEN usage_change IS NULL THEN 0 ELSE 10 END
             + CASE WHEN csat IS NULL THEN 0 ELSE 15 END AS known
          FROM %I
        OFFSET 0) a$sql$, v, t) FROM (VALUES ('bench_inline', 'bench_account'), ('bench_inline_wide', 'bench_wide')) made (v, t) \gexec

-- Inline SQL with every weight multiplied into its scale by hand, integers where possible, and complete accounts first:
-- fast, but the weights are neither readable nor changeable in one place.
CREATE VIEW bench_inline_tuned AS
SELECT account_id, CASE WHEN known >= 50 THEN round(earned / known * 1e9::float8) / 1e9::float8 END AS score
  FROM (SELECT account_id,
               least(2000, greatest(0, nps * 200)) + least(2000, greatest(0, logins * 50))
             + least(1500, greatest(0, (15 - tickets) * 100))
             + least(1000, greatest(0, (seat_use - 0.1) * 1250))
             + least(1000, greatest(0, (60 - overdue) * (1000 / 60::float8)))
             + least(1000, greatest(0, (usage_change + 0.5) * (1000 / 0.6::float8)))
             + least(1500, greatest(0, (csat - 1) * 375)) AS earned,
               CASE WHEN num_nulls(nps, logins, seat_use, tickets, overdue, usage_change, csat) = 0 THEN 100
                    ELSE CASE WHEN nps IS NULL THEN 0 ELSE 20 END
                       + CASE WHEN logins IS NULL THEN 0 ELSE 20 END
                       + CASE WHEN seat_use IS NULL THEN 0 ELSE 10 END
                       + CASE WHEN tickets IS NULL THEN 0 ELSE 15 END
                       + CASE WHEN overdue IS NULL THEN 0 ELSE 10 END
                       + CASE WHEN usage_change IS NULL THEN 0 ELSE 10 END
                       + CASE WHEN csat IS NULL THEN 0 ELSE 15 END
               END AS known
          FROM bench_account
        OFFSET 0) a;

-- Inline SQL over JSON: every value is extracted once.
SELECT format($sql$CREATE VIEW %I AS
SELECT account_id, CASE WHEN known >= 50 THEN round(earned / known * 1e9::float8) / 1e9::float8 END AS score
  FROM (SELECT account_id,
               20 * least(100, greatest(0, nps * 10))
             + 20 * least(100, greatest(0, logins / 40 * 100))
             + 10 * least(100, greatest(0, (seat_use - 0.1) / 0.8 * 100))
             + 15 * least(100, greatest(0, (15 - tickets) / 15 * 100))
             + 10 * least(100, greatest(0, (60 - overdue) / 60 * 100))
             + 10 * least(100, greatest(0, (usage_change + 0.5) / 0.6 * 100))
             + 15 * least(100, greatest(0, (csat - 1) / 4 * 100)) AS earned,
               CASE WHEN nps IS NULL THEN 0 ELSE 20 END
             + CASE WHEN logins IS NULL THEN 0 ELSE 20 END
             + CASE WHEN seat_use IS NULL THEN 0 ELSE 10 END
             + CASE WHEN tickets IS NULL THEN 0 ELSE 15 END
             + CASE WHEN overdue IS NULL THEN 0 ELSE 10 END
             + CASE WHEN usage_change IS NULL THEN 0 ELSE 10 END
             + CASE WHEN csat IS NULL THEN 0 ELSE 15 END AS known
          FROM (SELECT account_id,
                       (account->>'nps')::float8 AS nps, (account->>'logins')::float8 AS logins,
                       (account->>'seat_use')::float8 AS seat_use, (account->>'tickets')::float8 AS tickets,
                       (account->>'overdue')::float8 AS overdue, (account->>'usage_change')::float8 AS usage_change,
                       (account->>'csat')::float8 AS csat
                  FROM %I
                OFFSET 0) d
        OFFSET 0) a$sql$, v, t)
  FROM (VALUES ('bench_inline_jsonb', 'bench_document'), ('bench_inline_jsonb_30', 'bench_document_30')) made (v, t) \gexec

-- A PL/pgSQL function of a row.
CREATE FUNCTION bench_plpgsql(a bench_account) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    earned double precision := 0;
    known integer := 0;
BEGIN
    IF a.nps IS NOT NULL THEN
        earned := earned + 20 * least(100, greatest(0, a.nps::float8 * 10));
        known := known + 20;
    END IF;
    IF a.logins IS NOT NULL THEN
        earned := earned + 20 * least(100, greatest(0, a.logins::float8 / 40 * 100));
        known := known + 20;
    END IF;
    IF a.seat_use IS NOT NULL THEN
        earned := earned + 10 * least(100, greatest(0, (a.seat_use - 0.1) / 0.8 * 100));
        known := known + 10;
    END IF;
    IF a.tickets IS NOT NULL THEN
        earned := earned + 15 * least(100, greatest(0, (15 - a.tickets)::float8 / 15 * 100));
        known := known + 15;
    END IF;
    IF a.overdue IS NOT NULL THEN
        earned := earned + 10 * least(100, greatest(0, (60 - a.overdue)::float8 / 60 * 100));
        known := known + 10;
    END IF;
    IF a.usage_change IS NOT NULL THEN
        earned := earned + 10 * least(100, greatest(0, (a.usage_change + 0.5) / 0.6 * 100));
        known := known + 10;
    END IF;
    IF a.csat IS NOT NULL THEN
        earned := earned + 15 * least(100, greatest(0, (a.csat - 1) / 4 * 100));
        known := known + 15;
    END IF;
    IF known < 50 THEN
        RETURN NULL;
    END IF;
    RETURN round(earned / known * 1e9::float8) / 1e9::float8;
END
$$;

-- AUC by the rank sum (Mann and Whitney), equal scores at their middle rank.
CREATE VIEW bench_rank_sum AS
SELECT 1 - (sum(place) FILTER (WHERE churned) - events * (events + 1) / 2) / (events * (accounts - events)) AS auc
  FROM (SELECT churned, rank() OVER by_score + (count(*) OVER (PARTITION BY score) - 1) / 2.0::float8 AS place,
               count(*) FILTER (WHERE churned) OVER ()::float8 AS events, count(*) OVER ()::float8 AS accounts
          FROM bench_outcome
        WINDOW by_score AS (ORDER BY score)) ranked
 GROUP BY events, accounts;

-- AUC in two passes, without window functions for the counts: faster.
CREATE VIEW bench_rank_sum_tuned AS
SELECT 1 - (r.ranks - c.events * (c.events + 1) / 2) / (c.events * (c.accounts - c.events)) AS auc
  FROM (SELECT count(*) FILTER (WHERE churned)::float8 AS events, count(*)::float8 AS accounts FROM bench_outcome) c,
       (SELECT sum(place) FILTER (WHERE churned) AS ranks
          FROM (SELECT churned, rank() OVER (ORDER BY score) + (count(*) OVER (PARTITION BY score) - 1) / 2.0::float8 AS place FROM bench_outcome) p) r;
