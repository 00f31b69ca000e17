# The two commands are `make run` and `make test`; the rest is for those who build.
VENV   := .venv
PYTHON ?= python3
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install -q --disable-pip-version-check --no-input
READY  := $(VENV)/.ready
TOOLS  := $(VENV)/.tools
QUICK  := -m "not service and not drill and not whole"

.PHONY: run check test style drill readers fuzz clean

run: $(READY)                 ## set up, publish the sample, serve site and desk
	@$(BIN)/publisher run

check: $(TOOLS) style         ## the quick part: no service, no process; at most 90 s
	@$(BIN)/pytest -q -n 2 $(QUICK)

test: $(TOOLS)                ## everything; installs what is missing on Debian, as root
	@sh tests/services.sh
	@$(MAKE) --no-print-directory style
	@$(BIN)/pytest -n 2 --durations=20

style: $(TOOLS)
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy

drill: $(TOOLS)               ## the long drills: kill -9 under load
	@sh tests/services.sh
	@PUBLISHER_DRILL=long $(BIN)/pytest -m drill -x --durations=20

readers: $(TOOLS)             ## the feed readers people use, through all that happens to a newsletter
	@sh tests/services.sh
	@$(BIN)/pytest -q -n 2 tests/drills/test_readers.py

fuzz: $(TOOLS)                ## the property tests, for a long time; then bytes, for FUZZ_SECONDS
	@HYPOTHESIS_PROFILE=long $(BIN)/pytest -q -n 2 -m hypothesis
	@$(PIP) -c constraints.txt --group fuzz
	@$(BIN)/python tests/digest/fuzz.py

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .cache dist build

# The program alone: all that `make run` needs. A half-made environment is not left behind.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "publisher: error: Python 3.11 or newer is needed"; \
	  echo "publisher: hint: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "publisher: error: Python cannot make a virtual environment"; \
	  echo "publisher: hint: apt-get install python3-venv"; exit 1; }
	@echo "setting up $(VENV) ..."
	@$(PIP) -c constraints.txt -e .
	@touch $@

# What the tests need besides; --group is known to pip since 25.1.
$(TOOLS): $(READY)
	@echo "setting up the tests ..."
	@$(PIP) --upgrade 'pip>=25.1'
	@$(PIP) -c constraints.txt --group test --group lint --group build
	@touch $@
