{# A column of the row r.account as an SQL expression of a type, NULL where there is none. #}
{% macro _cell(column, type) %}
  {%- set cell = health_score._columns('(r.account)', column) if column else 'null' -%}
  {{- return(cell ~ '::' ~ type if type else cell) -}}
{% endmacro %}
