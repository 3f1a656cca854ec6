select id, rank, kind, driver, value, subscore, weight, contribution, lost, status, reason
from ({{ health_score.drivers('crm', ref('customer'), columns='id') }}) as drivers
