{% test valid_score(model, column_name) %}
  {{- return(adapter.dispatch('test_valid_score', 'health_score')(model, column_name)) -}}
{% endtest %}

{% macro default__test_valid_score(model, column_name) %}
    {#- NaN is greater than every number. NULL is no score for want of data, and valid. #}
    select *
    from {{ model }}
    where not ({{ column_name }} >= 0 and {{ column_name }} <= 100)
{% endmacro %}
