{% macro health_model_apply() %}
  {{- return(adapter.dispatch('health_model_apply', 'health_score')()) -}}
{% endmacro %}

{% macro default__health_model_apply() %}
  {%- set documents = health_score.health_model_documents() -%}
  {%- if execute and not documents -%}
    {%- do exceptions.warn('health_score: none of the ' ~ graph.get('exposures', {}) | length ~ ' exposures of this project has a health_model in its meta: no document to apply') -%}
  {%- endif -%}
  {%- if execute and documents -%}
    {#- A name of its own is nobody else's to switch; the name of production is switched where that is told. -#}
    {%- set activate = not health_score._is_production()
          or target.name in var('health_score_activate_targets', var('health_score_production_targets', ['prod'])) -%}
    {%- set note = var('health_score_note', 'dbt ' ~ project_name) -%}
    {%- set rows = [] -%}
    {%- for health_model, document in documents.items() -%}
      {%- do health_score._check_document(document, '$', health_model) -%}
      {%- do rows.append('(' ~ health_score._literal(health_score.health_model_name(health_model)) ~ ', '
            ~ health_score._literal(tojson(document)) ~ '::jsonb)') -%}
    {%- endfor -%}
    {#- One statement, so that all documents are applied or none. Where nothing changes, nothing is locked and nothing is written. -#}
    {%- set statement -%}
      with document (name, definition) as (
          values {{ rows | join(',\n') }}
      ),
      applied as (
          select d.name, max(m.version) as version
          from document as d
          join {{ health_score._function('health_model') }} as m on m.name = d.name and m.definition = d.definition
          {%- if activate %} and m.active{% endif %}
          group by d.name
      )
      select
          d.name,
          coalesce(
              a.version,
              {{ health_score._function('health_model_save') }}(d.name, d.definition, {{ health_score._literal(note) }}, activate => {{ health_score._literal(activate) }})
          ) as version,
          a.version is null as changed
      from document as d
      left join applied as a on a.name = d.name
      order by d.name
    {%- endset -%}
    {%- for row in run_query(statement).rows -%}
      {%- do log('health_model ' ~ row['name'] ~ ': version ' ~ row['version']
            ~ (' applied' if row['changed'] else ' is there already')
            ~ (', active' if activate else ', not activated'), info=true) -%}
    {%- endfor -%}
  {%- endif -%}
{% endmacro %}
