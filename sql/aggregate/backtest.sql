-- health_auc and health_backtest: do the scores tell accounts with an event from those without?

--@ step health_auc | double precision, boolean
--@ step health_auc | double precision, boolean, boolean
--@ combine health_auc
--@ final health_auc | double precision

CREATE AGGREGATE @extschema@.health_auc(score double precision, event boolean) (
    SFUNC = health_auc_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_auc_combine, FINALFUNC = health_auc_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_auc(double precision, boolean) IS
'The chance that of two accounts, one with the event (such as churn) and one without, the one with it has the lower score, ties half: 0.5 is a coin''s toss, 1 never wrong. Scores of 0 to 100, taken to 0.01; rows that lack one are left out; NULL unless both kinds occur.';

CREATE AGGREGATE @extschema@.health_auc(score double precision, event boolean, event_is_good boolean) (
    SFUNC = health_auc_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_auc_combine, FINALFUNC = health_auc_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_auc(double precision, boolean, boolean) IS
'The same where event_is_good says that the event (such as a renewal) should go with high scores. It must be the same in all rows of a group; NULL is false.';

CREATE TYPE @extschema@.health_backtest_row AS (
    accounts bigint, events bigint, base_rate double precision, auc double precision, auc_low double precision, auc_high double precision, gini double precision, ks double precision, worst_decile_lift double precision, worst_decile_capture double precision, bands text[], band_accounts bigint[], band_events bigint[], band_rates double precision[], verdict text
);
COMMENT ON TYPE @extschema@.health_backtest_row IS
'What health_backtest returns: how well scores went with what came later.';
COMMENT ON COLUMN @extschema@.health_backtest_row.accounts IS 'Accounts with a score of which it is known whether they had the event.';
COMMENT ON COLUMN @extschema@.health_backtest_row.events IS 'Those with the event.';
COMMENT ON COLUMN @extschema@.health_backtest_row.base_rate IS 'The share of the accounts with the event, 0 to 1.';
COMMENT ON COLUMN @extschema@.health_backtest_row.auc IS 'As health_auc; NULL unless there are accounts with the event and without, as all that compares them.';
COMMENT ON COLUMN @extschema@.health_backtest_row.auc_low IS 'The lower end of its 95 % interval (DeLong, DeLong and Clarke-Pearson 1988).';
COMMENT ON COLUMN @extschema@.health_backtest_row.auc_high IS 'The upper end of that interval.';
COMMENT ON COLUMN @extschema@.health_backtest_row.gini IS '2 · auc − 1.';
COMMENT ON COLUMN @extschema@.health_backtest_row.ks IS 'The largest gap between the distributions of the scores with and without the event (Kolmogorov and Smirnov), 0 to 1.';
COMMENT ON COLUMN @extschema@.health_backtest_row.worst_decile_lift IS 'How many times as often as all accounts the tenth with the lowest scores has the event; equal scores count in proportion.';
COMMENT ON COLUMN @extschema@.health_backtest_row.worst_decile_capture IS 'The share of the events in that tenth.';
COMMENT ON COLUMN @extschema@.health_backtest_row.bands IS 'The bands, from the lowest.';
COMMENT ON COLUMN @extschema@.health_backtest_row.band_accounts IS 'The accounts in each band.';
COMMENT ON COLUMN @extschema@.health_backtest_row.band_events IS 'Those of them with the event.';
COMMENT ON COLUMN @extschema@.health_backtest_row.band_rates IS 'The share with the event in each band; NULL where nobody is.';
COMMENT ON COLUMN @extschema@.health_backtest_row.verdict IS 'Passes, or fails with reasons: the lowest band has three times the events of all accounts, two thirds of the events lie below the highest band, which holds at most 80 % of the accounts. Or: too few to judge, fewer than 30 of a kind.';

--@ step health_backtest | double precision, boolean
--@ step health_backtest | double precision, boolean, text
--@ step health_backtest | double precision, boolean, jsonb
--@ combine health_backtest
--@ final health_backtest | @extschema@.health_backtest_row

CREATE AGGREGATE @extschema@.health_backtest(score double precision, event boolean) (
    SFUNC = health_backtest_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_backtest_combine, FINALFUNC = health_backtest_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_backtest(double precision, boolean) IS
'Scores with bad events that came later, as one row: AUC with interval, Gini, KS, worst decile, the rate of each band (red, yellow from 40, green from 70), and whether that clears the bar for a score. Scores of 0 to 100, taken to 0.01.';

CREATE AGGREGATE @extschema@.health_backtest(score double precision, event boolean, model text) (
    SFUNC = health_backtest_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_backtest_combine, FINALFUNC = health_backtest_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_backtest(double precision, boolean, text) IS
'The same by the bands of a saved model, those without a segment. One model a group.';

CREATE AGGREGATE @extschema@.health_backtest(score double precision, event boolean, model jsonb) (
    SFUNC = health_backtest_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_backtest_combine, FINALFUNC = health_backtest_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_backtest(double precision, boolean, jsonb) IS
'The same by the bands of a model document, those without a segment. One model a group.';
