-- A sample company to try health_score on: 4,000 accounts of an invented software vendor, July 2024 to June 2026.
--
--   psql -X -q -v ON_ERROR_STOP=1 -f demo/company.sql
--
-- All data is invented (a likeness of names is accidental) and reproducible: each draw hashes the number of an account,
-- so every run gives the same rows. "Today" is 2026-06-30, 00:00 UTC: no data is later. Each account has a hidden state
-- that drifts from month to month and moves usage, tickets, payments, surveys, contact and finally churn. The script
-- drops the hidden state at the end, since a real company does not have it. The file loads without the extension.

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
SET LOCAL jit = off;

DROP SCHEMA IF EXISTS demo CASCADE;
CREATE SCHEMA demo;
COMMENT ON SCHEMA demo IS 'health_score demo: a sample company, as of 2026-06-30';

-- Draws: the same key and salt give the same number on every server. -------------------------------------------------

CREATE FUNCTION demo.uniform(key bigint, salt bigint) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((hashint8extended(key, salt) >> 11) & 9007199254740991)::float8 / 9007199254740992;
COMMENT ON FUNCTION demo.uniform(bigint, bigint) IS 'Repeatable draw in [0,1)';

-- Four 16-bit uniforms added up: close to normal, tails end at 3.46, and no logarithm whose last digit differs by platform.
CREATE FUNCTION demo.normal(key bigint, salt bigint) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (((hashint8extended(key, salt) & 65535) + ((hashint8extended(key, salt) >> 16) & 65535)
       + ((hashint8extended(key, salt) >> 32) & 65535) + ((hashint8extended(key, salt) >> 48) & 65535))::float8 / 65536 - 2) * 1.7320508;
COMMENT ON FUNCTION demo.normal(bigint, bigint) IS 'Repeatable draw, mean 0, deviation 1';

CREATE FUNCTION demo.pick(choices text[], u float8) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN choices[1 + floor(u * cardinality(choices))::int];
COMMENT ON FUNCTION demo.pick(text[], float8) IS 'The element of the array for a draw in [0,1)';

-- A number of events with the given mean (geometric distribution: often 0, rarely many).
CREATE FUNCTION demo.times(mean float8, u float8) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(12, floor(ln(1 - u) / ln(mean / (1 + mean))))::int;
COMMENT ON FUNCTION demo.times(float8, float8) IS 'Number of events for a draw in [0,1)';

CREATE FUNCTION demo.month_number(day date) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (extract(year FROM day)::int - 2024) * 12 + extract(month FROM day)::int - 7;
COMMENT ON FUNCTION demo.month_number(date) IS 'Months since July 2024';

-- Accounts (the CRM) --------------------------------------------------------------------------------------------------

CREATE TABLE demo.account (
    account_id      bigint PRIMARY KEY,
    name            text NOT NULL UNIQUE,
    industry        text NOT NULL,
    region          text NOT NULL,
    segment         text NOT NULL,
    plan            text NOT NULL,
    owner           text NOT NULL,
    signup_date     date NOT NULL,
    sponsor_left_on date
);
COMMENT ON TABLE demo.account IS 'CRM: one row per customer ever signed, churned ones included';
COMMENT ON COLUMN demo.account.owner IS 'The customer success manager in charge';
COMMENT ON COLUMN demo.account.sponsor_left_on IS 'When the executive sponsor left the customer; NULL while in place';

INSERT INTO demo.account
WITH word AS (
    SELECT string_to_array('Alder Amberly Arden Ashby Aster Avonlea Barrow Beckett Belmore Birchall Blackthorn Bluewater Bramble '
        'Brightwell Calder Camden Carraway Cedarline Coldbrook Copperhill Corvin Cranfield Crestwood Cypress Dalewood Darrow '
        'Delmont Dovecote Driftwood Eastgate Edgeworth Elmstead Emberley Everdeen Fairhaven Fallow Fernhill Foxglove Gladstone '
        'Glenmore Goldcrest Granby Greyfriars Halden Hartwell Hawthorne Hazelton Hedley Hollis Ironbridge Ivywood Jasper '
        'Juniper Kestrel Kingsley Kirkwood Lakeshore Langdon Larkspur Lindell Longmeadow Lorimer Marlowe Mayfield Meridian '
        'Millbrook Moorland Nettle Newbury Northwind Oakhurst Orchard Osprey Palisade Pemberton Pinecrest Quarry Quillon Redfern '
        'Ridgeway Rosewood Rowan Saltmarsh Sandhurst Selwyn Silverton Southgate Sparrow Stanmore Sterling Summit Tamarack Thistle '
        'Thornbury Trellis Umber Valemont Waverly Westbrook Whitfield Windermere Wolcott Yarrow Zephyr', ' ') AS first,
    ARRAY['Software/Software', 'Systems/Software', 'Analytics/Software', 'Labs/Software', 'Cloud/Software', 'Digital/Software',
          'Foods/Consumer goods', 'Apparel/Consumer goods', 'Home/Consumer goods', 'Outfitters/Retail', 'Stores/Retail', 'Market/Retail',
          'Logistics/Transport', 'Freight/Transport', 'Shipping/Transport', 'Health/Healthcare', 'Clinics/Healthcare', 'Dental/Healthcare',
          'Capital/Finance', 'Insurance/Finance', 'Credit Union/Finance', 'Partners/Professional services', 'Consulting/Professional services',
          'Legal/Professional services', 'Studio/Media', 'Press/Media', 'Energy/Energy', 'Solar/Energy', 'Manufacturing/Manufacturing',
          'Tools/Manufacturing', 'Materials/Manufacturing', 'Robotics/Manufacturing', 'Academy/Education', 'Learning/Education',
          'Travel/Hospitality', 'Hotels/Hospitality', 'Construction/Construction', 'Properties/Construction', 'Media/Media', 'Works/Manufacturing'] AS last
), numbered AS (
    -- 1171 shares no factor with the number of names: all 4,000 are different.
    SELECT 1000 + n AS id, n, (n * 1171) % (cardinality(first) * cardinality(last)) AS at, first, last,
           demo.uniform(n, 1) AS u_plan, demo.uniform(n, 2) AS u_region, demo.uniform(n, 3) AS u_owner
    FROM generate_series(1, 4000) AS n, word
), drawn AS (
    SELECT *, first[1 + at / cardinality(last)] || ' ' || split_part(last[1 + at % cardinality(last)], '/', 1) AS name,
           split_part(last[1 + at % cardinality(last)], '/', 2) AS industry,
           CASE WHEN u_plan < 0.34 THEN 'starter' WHEN u_plan < 0.68 THEN 'team' WHEN u_plan < 0.91 THEN 'business' ELSE 'enterprise' END AS plan,
           CASE WHEN u_region < 0.45 THEN 'Americas' WHEN u_region < 0.82 THEN 'EMEA' ELSE 'APAC' END AS region
    FROM numbered
)
SELECT id, name, industry, region,
       CASE plan WHEN 'enterprise' THEN 'enterprise' WHEN 'business' THEN 'mid-market' ELSE 'small business' END, plan,
       demo.pick(CASE region
           WHEN 'Americas' THEN ARRAY['Dana Whitcomb', 'Luis Ferreira', 'Megan Oyelaran', 'Tom Brandvold', 'Alicia Quintero']
           WHEN 'EMEA' THEN ARRAY['Hanna Lindqvist', 'Piotr Zawadzki', 'Amina Benali', 'Oliver Strand']
           ELSE ARRAY['Kenji Morita', 'Priya Raman'] END, u_owner),
       -- A growing company: more signups each month.
       date '2021-03-01' + floor(1938 * power(n / 4000.0, 0.8))::int + floor(demo.uniform(n, 4) * 5)::int,
       CASE WHEN demo.uniform(n, 5) < CASE WHEN plan IN ('starter', 'team') THEN 0.05 ELSE 0.13 END
            THEN date '2024-08-01' + floor(demo.uniform(n, 6) * 690)::int END
FROM drawn;

-- No sponsor leaves before the customer signs.
UPDATE demo.account SET sponsor_left_on = NULL WHERE sponsor_left_on < signup_date + 60;

-- The hidden state: one number per account and month, 0.9 is a contented customer, below 0 is in trouble. ----------------

CREATE TEMP TABLE hidden ON COMMIT DROP AS
WITH nature AS (
    SELECT account_id AS id, sponsor_left_on, 0.95 + 0.65 * demo.normal(account_id, 10) + CASE plan WHEN 'starter' THEN -0.25 WHEN 'enterprise' THEN 0.2 ELSE 0 END AS base,
           demo.uniform(account_id, 11) AS kind, 2 + floor(demo.uniform(account_id, 12) * 21) AS turn
    FROM demo.account
), monthly AS (
    SELECT id, m, base,
           -- autoregressive: each month keeps 0.92 of the month before
           power(0.92, m) * sum(0.22 * demo.normal(id * 100 + m, 13) / power(0.92, m)) OVER (PARTITION BY id ORDER BY m) AS wander,
           CASE WHEN kind < 0.17 THEN greatest(-3.2, -0.28 * greatest(0, m - turn))     -- declines
                WHEN kind < 0.25 THEN least(1.2, 0.12 * greatest(0, m - turn))          -- improves
                ELSE 0 END AS course,
           CASE WHEN months IS NULL THEN 0 ELSE -0.5 - least(1.5, 0.18 * (m - months)) END AS loss
    FROM nature CROSS JOIN generate_series(0, 24) AS m
    LEFT JOIN LATERAL (SELECT demo.month_number(sponsor_left_on) AS months) AS left_in
              ON m >= months
)
SELECT id, m, base + wander + course + loss AS l,
       lead(base + wander + course + loss, 1, base + wander + course + loss) OVER (PARTITION BY id ORDER BY m) AS l_next
FROM monthly;
CREATE UNIQUE INDEX ON hidden (id, m);
ANALYZE hidden;
ANALYZE demo.account;

-- Subscriptions and outcomes ------------------------------------------------------------------------------------------------

CREATE TEMP TABLE contract ON COMMIT DROP AS
SELECT account_id AS id, plan, signup_date,
       CASE WHEN plan = 'starter' AND demo.uniform(account_id, 20) < 0.75 OR plan = 'team' AND demo.uniform(account_id, 20) < 0.2
            THEN 'monthly' ELSE 'annual' END AS billing,
       CASE plan WHEN 'starter' THEN 3 + floor(10 * power(demo.uniform(account_id, 21), 2))
                 WHEN 'team' THEN 10 + floor(50 * power(demo.uniform(account_id, 21), 2))
                 WHEN 'business' THEN 45 + floor(210 * power(demo.uniform(account_id, 21), 2))
                 ELSE 180 + floor(1100 * power(demo.uniform(account_id, 21), 3)) END::int AS seats,
       CASE plan WHEN 'starter' THEN 14 WHEN 'team' THEN 22 WHEN 'business' THEN 34 ELSE 41 END
         * (1 - 0.05 * floor(5 * demo.uniform(account_id, 22))) AS seat_price
FROM demo.account;

-- Every date on which an account could leave, up to the date on which it left.
CREATE TEMP TABLE renewal ON COMMIT DROP AS
WITH due AS MATERIALIZED (
    SELECT c.id, c.billing, k, (c.signup_date + k * CASE c.billing WHEN 'annual' THEN interval '1 year' ELSE interval '1 month' END)::date AS due_on
    FROM contract AS c CROSS JOIN generate_series(1, 64) AS k
    WHERE c.billing = 'monthly' OR k <= 5
), state AS (
    SELECT d.*, h.l, CASE WHEN h.l IS NULL THEN false   -- before July 2024 nobody left: those accounts are not in this CRM
           WHEN billing = 'annual' THEN demo.uniform(d.id * 100 + k, 23) < 1 / (1 + exp(1.9 + 1.7 * h.l))
           ELSE demo.uniform(d.id * 100 + k, 23) < 1 / (1 + exp(3.6 + 1.35 * h.l)) END AS left_then
    FROM due AS d
    LEFT JOIN hidden AS h ON h.id = d.id AND h.m = demo.month_number(due_on) - 1
    WHERE due_on < date '2026-06-30'
)
SELECT *, min(due_on) FILTER (WHERE left_then) OVER (PARTITION BY id) AS churned_on,
       CASE WHEN billing = 'monthly' OR l IS NULL THEN 1
            WHEN l > 0.9 AND demo.uniform(id * 100 + k, 24) < 0.45 THEN 1.1 + 0.4 * demo.uniform(id * 100 + k, 25)
            WHEN l < 0.1 AND demo.uniform(id * 100 + k, 24) < 0.40 THEN 0.6 + 0.3 * demo.uniform(id * 100 + k, 25)
            ELSE 1 END AS growth
FROM state;
DELETE FROM renewal WHERE due_on > churned_on;

CREATE TABLE demo.subscription (
    subscription_id bigint PRIMARY KEY,
    account_id      bigint NOT NULL REFERENCES demo.account,
    plan            text NOT NULL,
    billing         text NOT NULL,
    seats           int NOT NULL,
    mrr             numeric(10,2) NOT NULL,
    starts_on       date NOT NULL,
    ends_on         date
);
COMMENT ON TABLE demo.subscription IS 'Billing: one row per annual term, one row per monthly subscription';
COMMENT ON COLUMN demo.subscription.seats IS 'Licensed seats';
COMMENT ON COLUMN demo.subscription.mrr IS 'Monthly recurring revenue in US dollars';
COMMENT ON COLUMN demo.subscription.ends_on IS 'First day no longer covered: the renewal date of a running annual term; NULL for a running monthly one';

INSERT INTO demo.subscription
WITH term AS (
    SELECT id, 0 AS k, signup_date AS starts_on, 1.0::float8 AS growth FROM contract
    UNION ALL
    SELECT id, k, due_on, growth FROM renewal WHERE billing = 'annual' AND NOT left_then
), sized AS (
    SELECT c.*, k, starts_on, round(c.seats * exp(sum(ln(growth)) OVER (PARTITION BY id ORDER BY k)))::int AS term_seats
    FROM term JOIN contract AS c USING (id)
)
SELECT row_number() OVER (ORDER BY starts_on, id), id, plan, billing, term_seats, round((term_seats * seat_price)::numeric, 2), starts_on,
       CASE billing WHEN 'annual' THEN (signup_date + (k + 1) * interval '1 year')::date
            ELSE (SELECT churned_on FROM renewal AS r WHERE r.id = sized.id LIMIT 1) END
FROM sized;
CREATE INDEX ON demo.subscription (account_id, starts_on);

CREATE TABLE demo.outcome (
    account_id bigint NOT NULL REFERENCES demo.account,
    kind       text NOT NULL CHECK (kind IN ('churned', 'renewed', 'expanded', 'contracted')),
    at         date NOT NULL,
    mrr        numeric(10,2) NOT NULL,
    PRIMARY KEY (account_id, at)
);
COMMENT ON TABLE demo.outcome IS 'Outcomes of accounts: each annual renewal since July 2024, and each churn (mrr: the revenue before)';

INSERT INTO demo.outcome
SELECT r.id, CASE WHEN left_then THEN 'churned' WHEN growth > 1 THEN 'expanded' WHEN growth < 1 THEN 'contracted' ELSE 'renewed' END, due_on, s.mrr
FROM renewal AS r
JOIN LATERAL (SELECT mrr FROM demo.subscription AS s WHERE s.account_id = r.id AND s.starts_on < r.due_on ORDER BY s.starts_on DESC LIMIT 1) AS s ON true
WHERE r.due_on >= date '2024-07-01' AND (r.billing = 'annual' OR left_then);

-- The time of each account as a customer, with its seats: the base of all behaviour below.
CREATE TEMP TABLE life ON COMMIT DROP AS
SELECT c.id, c.plan, c.billing, c.signup_date, o.at AS churned_on, coalesce(o.at, date '2026-06-30') AS until
FROM contract AS c LEFT JOIN demo.outcome AS o ON o.account_id = c.id AND o.kind = 'churned';
CREATE UNIQUE INDEX ON life (id);
ANALYZE life;
ANALYZE demo.subscription;

-- Invoices ------------------------------------------------------------------------------------------------------------------

CREATE TABLE demo.invoice (
    invoice_id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES demo.account,
    issued_on  date NOT NULL,
    due_on     date NOT NULL,
    paid_on    date,
    amount     numeric(10,2) NOT NULL
);
COMMENT ON TABLE demo.invoice IS 'Billing: invoices since July 2024, monthly or quarterly; paid_on is NULL while open';

INSERT INTO demo.invoice
WITH issued AS (
    SELECT s.subscription_id * 100 + k AS key, s.account_id AS id, s.mrr, s.billing, i.issued_on, l.churned_on
    FROM demo.subscription AS s JOIN life AS l ON l.id = s.account_id CROSS JOIN generate_series(0, 64) AS k
    CROSS JOIN LATERAL (SELECT (s.starts_on + k * CASE s.billing WHEN 'annual' THEN interval '3 months' ELSE interval '1 month' END)::date AS issued_on) AS i
    WHERE (s.billing = 'monthly' OR k < 4) AND i.issued_on >= date '2024-07-01' AND i.issued_on < l.until
), state AS (
    SELECT i.*, i.issued_on + CASE billing WHEN 'annual' THEN 30 ELSE 14 END AS due_on, 1 / (1 + exp(h.l)) AS trouble
    FROM issued AS i JOIN hidden AS h ON h.id = i.id AND h.m = demo.month_number(issued_on)
), paid AS (
    SELECT *, CASE WHEN demo.uniform(key, 30) < 0.04 + 0.60 * power(trouble, 1.4)
                   THEN due_on + 1 + floor(-ln(1 - demo.uniform(key, 31)) * (12 + 55 * trouble))::int
                   ELSE greatest(issued_on, due_on - floor(demo.uniform(key, 32) * 13)::int) END AS pays_on
    FROM state
)
SELECT row_number() OVER (ORDER BY issued_on, id, key), id, issued_on, due_on,
       CASE WHEN pays_on < date '2026-06-30' AND (churned_on IS NULL OR pays_on < churned_on + 30) THEN pays_on END,
       CASE billing WHEN 'annual' THEN 3 * mrr ELSE mrr END
FROM paid;
CREATE INDEX ON demo.invoice (account_id, due_on);

-- Product usage, week by week -----------------------------------------------------------------------------------------------

CREATE TABLE demo.usage_week (
    account_id    bigint NOT NULL REFERENCES demo.account,
    week          date NOT NULL,
    active_users  int NOT NULL,
    logins        int NOT NULL,
    features_used int NOT NULL,
    key_actions   int NOT NULL,
    PRIMARY KEY (account_id, week)
);
COMMENT ON TABLE demo.usage_week IS 'Product: usage of each full week (Monday to Sunday); about 3 % of the accounts run the product themselves and send nothing';

INSERT INTO demo.usage_week
WITH week AS (
    SELECT w::date AS week, demo.month_number(w::date) AS m, (extract(day FROM w) - 1)::float8 / 31 AS into_month,
           -- the end of the year and the summer are quiet
           CASE WHEN to_char(w, 'MMDD') BETWEEN '1222' AND '1231' THEN 0.55 WHEN extract(month FROM w) = 8 THEN 0.88 ELSE 1 END AS season
    FROM generate_series(timestamp '2024-07-01', timestamp '2026-06-22', interval '7 days') AS w
), state AS MATERIALIZED (
    SELECT l.id, w.week, w.season, l.id * 1000 + (w.week - date '2024-07-01') / 7 AS key, l.plan, s.seats,
           h.l + (h.l_next - h.l) * w.into_month
             -- many accounts stop using the product before they leave
             - CASE WHEN l.churned_on - w.week < 56 AND demo.uniform(l.id, 40) < 0.6 THEN 1.2 * (1 - (l.churned_on - w.week) / 56.0) ELSE 0 END AS l,
           least(1, 0.25 + 0.75 * (w.week - l.signup_date) / 84.0) AS ramp
    FROM life AS l
    JOIN week AS w ON w.week >= l.signup_date AND w.week + 7 <= l.until
    JOIN hidden AS h ON h.id = l.id AND h.m = w.m
    JOIN LATERAL (SELECT s.seats FROM demo.subscription AS s WHERE s.account_id = l.id AND s.starts_on <= w.week ORDER BY s.starts_on DESC LIMIT 1) AS s ON true
    WHERE demo.uniform(l.id, 41) >= 0.03
), used AS MATERIALIZED (
    SELECT *, 1 / (1 + exp(-l)) AS health,
           greatest(0, least(seats, round(seats * (0.12 + 0.62 / (1 + exp(-1.15 * l)) + 0.07 * demo.normal(id, 42)) * ramp * season * (1 + 0.07 * demo.normal(key, 43)))))::int AS users
    FROM state
), active AS MATERIALIZED (
    SELECT *, round(users * (0.8 + 3.2 * health) * (1 + 0.12 * demo.normal(key, 44)))::int AS logins_made FROM used
)
SELECT id, week, users, greatest(users, logins_made),
       CASE WHEN users = 0 THEN 0 ELSE
         greatest(1, least(CASE plan WHEN 'starter' THEN 6 WHEN 'team' THEN 8 WHEN 'business' THEN 10 ELSE 12 END,
                  round(CASE plan WHEN 'starter' THEN 6 WHEN 'team' THEN 8 WHEN 'business' THEN 10 ELSE 12 END
                        * (0.15 + 0.75 * health + 0.10 * demo.normal(id, 45)) * (0.5 + 0.5 * ramp) + 0.4 * demo.normal(key, 46)))) END::int,
       greatest(0, round(logins_made * (0.3 + 0.5 * health) * (1 + 0.15 * demo.normal(key, 47))))::int
FROM active;

-- Support tickets -----------------------------------------------------------------------------------------------------------

CREATE TABLE demo.ticket (
    ticket_id  bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES demo.account,
    severity   text NOT NULL CHECK (severity IN ('low', 'normal', 'high', 'urgent')),
    opened_at  timestamptz NOT NULL,
    closed_at  timestamptz,
    csat       int CHECK (csat BETWEEN 1 AND 5)
);
COMMENT ON TABLE demo.ticket IS 'Help desk: closed_at is NULL while open; csat 1 to 5 is the answer to the survey sent on closing, mostly NULL';

-- Each account's months as a customer: the base of tickets, surveys and touches.
CREATE TEMP TABLE account_month ON COMMIT DROP AS
SELECT l.id, l.plan, l.id * 100 + h.m AS key, h.m, f.first_day, l.signup_date, l.until, h.l, 1 / (1 + exp(-h.l)) AS health, s.seats
FROM life AS l JOIN hidden AS h ON h.id = l.id AND h.m <= 23
CROSS JOIN LATERAL (SELECT (date '2024-07-01' + h.m * interval '1 month')::date AS first_day) AS f
JOIN LATERAL (SELECT s.seats FROM demo.subscription AS s WHERE s.account_id = l.id AND s.starts_on < f.first_day + 28 ORDER BY s.starts_on DESC LIMIT 1) AS s ON true
WHERE f.first_day < l.until;
ANALYZE account_month;

INSERT INTO demo.ticket
WITH opened AS (
    SELECT a.*, a.key * 20 + k AS tkey,
           (first_day + floor(demo.uniform(a.key * 20 + k, 51) * 30)::int + interval '8 hours' + floor(demo.uniform(a.key * 20 + k, 52) * 36000) * interval '1 second')
             AT TIME ZONE 'UTC' AS opened_at
    FROM account_month AS a
    CROSS JOIN LATERAL generate_series(1, demo.times((0.12 + 0.20 * ln(1 + seats)) * (1.9 - 1.5 * health), demo.uniform(a.key, 50))) AS k
), closed AS (
    SELECT *, CASE WHEN demo.uniform(tkey, 53) < 0.03 + 0.11 * (1 - health) THEN 'urgent' WHEN demo.uniform(tkey, 53) < 0.18 + 0.16 * (1 - health) THEN 'high'
                   WHEN demo.uniform(tkey, 53) < 0.75 THEN 'normal' ELSE 'low' END AS severity,
           date_trunc('minute', opened_at - ln(1 - demo.uniform(tkey, 54)) * interval '1 day' * (1.5 + 5 * (1 - health)) + interval '20 minutes') AS closes_at
    FROM opened WHERE opened_at >= signup_date AND opened_at < until
)
SELECT row_number() OVER (ORDER BY opened_at, tkey), id, severity, opened_at,
       CASE WHEN closes_at < timestamptz '2026-06-30' THEN closes_at END,
       CASE WHEN closes_at < timestamptz '2026-06-30' AND demo.uniform(tkey, 55) < 0.38
            THEN greatest(1, least(5, round(3.55 + 0.65 * l + 0.9 * demo.normal(tkey, 56)))) END
FROM closed;
CREATE INDEX ON demo.ticket (account_id, opened_at);

-- Surveys -------------------------------------------------------------------------------------------------------------------

CREATE TABLE demo.survey (
    survey_id   bigint PRIMARY KEY,
    account_id  bigint NOT NULL REFERENCES demo.account,
    kind        text NOT NULL CHECK (kind IN ('nps', 'csat')),
    rating      int NOT NULL CHECK (rating BETWEEN 0 AND 10),
    answered_on date NOT NULL,
    comment     text
);
COMMENT ON TABLE demo.survey IS 'Survey answers: nps 0 to 10 (asked twice a year), csat 1 to 5 (after a review); about a third of the accounts never answer';

INSERT INTO demo.survey
WITH asked AS (
    SELECT a.*, k.kind, a.key * 2 + k.n AS skey, first_day + floor(demo.uniform(a.key * 2 + k.n, 61) * 28)::int AS answered_on
    FROM account_month AS a
    JOIN (VALUES ('nps', 0, 6), ('csat', 1, 4)) AS k (kind, n, every) ON (a.m + a.id) % k.every = 0
    WHERE demo.uniform(a.id, 60) >= CASE a.plan WHEN 'starter' THEN 0.5 WHEN 'team' THEN 0.35 ELSE 0.2 END
      AND demo.uniform(a.key * 2 + k.n, 62) < CASE k.kind WHEN 'nps' THEN 0.62 ELSE 0.25 END
), rated AS (
    SELECT *, CASE kind WHEN 'nps' THEN greatest(0, least(10, round(6.9 + 1.55 * l + 1.5 * demo.normal(skey, 63))))
                        ELSE greatest(1, least(5, round(3.6 + 0.6 * l + 0.8 * demo.normal(skey, 63)))) END::int AS rating
    FROM asked WHERE answered_on >= signup_date + 21 AND answered_on < until
)
SELECT row_number() OVER (ORDER BY answered_on, skey), id, kind, rating, answered_on,
       CASE WHEN kind = 'nps' AND demo.uniform(skey, 64) < 0.6 THEN demo.pick(CASE
            WHEN rating >= 9 THEN ARRAY['The team relies on it every day', 'Great support, quick answers', 'Best rollout we have had', 'Saves us hours each week']
            WHEN rating >= 7 THEN ARRAY['Good product, reports could be faster', 'Does what we need', 'Happy overall, pricing is steep', 'Solid, but the mobile app lags behind']
            WHEN rating >= 4 THEN ARRAY['We only use half of it', 'Too many clicks for simple things', 'Answers from support take too long', 'Still waiting for the export we asked for']
            ELSE ARRAY['We are looking at alternatives', 'Hard to justify the cost', 'Outages at the worst time', 'Nobody here uses it any more'] END, demo.uniform(skey, 65)) END
FROM rated;
CREATE INDEX ON demo.survey (account_id, answered_on);

-- Touches: calls, meetings and e-mails of the customer success managers ----------------------------------------------------

CREATE TABLE demo.touch (
    touch_id   bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES demo.account,
    kind       text NOT NULL CHECK (kind IN ('email', 'call', 'meeting', 'business review')),
    touched_on date NOT NULL
);
COMMENT ON TABLE demo.touch IS 'CRM: two-way contact with the account; most starter accounts have none';

INSERT INTO demo.touch
WITH held AS (
    SELECT a.*, a.key * 20 + k AS tkey, first_day + floor(demo.uniform(a.key * 20 + k, 71) * 30)::int AS touched_on
    FROM account_month AS a
    CROSS JOIN LATERAL generate_series(1, demo.times(
        CASE plan WHEN 'starter' THEN 0.06 WHEN 'team' THEN 0.40 WHEN 'business' THEN 1.1 ELSE 2.6 END * (0.25 + health), demo.uniform(a.key, 70))) AS k
    WHERE plan <> 'starter' OR demo.uniform(a.id, 74) < 0.4
)
SELECT row_number() OVER (ORDER BY touched_on, tkey), id,
       CASE WHEN demo.uniform(tkey, 72) < 0.5 THEN 'email' WHEN demo.uniform(tkey, 72) < 0.8 THEN 'call'
            WHEN demo.uniform(tkey, 72) < 0.95 OR plan IN ('starter', 'team') THEN 'meeting' ELSE 'business review' END, touched_on
FROM held WHERE touched_on >= signup_date AND touched_on < until;
CREATE INDEX ON demo.touch (account_id, touched_on);

-- What an analyst would write on top: one row per customer, with everything known before a day -------------------------------

CREATE FUNCTION demo.account_inputs_at(as_of date) RETURNS TABLE (
    account_id bigint, name text, industry text, region text, segment text, plan text, owner text,
    signup_date date, renewal_date date, licensed_seats int, mrr numeric,
    active_users int, logins_30d int, logins_prev_30d int, features_used int, features_in_plan int, key_actions_30d int,
    tickets_30d int, serious_90d int, csat numeric, nps int, nps_at date, nps_comment text,
    overdue_days int, late_share numeric, last_contact date, sponsor_left boolean
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH usage AS (
        -- Four full weeks and the four weeks before, so that both periods have the same weekdays.
        SELECT u.account_id,
               round(avg(u.active_users) FILTER (WHERE recent))::int AS active_users,
               sum(u.logins) FILTER (WHERE recent)::int AS logins_30d,
               sum(u.logins) FILTER (WHERE NOT recent AND full_before)::int AS logins_prev_30d,
               max(u.features_used) FILTER (WHERE recent) AS features_used,
               sum(u.key_actions) FILTER (WHERE recent)::int AS key_actions_30d
        FROM (SELECT w.*, w.week + 7 > $1 - 28 AS recent, count(*) FILTER (WHERE w.week + 7 <= $1 - 28) OVER (PARTITION BY w.account_id) = 4 AS full_before
              FROM demo.usage_week AS w WHERE w.week + 7 <= $1 AND w.week + 7 > $1 - 56) AS u
        GROUP BY u.account_id
    ), support AS (
        SELECT t.account_id, count(*) FILTER (WHERE t.opened_at >= ($1 - 30)::timestamp AT TIME ZONE 'UTC')::int AS tickets_30d,
               count(*) FILTER (WHERE t.severity IN ('urgent', 'high') AND t.opened_at >= ($1 - 90)::timestamp AT TIME ZONE 'UTC')::int AS serious_90d
        FROM demo.ticket AS t WHERE t.opened_at < $1::timestamp AT TIME ZONE 'UTC' GROUP BY t.account_id
    ), satisfaction AS (
        SELECT r.account_id, round(avg(r.rating), 1) AS csat
        FROM (SELECT t.account_id, t.csat AS rating, (t.closed_at AT TIME ZONE 'UTC')::date AS on_day FROM demo.ticket AS t WHERE t.csat IS NOT NULL
              UNION ALL
              SELECT s.account_id, s.rating, s.answered_on FROM demo.survey AS s WHERE s.kind = 'csat') AS r
        WHERE r.on_day < $1 AND r.on_day >= $1 - 90 GROUP BY r.account_id
    ), promoter AS (
        SELECT DISTINCT ON (s.account_id) s.account_id, s.rating, s.answered_on, s.comment
        FROM demo.survey AS s WHERE s.kind = 'nps' AND s.answered_on < $1 ORDER BY s.account_id, s.answered_on DESC
    ), money AS (
        SELECT i.account_id, max($1 - i.due_on) FILTER (WHERE i.paid_on IS NULL OR i.paid_on >= $1) AS overdue_days,
               round(avg((i.paid_on IS NULL OR i.paid_on > i.due_on)::int), 2) AS late_share
        FROM demo.invoice AS i WHERE i.due_on < $1 AND i.due_on >= $1 - 365 GROUP BY i.account_id
    ), contact AS (
        SELECT t.account_id, max(t.touched_on) AS last_contact FROM demo.touch AS t WHERE t.touched_on < $1 GROUP BY t.account_id
    )
    SELECT a.account_id, a.name, a.industry, a.region, a.segment, s.plan, a.owner, a.signup_date,
           CASE s.billing WHEN 'annual' THEN s.ends_on END, s.seats, s.mrr,
           u.active_users, u.logins_30d, u.logins_prev_30d, u.features_used,
           CASE s.plan WHEN 'starter' THEN 6 WHEN 'team' THEN 8 WHEN 'business' THEN 10 ELSE 12 END, u.key_actions_30d,
           t.tickets_30d, t.serious_90d, c.csat, p.rating, p.answered_on, p.comment,
           m.overdue_days, m.late_share, k.last_contact, coalesce(a.sponsor_left_on < $1 AND a.sponsor_left_on >= $1 - 180, false)
    FROM demo.account AS a
    JOIN demo.subscription AS s ON s.account_id = a.account_id AND s.starts_on < $1 AND (s.ends_on >= $1 OR s.ends_on IS NULL)
    LEFT JOIN usage AS u ON u.account_id = a.account_id
    LEFT JOIN support AS t ON t.account_id = a.account_id
    LEFT JOIN satisfaction AS c ON c.account_id = a.account_id
    LEFT JOIN promoter AS p ON p.account_id = a.account_id
    LEFT JOIN money AS m ON m.account_id = a.account_id
    LEFT JOIN contact AS k ON k.account_id = a.account_id
$$;
COMMENT ON FUNCTION demo.account_inputs_at(date) IS 'One row per customer with a running subscription: only data from before 00:00 UTC of the given day';

ANALYZE demo.outcome;
ANALYZE demo.invoice;
ANALYZE demo.usage_week;
ANALYZE demo.ticket;
ANALYZE demo.survey;
ANALYZE demo.touch;

CREATE MATERIALIZED VIEW demo.account_inputs AS
SELECT * FROM demo.account_inputs_at(date '2026-06-30') ORDER BY account_id;
CREATE UNIQUE INDEX ON demo.account_inputs (account_id);
ANALYZE demo.account_inputs;

COMMENT ON MATERIALIZED VIEW demo.account_inputs IS 'The inputs of the health score: one row per customer as of 2026-06-30';
COMMENT ON COLUMN demo.account_inputs.renewal_date IS 'End of the running annual term; NULL on monthly billing';
COMMENT ON COLUMN demo.account_inputs.mrr IS 'Monthly recurring revenue in US dollars';
COMMENT ON COLUMN demo.account_inputs.active_users IS 'Users active in a week, mean of the last four full weeks; NULL without a usage feed';
COMMENT ON COLUMN demo.account_inputs.logins_30d IS 'Logins in the last four full weeks; NULL without a usage feed';
COMMENT ON COLUMN demo.account_inputs.logins_prev_30d IS 'Logins in the four full weeks before logins_30d; NULL for a newer account';
COMMENT ON COLUMN demo.account_inputs.features_used IS 'Features used per week, the maximum of the last four full weeks';
COMMENT ON COLUMN demo.account_inputs.features_in_plan IS 'Features that the plan offers';
COMMENT ON COLUMN demo.account_inputs.key_actions_30d IS 'Actions that bring value (reports, exports ...) in the last four full weeks';
COMMENT ON COLUMN demo.account_inputs.tickets_30d IS 'Tickets opened in the last 30 days; NULL without any ticket ever';
COMMENT ON COLUMN demo.account_inputs.serious_90d IS 'Tickets of severity high or urgent opened in the last 90 days; NULL without any ticket ever';
COMMENT ON COLUMN demo.account_inputs.csat IS 'Mean of tickets'' and surveys'' csat answers (1 to 5) of the last 90 days';
COMMENT ON COLUMN demo.account_inputs.nps IS 'The newest NPS answer, 0 to 10, of any age';
COMMENT ON COLUMN demo.account_inputs.nps_at IS 'The time of the newest NPS answer';
COMMENT ON COLUMN demo.account_inputs.overdue_days IS 'Days that the oldest open invoice is past due; NULL if no invoice is';
COMMENT ON COLUMN demo.account_inputs.late_share IS 'Share of the invoices due in the last 365 days that were paid late or not at all';
COMMENT ON COLUMN demo.account_inputs.last_contact IS 'Last call, meeting or e-mail with the account';
COMMENT ON COLUMN demo.account_inputs.sponsor_left IS 'The executive sponsor left within the last 180 days';

-- Drops the tools of the generator.
DROP FUNCTION demo.times(float8, float8), demo.pick(text[], float8), demo.normal(bigint, bigint), demo.uniform(bigint, bigint), demo.month_number(date);
COMMIT;
