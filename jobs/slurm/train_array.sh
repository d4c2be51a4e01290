#!/bin/bash
# Trains a network once for each of several folds or seeds, each task on a share of a node; otherwise as train.sh.
#   sbatch jobs/slurm/train_array.sh fold|seed mine.yaml runs/mine -o data.file=runs/mine/dataset.h5 [-o KEY=VALUE]...
# leaves runs/mine/fold-0, fold-1, ... or seed-0, seed-1, ...; folds are counted from 0, data.folds says how many.
# Change what stands below, or say it to sbatch: sbatch --array=0-9 --time=1:00:00 jobs/slurm/train_array.sh ...
#SBATCH --job-name=ecdnet-train
#SBATCH --array=0-4
#SBATCH --nodes=1
#SBATCH --ntasks=2
#SBATCH --cpus-per-task=4
#SBATCH --time=04:00:00
#SBATCH --output=%x-%A_%a.log
# The warning, 180 s before the walltime, to this script; leave to go back into the queue; one log for all of it.
#SBATCH --signal=B:USR1@180
#SBATCH --requeue
#SBATCH --open-mode=append
##SBATCH --account=PROJECT
##SBATCH --partition=PARTITION

#module load gcc openmpi hdf5 petsc
#PATH=$HOME/ecdnet/bin:$PATH
launcher=${LAUNCHER:-srun} # or mpirun

# The folder of lib.sh, seen from where sbatch is called.
. "${ECDNET_JOBS:-jobs}/lib.sh" || exit 1
[ $# -ge 3 ] || { echo "usage: sbatch $0 fold|seed DECK OUTPUT [-o KEY=VALUE]..." >&2 && exit 2; }
job_vary "$1" "$SLURM_ARRAY_TASK_ID" "$3"
job_run train "$2" "${@:4}" "${job_options[@]}" --resume
