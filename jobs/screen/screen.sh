#!/bin/sh
# A trained model screens candidates, and DFT verifies the best of them:
#   jobs/screen/screen.sh run WORK --model runs/mine/model.h5 --candidates 'pool/{id}/CHGCAR' --top 10 [--engine gpaw|vasp]
#     [--scheduler local|slurm|pbs|lsf]      predict, rank, jobs/dft for the first ten, external validation, report
#   jobs/screen/screen.sh status WORK        predicted and DFT moduli of the chosen, what is not done
#   jobs/screen/screen.sh verify WORK        the comparison, of what DFT is done
# screen.sh --help lists all; doc/screening.md is the guide. Needs a Python with ase, numpy, spglib, h5py and yaml
# (ECDNET_PYTHON, else python3, else /usr/bin/python3).
# Exit codes: 0 done; 1 something failed or is set aside, or nothing is left to compare; 2 usage; 3 bad input data; 75 stopped
# by a signal.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../dft/find_python.sh"
if find_python ase numpy spglib h5py yaml; then
  PYTHONPATH=$here:$(cd "$here/../dft" && pwd)${PYTHONPATH:+:$PYTHONPATH}
  export PYTHONPATH PYTHONDONTWRITEBYTECODE=1
  exec "$found" -m ecdscreen "$@"
fi
echo "screen: no Python with ase, numpy, spglib, h5py and yaml (jobs/install_deps.sh --dft; or set ECDNET_PYTHON)" >&2
exit 1
