{% test relation_matches_model(model, health_model, warnings=false, as_of=none) %}
  {{- return(adapter.dispatch('test_relation_matches_model', 'health_score')(model, health_model, warnings, as_of)) -}}
{% endtest %}

{% macro default__test_relation_matches_model(model, health_model, warnings, as_of) %}
  {%- if model is string -%}
    {%- do exceptions.raise_compiler_error('relation_matches_model looks at a whole relation: it takes no where') -%}
  {%- endif %}
    select signal, input, column_type, status, message
    from {{ health_score._call('health_model_match', health_model, [health_score._literal(model.include(database=false).render()) ~ '::regclass'], {'as_of': as_of}) }}
    where status {% if warnings %}<> 'ok'{% else %}= 'error'{% endif %}
{% endmacro %}
