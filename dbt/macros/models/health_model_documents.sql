{% macro health_model_documents() %}
  {{- return(adapter.dispatch('health_model_documents', 'health_score')()) -}}
{% endmacro %}

{% macro default__health_model_documents() %}
  {%- set documents = {} -%}
  {%- if execute -%}
    {%- for exposure in graph.get('exposures', {}).values() | sort(attribute='unique_id') if exposure.config.get('meta', {}).get('health_model') -%}
      {%- if exposure.name in documents -%}
        {%- do exceptions.raise_compiler_error('health_score: two exposures named "' ~ exposure.name ~ '" have a health_model') -%}
      {%- endif -%}
      {%- do documents.update({exposure.name: exposure.config.meta.health_model}) -%}
    {%- endfor -%}
  {%- endif -%}
  {{- return(documents) -}}
{% endmacro %}
