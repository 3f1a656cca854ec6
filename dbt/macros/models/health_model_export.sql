{% macro health_model_export(health_model) %}
  {{- return(adapter.dispatch('health_model_export', 'health_score')(health_model)) -}}
{% endmacro %}

{% macro default__health_model_export(health_model) %}
  {%- if execute -%}
    {%- set found = run_query('select ' ~ health_score._function('health_model_get') ~ '(' ~ health_score._literal(health_model) ~ ')::text') -%}
    {%- set exposure = {
      'name': health_model.split('@')[0], 'type': 'ml', 'owner': {'email': 'nobody@example.com'},
      'config': {'meta': {'health_model': fromjson(found.rows[0][0])}}
    } -%}
    {%- do print(toyaml({'exposures': [exposure]})) -%}
  {%- endif -%}
{% endmacro %}
