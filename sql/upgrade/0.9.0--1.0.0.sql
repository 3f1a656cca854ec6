ALTER TABLE @extschema@.health_source ADD COLUMN schedule text;
ALTER TABLE @extschema@.health_run ADD COLUMN warning text;
-- @generated
