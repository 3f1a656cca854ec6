{% macro signals(health_model, relation, account_column, signal_column='signal', value_column='value', time_column=none, as_of=none) %}
  {{- return(adapter.dispatch('signals', 'health_score')(health_model, relation, account_column, signal_column, value_column, time_column, as_of)) -}}
{% endmacro %}

{% macro default__signals(health_model, relation, account_column, signal_column, value_column, time_column, as_of) %}
  {%- if as_of is not none and time_column is none -%}
    {%- do exceptions.raise_compiler_error('health_score.signals: as_of needs the time_column of the events') -%}
  {%- endif -%}
  {%- set words = [health_score._columns('e', signal_column), health_score._columns('e', value_column)] -%}
  {%- if time_column is not none -%}
    {%- do words.append(health_score._columns('e', time_column)) -%}
  {%- endif -%}
  {%- if as_of is not none -%}
    {%- do words.append(as_of) -%}
  {%- endif %}
    select
        {{ health_score._columns('e', account_column) }},
        {{ health_score._call('health_signals', health_model, words) }} as account,
        {{ health_score._call('health_score', health_model, words) }} as score
    from {{ health_score.rows(relation, 'e') }}
    group by 1
{% endmacro %}
