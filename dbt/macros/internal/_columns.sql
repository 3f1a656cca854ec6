{# Columns of a relation, quoted, each behind the relation's alias. #}
{% macro _columns(alias, columns) %}
  {%- set quoted = [] -%}
  {%- for column in ([columns] if columns is string else columns) -%}
    {%- do quoted.append(alias ~ '.' ~ adapter.quote(column)) -%}
  {%- endfor -%}
  {{- return(quoted | join(', ')) -}}
{% endmacro %}
