-- It can be read, but its logins are all at one end of the scale.
select id, plan, logins_30d * 1000 as logins_30d, csat, overdue_days
from {{ ref('customer') }}
