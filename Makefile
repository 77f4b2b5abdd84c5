# Everything a person needs here: make run, make test, make lint, make docs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: audit bench-registers bench bench-scale bench-spark check run rooms test test-lowest test-slow release release-check check-metadata coverage-study site docs check-site lint format constraints reference clean causal-coverage

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	@echo "pip installs what is pinned in constraints.txt; this takes a few minutes ..."
	$(BIN)/python -m pip install --quiet --require-hashes --requirement constraints.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

run: $(VENV)/ready
	$(BIN)/belbiotech run
	@echo "Now the paper's tables and figures, into out/paper; this takes a few minutes ..."
	$(BIN)/python scripts/paper/paper.py

# All tables and figures of the paper, and its report, into out/paper; is it what was committed?
paper: $(VENV)/ready
	$(BIN)/python scripts/paper/paper.py

paper-check: $(VENV)/ready
	$(BIN)/python scripts/paper/check.py

# The committed tables anew: after the data version, or a model, was changed on purpose.
paper-expected: $(VENV)/ready
	$(BIN)/python scripts/paper/paper.py
	$(BIN)/python scripts/paper/check.py --accept

test: $(VENV)/ready
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 -m "not slow and not live_r"

# What takes longer: kills at fifty moments, coverage of intervals; and R on panels never seen.
test-slow: $(VENV)/ready
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 -m "slow or live_r"

# With the oldest libraries that pyproject.toml allows, in an environment of its own (--upgrade: what
# is there from another time does not count). Old libraries warn of what their own dependencies
# deprecate: those warnings are no errors here.
test-lowest: $(VENV)/ready
	$(BIN)/uv venv --quiet --allow-existing --python 3.11 $(VENV)/lowest
	$(BIN)/uv pip install --quiet --upgrade --python $(VENV)/lowest/bin/python --resolution lowest-direct \
	    --all-extras --group dev --requirement pyproject.toml
	$(BIN)/uv pip install --quiet --python $(VENV)/lowest/bin/python --no-deps --no-build-isolation --editable .
	OMP_NUM_THREADS=1 $(VENV)/lowest/bin/python -m pytest -q -n 2 -m "not slow and not live_r and not browser" \
	    -W ignore::DeprecationWarning -W ignore::FutureWarning

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# The picture of the rooms in ARCHITECTURE.md anew, after imports between rooms were changed.
rooms: $(VENV)/ready
	$(BIN)/python scripts/draw_rooms.py

format: $(VENV)/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What CI runs, all of it.
check:
	./.ci/run

# New pins, with hashes, for Python 3.11 and later on any platform. Names no index.
constraints: $(VENV)/ready
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --upgrade \
	    --no-emit-index-url --no-emit-find-links --no-annotate --no-header \
	    --all-extras --group dev --group docs --group bench --output-file constraints.txt pyproject.toml

# The values the tests compare with, anew from R.
reference:
	@command -v Rscript > /dev/null || { echo "This needs R. On Debian or Ubuntu:"; \
	    echo "  apt-get install r-base-core r-recommended r-cran-cmprsk"; exit 1; }
	cd tests/reference && Rscript --vanilla data.R
	cd tests/reference && for script in $$(ls *.R | grep -v -e '^common.R$$' -e '^data.R$$'); do \
	    Rscript --vanilla $$script || exit 1; done

# The explorer of the newest release, into out/site: plain files, for any host and from disk.
site: $(VENV)/ready
	$(BIN)/belbiotech explore --out out/site

# The documentation, into out/docs: its code is run, warnings are errors, nothing is fetched.
docs: $(VENV)/ready
	rm -rf out/docs out/doctrees
	$(BIN)/python -m sphinx -q -W --keep-going -b html -d out/doctrees docs out/docs
	@echo "out/docs/index.html"

# The explorer's pages in a browser. Chromium has to be there: make test skips these tests without.
check-site: $(VENV)/ready
	@command -v chromium chromium-browser google-chrome > /dev/null || { \
	    echo "This needs Chromium. On Debian: apt-get install chromium"; exit 1; }
	$(BIN)/python -m pytest -q -m browser tests/explorer tests/docs

# A release of the data, VERSION=x.y.z, from data/raw; and whether it comes out the same again.
release: $(VENV)/ready
	$(BIN)/belbiotech release "$$VERSION"

release-check: $(VENV)/ready
	$(BIN)/belbiotech release "$$VERSION" --check

# Metadata of all releases against the standards' own checkers, each in an environment of its own.
check-metadata:
	$(PYTHON) -m venv $(VENV)/metadata && $(PYTHON) -m venv $(VENV)/cff
	$(VENV)/metadata/bin/python -m pip install --quiet frictionless==5.21.0 datacite==1.4.1 pyarrow
	$(VENV)/cff/bin/python -m pip install --quiet cffconvert==2.0.0
	for folder in data/processed/*/; do \
	    $(VENV)/metadata/bin/python scripts/check_metadata.py $$folder || exit 1; done
	$(VENV)/cff/bin/cffconvert --validate --infile CITATION.cff

# What could be attacked: patterns in the source (bandit; SQL made of parts by the list of places in
# scripts/sql_places.py), known holes in the pinned libraries (pip-audit: a hole fails, a database that
# cannot be reached is told), and docs/dependencies.md against pyproject.toml.
audit: $(VENV)/ready
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/python -m pip install --quiet bandit==1.9.4 pip-audit==2.10.1
	$(VENV)/audit/bin/bandit --quiet --recursive --severity-level medium --skip B608 src scripts benchmarks
	$(BIN)/python scripts/sql_places.py $(VENV)/audit/bin/bandit
	$(BIN)/python scripts/dependencies.py
	$(BIN)/python scripts/known_holes.py $(VENV)/audit/bin/pip-audit

# Simulated panels with a known effect: which designs find it? About ten minutes.
coverage-study: $(VENV)/ready
	$(BIN)/python -m pytest -q -m slow tests/studies/simulation/test_coverage.py tests/studies/simulation/test_observation.py
	$(BIN)/python benchmarks/coverage.py

# The causal methods in simulated lives with a known truth: about an hour.
causal-coverage: $(VENV)/ready
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/causal_coverage.py

# Cox models of a large panel, ours beside the others: about ten minutes, 4 GB. R's port to Python
# and H2O, which wants Java, have an environment of their own.
bench: $(VENV)/ready
	$(PYTHON) -m venv $(VENV)/peers
	$(VENV)/peers/bin/python -m pip install --quiet survival==2.0.0 h2o==3.46.0.12 pandas pyarrow
	$(BIN)/python benchmarks/cox.py --peers $(VENV)/peers/bin/python

# Registers at full size: made-up files of KBO (2 GB of CSV each, twelve months) and CORDIS; ten
# minutes to make them, 10 GB of disk.
bench-registers: $(VENV)/ready
	$(BIN)/python benchmarks/registers.py

# Rows in files instead of memory, beside bare queries: some five minutes, 3 GB of disk. Add a
# billion rows with: python benchmarks/scale.py rows billion stream
bench-scale: $(VENV)/ready
	$(BIN)/python benchmarks/scale.py
	$(BIN)/python benchmarks/scale_panel.py
	$(BIN)/python benchmarks/timeline.py

# The same numbers from PySpark on this machine's cores, which needs Java 17: some three minutes.
bench-spark: $(VENV)/ready
	$(BIN)/python benchmarks/scale_spark.py

clean:
	rm -rf $(VENV) build dist out
