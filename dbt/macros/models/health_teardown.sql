{% macro health_teardown() %}
  {{- return(adapter.dispatch('health_teardown', 'health_score')()) -}}
{% endmacro %}

{% macro default__health_teardown() %}
  {%- if execute -%}
    {%- if health_score._is_production() -%}
      {%- do exceptions.raise_compiler_error('health_score: target "' ~ target.name ~ '" is a production target: its models and sources are not taken down') -%}
    {%- endif -%}
    {#- By their names: whether the schema of the target is still there does not matter. -#}
    {%- set endings = [health_score._suffix(), health_score._short_suffix()] -%}
    {%- for ending in endings -%}
      {%- set dropped = run_query(
        'select name, ' ~ health_score._function('health_source_drop') ~ '(name) from ' ~ health_score._function('health_source')
        ~ ' where run_as = current_user and right(name, ' ~ ending | length ~ ') = ' ~ health_score._literal(ending)) -%}
      {%- for row in dropped.rows -%}
        {%- do log('health_source ' ~ row[0] ~ ': dropped', info=true) -%}
      {%- endfor -%}
    {%- endfor -%}
    {%- for health_model in health_score.health_model_documents() -%}
      {%- set dropped = run_query(
        'select name, ' ~ health_score._function('health_model_drop') ~ '(name) from ' ~ health_score._function('health_model')
        ~ ' where active and name = ' ~ health_score._literal(health_score.health_model_name(health_model))) -%}
      {%- for row in dropped.rows -%}
        {%- do log('health_model ' ~ row[0] ~ ': out of use', info=true) -%}
      {%- endfor -%}
    {%- endfor -%}
  {%- endif -%}
{% endmacro %}
