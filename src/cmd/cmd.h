/* Subcommands. Each is collective over ctx->world and returns what becomes the exit code. */
#ifndef ECD_CMD_CMD_H
#define ECD_CMD_CMD_H

#include "base/context.h"
#include "deck/settings.h"

/* What the command line gave: words after the command that are not options. */
typedef struct {
  int count;
  char **word;
  const char *deck;             /* path of the deck, "" = none; the settings hold what it says */
  const char *file;             /* of --file, "" = not given */
  const char *strains;          /* of --strains, "" = not given */
  bool check;                   /* deck --check */
  bool dry_run, status, tables; /* bench */
  const char **override;        /* [overrides], of -o: the settings hold what they say */
  int overrides;
} ecd_words_t;

typedef ecd_code_t ecd_run_fn(ecd_context_t *ctx, ecd_settings_t *settings,
                              const ecd_words_t *words, ecd_error_t *err);

ecd_run_fn ecd_cmd_prep;  /* prep/prep.c does the work */
ecd_run_fn ecd_cmd_merge; /* merge OUT.h5 IN.h5... */
ecd_run_fn ecd_cmd_train;
ecd_run_fn ecd_cmd_predict; /* words: raw files or one dataset; none: data.file */
ecd_run_fn ecd_cmd_elastic; /* words: input files */
ecd_run_fn ecd_cmd_embed;
ecd_run_fn ecd_cmd_maps;   /* words: as predict */
ecd_run_fn ecd_cmd_info;   /* words: dataset or model files */
ecd_run_fn ecd_cmd_deck;   /* without a deck: documents the keys */
ecd_run_fn ecd_cmd_magpie; /* words: formulas */
ecd_run_fn ecd_cmd_bench;  /* bench/bench.c does the work */
ecd_run_fn ecd_cmd_time;   /* words: a network */

#endif
