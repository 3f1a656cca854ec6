{% macro health_refresh(source, relation=none) %}
  {{- return(adapter.dispatch('health_refresh', 'health_score')(source, relation)) -}}
{% endmacro %}

{% macro default__health_refresh(source, relation) %}
  {%- set as_of = 'null' -%}
  {%- if relation is not none and execute -%}
    {#- CALL takes no subquery. -#}
    {%- set newest = run_query('select max(scored_at)::text from ' ~ relation).rows[0][0] -%}
    {%- set as_of = health_score._literal(newest) -%}
  {%- endif -%}
  call {{ health_score._function('health_refresh') }}({{ health_score._literal(health_score.health_source_name(source)) }}, {{ as_of }}::timestamptz)
{% endmacro %}
