-- Identity: ids of many systems, linked directly or by way of others, are one account.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT health_identity_link('zendesk', 4711, 'stripe', 'cus_9') AS nobody_yet;
SELECT health_account_id('zendesk', 4711) AS nobody_yet, health_account_id('zendesk', 1) AS unknown;
CREATE SCHEMA identity;
SELECT health_model_save('identity model', '{"signals": {"a": {"scale": {"linear": [0, 100]}}}}') \g /dev/null
CREATE TABLE identity.account AS SELECT id, id AS a FROM generate_series(1, 12) id;
SELECT health_source_add('i', 'identity model', 'identity.account', 'id', book => 'people') \g /dev/null
CALL health_refresh('i');
SELECT health_identity_link('stripe', 'cus_9', 'people', 10, book => 'people') AS another_book;
SELECT health_identity_link('zendesk', 4711, 'stripe', 'cus_9', book => 'people', note => 'said the form') AS joined;
SELECT health_identity_link('crm', '00000000-0000-0000-0000-000000000001'::uuid, 'zendesk', 4711::bigint, 'people') AS by_way_of;
SELECT health_account_id('crm', '00000000-0000-0000-0000-000000000001'::uuid, 'people') AS by_uuid, health_account_id('zendesk', '4711', 'people') AS by_text, health_account_id('people', 10, 'people') AS itself;
-- Two components become one; of two accounts the lowest stands for both. Again: nothing changes.
SELECT health_identity_link('phone', '+41 1', 'people', '9', 'people');
SELECT health_identity_link('phone', '+41 1', 'zendesk', 4711, 'people');
SELECT health_identity_link('zendesk', 4711, 'phone', '+41 1', 'people');
SELECT book, system, external_id, account_id, note, count(*) OVER (PARTITION BY component) AS linked, set_by = current_user AS mine FROM health_identity ORDER BY book, system, external_id;
SELECT health_score_internal.health_identity_accounts('people', '9'), health_score_internal.health_identity_accounts('people', '10'), health_score_internal.health_identity_accounts('people', '1');
-- What is wrong with it.
SELECT health_identity_link('zendesk', NULL::text, 'people', '9', 'people'); \echo :SQLSTATE
SELECT health_identity_link('', '1', 'people', '9', 'people'); \echo :SQLSTATE
SELECT health_identity_link('zendesk', 1, 'people', 'nine', 'people'); \echo :SQLSTATE
SELECT health_identity_link('zendesk', 1, 'people', 99, 'people') AS warned;
SELECT health_identity_link('zendesk', 1, 'nobody', 9, 'nobody'); \echo :SQLSTATE
SELECT health_identity_link('zendesk', 1, 'stripe', 9, NULL); \echo :SQLSTATE
CREATE ROLE identity_low;
SET ROLE identity_low;
SELECT health_account_id('zendesk', 4711); \echo :SQLSTATE
RESET ROLE;
GRANT SELECT, INSERT, UPDATE ON health_identity TO identity_low;
SET ROLE identity_low;
SELECT health_identity_link('fax', 5, 'zendesk', 4711, 'people');
UPDATE health_identity SET set_by = session_user WHERE system = 'fax'; \echo :SQLSTATE
RESET ROLE;
DELETE FROM health_identity;
SELECT health_source_drop('i') \g /dev/null
DELETE FROM health_run;
REVOKE ALL ON health_identity FROM identity_low;
DROP ROLE identity_low;
DROP SCHEMA identity CASCADE;
