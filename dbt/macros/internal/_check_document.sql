{# YAML reads yes, on and 1 as something else than text; as keys they would silently become other values of a map. #}
{% macro _check_document(value, path, name) %}
  {%- if value is mapping -%}
    {%- for key, inner in value.items() -%}
      {%- if key is not string -%}
        {%- do exceptions.raise_compiler_error(
          'health_score: the document of model "' ~ name ~ '" has the key ' ~ key ~ ' at ' ~ path ~ ', which YAML does not read as text. Write it in quotes.') -%}
      {%- endif -%}
      {%- do health_score._check_document(inner, path ~ '.' ~ key, name) -%}
    {%- endfor -%}
  {%- elif value is sequence and value is not string -%}
    {%- for inner in value -%}
      {%- do health_score._check_document(inner, path ~ '[' ~ loop.index0 ~ ']', name) -%}
    {%- endfor -%}
  {%- endif -%}
{% endmacro %}
