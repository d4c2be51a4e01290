#!/bin/bash
# The benchmark farm on several nodes: many trainings at once, groups of bench.ranks_per_run ranks; where the
# walltime ends it, it goes on with the trainings that are missing.
#   sbatch jobs/slurm/bench.sh table2.yaml [-o KEY=VALUE]...
# Change what stands below, or say it to sbatch: sbatch --nodes=8 --time=1:00:00 jobs/slurm/bench.sh ...
#SBATCH --job-name=ecdnet-bench
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=8
#SBATCH --cpus-per-task=4
#SBATCH --time=12:00:00
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
job_run bench "$@"
