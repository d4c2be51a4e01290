#!/bin/bash
# Prepares a dataset on one node; where the walltime ends it, it goes on with the volumes that are missing.
#   sbatch jobs/slurm/prep.sh mine.yaml [-o KEY=VALUE]...
# Change what stands below, or say it to sbatch: sbatch --ntasks=8 --time=0:30:00 jobs/slurm/prep.sh ...
#SBATCH --job-name=ecdnet-prep
#SBATCH --nodes=1
#SBATCH --ntasks=16
#SBATCH --cpus-per-task=1
#SBATCH --time=01:00:00
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
job_run prep "$@"
