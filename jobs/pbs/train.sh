#!/bin/bash
# Trains a network on one node; where the walltime ends it, it goes on from the queue until it is done.
#   qsub -v DECK=mine.yaml,OPTIONS='-o KEY=VALUE' jobs/pbs/train.sh         # OPTIONS may be left out
# Change what stands below, or say it to qsub: qsub -l walltime=1:00:00 ... jobs/pbs/train.sh
#PBS -N ecdnet-train
#PBS -l select=1:ncpus=32:mpiprocs=8:ompthreads=4
#PBS -l walltime=04:00:00
#PBS -j oe
##PBS -A PROJECT
##PBS -q QUEUE

#module load gcc openmpi hdf5 petsc
#PATH=$HOME/ecdnet/bin:$PATH
launcher=${LAUNCHER:-mpirun}
# What is submitted to go on, with which variables of qsub -v; the warning comes 180 s before the walltime.
script=${ECDNET_JOBS:-jobs}/pbs/train.sh variables='DECK OPTIONS ECDNET_JOBS' warn=180

# The folder of lib.sh, seen from where qsub is called.
cd "$PBS_O_WORKDIR" || exit 1
. "${ECDNET_JOBS:-jobs}/lib.sh" || exit 1
read -ra options <<<"${OPTIONS-}"
job_run train "${DECK:?DECK: the deck}" "${options[@]}" --resume
