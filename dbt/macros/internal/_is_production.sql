{# Whether this target uses the models' and sources' own names. #}
{% macro _is_production() %}
  {{- return(target.name in var('health_score_production_targets', ['prod'])) -}}
{% endmacro %}
