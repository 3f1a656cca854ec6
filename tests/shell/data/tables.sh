# shellcheck shell=bash
# Sourced after test.sh by the tests on real tables: loads the data sets of DATA, if present. The repository does not
# contain them because of their size and their licences.

has_data() { [ -r "${DATA:-}/$1" ]; }
skip_without_data() { printf 'skip %s: the data sets are not there (DATA)\n' "$1"; }

# load TABLE FILE
load() { gzip -dcf "$DATA/$2" | psql -X -q -v ON_ERROR_STOP=1 -c "COPY $1 FROM STDIN WITH (FORMAT csv, HEADER)"; }

# crm_tables [SCHEMA.]: subscriptions of a CRM's accounts, and their weekly usage.
crm_tables() {
  psql -X -q -v ON_ERROR_STOP=1 <<SQL
CREATE TABLE ${1:-}usage_weekly (account_id int, week date, event_type text, events float8, users int, value float8);
CREATE TABLE ${1:-}subscription (account_id int, product text, start_date date, end_date date, mrr numeric, quantity numeric, units text,
                           bill_period_months int, discount numeric);
SQL
  load "${1:-}usage_weekly" crm_usage_weekly.csv.gz
  load "${1:-}subscription" crm_subscriptions.csv.gz
}

# telco.customer and saas.account.
churn_tables() {
  psql -X -q -v ON_ERROR_STOP=1 <<'SQL'
CREATE SCHEMA telco;
CREATE TABLE telco.customer ("customerID" text, gender text, "SeniorCitizen" int, "Partner" text, "Dependents" text, tenure int, "PhoneService" text,
  "MultipleLines" text, "InternetService" text, "OnlineSecurity" text, "OnlineBackup" text, "DeviceProtection" text, "TechSupport" text, "StreamingTV" text,
  "StreamingMovies" text, "Contract" text, "PaperlessBilling" text, "PaymentMethod" text, "MonthlyCharges" numeric, "TotalCharges" text, "Churn" text);
CREATE SCHEMA saas;
CREATE TABLE saas.account (customer_id text, gender text, age int, country text, city text, customer_segment text, tenure_months int, signup_channel text,
  contract_type text, monthly_logins int, weekly_active_days int, avg_session_time float8, features_used int, usage_growth_rate numeric,
  last_login_days_ago int, monthly_fee numeric, total_revenue numeric, payment_method text, payment_failures int, discount_applied text,
  price_increase_last_3m text, support_tickets int, avg_resolution_time float8, complaint_type text, csat_score numeric, escalations int,
  email_open_rate numeric, marketing_click_rate numeric, nps_score int, survey_response text, referral_count int, churn int);
SQL
  load telco.customer telco_customer_churn.csv.gz
  load saas.account saas_accounts.csv.gz
}
