# `make demo` and `make test` do all the set-up they need. Everything lands in .venv and demo-out.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
HOME_PYTHON ?= python3.13

# What is installed stands in lock/: releases with the hashes of their wheels. Nothing else is taken, nothing is built.
LOCKED := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:
# The agent itself, by the locked build backend.
AGENT := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
# An environment that does not run, was not finished or belongs to another folder is made anew.
BROKEN := $(shell test ! -e .venv || { $(BIN)/python -c 'import pip' && test "$$(cat .venv/python.stamp)" = "$(CURDIR)"; } \
  2>/dev/null || echo broken)

.PHONY: demo test test-training check bench fuzz kills power-cuts train test-home-assistant clean mosquitto strace chromium \
  update check-versions anew deb audit test-package release-sign release-verify

demo: .venv/demo.stamp
	@$(BIN)/python -m compileall -q agent drivers # as an installation does: each of its plans is a process
	$(BIN)/python -m demo $(ARGS)

test: .venv/dev.stamp mosquitto strace chromium
	$(BIN)/python -m pytest $(ARGS)

# On a Dask cluster of real processes and against a real MLflow server, which `make test` leaves out.
test-training: .venv/test-training.stamp
	$(BIN)/python -m pytest tests/training/test_cluster.py tests/training/test_mlflow.py $(ARGS)

check: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.sizes

bench: .venv/dev.stamp mosquitto
	$(BIN)/python -m tests.bench $(ARGS)

# A million damaged inputs, and a hundred thousand hostile plans and readings against the guard.
fuzz: .venv/dev.stamp
	$(BIN)/python -m tests.fuzz $(ARGS)

# The agent killed 200 times in the middle of a setpoint; prints the longest time until the inverter was given back.
kills: .venv/dev.stamp
	KILLS=200 $(BIN)/python -m pytest -q -s tests/faults/test_killed.py -k any_instant $(ARGS)

# A cut at every system call of the recorded run that changes the disk; `make test` takes 240 of them.
power-cuts: .venv/dev.stamp strace
	POWER_CUTS=1000000 $(BIN)/python -m pytest tests/faults/test_power_cuts.py $(ARGS)

# A real Home Assistant core beside the real daemon. It needs a Python of its own: HOME_PYTHON=/path/to/python3.13.
test-home-assistant: .venv/dev.stamp .venv/home-assistant.stamp mosquitto
	HOME_ASSISTANT_PYTHON=.venv/home-assistant/bin/python $(BIN)/python -m pytest tests/home_assistant $(ARGS)

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

# The console's pages are looked at in it.
chromium:
	@command -v chromium >/dev/null 2>&1 || \
	  { command -v apt-get >/dev/null 2>&1 && [ "$$(id -u)" = 0 ] && \
	    { apt-get install -y -qq chromium >/dev/null 2>&1 || { apt-get update -qq && apt-get install -y -qq chromium >/dev/null 2>&1; }; }; } || \
	  echo "chromium is missing and cannot be installed here: the console's pages are not looked at"

# All ends of the ranges in pyproject.toml, each in an environment of its own.
check-versions: .venv/dev.stamp .venv/uv.stamp mosquitto chromium
	$(BIN)/python -m tests.versions $(ARGS)

# Renews the lock: the newest releases that pyproject.toml allows.
update: .venv/uv.stamp
	$(BIN)/python lock/renew.py

# The Debian package for this machine's release and architecture, and for arm64; ARGS="--suite trixie" for another release.
deb: .venv/dev.stamp
	$(BIN)/python -m systemd.package deb $(ARGS)

# Installed, upgraded, cut off and purged in a booted Debian (SUITE=trixie PACKAGE_PYTHON=FILE for another release), and tried for arm64. Root.
test-package: .venv/dev.stamp
	$(BIN)/python -m tests.package.tools
	$(BIN)/python -m pytest -s tests/package/installed.py tests/package/cut_off.py tests/package/arm64.py $(ARGS)

# The bill of materials, and what is known against it. The audit's own packages are locked, too.
audit: .venv/dev.stamp .venv/audit.stamp
	$(BIN)/python -m systemd.package audit $(ARGS)

# KEY is the private key, PUB the public one: `python -m systemd.package key --key FILE` makes both.
release-sign: .venv/dev.stamp
	$(BIN)/python -m systemd.package sign --key $(KEY)

release-verify: .venv/dev.stamp
	$(BIN)/python -m systemd.package verify --key $(PUB)

.venv/python.stamp: $(wildcard lock/*.txt) $(if $(BROKEN),anew)
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -c 'import sys; sys.version_info < (3, 14) or print("The lock was tried with Python 3.11 to 3.13; this is", sys.version.split()[0])'
	@test ! -e .venv || echo "The environment in .venv is out of date or broken and is made anew."
	@rm -rf .venv
	$(PYTHON) -m venv .venv
	$(LOCKED) -r lock/build.txt
	@echo "$(CURDIR)" >$@

.venv/demo.stamp: .venv/python.stamp pyproject.toml
	$(LOCKED) -r lock/demo.txt
	$(AGENT)
	@touch $@

.venv/dev.stamp: .venv/python.stamp pyproject.toml
	$(LOCKED) -r lock/dev.txt
	$(AGENT)
	@touch $@

.venv/test-training.stamp: .venv/dev.stamp
	$(LOCKED) -r lock/test-training.txt
	@touch $@

.venv/train.stamp: .venv/python.stamp pyproject.toml
	$(LOCKED) -r lock/train.txt
	$(AGENT)
	@touch $@

# Not in the lock: nothing of it goes anywhere but into this environment. Its MQTT integration asks for paho itself.
.venv/home-assistant.stamp: .venv/python.stamp
	@$(HOME_PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null || \
	  { echo "Home Assistant needs Python 3.13: say where one is, HOME_PYTHON=/path/to/python3.13"; exit 1; }
	$(HOME_PYTHON) -m venv .venv/home-assistant
	.venv/home-assistant/bin/python -m pip install --quiet --disable-pip-version-check 'homeassistant>=2025.4,<2025.5' 'paho-mqtt==2.1.0' 'pynordpool==0.2.4'
	@touch $@

.venv/uv.stamp: .venv/python.stamp
	$(LOCKED) --target .venv/uv --upgrade -r lock/uv.txt
	@touch $@

.venv/audit.stamp: .venv/python.stamp
	$(PYTHON) -m venv .venv/audit
	.venv/audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r lock/audit.txt
	@touch $@

clean:
	rm -rf .venv demo-out bench-out build dist *.egg-info
