{% macro drivers(health_model, relation, columns, as_of=none, segment=none) %}
  {{- return(adapter.dispatch('drivers', 'health_score')(health_model, relation, columns, as_of, segment)) -}}
{% endmacro %}

{% macro default__drivers(health_model, relation, columns, as_of, segment) %}
    select
        {{ health_score._columns('a', columns) }},
        d.rank, d.kind, d.category, d.driver, d.label, d.value, d.unit, d.subscore, d.weight, d.contribution, d.lost, d.status, d.reason, d.evidence
    from {{ health_score.rows(relation, 'a') }}
    cross join lateral {{ health_score._call('health_drivers', health_model, ['a'], {'as_of': as_of, 'segment': segment}) }} as d
{% endmacro %}
