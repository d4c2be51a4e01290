#!/bin/bash
# Prepares a dataset on one node; where the walltime ends it, it goes on with the volumes that are missing.
#   DECK=mine.yaml OPTIONS='-o KEY=VALUE' bsub <jobs/lsf/prep.sh         # OPTIONS may be left out
# Change what stands below, or say it to bsub: bsub -W 1:00 ... <jobs/lsf/prep.sh
#BSUB -J ecdnet-prep
#BSUB -n 16
#BSUB -R "span[hosts=1] affinity[core(1)]"
#BSUB -W 1:00
#BSUB -o ecdnet-prep-%J.log
# The warning, 3 minutes before the run limit; exit code 75 (stopped after a checkpoint) goes back into the queue.
#BSUB -wt 3
#BSUB -wa USR1
#BSUB -Q 75
##BSUB -P PROJECT
##BSUB -q QUEUE

#module load gcc openmpi hdf5 petsc
#PATH=$HOME/ecdnet/bin:$PATH
launcher=${LAUNCHER:-mpirun} threads=${THREADS:-1} # as many as affinity[core()] says

# The folder of lib.sh, seen from where bsub is called.
. "${ECDNET_JOBS:-jobs}/lib.sh" || exit 1
read -ra options <<<"${OPTIONS-}"
job_run prep "${DECK:?DECK: the deck}" "${options[@]}"
