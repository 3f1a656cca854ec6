{% macro health_model_name(health_model) %}
  {{- return(adapter.dispatch('health_model_name', 'health_score')(health_model)) -}}
{% endmacro %}

{% macro default__health_model_name(health_model) %}
  {#- A version by its number is only ever read. -#}
  {%- if not execute or '@' in health_model or health_score._is_production() -%}
    {{- return(health_model) -}}
  {%- endif -%}
  {%- set name = health_model ~ health_score._suffix() -%}
  {#- In unit tests dbt does not show the project. There the models tell that were applied before. -#}
  {%- if 'exposures' not in graph -%}
    {%- set applied = run_query('select 1 as found from ' ~ health_score._function('health_model') ~ ' where active and name = ' ~ health_score._literal(name)) -%}
    {{- return(name if applied.rows else health_model) -}}
  {%- endif -%}
  {%- set documents = health_score.health_model_documents() -%}
  {%- if name in documents -%}
    {%- do exceptions.raise_compiler_error(
      'health_score: on target "' ~ target.name ~ '" model "' ~ health_model ~ '" would have the name of another model of this project, "' ~ name ~ '". '
      ~ 'Choose another var health_score_suffix.') -%}
  {%- endif -%}
  {#- A model that this project does not keep is only read, too. -#}
  {{- return(name if health_model in documents else health_model) -}}
{% endmacro %}
