#!/bin/bash
# The benchmark farm on several nodes: many trainings at once, groups of bench.ranks_per_run ranks; where the
# walltime ends it, it goes on with the trainings that are missing.
#   DECK=table2.yaml OPTIONS='-o KEY=VALUE' bsub <jobs/lsf/bench.sh         # OPTIONS may be left out
# Change what stands below, or say it to bsub: bsub -W 1:00 ... <jobs/lsf/bench.sh
#BSUB -J ecdnet-bench
#BSUB -n 32
#BSUB -R "span[ptile=8] affinity[core(4)]"
#BSUB -W 12:00
#BSUB -o ecdnet-bench-%J.log
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
job_run bench "${DECK:?DECK: the deck}" "${options[@]}"
