#!/bin/bash
# Trains a network data-parallel on several nodes; otherwise as train.sh.
#   qsub -v DECK=mine.yaml,OPTIONS='-o KEY=VALUE' jobs/pbs/train_nodes.sh         # OPTIONS may be left out
# Change what stands below, or say it to qsub: qsub -l walltime=1:00:00 ... jobs/pbs/train_nodes.sh
#PBS -N ecdnet-train
#PBS -l select=4:ncpus=32:mpiprocs=8:ompthreads=4
#PBS -l place=scatter
#PBS -l walltime=04:00:00
#PBS -j oe
##PBS -A PROJECT
##PBS -q QUEUE

#module load gcc openmpi hdf5 petsc
#PATH=$HOME/ecdnet/bin:$PATH
launcher=${LAUNCHER:-mpirun}
# What is submitted to go on, with which variables of qsub -v; the warning comes 180 s before the walltime.
script=${ECDNET_JOBS:-jobs}/pbs/train_nodes.sh variables='DECK OPTIONS ECDNET_JOBS' warn=180

# The folder of lib.sh, seen from where qsub is called.
cd "$PBS_O_WORKDIR" || exit 1
. "${ECDNET_JOBS:-jobs}/lib.sh" || exit 1
read -ra options <<<"${OPTIONS-}"
job_run train "${DECK:?DECK: the deck}" "${options[@]}" --resume
