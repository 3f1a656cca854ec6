{{ health_score.scores('crm', ref('customer'), columns=['id', 'name', 'mrr']) }}
