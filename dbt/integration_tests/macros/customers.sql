{# What is scored into customer_history: said once, for the model and for the source that adopts it. #}
{% macro customers() %}
  {{ return({
    'health_model': 'crm', 'relation': ref('customer_month'), 'account_column': 'id', 'time_column': 'month', 'name_column': 'name',
    'value_column': 'mrr', 'renewal_column': 'renewal', 'keep': ['plan']
  }) }}
{% endmacro %}
