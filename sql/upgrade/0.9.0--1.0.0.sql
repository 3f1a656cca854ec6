-- The upgrade from 0.9.0 to 1.0.0: what scripts/build/upgrade.pl cannot know.

ALTER TABLE @extschema@.health_playbook ADD COLUMN repeat interval;

-- @generated
