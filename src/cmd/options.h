/* The command line. All local. */
#ifndef ECD_CMD_OPTIONS_H
#define ECD_CMD_OPTIONS_H

#include "cmd/cmd.h"

typedef struct {
  const char *command; /* borrowed from argv */
  const char *deck;    /* "" = none */
  ecd_words_t words;
  bool help, version;
} ecd_options_t;

/* Sorts argv. ECD_USAGE with what is wrong. */
ecd_code_t ecd_options_parse(int argc, char **argv, ecd_options_t *options, ecd_error_t *err);
void ecd_options_clear(ecd_options_t *options);

#endif
