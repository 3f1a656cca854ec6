-- Rights by job: what each job can do and cannot, who has what, and the one hint of every error for lack of rights.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE SCHEMA grants;
SET search_path = grants, public;
CREATE TABLE account AS SELECT i AS id, i * 7 % 100 AS logins FROM generate_series(1, 20) i;
SELECT health_model_save('grants', '{"signals": {"logins": {"scale": {"linear": [0, 100]}}}}');
CREATE ROLE grants_ops;
CREATE ROLE grants_csm;
CREATE ROLE "Grants Admin";
CREATE ROLE grants_analyst;
CREATE ROLE grants_member IN ROLE grants_analyst;
CREATE ROLE grants_nobody;
CREATE SCHEMA grants_team AUTHORIZATION grants_ops;
GRANT USAGE ON SCHEMA grants TO grants_ops, "Grants Admin", grants_nobody;
GRANT SELECT ON account TO grants_ops;

-- An ordinary role: each error has one hint, and it names the call that repairs it.
SET ROLE grants_nobody;
\set VERBOSITY terse
SELECT count(*) FROM health_grants();
\set VERBOSITY default
SELECT health_model_save('mine', '{"signals": {"logins": {"scale": {"linear": [0, 100]}}}}');
SELECT health_model_patch('grants', '{"purpose": "p"}');
SELECT health_model_activate('grants', 1);
SELECT health_model_drop('grants');
SELECT health_model_reviewed('grants', 'seen');
SELECT health_source_add('mine', 'grants', 'account', 'id');
SELECT health_grant('grants_nobody', 'analyst');
RESET ROLE;

SELECT health_grant('grants_ops', 'operator');
SELECT health_grant('grants_ops', 'operator') AS again;
SET ROLE grants_ops;
SELECT health_source_add('s', 'grants', 'grants.account', 'id', history => 'grants_team.s_history');
CALL health_refresh('s');
INSERT INTO health_playbook (name, source, trigger, band, action) VALUES ('low', 's', 'band', 'red', 'call');
-- A role grants what it may grant, and tells what is left for whom.
SELECT health_grant('grants_analyst', 'analyst');
RESET ROLE;
SELECT health_grant('grants_analyst', 'analyst');
SELECT health_grant('grants_member', 'analyst') AS "a member has it";
SELECT count(*) FROM health_grant('grants_csm', 'csm');
SELECT count(*) FROM health_grant('Grants Admin', 'admin');
SELECT * FROM health_grants() WHERE role ILIKE 'grants%';

SET ROLE grants_nobody;
SELECT health_source_drop('s');
SELECT health_pulse_set('accounts', 3, 'logins', 5, 'a call');
SELECT health_override_set('accounts', 3, 'cap', 5, 'a call');
SELECT health_identity_link('crm', 'x', 'accounts', 3);
SELECT health_account_id('crm', 'x');
SELECT * FROM health_alert_claim();
SELECT health_alert_ack(1);
SELECT health_run_release(1);
SELECT health_account('s', 3);
SELECT health_explain_change('s', 3);
SELECT count(*) FROM health_labelled('s');
SELECT health_backtest('s');
SELECT health_risk('s', 50);
SELECT count(*) FROM health_replay('s', 'grants');
SELECT * FROM health_forget('accounts', 3);
SELECT health_export('accounts', 3);
RESET ROLE;

SET ROLE grants_member;
SELECT count(*) FROM grants_team.s_current;
SELECT count(*) FROM health_labelled('s');
SELECT count(*) FROM health_alert, health_run;
SELECT health_override_set('accounts', 3, 'cap', 5, 'a call');
RESET ROLE;

SET ROLE grants_csm;
SELECT health_override_set('accounts', 3, 'cap', 5, 'a call') > 0 AS override, health_pulse_set('accounts', 3, 'logins', 5, 'a call') > 0 AS pulse;
INSERT INTO health_outcome (account_id, kind, at) VALUES ('3', 'renewed', '2026-01-01');
SELECT count(*) FROM health_alert_claim();
SELECT health_account('s', 3) ->> 'account_id' AS account;
SELECT health_source_drop('s');
RESET ROLE;

-- An admin erases accounts, and grants in turn.
SET ROLE "Grants Admin";
SELECT rows FROM health_forget('accounts', 3) WHERE rows > 0;
SELECT count(*) FROM health_grant('grants_nobody', 'csm');
RESET ROLE;
SELECT health_revoke('Grants Admin');
SELECT count(*) FROM health_revoke('grants_nobody');
SET ROLE "Grants Admin";
SELECT count(*) FROM health_revoke('grants_nobody');
RESET ROLE;
SELECT count(*) FROM health_revoke('Grants Admin');
SELECT role, job FROM health_grants() WHERE role ILIKE 'grants%';

-- A source that is added later: who lacks what, and another call.
SET ROLE grants_ops;
SELECT health_source_add('later', 'grants', 'grants.account', 'id', history => 'grants_team.later_history');
SELECT role, job, complete, lacking[1] FROM health_grants() WHERE role ILIKE 'grants%';
SELECT count(*) FROM health_grant('grants_analyst', 'analyst');
RESET ROLE;
SELECT role, job, complete FROM health_grants() WHERE role ILIKE 'grants%';
-- A single grant makes no job.
GRANT SELECT ON health_run TO grants_nobody;
SELECT * FROM health_grants() WHERE role = 'grants_nobody';
SELECT health_revoke('grants_nobody');

-- A source may name any table as its history: a superuser's call does not hand it out.
CREATE TABLE grants.salaries (x int);
SET ROLE grants_ops;
INSERT INTO health_source (name, model, relation_schema, relation_name, account_column, history_schema, history_name)
VALUES ('trap', 'grants', 'grants', 'account', 'id', 'grants', 'salaries');
RESET ROLE;
SELECT health_grant('grants_csm', 'csm') AS granted;
SELECT has_table_privilege('grants_csm', 'grants.salaries', 'SELECT');

SELECT health_grant('grants_Analyst', 'analyst');
SELECT health_grant('grants_other', 'analyst');
SELECT health_grant('PUBLIC', 'analyst');
SELECT health_grant('grants_analyst', 'reader');
SELECT health_grant(NULL, 'analyst');
SELECT health_grant('grants_analyst', NULL);
SELECT health_revoke('grants_other');

DELETE FROM health_source;
DELETE FROM health_playbook;
DELETE FROM health_run;
DELETE FROM health_alert;
DELETE FROM health_pulse;
DELETE FROM health_override;
DELETE FROM health_outcome;
\set VERBOSITY terse
DROP SCHEMA grants, grants_team CASCADE;
SELECT count(*) > 10 AS revoked FROM health_revoke('grants_ops');
DROP OWNED BY grants_ops, grants_csm, "Grants Admin", grants_analyst, grants_member, grants_nobody;
DROP ROLE grants_ops, grants_csm, "Grants Admin", grants_analyst, grants_member, grants_nobody;
