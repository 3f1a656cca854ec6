# logistic_regression.py RELATION OUTCOME read_sql|copy: the seconds that it takes to do outside the database what a data scientist would do
# with the same rows: read them into pandas, put medians for what is missing, standardise, and fit scikit-learn's
# LogisticRegression once, without cross-validation. read_sql is what one writes, copy the fastest way to read. Modules are
# loaded before the clock starts. Connects as psql does.
import io
import sys
import time

import pandas
import psycopg2
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

relation, outcome, way = sys.argv[1:]
connection = psycopg2.connect("")
started = time.perf_counter()
if way == "read_sql":
    rows = pandas.read_sql(f"SELECT * FROM {relation}", connection)
else:
    text = io.BytesIO()
    connection.cursor().copy_expert(f"COPY {relation} TO STDOUT WITH (FORMAT csv, HEADER)", text)
    text.seek(0)
    rows = pandas.read_csv(text, true_values=["t"], false_values=["f"])
happened = rows.pop(outcome).astype(bool)
model = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression())
model.fit(rows.drop(columns="account_id"), happened)
print(round(time.perf_counter() - started, 3))
