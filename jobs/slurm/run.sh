#!/bin/bash
# Runs a command of ecdnet on one node: embed, maps, predict, ...; again where the walltime ends it.
#   sbatch jobs/slurm/run.sh embed mine.yaml [-o KEY=VALUE]...
# Change what stands below, or say it to sbatch: sbatch --ntasks=4 --time=1:00:00 jobs/slurm/run.sh ...
#SBATCH --job-name=ecdnet-run
#SBATCH --nodes=1
#SBATCH --ntasks=8
#SBATCH --cpus-per-task=4
#SBATCH --time=04:00:00
#SBATCH --output=%x-%j.log
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
job_run "$@"
