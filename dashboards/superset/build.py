#!/usr/bin/env python3
"""Makes the export that Superset imports, out of docs/bi.md (the SQL of the datasets), dashboard.yaml and tabs/*.yaml (what is drawn of them) and
one database (the source's names, the colours of its model's bands, the types of columns). It only reads."""

import argparse
import json
import re
import sys
import uuid
import zipfile
from datetime import datetime, timezone
from pathlib import Path

import psycopg2
import yaml
from psycopg2.extensions import quote_ident

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "bi.md"
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "health_score/dashboards/superset")
COLUMNS_OF_GRID = 12
MOST_ROWS = 10000
SAID_IN_CAPITALS = {"id": "ID", "auc": "AUC", "psi": "PSI"}
# In docs/bi.md one account is chosen by such a line; here the dashboard's filter does it.
ONE_ACCOUNT = re.compile(r"^ *(WHERE|AND) [a-z.]*account_id = \(SELECT .*\)\n", re.MULTILINE)
BLOCK = re.compile(r"([^\n]+)\n\n<!-- dataset: (\w+) -->\n```sql\n(.*?);\n```\n", re.DOTALL)
TIMES = ("date", "timestamp with time zone")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uri", required=True, help="the database as Superset reaches it: postgresql://analyst:secret@host/database")
    parser.add_argument("--source", default="customers", help="the source to show (health_source.name)")
    parser.add_argument("--until", help="up to when outcomes are known; now, if not given")
    parser.add_argument("zip", type=Path, help="the file to write")
    return parser.parse_args()


def fetch(connection, query, values=()):
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


def find_source(connection, name):
    found = fetch(connection, "SELECT name, model, history_schema, history_name FROM health_source WHERE name = %s", (name,))
    if not found:
        known = ", ".join(row[0] for row in fetch(connection, "SELECT name FROM health_source ORDER BY name"))
        sys.exit(f"error: there is no source {name}; there are: {known or 'none'}")
    return dict(zip(("name", "model", "schema", "history"), found[0]))


def for_source(sql, connection, source, until):
    """The SQL of docs/bi.md, which speaks of the demo's source, for this one."""

    def relation(match):
        name = source["history"] if match[1] == "history" else f"{source['name']}_{match[1]}"
        return f"{quote_ident(source['schema'], connection)}.{quote_ident(name, connection)}"

    def literal(text):
        return connection.cursor().mogrify("%s", (text,)).decode()

    sql = re.sub(r"\bdemo\.customers_(\w+)", relation, sql)
    sql = sql.replace("'customers'", literal(source["name"])).replace("'company'", literal(source["model"]))
    sql = re.sub(r", (until => )?'2026-06-30'", lambda match: f", {match[1] or ''}{literal(until)}" if until else "", sql)
    return re.sub(r"\n LIMIT \d+$", "", ONE_ACCOUNT.sub("", sql))


def columns_of(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM (\n{sql}\n) AS q LIMIT 0")
        described = cursor.description
    types = dict(fetch(connection, "SELECT oid::bigint, format_type(oid, NULL) FROM pg_type WHERE oid = ANY (%s::oid[])", ([c.type_code for c in described],)))
    return {column.name: types[column.type_code] for column in described}


def said(name):
    words = [SAID_IN_CAPITALS.get(word, word) for word in name.split("_")]
    return " ".join([words[0][0].upper() + words[0][1:], *words[1:]])


def band_colors(connection, model):
    """By label and by name; the active version's before those that only others have."""
    colors = {}
    for label, band, color in fetch(connection, "SELECT label, band, color FROM health_model_bands WHERE name = %s AND color IS NOT NULL ORDER BY active, version", (model,)):
        colors |= {label: color, band: color}
    return colors


def identity(kind, content):
    """Superset keeps a chart or dataset that it has: one that has changed must be another."""
    return str(uuid.uuid5(NAMESPACE, f"{kind} {json.dumps(content, sort_keys=True)}"))


def metric(label, sql):
    return {"expressionType": "SQL", "sqlExpression": sql, "label": label, "hasCustomLabel": True, "optionName": f"metric_{uuid.uuid5(NAMESPACE, label + sql).hex[:12]}"}


def x_axis(value):
    if isinstance(value, str):
        return value
    [(label, sql)] = value.items()
    return {"expressionType": "SQL", "sqlExpression": sql, "label": label}


def threshold(label, height):
    return {"annotationType": "FORMULA", "sourceType": "", "name": label, "value": str(height), "show": True, "showLabel": True, "showMarkers": False, "hideLine": False,
            "style": "dashed", "width": 1, "opacity": "", "color": None}


def chart_params(chart):
    """What is short in tabs/*.yaml, as Superset wants it."""
    params = {key: value for key, value in chart.items() if key not in ("name", "width", "dataset", "columns", "formats", "lines")}
    params.setdefault("row_limit", MOST_ROWS)
    if chart["viz_type"] == "table":
        params |= {"query_mode": "raw", "all_columns": chart["columns"], "server_pagination": False, "show_cell_bars": False}
        params.setdefault("table_timestamp_format", "%Y-%m-%d")
        params["column_config"] = {column: {"d3NumberFormat": form} for column, form in chart.get("formats", {}).items()}
        return params
    if "metric" in chart:
        params["metric"] = metric(*next(iter(chart["metric"].items())))
    if "metrics" in chart:
        params["metrics"] = [metric(label, sql) for label, sql in chart["metrics"].items()]
    if "x_axis" in chart:
        params["x_axis"] = x_axis(chart["x_axis"])
    if "lines" in chart:
        params["annotation_layers"] = [threshold(label, height) for label, height in chart["lines"].items()]
    params.setdefault("x_axis_time_format", "smart_date")
    return params


def node(identifier, kind, parents, children=(), **meta):
    return {identifier: {"id": identifier, "type": kind, "parents": list(parents), "children": list(children), "meta": meta}}


def layout(tabs, chart_uuids, title):
    """Superset's tree of tabs, rows and charts; chart ids are placeholders that the import replaces."""
    top = ["ROOT_ID", "TABS-all"]
    tree = {"DASHBOARD_VERSION_KEY": "v2"}
    tree |= node("ROOT_ID", "ROOT", [], ["TABS-all"]) | node("GRID_ID", "GRID", ["ROOT_ID"]) | node("HEADER_ID", "HEADER", [], text=title)
    tree |= node("TABS-all", "TABS", top[:1], [f"TAB-{name}" for name in tabs])
    for name, tab in tabs.items():
        rows = [f"ROW-{name}-{number}" for number in range(len(tab["rows"]))]
        tree |= node(f"TAB-{name}", "TAB", top, rows, text=tab["title"])
        for row_id, row in zip(rows, tab["rows"]):
            if sum(chart["width"] for chart in row["charts"]) != COLUMNS_OF_GRID:
                sys.exit(f"error: the charts of {row_id} are not {COLUMNS_OF_GRID} wide together")
            charts = [f"CHART-{chart_uuids[chart['name']]}" for chart in row["charts"]]
            tree |= node(row_id, "ROW", [*top, f"TAB-{name}"], charts, background="BACKGROUND_TRANSPARENT")
            for chart_id, chart in zip(charts, row["charts"]):
                number = list(chart_uuids).index(chart["name"]) + 1
                tree |= node(chart_id, "CHART", [*top, f"TAB-{name}", row_id], width=chart["width"], height=row["height"], chartId=number,
                             uuid=chart_uuids[chart["name"]], sliceName=chart["name"])
    return tree


def first_value(connection, given, blocks):
    """What a filter shows at first: the value that its order puts first, if it has one."""
    if "first" not in given:
        return None
    _, sql = blocks[given["dataset"]]
    found = fetch(connection, f"SELECT {given['column']} FROM (\n{sql}\n) AS q ORDER BY {given['first']}, {given['column']} LIMIT 1")
    if not found:
        return None
    [[value]] = found
    return value if isinstance(value, int) else str(value)


def native_filter(given, dataset_uuid, first):
    column = given["column"]
    mask = {"extraFormData": {}, "filterState": {}, "ownState": {}}
    if first is not None:
        mask["extraFormData"] = {"filters": [{"col": column, "op": "IN", "val": [first]}]}
        mask["filterState"] = {"value": [first], "label": str(first)}
    return {
        "id": filter_id(given["name"]),
        "name": given["name"],
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "targets": [{"datasetUuid": dataset_uuid, "column": {"name": column}}],
        "scope": {"rootPath": [f"TAB-{tab}" for tab in given["tabs"]], "excluded": []},
        "cascadeParentIds": [filter_id(given["within"])] if "within" in given else [],
        "controlValues": {"multiSelect": first is None, "enableEmptyFilter": first is not None, "searchAllOptions": True},
        "defaultDataMask": mask,
    }


def filter_id(name):
    return f"NATIVE_FILTER-{slug(name)}"


def slug(name):
    return re.sub("[^a-z0-9]+", "_", name.lower()).strip("_")


def masked(uri):
    """Superset asks for the password when the export is imported."""
    return re.sub(r"(//[^:/@]*:)[^@]*@", r"\1XXXXXXXXXX@", uri)


def database_file(uri, source):
    return {
        "version": "1.0.0", "uuid": identity("database", source["name"]), "database_name": f"health_score: {source['name']}", "sqlalchemy_uri": masked(uri),
        "expose_in_sqllab": True, "allow_run_async": False, "allow_ctas": False, "allow_cvas": False, "allow_dml": False, "extra": {},
    }


def dataset_file(connection, name, text, sql, source, database_uuid):
    columns = columns_of(connection, sql)
    content = {
        "version": "1.0.0", "database_uuid": database_uuid, "table_name": f"{source['name']}: {name}", "description": text, "sql": sql,
        "schema": None, "main_dttm_col": next((column for column, kind in columns.items() if kind in TIMES), None), "metrics": [],
        "columns": [{"column_name": column, "verbose_name": said(column), "type": kind.upper(), "is_dttm": kind in TIMES, "groupby": True, "filterable": True}
                    for column, kind in columns.items()],
    }
    return content | {"uuid": identity("dataset", content)}


def chart_file(chart, dataset_uuid):
    content = {"version": "1.0.0", "slice_name": chart["name"], "viz_type": chart["viz_type"], "dataset_uuid": dataset_uuid, "params": chart_params(chart)}
    return content | {"uuid": identity("chart", content)}


def dashboard_file(dashboard, source, tabs, chart_uuids, colors, filters):
    title = dashboard["title"] if source["name"] == "customers" else f"{dashboard['title']}: {source['name']}"
    return {
        "version": "1.0.0", "uuid": identity("dashboard", source["name"]), "dashboard_title": title, "slug": f"customer-health-{source['name']}", "published": True,
        "position": layout(tabs, chart_uuids, title),
        "metadata": {
            "label_colors": colors, "color_scheme": "supersetColors", "cross_filters_enabled": False, "filter_bar_orientation": "HORIZONTAL",
            "native_filter_configuration": filters,
        },
    }


def build(args, connection):
    """The files of the export, by name."""
    source = find_source(connection, args.source)
    dashboard = yaml.safe_load((HERE / "dashboard.yaml").read_text())
    tabs = {name: yaml.safe_load((HERE / "tabs" / f"{name}.yaml").read_text()) for name in dashboard["tabs"]}
    charts = [chart for tab in tabs.values() for row in tab["rows"] for chart in row["charts"]]
    blocks = {name: (text, for_source(sql, connection, source, args.until)) for text, name, sql in BLOCK.findall(PAGE.read_text())}
    if odd := set(blocks) ^ {used["dataset"] for used in [*charts, *dashboard["filters"]]}:
        sys.exit(f"error: {PAGE.name} and the charts do not agree on the datasets {', '.join(sorted(odd))}")
    if len({chart["name"] for chart in charts}) < len(charts):
        sys.exit("error: two charts have one name")

    database = database_file(args.uri, source)
    datasets = {name: dataset_file(connection, name, text, sql, source, database["uuid"]) for name, (text, sql) in blocks.items()}
    drawn = {chart["name"]: chart_file(chart, datasets[chart["dataset"]]["uuid"]) for chart in charts}
    filters = [native_filter(given, datasets[given["dataset"]]["uuid"], first_value(connection, given, blocks)) for given in dashboard["filters"]]
    chart_uuids = {name: chart["uuid"] for name, chart in drawn.items()}
    return {
        "metadata.yaml": {"version": "1.0.0", "type": "Dashboard", "timestamp": datetime.now(timezone.utc).isoformat()},
        "databases/health_score.yaml": database,
        **{f"datasets/{name}.yaml": dataset for name, dataset in datasets.items()},
        **{f"charts/{slug(name)}.yaml": chart for name, chart in drawn.items()},
        "dashboards/customer_health.yaml": dashboard_file(dashboard, source, tabs, chart_uuids, band_colors(connection, source["model"]) | dashboard["colors"], filters),
    }


def main():
    args = arguments()
    with psycopg2.connect(args.uri) as connection:
        connection.set_session(readonly=True)
        files = build(args, connection)
    args.zip.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(args.zip, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files.items():
            bundle.writestr(f"health_score/{name}", yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120))
    print(f"{args.zip}: {len(files)} files")


if __name__ == "__main__":
    main()
