-- As after a column was renamed upstream.
select id, name, plan, logins_30d as logins, csat::text as csat, overdue_days
from {{ ref('customer') }}
