select account_id, {{ health_score.trend('score', 'scored_at', tolerance=60) }} as trend
from {{ ref('customer_history') }}
group by account_id
