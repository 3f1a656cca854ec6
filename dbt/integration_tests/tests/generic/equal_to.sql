{# The same rows as an expected seed, in its columns; numbers to nine decimals. #}
{% test equal_to(model, expected) %}
  {%- set columns = [] -%}
  {%- if execute -%}
    {%- for column in adapter.get_columns_in_relation(expected) -%}
      {%- if column.dtype == 'double precision' -%}
        {%- do columns.append('round(' ~ adapter.quote(column.name) ~ '::numeric, 9) as ' ~ adapter.quote(column.name)) -%}
      {%- else -%}
        {%- do columns.append(adapter.quote(column.name) ~ '::text as ' ~ adapter.quote(column.name)) -%}
      {%- endif -%}
    {%- endfor -%}
  {%- endif -%}
  {%- set columns = columns | join(', ') or '*' %}
    (select 'lacks' as found, * from (select {{ columns }} from {{ expected }} except all select {{ columns }} from {{ model }}) as lacking)
    union all
    (select 'too many', * from (select {{ columns }} from {{ model }} except all select {{ columns }} from {{ expected }}) as surplus)
{% endtest %}
