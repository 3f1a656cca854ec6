{% macro health_source_adopt(source, health_model, relation, account_column, time_column, book='accounts', name_column=none, segment_column=none,
                             value_column=none, owner_column=none, parent_column=none, renewal_column=none, keep=[], keep_inputs=true,
                             max_staleness='1 second', hold_alerts_above=0.2) %}
  {{- return(adapter.dispatch('health_source_adopt', 'health_score')(source, health_model, relation, account_column, time_column, book, name_column,
      segment_column, value_column, owner_column, parent_column, renewal_column, keep, keep_inputs, max_staleness, hold_alerts_above)) -}}
{% endmacro %}

{% macro default__health_source_adopt(source, health_model, relation, account_column, time_column, book, name_column, segment_column,
                                      value_column, owner_column, parent_column, renewal_column, keep, keep_inputs, max_staleness, hold_alerts_above) %}
  {%- set settings = {
    'name': health_score.health_source_name(source), 'model': health_score.health_model_name(health_model),
    'relation': relation.include(database=false).render(), 'account_column': account_column, 'book': book, 'name_column': name_column,
    'segment_column': segment_column, 'value_column': value_column, 'owner_column': owner_column, 'parent_column': parent_column,
    'renewal_column': renewal_column, 'keep': keep, 'time_column': time_column, 'history': this.include(database=false) | string,
    'keep_inputs': keep_inputs, 'max_staleness': max_staleness, 'hold_alerts_above': hold_alerts_above
  } -%}
  {%- set words = [] -%}
  {%- for setting, value in settings.items() if value is not none -%}
    {%- do words.append(setting ~ ' => ' ~ health_score._literal(value)) -%}
  {%- endfor %}
    select {{ health_score._function('health_source_add') }}({{ words | join(', ') }});
    {#- The views show the accounts from this time on; a refresh would set it too. #}
    update {{ health_score._function('health_source') }} set last_as_of = (select max(h.scored_at) from {{ this }} as h)
    where name = {{ health_score._literal(settings.name) }} and last_as_of is distinct from (select max(h.scored_at) from {{ this }} as h);
{% endmacro %}
