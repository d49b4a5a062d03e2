"""The alerts and the dashboard of `deploy/monitoring/`: Prometheus takes them, and they name metrics that exist."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.needs import need
from tests.process.running import LIMIT

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "monitoring" / "rules.yml"
DASHBOARD = json.loads((ROOT / "deploy" / "monitoring" / "grafana.json").read_text("utf-8"))

#: Metrics of the process, which prometheus-client writes, and Prometheus' own.
OTHERS = {"process_open_fds", "process_max_fds", "process_cpu_seconds_total", "process_resident_memory_bytes", "up"}
#: Samples of the same minute, by alert, that make it fire; each alone.
FIRING: dict[str, dict[str, str]] = {
    "OpenucwaDown": {'up{job="openucwa",instance="a"}': "0x60"},
    "OpenucwaNotReady": {'openucwa_ready{instance="a"}': "0x60"},
    "OpenucwaErrors": {
        'openucwa_requests_total{instance="a",status="200"}': "0+98x60",
        'openucwa_requests_total{instance="a",status="503"}': "0+2x60",
    },
    "OpenucwaSlowCommits": {
        'openucwa_commit_duration_seconds_bucket{instance="a",le="0.1"}': "0+90x60",
        'openucwa_commit_duration_seconds_bucket{instance="a",le="0.25"}': "0+100x60",
        'openucwa_commit_duration_seconds_bucket{instance="a",le="+Inf"}': "0+100x60",
    },
    "OpenucwaChangesWait": {'openucwa_store_changes_waiting{instance="a"}': "900x60"},
    "OpenucwaLateEvents": {
        'openucwa_event_lag_seconds_bucket{instance="a",priority="high",le="1.0"}': "0+90x60",
        'openucwa_event_lag_seconds_bucket{instance="a",priority="high",le="2.5"}': "0+100x60",
        'openucwa_event_lag_seconds_bucket{instance="a",priority="high",le="+Inf"}': "0+100x60",
    },
    "OpenucwaBusReconnects": {'openucwa_bus_connections_total{instance="a"}': "1+1x60"},
    "OpenucwaConnectionsRefused": {'openucwa_connections_refused_total{instance="a"}': "0+1x60"},
    "OpenucwaFilesRunOut": {
        'process_open_fds{job="openucwa",instance="a"}': "950x60",
        'process_max_fds{job="openucwa",instance="a"}': "1000x60",
    },
    "OpenucwaFailedSignIns": {'openucwa_sign_ins_total{instance="a",result="refused"}': "0+120x60"},
    "OpenucwaSweepsLate": {'openucwa_last_sweep_timestamp_seconds{instance="a",sweep="applications"}': "0x60"},
    "OpenucwaCertificateExpires": {'openucwa_certificate_expiry_timestamp_seconds{instance="a"}': "864000x60"},
}
#: The same measures of a server that is well.
QUIET = {
    'up{job="openucwa",instance="a"}': "1x60",
    'openucwa_ready{instance="a"}': "1x60",
    'openucwa_requests_total{instance="a",status="200"}': "0+100x60",
    'openucwa_requests_total{instance="a",status="503"}': "0x60",
    'openucwa_commit_duration_seconds_bucket{instance="a",le="0.1"}': "0+100x60",
    'openucwa_commit_duration_seconds_bucket{instance="a",le="0.25"}': "0+100x60",
    'openucwa_commit_duration_seconds_bucket{instance="a",le="+Inf"}': "0+100x60",
    'openucwa_store_changes_waiting{instance="a"}': "3x60",
    'openucwa_event_lag_seconds_bucket{instance="a",priority="high",le="1.0"}': "0+100x60",
    'openucwa_event_lag_seconds_bucket{instance="a",priority="high",le="+Inf"}': "0+100x60",
    'openucwa_bus_connections_total{instance="a"}': "1x60",
    'openucwa_connections_refused_total{instance="a"}': "0x60",
    'process_open_fds{job="openucwa",instance="a"}': "50x60",
    'process_max_fds{job="openucwa",instance="a"}': "1000x60",
    'openucwa_sign_ins_total{instance="a",result="refused"}': "0+1x60",
    'openucwa_last_sweep_timestamp_seconds{instance="a",sweep="applications"}': "0+60x60",
    'openucwa_certificate_expiry_timestamp_seconds{instance="a"}': "8640000x60",
}


def promtool(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [need("prometheus"), *words], capture_output=True, text=True, timeout=LIMIT, check=False, cwd=RULES.parent
    )


def listed() -> set[str]:
    """The metrics of docs/operating.md, which another test compares with the server's; histograms by their parts."""
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    names = set()
    for name, kind in re.findall(r"^\| `(openucwa_\w+)` \| (\w+) \|", page, re.MULTILINE):
        names |= {f"{name}_{part}" for part in ("bucket", "count", "sum")} if kind == "histogram" else {name}
    return names


def named(query: str) -> set[str]:
    """The metrics that a query names."""
    return set(re.findall(r"\b(?:openucwa|process)_\w+|\bup\b", query))


def alerts() -> list[str]:
    return re.findall(r"^ +- alert: (\w+)$", RULES.read_text("utf-8"), re.MULTILINE)


def queries() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def test_prometheus_accepts_the_rules() -> None:
    done = promtool("check", "rules", str(RULES))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"SUCCESS: {len(alerts())} rules found" in done.stdout


def test_rules_name_metrics_that_exist() -> None:
    text = "\n".join(line for line in RULES.read_text("utf-8").splitlines() if not line.lstrip().startswith("#"))
    found = set(re.findall(r"\bopenucwa_\w+", text))
    assert found
    assert found - listed() == set()


def test_dashboard_names_metrics_that_exist() -> None:
    assert all(named(query) for query in queries())
    assert set().union(*map(named, queries())) - listed() - OTHERS == set()


def test_prometheus_accepts_the_queries_of_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel{number}", "expr": query.replace("$__rate_interval", "5m").replace("$instance", ".*")}
        for number, query in enumerate(queries())
    ]
    file = tmp_path / "queries.yml"
    file.write_bytes(msgspec.json.encode({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = promtool("check", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def test_panels_of_the_dashboard_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def fire(tmp_path: Path, series: dict[str, str], expected: list[str]) -> "subprocess.CompletedProcess[str]":
    """Lets Prometheus evaluate the rules for 40 minutes of `series`; it compares what fires with `expected`."""
    tests: list[dict[str, Any]] = [
        {
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [
                {
                    "expr": 'group by (alertname) (ALERTS{alertstate="firing"})',
                    "eval_time": "40m",
                    "exp_samples": [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in expected],
                }
            ],
        }
    ]
    file = tmp_path / "test.yml"
    file.write_bytes(msgspec.json.encode({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
    return promtool("test", "rules", str(file))


@pytest.mark.parametrize("alert", alerts())
def test_alert_fires_alone(alert: str, tmp_path: Path) -> None:
    done = fire(tmp_path, QUIET | FIRING[alert], [alert])
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_alert_fires_on_a_quiet_server(tmp_path: Path) -> None:
    done = fire(tmp_path, QUIET, [])
    assert done.returncode == 0, done.stdout + done.stderr
