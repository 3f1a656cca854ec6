{# A value as an SQL literal: none is NULL, a list an array of text. #}
{% macro _literal(value) %}
  {%- if value is none -%}
    {{- return('null') -}}
  {%- elif value is boolean or value is number -%}
    {{- return(value | string | lower) -}}
  {%- elif value is string -%}
    {{- return(dbt.string_literal(dbt.escape_single_quotes(value))) -}}
  {%- endif -%}
  {%- set items = [] -%}
  {%- for item in value -%}
    {%- do items.append(health_score._literal(item)) -%}
  {%- endfor -%}
  {{- return('array[' ~ items | join(', ') ~ ']::text[]') -}}
{% endmacro %}
