-- health_psi: do values lie today where they lay?

CREATE FUNCTION health_psi_step(bytea, double precision, boolean)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_psi_step';
COMMENT ON FUNCTION health_psi_step(bytea, double precision, boolean) IS
'One row of aggregate health_psi. Not meant to be called.';

CREATE FUNCTION health_psi_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_psi_combine';
COMMENT ON FUNCTION health_psi_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregate health_psi. Not meant to be called.';

CREATE FUNCTION health_psi_final(bytea)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_psi_final';
COMMENT ON FUNCTION health_psi_final(bytea) IS
'The result of aggregate health_psi. Not meant to be called.';

CREATE AGGREGATE @extschema@.health_psi(value double precision, is_current boolean) (
    SFUNC = health_psi_step, STYPE = bytea, SSPACE = 4200, COMBINEFUNC = health_psi_combine, FINALFUNC = health_psi_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_psi(double precision, boolean) IS
'Population stability index of today''s values against a baseline''s, by the deciles of the baseline, NULL apart: below 0.1 stable, to 0.25 to be watched, above shifted. NULL unless both have rows.';
