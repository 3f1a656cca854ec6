-- health_psi: drift of a distribution.

--@ step health_psi | double precision, boolean
--@ combine health_psi
--@ final health_psi | double precision

CREATE AGGREGATE @extschema@.health_psi(value double precision, is_current boolean) (
    SFUNC = health_psi_step, STYPE = bytea, SSPACE = 4200, COMBINEFUNC = health_psi_combine, FINALFUNC = health_psi_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_psi(double precision, boolean) IS
'Population stability index of current values against a baseline, by the deciles of the baseline, with NULL as a bin of its own: below 0.1 stable, to 0.25 to be watched, above shifted. NULL unless both have rows.';
