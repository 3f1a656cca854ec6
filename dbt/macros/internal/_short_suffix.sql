{# The suffix where the whole one is too long for a source's name. #}
{% macro _short_suffix() %}
  {{- return('__' ~ local_md5(health_score._suffix())[:8]) -}}
{% endmacro %}
