#!/bin/bash
# Trains a network once for each of several folds or seeds, each task on a share of a node; otherwise as train.sh.
#   DECK=mine.yaml VARY=fold OUTPUT=runs/mine OPTIONS='-o data.file=runs/mine/dataset.h5' bsub <jobs/lsf/train_array.sh
# leaves runs/mine/fold-0, fold-1, ... or seed-0, seed-1, ...; folds are counted from 0, data.folds says how many.
# VARY: fold or seed. LSF counts tasks from 1: task 1 is fold 0, or seed 0.
# Change what stands below, or say it to bsub: bsub -W 1:00 ... <jobs/lsf/train_array.sh
#BSUB -J "ecdnet-train[1-5]"
#BSUB -n 2
#BSUB -R "span[hosts=1] affinity[core(4)]"
#BSUB -W 4:00
#BSUB -o ecdnet-train-%J-%I.log
# The warning, 3 minutes before the run limit; exit code 75 (stopped after a checkpoint) goes back into the queue.
#BSUB -wt 3
#BSUB -wa USR1
#BSUB -Q 75
##BSUB -P PROJECT
##BSUB -q QUEUE

#module load gcc openmpi hdf5 petsc
#PATH=$HOME/ecdnet/bin:$PATH
launcher=${LAUNCHER:-mpirun} threads=${THREADS:-4} # as many as affinity[core()] says

# The folder of lib.sh, seen from where bsub is called.
. "${ECDNET_JOBS:-jobs}/lib.sh" || exit 1
read -ra options <<<"${OPTIONS-}"
job_vary "${VARY:?VARY: fold or seed}" "$((LSB_JOBINDEX - 1))" "${OUTPUT:?OUTPUT: the folder of the runs}"
job_run train "${DECK:?DECK: the deck}" "${options[@]}" "${job_options[@]}" --resume
