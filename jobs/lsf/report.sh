#!/bin/bash
# Writes the report of finished runs: one process, no MPI.
#   RUNS='runs/mine -o mine.html' bsub <jobs/lsf/report.sh
#BSUB -J ecdnet-report
#BSUB -n 1
#BSUB -W 0:20
#BSUB -o ecdnet-report-%J.log
##BSUB -P PROJECT
##BSUB -q QUEUE

#module load gcc openmpi hdf5 petsc
#PATH=$HOME/ecdnet/bin:$PATH
python=${PYTHON:-python3} # with h5py, numpy, matplotlib and yaml

# The folder of lib.sh, seen from where bsub is called.
. "${ECDNET_JOBS:-jobs}/lib.sh" || exit 1
read -ra words <<<"${RUNS:?RUNS: the run folders, and options of the report}"
job_report "${words[@]}"
