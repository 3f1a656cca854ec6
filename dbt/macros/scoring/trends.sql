{% macro trends(relation, account_column='account_id', score_column='score', time_column='scored_at', tolerance=5, window=none) %}
  {{- return(adapter.dispatch('trends', 'health_score')(relation, account_column, score_column, time_column, tolerance, window)) -}}
{% endmacro %}

{% macro default__trends(relation, account_column, score_column, time_column, tolerance, window) %}
    select
        {{ adapter.quote(account_column) }},
        (t.stats).direction as trend, (t.stats).change, (t.stats).slope_per_day, (t.stats).slope_stderr, (t.stats).first_score,
        (t.stats).last_score, (t.stats).lowest, (t.stats).highest, (t.stats).observations, (t.stats).from_at, (t.stats).to_at
    from (
        select
            {{ health_score._columns('h', account_column) }},
            {{ health_score._function('health_trend_stats') }}({{ health_score._columns('h', score_column) }}, {{ health_score._columns('h', time_column) }}, {{ tolerance }}) as stats
        from {{ health_score.rows(relation, 'h') }}
        {%- if window is not none %}
        where {{ health_score._columns('h', time_column) }} >= (
            select max({{ health_score._columns('newest', time_column) }}) - interval {{ health_score._literal(window) }} from {{ health_score.rows(relation, 'newest') }}
        )
        {%- endif %}
        group by 1
    ) as t
{% endmacro %}
