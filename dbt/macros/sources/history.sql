{% macro history(health_model, relation, account_column, time_column, name_column=none, segment_column=none, value_column=none,
                 owner_column=none, parent_column=none, renewal_column=none, keep=[], keep_inputs=true) %}
  {{- return(adapter.dispatch('history', 'health_score')(health_model, relation, account_column, time_column, name_column, segment_column,
      value_column, owner_column, parent_column, renewal_column, keep, keep_inputs)) -}}
{% endmacro %}

{% macro default__history(health_model, relation, account_column, time_column, name_column, segment_column, value_column,
                          owner_column, parent_column, renewal_column, keep, keep_inputs) %}
  {%- set time = health_score._columns('a', time_column) -%}
  {#- Dates and times without zone are UTC, whatever the session's zone. -#}
  {%- set moment = "case pg_typeof(" ~ time ~ ") when 'timestamptz'::regtype then " ~ time ~ "::timestamptz else " ~ time ~ "::timestamp at time zone 'UTC' end" -%}
  {%- set name = health_score._literal(health_score.health_model_name(health_model)) -%}
    with rows_to_score as (
        select a as account, {{ moment }} as scored_at
        from {{ health_score.rows(relation, 'a') }}
        {%- if is_incremental() %}
        {#- Rows that are there stay as they were scored; those that came late are added. #}
        where not exists (
            select from {{ this }} as h
            where h.account_id = {{ health_score._columns('a', account_column) }} and h.scored_at = {{ moment }}
        )
        {%- endif %}
    )
    {%- if keep or keep_inputs %},
    read as (
        select health_read.key
        from jsonb_array_elements_text({{ health_score._function('health_model_describe') }}({{ health_score._function('health_model_get') }}({{ name }})) -> 'inputs') as health_read (key)
    ),
    left_out as (
        {#- Columns are the same in all rows: the first one shows them. #}
        select coalesce(array_agg(c.key), '{}') as keys
        from (select {{ health_score._function('health_inputs') }}(account) as inputs from rows_to_score limit 1) as f
        cross join lateral jsonb_object_keys(f.inputs) as c (key)
        where c.key <> all ({{ health_score._literal(keep) }}){% if keep_inputs %} and c.key not in (select read.key from read){% endif %}
    )
    {%- endif %}
    select
        {{ health_score._columns('(r.account)', account_column) }} as account_id,
        r.scored_at,
        {{ health_score._cell(name_column, 'text') }} as name,
        s.score, s.band, s.band_rank, s.coverage, s.low, s.high, s.status, s.model, s.model_version, s.segment,
        {{ health_score._cell(value_column, 'numeric') }} as value,
        {{ health_score._cell(owner_column, 'text') }} as owner,
        {{ health_score._cell(parent_column, none if parent_column else 'text') }} as parent,
        {{ health_score._cell(renewal_column, 'date') }} as renewal,
        {% if keep or keep_inputs -%}
        {{ health_score._function('health_inputs') }}(r.account) - (select left_out.keys from left_out) as inputs,
        {%- else -%}
        null::jsonb as inputs,
        {%- endif %}
        s.drivers,
        s.score as calculated,
        nullif(s.rules, '{}') as rules,
        {#- The source compares each row with the past. dbt inserts into all columns that a history has. 0: no run wrote the row. #}
        null::text as trend, null::double precision as change, null::timestamp with time zone as before_at, null::text as band_before, 0::bigint as run
    from rows_to_score as r
    cross join lateral {{ health_score._function('health_assess') }}({{ name }}, r.account, as_of => r.scored_at
        {%- if segment_column %}, segment => {{ health_score._columns('(r.account)', segment_column) }}::text{% endif %}) as s
{% endmacro %}
