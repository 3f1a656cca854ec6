"""Superset on one's own machine, over the demo's database: everything as in a stock Superset, but for where it keeps things."""
import os
from pathlib import Path

HOME = Path(os.environ["SUPERSET_HOME"])
SECRET_KEY = (HOME / "secret_key").read_text().strip()
SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME}/superset.db"
# Its policies are for a site behind TLS.
TALISMAN_ENABLED = False
