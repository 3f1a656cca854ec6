{% macro rows(relation, alias) %}
  {{- return(adapter.dispatch('rows', 'health_score')(relation, alias)) -}}
{% endmacro %}

{% macro default__rows(relation, alias) %}
  {#- Under --empty and --sample dbt renders a relation as a subquery that has an alias already. -#}
  {%- set limited = (relation.limit is defined and relation.limit is not none)
        or (relation.event_time_filter is defined and relation.event_time_filter) -%}
  {{- return(('(select * from ' ~ relation ~ ') as ' ~ alias) if limited else (relation ~ ' as ' ~ alias)) -}}
{% endmacro %}
