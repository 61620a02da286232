#!/usr/bin/env bash
# Broken files for every reader, for a bounded time: half of it by chance, half led by coverage; and odd settings for
# every command, for a fifth of the time.
#   .ci/fuzz.sh [SECONDS]          fails only where a fault was found; what shows it is kept in FAULTS
set -euo pipefail
cd "$(dirname "$0")/.."

seconds="${1:-60}"
faults="${FAULTS:-${TMPDIR:-/tmp}/coherion-faults}"
if [ -z "${COHERION_REAL_DATA:-}" ] && [ -d ../shared/real ]; then
    COHERION_REAL_DATA="$(cd ../shared/real && pwd)"
    export COHERION_REAL_DATA
fi
export OMP_NUM_THREADS=1
make .venv/dev.ready > /dev/null

# Other inputs on every day; the day is printed with the seeds, so that any run can be repeated.
seed="${SEED:-$(($(date +%s) / 86400 * 1000))}"
nice -n 10 .venv/bin/python tests/hostile/fuzz.py --settings --seconds "$((seconds / 5))" --seed "$seed" --faults "$faults"
seconds="$((seconds - seconds / 5))"
nice -n 10 .venv/bin/python tests/hostile/fuzz.py --seconds "$((seconds / 2))" --seed "$seed" --faults "$faults"

# atheris is no part of the locked environment: it has wheels for few versions of Python and nothing else needs it.
if [ ! -x .venv-fuzz/bin/python ]; then
    .venv/bin/python -m venv .venv-fuzz
fi
if ! .venv-fuzz/bin/python -c "import atheris" 2> /dev/null; then
    {
        .venv-fuzz/bin/pip install --quiet --disable-pip-version-check --no-deps -r requirements-dev.lock &&
            .venv-fuzz/bin/pip install --quiet --disable-pip-version-check "atheris==3.0.0"
    } 2>&1 | tail -n 3 || true
fi
if .venv-fuzz/bin/python -c "import atheris" 2> /dev/null; then
    nice -n 10 .venv-fuzz/bin/python tests/hostile/fuzz.py --coverage --seconds "$((seconds - seconds / 2))" \
        --seed "$seed" --faults "$faults" 2> >(grep -Ev "^(INFO|WARNING: Failed to find function)" >&2)
else
    echo "atheris cannot be installed for this Python: the run led by coverage was left out, the rest was done"
fi
