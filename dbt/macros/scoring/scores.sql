{% macro scores(health_model, relation, columns, as_of=none, segment=none) %}
  {{- return(adapter.dispatch('scores', 'health_score')(health_model, relation, columns, as_of, segment)) -}}
{% endmacro %}

{% macro default__scores(health_model, relation, columns, as_of, segment) %}
    select
        {{ health_score._columns('a', columns) }},
        h.score, h.band, h.band_rank, h.coverage, h.low, h.high, h.status, h.segment, h.model, h.model_version, h.rules, h.drivers
    from {{ health_score.rows(relation, 'a') }}
    cross join lateral {{ health_score._call('health_assess', health_model, ['a'], {'as_of': as_of, 'segment': segment}) }} as h
{% endmacro %}
