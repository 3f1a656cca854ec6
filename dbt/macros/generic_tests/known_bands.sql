{% test known_bands(model, column_name, health_model, any_version=false) %}
  {{- return(adapter.dispatch('test_known_bands', 'health_score')(model, column_name, health_model, any_version)) -}}
{% endtest %}

{% macro default__test_known_bands(model, column_name, health_model, any_version) %}
  {%- set name = health_score._literal(health_score.health_model_name(health_model)) %}
    with known as (
        select b.band
        from {{ health_score._function('health_model_bands') }} as b
        where b.name = {{ name }}{% if not any_version %} and b.active{% endif %}
        union
        {#- Segments may have bands of their own. #}
        select s.band #>> '{}'
        from {{ health_score._function('health_model') }} as m
        cross join lateral jsonb_path_query(m.definition, '$.segments[*].patch.bands[*].name') as s (band)
        where m.name = {{ name }}{% if not any_version %} and m.active{% endif %}
    )
    select {{ column_name }} as band, count(*) as accounts
    from {{ model }}
    where {{ column_name }} is not null and {{ column_name }} not in (select known.band from known)
    group by 1
{% endmacro %}
