{# An object of the extension by its name, in the schema of the var health_score_schema if there is one. #}
{% macro _function(name) %}
  {%- set schema = var('health_score_schema', none) -%}
  {{- return(adapter.quote(schema) ~ '.' ~ name if schema else name) -}}
{% endmacro %}
