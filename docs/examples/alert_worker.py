#!/usr/bin/env python3
"""Delivers the alerts of health_score to an HTTP endpoint: a ticket system, a chat, a webhook.

    alert_worker.py 'dbname=crm user=alert_worker' https://example.com/hooks/health

The role needs SELECT and UPDATE on health_alert. Any number of these may run at once. An alert is delivered at least once: where
the endpoint took it and the note of that was lost, it comes again after its lease, with the same key. One that was put off comes
again with another.
"""

import http.client
import json
import select
import sys
import urllib.request

import psycopg
from psycopg.rows import dict_row

BATCH = 10
LEASE = "2 minutes"
TIMEOUT = 10  # Seconds for one delivery; BATCH of them fit into a lease, or another worker would begin with the last.
SHOWN = ("id", "playbook", "source", "account_id", "name", "owner", "severity", "reason", "explanation", "action", "score", "band")


def deliver(endpoint, alert):
    """POSTs one alert, and returns what the endpoint calls it; raises where it did not take it."""
    body = {column: alert[column] for column in SHOWN} | {"due_at": alert["due_at"].isoformat()}
    key = f"health-alert-{alert['id']}"
    if alert["snoozed_until"]:
        key += f"-{alert['snoozed_until'].timestamp()}"
    request = urllib.request.Request(
        endpoint,
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Idempotency-Key": key},
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        return response.read(200).decode(errors="replace").strip() or None


def drain(connection, endpoint):
    """Delivers what there is; returns how many arrived and how many did not."""
    arrived = failed = 0
    while alerts := connection.execute("SELECT * FROM health_alert_claim(%s, %s)", (BATCH, LEASE)).fetchall():
        for alert in alerts:
            try:
                ref = deliver(endpoint, alert)
            except (OSError, http.client.HTTPException) as error:
                # Its lease runs out, and it is handed out again.
                print(f"alert {alert['id']}: {error}", file=sys.stderr)
                failed += 1
                continue
            connection.execute("SELECT health_alert_delivered(%s, %s)", (alert["id"], ref))
            arrived += 1
    return arrived, failed


def main(conninfo, endpoint, once=False):
    # Autocommit: no transaction is open while the endpoint is slow.
    with psycopg.connect(conninfo, autocommit=True, row_factory=dict_row) as connection:
        connection.execute("LISTEN health_alert")
        while True:
            print("delivered {}, failed {}".format(*drain(connection, endpoint)), flush=True)
            if once:
                return
            # Woken by a run that raised alerts, or after a minute, for leases and snoozes that have ended.
            select.select([connection], [], [], 60)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:3], once=sys.argv[3:] == ["--once"])
