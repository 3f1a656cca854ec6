"""The dashboard of dashboards/superset in a browser, against the SQL of docs/bi.md: dashboard.py URL PASSWORD PICTURES. Opens every tab in headless Chromium (playwright-core,
which the package playwright brings), and compares what Superset answers, and what stands on the page, with what Postgres says. The database is that of PG*."""

import datetime
import io
import json
import math
import re
import sys
import time
from pathlib import Path

import psycopg2
import psycopg2.extras
import yaml
from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[3]
CHROMIUM = "/usr/bin/chromium"
SECONDS_A_TAB = 180
ANIMATION = 1.5
BLOCK = re.compile(r"<!-- dataset: (\w+) -->\n```sql\n(.*?);\n```\n", re.DOTALL)
MOST_MOVED = re.compile(r"\(SELECT account_id FROM demo\.customers_movers [^)]*\)[^)]*\)")
DRAWN = ("echarts_area", "echarts_timeseries_bar", "echarts_timeseries_line", "waterfall")
BROKEN = ".ant-alert, .ant-empty, [role=alert], [data-test=error-container]"


def fail(message):
    print(f"FAILED dashboard: {message}")
    sys.exit(1)


def check(condition, message):
    if not condition:
        fail(message)


class Database:
    def __init__(self):
        self.connection = psycopg2.connect("", user="dashboard_analyst")
        self.connection.set_session(readonly=True, autocommit=True)
        self.blocks = {name: re.sub(r"\n LIMIT \d+$", "", sql) for name, sql in BLOCK.findall((ROOT / "docs" / "bi.md").read_text())}

    def rows(self, sql):
        with self.connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(sql)
            return [{key: plain(value) for key, value in row.items()} for row in cursor.fetchall()]

    def value(self, sql):
        [row] = self.rows(sql)
        return next(iter(row.values()))

    def block(self, name, account=None):
        return self.blocks[name] if account is None else MOST_MOVED.sub(str(account), self.blocks[name])

    def expected(self, chart, account=None):
        """What the chart must be drawn from, in the shape of normal()."""
        block = self.block(chart["dataset"], account)
        if chart["viz_type"] == "table":
            rows = [[row[column] for column in chart["columns"]] for row in self.rows(block)]
            for column, ascending in reversed([json.loads(order) for order in chart.get("order_by_cols", [])]):
                rows.sort(key=lambda row: row[chart["columns"].index(column)], reverse=not ascending)
            return rows
        names, dims = dimensions(chart)
        metrics = chart.get("metrics") or chart["metric"]
        columns = [f'{sql} AS "{name}"' for name, sql in [*zip(names, dims), *metrics.items()]]
        grouped = f" GROUP BY {', '.join(str(n + 1) for n in range(len(dims)))}" if dims else ""
        rows = self.rows(f"SELECT {', '.join(columns)} FROM (\n{block}\n) AS q{grouped}")
        return points(rows, names, list(metrics))


def plain(value):
    """As Superset sends it: times as milliseconds, numbers as numbers."""
    if isinstance(value, datetime.datetime):
        return value.timestamp() * 1000
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.timezone.utc).timestamp() * 1000
    if value is None or isinstance(value, (str, bool)):
        return value
    return float(value)


def dimensions(chart):
    """Names and SQL of what the chart groups by."""
    x = chart.get("x_axis")
    pairs = list(x.items()) if isinstance(x, dict) else [(x, x)] if x else []
    pairs += [(column, column) for key in ("groupby", "groupbyRows", "groupbyColumns") for column in chart.get(key, [])]
    return [name for name, _ in pairs], [sql for _, sql in pairs]


def points(rows, names, metrics):
    """{(value of each dimension ..., metric): number}; what has no number is not drawn."""
    return {(*[row[name] for name in names], metric): row[metric] for row in rows for metric in metrics if row[metric] is not None}


def answered(chart, data):
    """Superset's answer in the shape of Database.expected()."""
    if chart["viz_type"] == "table":
        return [[plain(row[column]) for column in chart["columns"]] for row in data]
    names, _ = dimensions(chart)
    metrics = list(chart.get("metrics") or chart["metric"])
    rows = [{key: plain(value) for key, value in row.items()} for row in data]
    if rows and all(name in rows[0] for name in names):
        return points(rows, names, metrics)
    # One column for each series.
    [metric] = metrics
    x = names[0]
    return {(row[x], series, metric): value for row in rows for series, value in row.items() if series != x and value is not None}


def same(a, b):
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-6)
    return a == b


def compare(name, answer, expected):
    check(len(expected) > 0, f"{name}: the SQL has no rows")
    check(len(answer) == len(expected), f"{name}: {len(answer)} values, the SQL has {len(expected)}")
    pairs = enumerate(zip(answer, expected)) if isinstance(expected, list) else ((key, ([answer.get(key)], [expected[key]])) for key in expected)
    for where, (got, wanted) in pairs:
        check(all(same(a, b) for a, b in zip(got, wanted)), f"{name}, {where}: {got}, the SQL says {wanted}")


def shown(text, value, form):
    """Does the page's text say the value, as exactly as its format can?"""
    text = " ".join(text.split())
    if value is None:
        return text == "N/A"
    if isinstance(value, str):
        return text == " ".join(value.split())
    if re.fullmatch(r"\d{4}-\d\d(-\d\d)?", text):
        return datetime.datetime.fromtimestamp(value / 1000, datetime.timezone.utc).strftime("%Y-%m-%d").startswith(text)
    number = float(text.replace(",", "").replace("−", "-").rstrip("%"))
    if form.endswith("%"):
        number /= 100
    if "g" in form:
        return math.isclose(number, value, rel_tol=0.01, abs_tol=1e-9)
    digits = re.search(r"\.(\d)", form)
    unit = 10.0 ** -(int(digits[1]) + (2 if form.endswith("%") else 0) if digits else 0)
    return abs(number - value) <= (unit / 2 + 1e-9 if form else 1e-9)


class Dashboard:
    def __init__(self, page, url, database, pictures):
        self.page, self.url, self.database, self.pictures = page, url, database, pictures
        self.answers, self.faults = {}, []
        page.on("response", self.listen)
        page.on("pageerror", lambda error: self.faults.append(f"error on the page: {error}"))

    def listen(self, response):
        if response.status >= 400:
            self.faults.append(f"{response.url} answers {response.status}: {response.text()[:500]}")
        elif "/api/v1/chart/data" in response.url and (number := re.search(r"slice_id%22%3A(\d+)", response.url)):
            self.answers[int(number[1])] = response.json()["result"][0]

    def log_in(self, password):
        self.page.goto(f"{self.url}/login/")
        self.page.fill("#username", "admin")
        self.page.fill("#password", password)
        self.page.click("button[type=submit]")
        self.page.wait_for_url("**/welcome/**")

    def open(self):
        slug = "customer-health-customers"
        self.page.goto(f"{self.url}/superset/dashboard/{slug}/")
        self.page.wait_for_selector(".ant-tabs-tab")
        charts = self.page.request.get(f"{self.url}/api/v1/dashboard/{slug}/charts").json()["result"]
        self.numbers = {chart["slice_name"]: chart["id"] for chart in charts}

    def titles(self):
        return [title.strip() for title in self.page.locator(".ant-tabs-tab").all_inner_texts()]

    def go_to(self, title):
        self.page.locator(".ant-tabs-tab").filter(has_text=re.compile(f"^{re.escape(title)}$")).click()

    def box(self, chart):
        return self.page.locator(f'[data-test-chart-name="{chart["name"]}"]')

    def wait_for(self, charts):
        """Until each has its answer and shows it."""
        until = time.monotonic() + SECONDS_A_TAB
        while True:
            self.page.wait_for_timeout(250)
            late = [chart["name"] for chart in charts if self.numbers[chart["name"]] not in self.answers or not self.ready(chart)]
            if self.faults or not late:
                break
            check(time.monotonic() < until, f"still waiting for {', '.join(late)} after {SECONDS_A_TAB} s")
        self.page.wait_for_timeout(ANIMATION * 1000)
        check(not self.faults, "; ".join(self.faults))

    def ready(self, chart):
        box = self.box(chart)
        return box.count() == 1 and box.locator(".slice_container").count() == 1 and "Waiting on" not in box.inner_text() and box.locator("[data-test=loading-indicator]").count() == 0

    def check_chart(self, chart, account=None, keep=None):
        name, box = chart["name"], self.box(chart)
        broken = box.locator(BROKEN)
        check(broken.count() == 0, f"{name} shows: {broken.first.inner_text() if broken.count() else ''}")
        expected = self.database.expected(chart, account)
        if keep:
            expected = [row for row in expected if keep(dict(zip(chart["columns"], row)))]
        answer = self.answers[self.numbers[name]]
        check(answer.get("error") is None, f"{name}: {answer.get('error')}")
        compare(name, answered(chart, answer["data"]), expected)
        kind = chart["viz_type"]
        if kind == "big_number_total":
            text = box.locator(".header-line").inner_text()
            [value] = expected.values()
            check(shown(text, value, chart.get("y_axis_format", "")), f"{name} shows {text}, the SQL says {value}")
        elif kind == "table":
            self.check_table(chart, expected)
        elif kind == "pivot_table_v2":
            self.check_pivot(chart, expected)
        else:
            check(kind in DRAWN, f"{name}: this test does not know charts of the type {kind}")
            check(box.locator("canvas").count() >= 1 and len(colors_in(self.picture(chart))) > 10, f"{name}: nothing is drawn")

    def check_table(self, chart, expected):
        cells = self.box(chart).locator("tbody tr").evaluate_all("rows => rows.map(row => [...row.cells].map(cell => cell.innerText))")
        rows = min(len(expected), chart.get("page_length") or len(expected))
        check(len(cells) == rows, f"{chart['name']} shows {len(cells)} rows instead of {rows}")
        for row, values in zip(cells, expected):
            for column, text, value in zip(chart["columns"], row, values, strict=True):
                check(shown(text, value, chart.get("formats", {}).get(column, "")), f"{chart['name']}, {column}: shows {text}, the SQL says {value}")

    def check_pivot(self, chart, expected):
        cells = self.box(chart).locator("table tr").evaluate_all("rows => rows.map(row => [...row.cells].map(cell => cell.innerText))")
        columns = cells[1][1:]
        table = {(row[0], column): text for row in cells[3:-1] for column, text in zip(columns, row[1:])}
        check(sum(1 for text in table.values() if text) == len(expected), f"{chart['name']} shows other cells than the SQL: {table}")
        for (before, after, _), value in expected.items():
            check(shown(table[before, after], value, chart["valueFormat"]), f"{chart['name']}, {before} to {after}: shows {table[before, after]}, the SQL says {value}")

    def picture(self, chart):
        with Image.open(io.BytesIO(self.box(chart).screenshot())) as image:
            return image.convert("RGB")

    def keep_picture(self, name, charts):
        bottom = max(box["y"] + box["height"] for box in (self.box(chart).bounding_box() for chart in charts))
        path = self.pictures / f"{name}.png"
        self.page.mouse.move(0, 0)
        self.page.screenshot(path=path, clip={"x": 0, "y": 0, "width": self.page.viewport_size["width"], "height": bottom + 16})
        with Image.open(path) as image:
            image.convert("RGB").quantize(128).save(path, optimize=True)

    def choose(self, filter_id, text):
        """In a filter's list, as somebody who types."""
        field = self.page.locator(f'[data-test="NATIVE_FILTER-{filter_id}"]')
        field.click()
        field.locator("input").press_sequentially(text, delay=20)
        self.page.locator(".ant-select-item-option:visible").filter(has_text=re.compile(f"^{re.escape(text)}$")).click()
        self.page.keyboard.press("Escape")

    def apply(self, charts):
        for chart in charts:
            self.answers.pop(self.numbers[chart["name"]], None)
        self.page.get_by_role("button", name="Apply").click()
        self.wait_for(charts)


def colors_in(picture):
    """How many pixels there are of each."""
    return {color: number for number, color in picture.getcolors(picture.width * picture.height)}


def rows_in(picture, color):
    """How many rows of the picture have a good piece of exactly this colour."""
    width, height = picture.size
    pixels = picture.load()
    return sum(1 for y in range(height) if sum(1 for x in range(width) if pixels[x, y] == color) >= 20)


def rgb(color):
    return tuple(int(color[n : n + 2], 16) for n in (1, 3, 5))


def check_colors(dashboard, charts, database):
    """Bands have the model's colours where they are drawn."""
    colors = {}
    for row in database.rows("SELECT label, band, color FROM health_model_bands WHERE name = 'company' AND active"):
        colors |= {row["label"]: row["color"], row["band"]: row["color"]}
    for chart in charts:
        picture = dashboard.picture(chart)
        drawn = {key[1] for key in database.expected(chart)} & set(colors)
        check(len(drawn) == 3, f"{chart['name']} has the bands {drawn}")
        counts = colors_in(picture)
        for band in drawn:
            check(counts.get(rgb(colors[band]), 0) >= 100, f"{chart['name']}: {band} is not drawn in {colors[band]}, the model's colour")
        if chart["name"].startswith("Churn"):
            # The highest number of rows that a bar fills is its height; the legend's little square does not count.
            rates = {key[1]: value for key, value in database.expected(chart).items()}
            height = {band: rows_in(picture, rgb(colors[band])) for band in rates}
            scale = height["red"] / rates["red"]
            for band, rate in rates.items():
                check(abs(height[band] - rate * scale) <= 16, f"{chart['name']}: bars of {height} pixels for {rates}")


def check_facts(dashboard, database):
    """What the numbers must be, from the tables themselves and not by the SQL of docs/bi.md."""
    def number(chart):
        return next(iter(dashboard.answers[dashboard.numbers[chart]]["data"][0].values()))

    facts = {
        "Accounts": "SELECT count(*) FROM demo.customers_current",
        "Value": "SELECT sum(value) FROM demo.customers_current",
        "At risk": "SELECT count(*) FROM demo.customers_current WHERE band = 'red'",
        "Value at risk": "SELECT sum(value) FROM demo.customers_current WHERE band = 'red'",
    }
    for chart, sql in facts.items():
        check(same(float(number(chart)), database.value(sql)), f"{chart} is {number(chart)}, the tables say {database.value(sql)}")
    for chart, measure in (("Bands over time, by count", "At risk"), ("Bands over time, by value", "Value at risk")):
        last = dashboard.answers[dashboard.numbers[chart]]["data"][-1]["At risk"]
        check(same(float(last), float(number(measure))), f"{chart} ends with {last} at risk, not with {number(measure)}")


def check_account(dashboard, database, account):
    """The waterfall ends at the account's score."""
    total = sum(row["Points"] for row in dashboard.answers[dashboard.numbers["What the score is made of"]]["data"])
    score = database.value(f"SELECT score FROM demo.customers_current WHERE account_id = {account}")
    check(abs(total - score) < 1e-6, f"the waterfall of {account} ends at {total}, its score is {score}")


def main():
    url, password, pictures = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    database = Database()
    names = yaml.safe_load((ROOT / "dashboards" / "superset" / "dashboard.yaml").read_text())["tabs"]
    tabs = {name: yaml.safe_load((ROOT / "dashboards" / "superset" / "tabs" / f"{name}.yaml").read_text()) for name in names}
    charts = {name: [chart for row in tab["rows"] for chart in row["charts"]] for name, tab in tabs.items()}

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        # As high as the highest tab, since Superset draws what is in sight.
        context = browser.new_context(viewport={"width": 1200, "height": 2000}, timezone_id="UTC", locale="en-US")
        # Nothing from elsewhere: it works on a machine without internet.
        context.route(lambda address: not address.startswith(url), lambda route: route.fulfill(status=204))
        dashboard = Dashboard(context.new_page(), url, database, pictures)
        dashboard.log_in(password)
        dashboard.open()
        check(dashboard.titles() == [tab["title"] for tab in tabs.values()], f"the tabs are {dashboard.titles()}")

        for name, tab in tabs.items():
            dashboard.go_to(tab["title"])
            dashboard.wait_for(charts[name])
            for chart in charts[name]:
                dashboard.check_chart(chart)
            dashboard.keep_picture(name, charts[name])
            print(f"ok dashboard, {tab['title']}: {len(charts[name])} charts show what the SQL says", flush=True)
            if name == "portfolio":
                check_facts(dashboard, database)
            if name == "account":
                check_account(dashboard, database, int(database.value(f"SELECT {MOST_MOVED.search(database.blocks['account'])[0]}")))
            check_colors(dashboard, [chart for chart in charts[name] if chart.get("groupby") == ["band"]], database)
        print("ok dashboard: bands have the colours of the model, numbers are those of the tables", flush=True)

        dashboard.go_to(tabs["account"]["title"])
        account, found = database.rows("SELECT account_id, name FROM demo.customers_current WHERE band = 'red' ORDER BY value DESC, account_id LIMIT 1")[0].values()
        dashboard.choose("account_name", found)
        dashboard.choose("account", str(int(account)))
        dashboard.apply(charts["account"])
        for chart in charts["account"]:
            dashboard.check_chart(chart, account=int(account))
        check_account(dashboard, database, int(account))
        print(f"ok dashboard: {found}, looked for by name, has its own history, drivers and inputs", flush=True)

        dashboard.go_to(tabs["at_risk"]["title"])
        owner = database.value("SELECT owner FROM demo.customers_current WHERE band = 'red' GROUP BY owner ORDER BY count(*) LIMIT 1")
        dashboard.choose("owner", owner)
        [of_owner] = [chart for chart in charts["at_risk"] if "owner" in chart.get("columns", [])]
        dashboard.apply([of_owner])
        dashboard.check_chart(of_owner, keep=lambda row: row["owner"] == owner)
        print(f"ok dashboard: the accounts of {owner} alone", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
