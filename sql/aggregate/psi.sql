-- health_psi: do values lie today where they lay?

--@ step health_psi | double precision, boolean
--@ combine health_psi
--@ final health_psi | double precision

CREATE AGGREGATE @extschema@.health_psi(value double precision, is_current boolean) (
    SFUNC = health_psi_step, STYPE = bytea, SSPACE = 4200, COMBINEFUNC = health_psi_combine, FINALFUNC = health_psi_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_psi(double precision, boolean) IS
'Population stability index of today''s values against a baseline''s, by the deciles of the baseline, NULL apart: below 0.1 stable, to 0.25 to be watched, above shifted. NULL unless both have rows.';
