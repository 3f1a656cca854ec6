{% test model_current(model, health_model, version_column=none, time_column=none, reviewed_within=none) %}
  {{- return(adapter.dispatch('test_model_current', 'health_score')(model, health_model, version_column, time_column, reviewed_within)) -}}
{% endtest %}

{% macro default__test_model_current(model, health_model, version_column, time_column, reviewed_within) %}
  {%- set document = health_score.health_model_documents().get(health_model) %}
    with active as (
        select m.version, m.definition, coalesce(m.reviewed_at, m.created_at) as reviewed_at
        from {{ health_score._function('health_model') }} as m
        where m.name = {{ health_score._literal(health_score.health_model_name(health_model)) }} and m.active
    )
    select 'no version of the model is active' as problem, null::bigint as accounts
    where not exists (select from active)
    {%- if document is not none %}
    union all
    select 'version ' || active.version || ' is active, whose document is not the one of this project', null
    from active
    where active.definition <> {{ health_score._literal(tojson(document)) }}::jsonb
    {%- endif %}
    {%- if reviewed_within is not none %}
    union all
    select 'version ' || active.version || ' was last reviewed at ' || active.reviewed_at, null
    from active
    where active.reviewed_at < now() - interval {{ health_score._literal(reviewed_within) }}
    {%- endif %}
    {%- if version_column is not none %}
    union all
    select 'scored by version ' || coalesce(r.{{ adapter.quote(version_column) }}::text, 'unknown') || ', version ' || active.version || ' is active', count(*)
    from {{ model }} as r
    cross join active
    where r.{{ adapter.quote(version_column) }} is distinct from active.version
      {%- if time_column is not none %}
      and r.{{ adapter.quote(time_column) }} = (select max(newest.{{ adapter.quote(time_column) }}) from {{ model }} as newest)
      {%- endif %}
    group by r.{{ adapter.quote(version_column) }}, active.version
    {%- endif %}
{% endmacro %}
