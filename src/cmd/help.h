/* Help texts and --version. */
#ifndef ECD_CMD_HELP_H
#define ECD_CMD_HELP_H

#include "cmd/cmd.h"

#include <stdio.h>

typedef struct {
  const char *name;
  ecd_run_fn *run;
  bool petsc; /* needs PETSc started */
  const char *summary, *text;
} ecd_command_t;

extern const ecd_command_t ecd_commands[];
extern const size_t ecd_command_count;

/* By name, or NULL. */
const ecd_command_t *ecd_command_find(const char *name);
/* ECD_USAGE naming the nearest command. */
ecd_code_t ecd_command_unknown(const char *name, ecd_error_t *err);

void ecd_print_help(FILE *file, const ecd_command_t *command); /* NULL: the overview */
void ecd_print_version(FILE *file);

#endif
