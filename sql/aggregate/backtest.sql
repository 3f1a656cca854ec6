-- health_auc and health_backtest: do the scores separate accounts with an event from accounts without?

--@ step health_auc | double precision, boolean
--@ step health_auc | double precision, boolean, boolean
--@ combine health_auc
--@ final health_auc | double precision

CREATE AGGREGATE @extschema@.health_auc(score double precision, event boolean) (
    SFUNC = health_auc_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_auc_combine, FINALFUNC = health_auc_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_auc(double precision, boolean) IS
'AUC: the probability that an account with the event (such as churn) has a lower score than an account without; ties count half. 0.5: random, 1: perfect. Scores of 0 to 100, rounded to 0.01; rows with a NULL are left out; NULL unless there are accounts with and without the event.';

CREATE AGGREGATE @extschema@.health_auc(score double precision, event boolean, event_is_good boolean) (
    SFUNC = health_auc_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_auc_combine, FINALFUNC = health_auc_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_auc(double precision, boolean, boolean) IS
'AUC as by health_auc(score, event); if event_is_good, high scores should predict the event (such as a renewal). event_is_good must be the same in all rows of a group; NULL means false.';

CREATE TYPE @extschema@.health_backtest_row AS (
    accounts bigint, events bigint, base_rate double precision, auc double precision, auc_low double precision, auc_high double precision, gini double precision, ks double precision, worst_decile_lift double precision, worst_decile_capture double precision, bands text[], band_accounts bigint[], band_events bigint[], band_rates double precision[], verdict text
);
COMMENT ON TYPE @extschema@.health_backtest_row IS
'The result of health_backtest: how well scores predicted later events.';
COMMENT ON COLUMN @extschema@.health_backtest_row.accounts IS 'Accounts with a score and a known outcome.';
COMMENT ON COLUMN @extschema@.health_backtest_row.events IS 'Accounts with the event.';
COMMENT ON COLUMN @extschema@.health_backtest_row.base_rate IS 'The share of the accounts with the event, 0 to 1.';
COMMENT ON COLUMN @extschema@.health_backtest_row.auc IS 'As health_auc. This and all other comparisons are NULL unless there are accounts with and without the event.';
COMMENT ON COLUMN @extschema@.health_backtest_row.auc_low IS 'The lower end of the 95 % interval of auc (DeLong, DeLong and Clarke-Pearson 1988).';
COMMENT ON COLUMN @extschema@.health_backtest_row.auc_high IS 'The upper end of that interval.';
COMMENT ON COLUMN @extschema@.health_backtest_row.gini IS '2 · auc − 1.';
COMMENT ON COLUMN @extschema@.health_backtest_row.ks IS 'The largest gap between the distributions of the scores with and without the event (Kolmogorov and Smirnov), 0 to 1.';
COMMENT ON COLUMN @extschema@.health_backtest_row.worst_decile_lift IS 'The event rate of the tenth of accounts with the lowest scores, divided by base_rate; equal scores count in proportion.';
COMMENT ON COLUMN @extschema@.health_backtest_row.worst_decile_capture IS 'The share of the events in that tenth.';
COMMENT ON COLUMN @extschema@.health_backtest_row.bands IS 'The bands, from the lowest.';
COMMENT ON COLUMN @extschema@.health_backtest_row.band_accounts IS 'The accounts in each band.';
COMMENT ON COLUMN @extschema@.health_backtest_row.band_events IS 'The accounts with the event in each band.';
COMMENT ON COLUMN @extschema@.health_backtest_row.band_rates IS 'The share with the event in each band, 0 to 1; NULL for an empty band.';
COMMENT ON COLUMN @extschema@.health_backtest_row.verdict IS 'Passes, or fails with reasons. Criteria: the lowest band has three times base_rate, two thirds of the events lie below the highest band, and this band holds at most 80 % of the accounts. Or: too few to judge, if fewer than 30 accounts have or lack the event.';

--@ step health_backtest | double precision, boolean
--@ step health_backtest | double precision, boolean, text
--@ step health_backtest | double precision, boolean, jsonb
--@ combine health_backtest
--@ final health_backtest | @extschema@.health_backtest_row

CREATE AGGREGATE @extschema@.health_backtest(score double precision, event boolean) (
    SFUNC = health_backtest_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_backtest_combine, FINALFUNC = health_backtest_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_backtest(double precision, boolean) IS
'A backtest of scores against later bad events, as one row: AUC with interval, Gini, KS, worst decile, the event rate of each band (red, yellow from 40, green from 70), and a verdict. Scores of 0 to 100, rounded to 0.01.';

CREATE AGGREGATE @extschema@.health_backtest(score double precision, event boolean, model text) (
    SFUNC = health_backtest_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_backtest_combine, FINALFUNC = health_backtest_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_backtest(double precision, boolean, text) IS
'A backtest as by health_backtest(score, event), with the bands of a saved model, without segments. One model for each group.';

CREATE AGGREGATE @extschema@.health_backtest(score double precision, event boolean, model jsonb) (
    SFUNC = health_backtest_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_backtest_combine, FINALFUNC = health_backtest_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_backtest(double precision, boolean, jsonb) IS
'A backtest as by health_backtest(score, event), with the bands of a model document, without segments. One model for each group.';
