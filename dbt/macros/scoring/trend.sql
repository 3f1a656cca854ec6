{% macro trend(score, observed_at, tolerance=5) %}
  {{- return(adapter.dispatch('trend', 'health_score')(score, observed_at, tolerance)) -}}
{% endmacro %}

{% macro default__trend(score, observed_at, tolerance) %}
  {{- return(health_score._function('health_trend') ~ '(' ~ score ~ ', ' ~ observed_at ~ ', ' ~ tolerance ~ ')') -}}
{% endmacro %}
