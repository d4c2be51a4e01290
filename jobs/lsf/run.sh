#!/bin/bash
# Runs a command of ecdnet on one node: embed, maps, predict, ...; again where the walltime ends it.
#   COMMAND=embed DECK=mine.yaml OPTIONS='-o KEY=VALUE' bsub <jobs/lsf/run.sh         # OPTIONS may be left out
# Change what stands below, or say it to bsub: bsub -W 1:00 ... <jobs/lsf/run.sh
#BSUB -J ecdnet-run
#BSUB -n 8
#BSUB -R "span[hosts=1] affinity[core(4)]"
#BSUB -W 4:00
#BSUB -o ecdnet-run-%J.log
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
job_run "${COMMAND:?COMMAND: embed, maps, predict, ...}" "${DECK:?DECK: the deck}" "${options[@]}"
