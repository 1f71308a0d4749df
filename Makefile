# `make demo` and `make test` do all the set-up they need. Everything lands in .venv and demo-out.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: demo test check bench power-cuts train clean mosquitto strace

demo: .venv/demo.stamp
	$(BIN)/python -m demo $(ARGS)

test: .venv/dev.stamp mosquitto strace
	$(BIN)/python -m pytest $(ARGS)

check: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/dev.stamp mosquitto
	$(BIN)/python -m tests.bench $(ARGS)

# A cut at every system call of the recorded run that changes the disk; `make test` takes 240 of them.
power-cuts: .venv/dev.stamp strace
	POWER_CUTS=1000000 $(BIN)/python -m pytest tests/faults/test_power_cuts.py $(ARGS)

train: .venv/train.stamp
	$(BIN)/python -m training $(ARGS)

# A broker makes the demo and the tests real; without one the demo uses an embedded broker and the tests say what they left out.
mosquitto:
	@command -v mosquitto >/dev/null 2>&1 || test -x /usr/sbin/mosquitto || \
	  { command -v apt-get >/dev/null 2>&1 && [ "$$(id -u)" = 0 ] && \
	    { apt-get install -y -qq mosquitto >/dev/null 2>&1 || { apt-get update -qq && apt-get install -y -qq mosquitto >/dev/null 2>&1; }; }; } || \
	  echo "mosquitto is missing and cannot be installed here: the tests that need a real broker will be skipped"

# It records the run that is cut, and injects errors and delays into system calls.
strace:
	@command -v strace >/dev/null 2>&1 || \
	  { command -v apt-get >/dev/null 2>&1 && [ "$$(id -u)" = 0 ] && apt-get install -y -qq strace >/dev/null 2>&1; } || \
	  echo "strace is missing and cannot be installed here: power cuts, failing and slow disks are not tested"

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip

.venv/demo.stamp: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[demo]'
	@touch $@

.venv/dev.stamp: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[demo,dev]'
	@touch $@

.venv/train.stamp: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[demo,dev,train]'
	@touch $@

clean:
	rm -rf .venv demo-out bench-out build *.egg-info
