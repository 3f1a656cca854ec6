{{ health_score.signals('engagement', ref('usage_event'), account_column='account_id', time_column='at', as_of="timestamptz '2026-06-30 00:00Z'") }}
