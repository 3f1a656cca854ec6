-- Expressions in a model's own SELECT.
select
    c.id,
    c.name,
    {{ health_score.score('crm', 'c') }} as score,
    {{ health_score.band('crm', 'c') }} as band,
    {{ health_score.explain('crm', 'c') }} as explanation
from {{ health_score.rows(ref('customer'), 'c') }}
