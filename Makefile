# The two commands are `make run` and `make test`; the rest is for those who build.
VENV   := .venv
PYTHON ?= python3
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: run check test drill fuzz lint clean

run: $(STAMP)                 ## set up, publish the sample, serve site and desk
	@$(BIN)/publisher run

check: $(STAMP)               ## the quick part: no service, at most 90 s
	@$(BIN)/ruff format --check -q publisher tests benchmarks
	@$(BIN)/ruff check -q publisher tests benchmarks
	@$(BIN)/mypy
	@$(BIN)/pytest -q -n 2 -m "not service and not drill"

test: $(STAMP)                ## everything; installs what is missing on Debian, as root
	@sh tests/services.sh
	@$(BIN)/ruff format --check -q publisher tests benchmarks
	@$(BIN)/ruff check -q publisher tests benchmarks
	@$(BIN)/mypy
	@$(BIN)/pytest -n 2 --durations=20

drill: $(STAMP)               ## the long drills: kill -9 under load
	@sh tests/services.sh
	@PUBLISHER_DRILL=long $(BIN)/pytest -m drill -x --durations=20

fuzz: $(STAMP)                ## the property tests, for a long time
	@HYPOTHESIS_PROFILE=long $(BIN)/pytest -q -n 2 -m "not service and not drill" -k "property or hypothesis or fuzz"

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .cache dist build

$(STAMP): pyproject.toml constraints.txt
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV) || { \
	  echo "publisher: hint: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "publisher: error: Python 3.11 or newer is needed"; exit 1; }
	@echo "setting up $(VENV) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e . --group test --group lint --group build
	@touch $@
