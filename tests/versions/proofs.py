"""What shows, for each direct dependency, that a release of it works here."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
WAYS, LIBRARIES, PEERS = (f"tests/versions/test_{name}.py" for name in ("whole_ways", "libraries", "peers"))
PLAN = f"{WAYS}::test_a_plan_through_the_planner_process_with_the_shipped_models"
POLL = f"{WAYS}::test_a_poll_of_the_simulator"
SYNC = f"{WAYS}::test_a_sync_with_the_platform"
CONSOLE = "tests/console/test_pages.py::test_the_process_serves_without_a_store_and_ends_in_order"
FIT = "tests/training/test_own.py::test_it_learns_what_the_shipped_model_cannot_know"

# The files of tests, or single tests of them, that use a package.
TESTS: dict[str, tuple[str, ...]] = {
    "pymodbus": (POLL, "tests/drivers/test_modbus.py", "tests/drivers/test_modbus_rtu.py"),
    "paho-mqtt": (SYNC, "tests/adapters/mqtt/test_mqtt_amqtt.py"),
    "onnxruntime": (f"{LIBRARIES}::test_a_shipped_model_forecasts",),
    "numpy": (f"{LIBRARIES}::test_a_shipped_model_forecasts", "tests/planning/test_make_plan.py"),
    "highspy": (f"{LIBRARIES}::test_highs_solves", "tests/planning/test_highs.py", PLAN),
    "apscheduler": (
        f"{LIBRARIES}::test_apscheduler_runs_jobs_again_and_again",
        "tests/adapters/host/test_timetable.py",
    ),
    "pydantic": ("tests/settings/test_load.py", "tests/settings/test_example.py"),
    "sqlite-utils": (f"{LIBRARIES}::test_sqlite_utils_reads_a_store",),
    "structlog": (f"{LIBRARIES}::test_structlog_writes_one_line",),
    "rich": (f"{LIBRARIES}::test_rich_prints_a_table", "tests/cli/test_report.py"),
    "tzdata": (f"{LIBRARIES}::test_tzdata_serves_where_the_system_has_no_zones",),
    "starlette": (CONSOLE, "tests/console/test_security_gate.py"),
    "uvicorn": (CONSOLE, "tests/console/test_security_limits.py"),
    "h11": (CONSOLE, "tests/console/test_security_limits.py"),
    "wsproto": ("tests/console/test_realtime.py::test_a_reader_is_greeted_and_told_the_state_and_its_changes",),
    "httpx": ("tests/console/test_security_gate.py",),
    "schemathesis": ("tests/console/test_api_fuzz.py",),
    "playwright": ("tests/console/browser/test_acts.py",),
    "axe-playwright-python": ("tests/console/browser/test_acts.py",),
    "matplotlib": ("tests/cli/test_report.py::test_the_picture",),
    "amqtt": ("tests/adapters/mqtt/test_mqtt_amqtt.py",),
    "lightgbm": (FIT,),
    "onnx": (FIT, "tests/adapters/models/test_onnx_wire.py"),
    "scikit-learn": ("tests/training/test_anomaly.py",),
    "distributed": ("tests/training/test_cluster.py",),
    "mlflow-skinny": ("tests/training/test_mlflow.py",),
    "prophet": (f"{PEERS}::test_a_peer_forecasts_two_days[prophet",),
    "xgboost": (f"{PEERS}::test_a_peer_forecasts_two_days[xgboost",),
    "pandas": (f"{PEERS}::test_a_peer_forecasts_two_days[prophet", "tests/forecasting/test_sun.py"),
    "pytest": ("tests/drivers/test_spans.py",),
    "pytest-asyncio": ("tests/drivers/test_modbus.py",),
    "hypothesis": ("tests/drivers/test_spans.py",),
    "libfaketime": ("tests/faults/test_clock_process.py",),
    "pysunspec2": ("tests/simulator/test_sunspec_client.py",),
    "pvlib": ("tests/forecasting/test_sun.py",),
    "jsonschema": ("tests/settings/test_example.py",),
    "packaging": ("tests/test_lock.py",),
    "scipy": ("tests/savings/test_paired_trial.py",),
    "trustme": ("tests/adapters/mqtt/test_mqtt_tls.py",),
    "cryptography": ("tests/adapters/host/test_signing_keys.py",),
}  # fmt: skip

# What takes many packages at once: which of them is to blame, its reason has to say.
WHOLE: dict[str, tuple[str, ...]] = {"a plan": (PLAN,), "a poll": (POLL,), "a sync": (SYNC,)}

# Programmes that judge the code, as ``make check`` runs them. mypy sees rooms that know no library's types: its answers
# about those change with the library, and are asked for with the locked releases only.
COMMANDS: dict[str, tuple[str, ...]] = {
    "ruff": ("ruff", "check", "--no-cache", "."),
    "import-linter": ("lint-imports", "--no-cache"),
    "mypy": ("mypy", "--cache-dir", "/dev/null", "--package", "agent.domain", "--package", "drivers"),
}


def files() -> tuple[str, ...]:
    """The files of tests that are run, each once."""
    return tuple(dict.fromkeys(test.partition("::")[0] for tests in TESTS.values() for test in tests))
