# `make demo` and `make test` need nothing but Python 3.11+, git and make.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check tests setup clean

demo: setup  ## Set everything up and run the main job on the sample
	$(BIN)/operando demo $(OUT)

test: setup check tests  ## Set everything up and pass every check and test

setup: $(READY)

$(READY): pyproject.toml constraints.txt scripts/setup scripts/system-libraries
	scripts/setup $(VENV)
	touch $@

check:
	$(BIN)/ruff format --check src tests benchmarks tools
	$(BIN)/ruff check src tests benchmarks tools
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/npe2 validate napari-operando

tests:
	scripts/virtual-screen $(BIN)/python -m pytest --numprocesses 2

clean:
	rm -rf $(VENV)
