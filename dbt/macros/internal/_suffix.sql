{# What this target appends to the names of models and sources, so that those of production stay as they are. #}
{% macro _suffix() %}
  {%- set suffix = var('health_score_suffix', '__' ~ target.schema) | string | trim -%}
  {%- if not suffix -%}
    {%- do exceptions.raise_compiler_error(
      'health_score: the var health_score_suffix is empty. Target "' ~ target.name ~ '" would then work on the models of production. '
      ~ 'If it is a production target, list it in the var health_score_production_targets.') -%}
  {%- endif -%}
  {{- return(suffix) -}}
{% endmacro %}
