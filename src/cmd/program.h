/* The program: start-up, command line, one subcommand, clean-up. */
#ifndef ECD_CMD_PROGRAM_H
#define ECD_CMD_PROGRAM_H

/* Starts MPI and PETSc, runs the subcommand that argv names; returns the process's exit code. */
int ecd_program(int argc, char **argv);

#endif
