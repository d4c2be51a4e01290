#!/bin/bash
# Trains a network once for each of several folds or seeds, each task on a share of a node; otherwise as train.sh.
#   qsub -J 0-4 -v DECK=mine.yaml,VARY=fold,OUTPUT=runs/mine,OPTIONS='-o data.file=runs/mine/dataset.h5' \
#     jobs/pbs/train_array.sh                       # VARY: fold or seed
# leaves runs/mine/fold-0, fold-1, ... or seed-0, seed-1, ...; folds are counted from 0, data.folds says how many.
# -J stays out of this file: a task that goes on is submitted again alone, with its number in INDEX.
# Change what stands below, or say it to qsub: qsub -l walltime=1:00:00 ... jobs/pbs/train_array.sh
#PBS -N ecdnet-train
#PBS -l select=1:ncpus=8:mpiprocs=2:ompthreads=4
#PBS -l walltime=04:00:00
#PBS -j oe
##PBS -A PROJECT
##PBS -q QUEUE

#module load gcc openmpi hdf5 petsc
#PATH=$HOME/ecdnet/bin:$PATH
launcher=${LAUNCHER:-mpirun}
INDEX=${PBS_ARRAY_INDEX:-${INDEX-}}
# What is submitted to go on, with which variables of qsub -v; the warning comes 180 s before the walltime.
script=${ECDNET_JOBS:-jobs}/pbs/train_array.sh variables='DECK OPTIONS VARY OUTPUT INDEX ECDNET_JOBS' warn=180

# The folder of lib.sh, seen from where qsub is called.
cd "$PBS_O_WORKDIR" || exit 1
. "${ECDNET_JOBS:-jobs}/lib.sh" || exit 1
read -ra options <<<"${OPTIONS-}"
job_vary "${VARY:?VARY: fold or seed}" "$INDEX" "${OUTPUT:?OUTPUT: the folder of the runs}"
job_run train "${DECK:?DECK: the deck}" "${options[@]}" "${job_options[@]}" --resume
