{% macro band(health_model, account, as_of=none, segment=none) %}
  {{- return(adapter.dispatch('band', 'health_score')(health_model, account, as_of, segment)) -}}
{% endmacro %}

{% macro default__band(health_model, account, as_of, segment) %}
  {{- return(health_score._call('health_band', health_model, [account], {'as_of': as_of, 'segment': segment})) -}}
{% endmacro %}
