# Every target makes what it needs and finds it again next time. It asks for make and Python 3.11
# or newer, nothing else: Node comes with a wheel, the emulator needs no Docker.

PYTHON ?= python3
ARGS ?=

# A home that is missing, empty or read-only must not matter, so the caches live here.
WORK := $(CURDIR)/.work
export PIP_CACHE_DIR := $(WORK)/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export npm_config_cache := $(WORK)/npm
export JSII_RUNTIME_PACKAGE_CACHE_ROOT := $(WORK)/jsii
export CDK_HOME := $(WORK)/cdk

# Containers say that Python shall write no bytecode beside its sources. Without any, each of the
# many processes of tests would compile the CDK anew, so it lives here then.
ifdef PYTHONDONTWRITEBYTECODE
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(WORK)/pycache
endif

# For what runs Node: there may be no other. Not exported, lest a half-made .venv offers its python3.
RUN = PATH="$(CURDIR)/.venv/bin:$$PATH"

# Compiling all of aws-cdk-lib takes longer than installing it; what is imported gets compiled then.
PIP_INSTALL = -m pip install --quiet --no-compile

.PHONY: help demo test test-here test-elsewhere test-node test-oldest-cdk test-pythons test-wheel fidelity lint synth docs dist bench env clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo:  ## deploy both strategies to an emulated account and be its developer
	@began=$$(date +%s); $(MAKE) --no-print-directory env && \
	$(RUN) DEMO_BEGAN=$$began .venv/bin/python -m demo $(ARGS)

# Two at once, since either keeps no more than one core busy. The second is heard when it ends.
test: env .venv-ancestor/.stamp .venv-oldest-cdk/.stamp tests/node_modules/.stamp  ## all tests, those on the emulator and the oldest CDK beside the others
	@$(MAKE) --no-print-directory -j2 test-here test-elsewhere

test-here:
	$(RUN) .venv/bin/python -m pytest --ignore=tests/emulator --ignore=tests/fidelity $(ARGS)

# What waits for Node most of the time.
test-node:
	$(RUN) .venv/bin/python -m pytest tests/emulator tests/fidelity $(ARGS)

test-elsewhere: ELSEWHERE = .work/test-elsewhere.log
test-elsewhere:
	@mkdir -p .work && : > $(ELSEWHERE)
	@for target in node oldest-cdk; do \
		$(MAKE) --no-print-directory test-$$target >> $(ELSEWHERE) 2>&1 || \
			{ cat $(ELSEWHERE); exit 1; }; \
	done; cat $(ELSEWHERE)

# All other Pythons that are here, one after the other; CI of the repository has a job for each.
test-pythons: .venv/.stamp
	@for python in $(OTHER_PYTHONS); do $(MAKE) --no-print-directory test-$$python || exit 1; done

test-oldest-cdk:
	$(RUN) .venv-oldest-cdk/bin/python -m pytest tests/cdk $(ARGS)

fidelity: .venv/.stamp node_modules/.stamp  ## judge sessions against their roles, by an evaluator of others
	@$(RUN) .venv/bin/python -m tests.fidelity $(ARGS)

lint: .venv/.stamp  ## ruff and mypy
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

synth: .venv/.stamp node_modules/.stamp  ## cdk synth; options in ARGS="-c development_accounts=…"
	@$(RUN) node_modules/.bin/cdk synth --no-notices $(ARGS)

dist: .venv/.stamp  ## build the wheel and the source distribution
	.venv/bin/python -m build --no-isolation --outdir dist

test-wheel: .venv/.stamp node_modules/.stamp tests/node_modules/.stamp  # what `release.yml` tests: WHEEL=dist/….whl
	$(RUN) .venv/bin/python -m pytest tests/test_wheel.py --wheel "$(WHEEL)" $(ARGS)

docs: .venv/.stamp  ## write docs/api.md, from the docstrings of the construct library
	@$(RUN) .venv/bin/python -m tests.docs.api

bench: .venv/.stamp .venv-ancestor/.stamp .venv-awsume/.stamp node_modules/.stamp  ## measure, the ancestor too
	@$(RUN) .venv/bin/python -m benchmarks $(ARGS)

env:  ## install everything that demo and test need
	@$(MAKE) -s --no-print-directory -j3 .venv/.stamp .venv-emulator/.stamp node_modules/.stamp >&2

clean:  ## remove all that these targets made
	rm -rf .venv .venv-* node_modules tests/node_modules cdk.out examples/*/cdk.out dist .work .hypothesis .*_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# $(call python,minor) is a Python 3.minor: of PATH, else of pyenv, which takes off PATH what is not
# selected. Its shim is there nevertheless, hence the trial. It ends in `true` because make throws
# away the output of a shell that ends with 127, command not found.
python = $(shell for python in python3.$(1) \
	"$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.$(1).*/bin/python3.$(1); do \
	"$$python" -c 'import ensurepip, venv' >/dev/null 2>&1 && echo "$$python" && break; done; true)

OTHER_PYTHONS = $(foreach minor,$(filter-out $(OUR_MINOR),11 12 13 14),\
	$(if $(call python,$(minor)),3.$(minor)))
OUR_MINOR = $(shell .venv/bin/python -c 'import sys; print(sys.version_info.minor)')

test-3.%: .venv-3.%/.stamp
	.venv-3.$*/bin/python -m pytest -m "not slow"

# Environments. The stamp is touched last, so what was interrupted is taken up again.
.venv/.stamp: requirements.txt requirements-client.txt requirements-test.txt requirements-dev.txt
.venv/.stamp: pyproject.toml
	$(call venv,.venv,$(PYTHON),requirements-dev.txt)

.venv-emulator/.stamp: requirements-emulator.txt
	$(call venv,.venv-emulator,$(PYTHON),requirements-emulator.txt)

.venv-ancestor/.stamp: requirements-ancestor.txt
	$(call venv,.venv-ancestor,$(PYTHON),requirements-ancestor.txt)

.venv-awsume/.stamp: requirements-awsume.txt
	$(call venv,.venv-awsume,$(PYTHON),requirements-awsume.txt)

.venv-oldest-cdk/.stamp: requirements-oldest-cdk.txt requirements-client.txt requirements-test.txt
.venv-oldest-cdk/.stamp: pyproject.toml
	$(call venv,.venv-oldest-cdk,$(PYTHON),requirements-oldest-cdk.txt)

.venv-3.%/.stamp: requirements-client.txt requirements-test.txt pyproject.toml
	$(call venv,.venv-3.$*,$(or $(call python,$*),python3.$*),requirements-test.txt)

.PRECIOUS: .venv-3.%/.stamp

# npm is the wheel's. No package of a lock file has an install script that we want to run.
node_modules/.stamp: package-lock.json package.json | .venv/.stamp
	$(call npm,.)

# What only tests run: the demo does not wait for it.
tests/node_modules/.stamp: tests/package-lock.json tests/package.json | .venv/.stamp
	$(call npm,tests)

# $(call venv,directory,python,requirements)
define venv
@$(2) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	{ echo "$(2) is not Python 3.11 or newer: say make PYTHON=/path/to/python3.x" >&2; exit 1; }
@echo "$(1): installing $(3)" >&2
@test -x $(1)/bin/pip || $(2) -m venv $(1)
@$(1)/bin/python $(PIP_INSTALL) -r $(3)
@touch $@
endef

# $(call npm,directory)
define npm
@echo "$(1)/node_modules: installing package-lock.json" >&2
@cd $(1) && $(RUN) npm ci --loglevel error --no-audit --no-fund --no-update-notifier --ignore-scripts >&2
@touch $@
endef
