{% macro explain(health_model, account, before=none, as_of=none, before_as_of=none, segment=none) %}
  {{- return(adapter.dispatch('explain', 'health_score')(health_model, account, before, as_of, before_as_of, segment)) -}}
{% endmacro %}

{% macro default__explain(health_model, account, before, as_of, before_as_of, segment) %}
  {%- if before is none -%}
    {{- return(health_score._call('health_explain', health_model, [account], {'as_of': as_of, 'segment': segment})) -}}
  {%- endif -%}
  {%- if segment is not none -%}
    {%- do exceptions.raise_compiler_error('health_score.explain: a change is explained in the segments that the model chooses; leave segment or before out') -%}
  {%- endif -%}
  {{- return(health_score._call('health_explain', health_model, [account, before], {'as_of': as_of, 'before_as_of': before_as_of})) -}}
{% endmacro %}
