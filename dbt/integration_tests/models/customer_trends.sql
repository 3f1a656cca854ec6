{{ health_score.trends(ref('customer_history')) }}
