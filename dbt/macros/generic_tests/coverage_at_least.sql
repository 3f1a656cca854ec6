{% test coverage_at_least(model, column_name, minimum, of_accounts=1) %}
  {{- return(adapter.dispatch('test_coverage_at_least', 'health_score')(model, column_name, minimum, of_accounts)) -}}
{% endtest %}

{% macro default__test_coverage_at_least(model, column_name, minimum, of_accounts) %}
    with counted as (
        select
            count(*) as accounts,
            count(*) filter (where {{ column_name }} >= {{ minimum }} and {{ column_name }} <= 1) as covered
        from {{ model }}
    )
    select accounts, covered, covered::numeric / accounts as share, {{ of_accounts }} as of_accounts
    from counted
    where accounts > 0 and covered < {{ of_accounts }} * accounts
{% endmacro %}
