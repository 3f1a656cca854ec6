# sklearn.py RELATION OUTCOME: seconds for what a data scientist would do with the same rows outside the database: read them into
# pandas (by COPY, its fastest way), put medians for what is missing, standardise, and fit scikit-learn's LogisticRegression
# once, without cross-validation. Modules are loaded before the clock starts. Connects as psql does.
import io
import sys
import time

import pandas
import psycopg2
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

relation, outcome = sys.argv[1:]
connection = psycopg2.connect("")
started = time.perf_counter()
text = io.BytesIO()
connection.cursor().copy_expert(f"COPY (SELECT * FROM {relation}) TO STDOUT WITH (FORMAT csv, HEADER)", text)
text.seek(0)
rows = pandas.read_csv(text)
happened = rows.pop(outcome) == "t"
model = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression())
model.fit(rows.drop(columns="account_id"), happened)
print(round(time.perf_counter() - started, 3))
