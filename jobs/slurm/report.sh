#!/bin/bash
# Writes the report of finished runs: one process, no MPI.
#   sbatch jobs/slurm/report.sh runs/mine -o mine.html
#SBATCH --job-name=ecdnet-report
#SBATCH --ntasks=1
#SBATCH --time=00:20:00
#SBATCH --output=%x-%j.log
##SBATCH --account=PROJECT
##SBATCH --partition=PARTITION

#module load gcc openmpi hdf5 petsc
#PATH=$HOME/ecdnet/bin:$PATH
python=${PYTHON:-python3} # with h5py, numpy, matplotlib and yaml

# The folder of lib.sh, seen from where sbatch is called.
. "${ECDNET_JOBS:-jobs}/lib.sh" || exit 1
job_report "$@"
