{% macro health_source_name(source) %}
  {{- return(adapter.dispatch('health_source_name', 'health_score')(source)) -}}
{% endmacro %}

{% macro default__health_source_name(source) %}
  {%- if health_score._is_production() -%}
    {{- return(source) -}}
  {%- endif -%}
  {#- A source's name has 40 bytes at most, since its views are called after it. -#}
  {%- set name = source ~ health_score._suffix() -%}
  {{- return(name if name | length <= 40 else source[:30] ~ health_score._short_suffix()) -}}
{% endmacro %}
