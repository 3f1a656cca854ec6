{# A call of a function of the extension: the model by its name on this target, then SQL expressions, then named ones that are not none. #}
{% macro _call(function, health_model, arguments, named={}) %}
  {%- set words = [health_score._literal(health_score.health_model_name(health_model))] + arguments -%}
  {%- for name, expression in named.items() if expression is not none -%}
    {%- do words.append(name ~ ' => ' ~ expression) -%}
  {%- endfor -%}
  {{- return(health_score._function(function) ~ '(' ~ words | join(', ') ~ ')') -}}
{% endmacro %}
