#!/bin/bash
# Prepares a dataset on one node; where the walltime ends it, it goes on with the volumes that are missing.
#   qsub -v DECK=mine.yaml,OPTIONS='-o KEY=VALUE' jobs/pbs/prep.sh         # OPTIONS may be left out
# Change what stands below, or say it to qsub: qsub -l walltime=1:00:00 ... jobs/pbs/prep.sh
#PBS -N ecdnet-prep
#PBS -l select=1:ncpus=16:mpiprocs=16:ompthreads=1
#PBS -l walltime=01:00:00
#PBS -j oe
##PBS -A PROJECT
##PBS -q QUEUE

#module load gcc openmpi hdf5 petsc
#PATH=$HOME/ecdnet/bin:$PATH
launcher=${LAUNCHER:-mpirun}
# What is submitted to go on, with which variables of qsub -v; the warning comes 180 s before the walltime.
script=${ECDNET_JOBS:-jobs}/pbs/prep.sh variables='DECK OPTIONS ECDNET_JOBS' warn=180

# The folder of lib.sh, seen from where qsub is called.
cd "$PBS_O_WORKDIR" || exit 1
. "${ECDNET_JOBS:-jobs}/lib.sh" || exit 1
read -ra options <<<"${OPTIONS-}"
job_run prep "${DECK:?DECK: the deck}" "${options[@]}"
