# make run     the whole analysis that config/config.yaml describes; IN=FOLDER: that of a series of your own
# make new     DIR=FOLDER starts a series of your own from a folder of raw files, beside it or INTO=FOLDER
# make check   what is missing or contradictory in a series, IN=FOLDER, before anything is computed
# make report  one HTML page of a finished run, results/report.html (REPORT=...); it opens without a network
# make page    the run to look at, results/page.html, part of every run; COMPARE=OTHER/results: beside another run
# make crate   a finished run as an RO-Crate: results/ro-crate-metadata.json
# make supporting-information  its tables and figures as one PDF: results/supporting_information.pdf
# make multiverse  the same series under every choice that could have been made otherwise: results/multiverse/
# make live    IN=FOLDER SAMPLE=NAME: settings move in the browser, the results follow, what is kept is written
# make site    the documents as a site, site/index.html, made and read without a network
# make test    the tests
# Each sets up what it needs in .venv at its first call and never again until the lock file changes.

PYTHON ?= python3
CORES ?= all
ARGS ?=
VENV := .venv
# Names of folders reach the shell by the environment, whatever stands in them; a dollar in them is no variable of make.
override IN := $(value IN)
override DIR := $(value DIR)
override INTO := $(value INTO)
override SAMPLE := $(value SAMPLE)
override COMPARE := $(value COMPARE)
override REPORT := $(or $(value REPORT),results/report.html)
export DIR IN INTO SAMPLE COMPARE REPORT
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: run new check report page crate supporting-information multiverse live site test lint lock settings clean help

help:
	@sed -n '1,12s/^# //p' Makefile

run: $(VENV)/run.ready
	snakemake --cores $(CORES) $(if $(IN),--directory "$$IN") $(ARGS)

new: $(VENV)/run.ready
	@test -n "$$DIR" || { echo 'say which folder holds the raw files: make new DIR=FOLDER [INTO=FOLDER]'; exit 1; }
	@python scripts/new_series.py "$$DIR" --into "$${INTO:-$${DIR%/}-series}"

check: $(VENV)/run.ready
	@python scripts/check_series.py $(if $(IN),--directory "$$IN") $(ARGS)

# ARGS as for the run: make report ARGS="--configfile config/small.yaml" REPORT=results/small/report.html
report: $(VENV)/run.ready
	snakemake --report "$$REPORT" $(if $(IN),--directory "$$IN") $(ARGS)

page: $(VENV)/run.ready
	case "$$COMPARE" in ""|/*) ;; *) COMPARE="$$PWD/$$COMPARE" ;; esac; \
	COHERION_COMPARE="$$COMPARE" snakemake build_page --cores $(CORES) $(if $(IN),--directory "$$IN") $(ARGS)

crate: $(VENV)/run.ready
	snakemake write_crate --cores $(CORES) $(if $(IN),--directory "$$IN") $(ARGS)

supporting-information: $(VENV)/run.ready
	snakemake write_supporting_information --cores $(CORES) $(if $(IN),--directory "$$IN") $(ARGS)

multiverse: $(VENV)/run.ready
	snakemake multiverse --cores $(CORES) $(if $(IN),--directory "$$IN") $(ARGS)
	snakemake build_page --cores $(CORES) $(if $(IN),--directory "$$IN") $(ARGS)

live: $(VENV)/live.ready
	@python scripts/live.py $(if $(IN),--directory "$$IN") $(if $(SAMPLE),--sample "$$SAMPLE") $(ARGS)

site: $(VENV)/dev.ready
	mkdocs build --strict --quiet

test: $(VENV)/dev.ready
	python -m pytest -n 2 --dist worksteal $(ARGS)

lint: $(VENV)/dev.ready
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	snakemake --lint
	mypy

$(VENV)/bin/uv:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "coherion needs Python 3.11 to 3.13, found %d.%d; try: make PYTHON=python3.12 run" % v)'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv

# Bytecode is compiled once here: each job starts an interpreter, and compiling again at each start costs seconds.
$(VENV)/run.ready: requirements.lock | $(VENV)/bin/uv
	$(VENV)/bin/uv pip install --quiet --compile-bytecode --python $(VENV) -r requirements.lock
	@touch $@

$(VENV)/dev.ready: requirements-dev.lock $(VENV)/run.ready | $(VENV)/bin/uv
	$(VENV)/bin/uv pip install --quiet --compile-bytecode --python $(VENV) -r requirements-dev.lock
	@touch $@

# What the live page needs besides (docs/live.md).
$(VENV)/live.ready: requirements-live.lock $(VENV)/run.ready | $(VENV)/bin/uv
	$(VENV)/bin/uv pip install --quiet --compile-bytecode --require-hashes --no-deps --python $(VENV) -r requirements-live.lock
	@touch $@

# What runs on a Slurm cluster need besides (docs/cluster.md); elsewhere it makes every start of Snakemake slower.
$(VENV)/slurm.ready: requirements-slurm.lock $(VENV)/run.ready | $(VENV)/bin/uv
	$(VENV)/bin/uv pip install --quiet --compile-bytecode --no-deps --require-hashes --python $(VENV) -r requirements-slurm.lock
	@touch $@

# Pins for all platforms and Python versions, without the address of any index. The last two hold only what they add.
LOCK := $(VENV)/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --quiet
lock: | $(VENV)/bin/uv
	$(LOCK) -o requirements.lock
	$(LOCK) --extra dev --extra docs -c requirements.lock -o requirements-dev.lock
	for extra in slurm live; do $(LOCK) --extra $$extra -c requirements.lock \
		$$(sed -n 's/^\([A-Za-z0-9_.-]*\)==.*/--no-emit-package \1/p' requirements.lock) -o requirements-$$extra.lock && \
		grep -v '^#' requirements-$$extra.lock > requirements-$$extra.tmp && \
		mv requirements-$$extra.tmp requirements-$$extra.lock || exit 1; done

# After a change of what scripts/coherion/settings declares: the schema of config.yaml and docs/settings.md.
settings: $(VENV)/run.ready
	python scripts/write_settings_reference.py

clean:
	rm -rf results .snakemake site
