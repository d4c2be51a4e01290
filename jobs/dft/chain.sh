#!/bin/sh
# From crystal structures to labelled samples with a DFT code, as dependent jobs: relax, static, elastic,
# collect, prep.
#   jobs/dft/chain.sh run WORK --structures FOLDER [--engine gpaw|vasp] [--scheduler local|slurm|pbs|lsf]
#   jobs/dft/chain.sh status WORK            a table of what is done, runs, failed
#   jobs/dft/chain.sh retry WORK [ID...]     what was set aside, once more
#   jobs/dft/chain.sh import RUNS --out DIR  a folder of finished VASP runs
# chain.sh --help lists all; doc/dft_chain.md is the guide. Needs a Python with ase, numpy and spglib
# (ECDNET_PYTHON, else python3, else /usr/bin/python3). Batch systems run a copy of the script: it then looks for the rest in
# dft/ of ECDNET_JOBS, or of jobs/ where the job was submitted.
# Exit codes: 0 done; 1 something failed or is set aside; 2 usage; 3 bad input data; 75 stopped by a signal.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -e "$here/find_python.sh" ]; then
  here=$(cd "${ECDNET_JOBS:-jobs}/dft" && pwd) ||
    { echo "chain: set ECDNET_JOBS to the folder jobs of ecdnet, or submit from the folder above it" >&2; exit 2; }
fi
. "$here/find_python.sh"
if find_python ase numpy spglib; then
  PYTHONPATH=$here${PYTHONPATH:+:$PYTHONPATH}
  export PYTHONPATH PYTHONDONTWRITEBYTECODE=1
  exec "$found" -m ecdchain "$@"
fi
echo "chain: no Python with ase, numpy and spglib (jobs/install_deps.sh --dft; or set ECDNET_PYTHON)" >&2
exit 1
