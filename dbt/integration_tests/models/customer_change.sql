-- Why the score of this month is not that of the month before.
select
    now.id,
    {{ health_score.explain('crm', 'now', before='earlier', as_of="timestamptz '2026-06-30 00:00Z'", before_as_of="timestamptz '2026-05-31 00:00Z'") }} as explanation
from {{ health_score.rows(ref('customer_month'), 'now') }}
join {{ health_score.rows(ref('customer_month'), 'earlier') }} on earlier.id = now.id and earlier.month = date '2026-05-31'
where now.month = date '2026-06-30'
