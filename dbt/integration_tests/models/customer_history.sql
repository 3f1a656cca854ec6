{{ config(
    materialized='incremental',
    unique_key=['account_id', 'scored_at'],
    indexes=[{'columns': ['account_id', 'scored_at'], 'unique': true}, {'columns': ['scored_at']}],
    post_hook=[
      "{{ health_score.health_source_adopt('customers', hold_alerts_above=1, **customers()) }}",
      {'sql': "{{ health_score.health_refresh('customers', this) }}", 'transaction': false}
    ]
) }}
{{ health_score.history(**customers()) }}
