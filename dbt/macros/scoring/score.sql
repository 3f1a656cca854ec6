{% macro score(health_model, account, as_of=none, segment=none) %}
  {{- return(adapter.dispatch('score', 'health_score')(health_model, account, as_of, segment)) -}}
{% endmacro %}

{% macro default__score(health_model, account, as_of, segment) %}
  {{- return(health_score._call('health_score', health_model, [account], {'as_of': as_of, 'segment': segment})) -}}
{% endmacro %}
