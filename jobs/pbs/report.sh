#!/bin/bash
# Writes the report of finished runs: one process, no MPI.
#   qsub -v RUNS='runs/mine -o mine.html' jobs/pbs/report.sh
#PBS -N ecdnet-report
#PBS -l select=1:ncpus=1
#PBS -l walltime=00:20:00
#PBS -j oe
##PBS -A PROJECT
##PBS -q QUEUE

#module load gcc openmpi hdf5 petsc
#PATH=$HOME/ecdnet/bin:$PATH
python=${PYTHON:-python3} # with h5py, numpy, matplotlib and yaml

# The folder of lib.sh, seen from where qsub is called.
cd "$PBS_O_WORKDIR" || exit 1
. "${ECDNET_JOBS:-jobs}/lib.sh" || exit 1
read -ra words <<<"${RUNS:?RUNS: the run folders, and options of the report}"
job_report "${words[@]}"
