#include "cmd/program.h"

#include "base/log.h"
#include "cmd/help.h"
#include "cmd/options.h"
#include "deck/deck.h"
#include "deck/load.h"

#include <errno.h>
#include <petscsys.h>
#include <stdlib.h>
#include <string.h>

static ecd_code_t make_settings(const ecd_context_t *ctx, const ecd_options_t *options,
                                ecd_settings_t **settings, ecd_error_t *err) {
  ECD_TRY(ecd_agree(ctx->world, ecd_settings_create(settings, err), err));
  if (options->deck[0] != '\0') ECD_TRY(ecd_deck_load(ctx, options->deck, *settings, err));
  for (int i = 0; i < options->words.overrides; ++i)
    ECD_TRY(ecd_deck_override(options->words.override[i], *settings, err));
  if (ecd_settings_check(*settings, err) == ECD_OK) return ECD_OK;
  return options->deck[0] != '\0' ? ecd_fail_in(err, "%s", options->deck) : err->code;
}

/* PETSc reports errors by code, leaves signals and the command line to us. */
static ecd_code_t start_petsc(const ecd_context_t *ctx, char *name, ecd_error_t *err) {
  int argc = 1;
  char *words[] = {name, NULL}, **argv = words;
  PETSC_COMM_WORLD = ctx->world;
  if (PetscInitialize(&argc, &argv, NULL, NULL) != 0)
    return ecd_fail(err, ECD_FAILED, "PETSc does not start");
  PetscPopSignalHandler();
  PetscPushErrorHandler(PetscReturnErrorHandler, NULL);
  return ECD_OK;
}

static ecd_code_t run_command(ecd_context_t *ctx, const ecd_options_t *options, char *name,
                              ecd_error_t *err) {
  const ecd_command_t *command = ecd_command_find(options->command);
  if (command == NULL) return ecd_command_unknown(options->command, err);
  if (options->words.check && command->run != ecd_cmd_deck)
    return ecd_fail(err, ECD_USAGE, "--check belongs to 'deck': ecdnet deck --check DECK.yaml");
  if ((options->words.dry_run || options->words.status || options->words.tables) &&
      command->run != ecd_cmd_bench)
    return ecd_fail(err, ECD_USAGE, "--dry-run, --status and --tables belong to 'bench'");
  if (options->words.file[0] != '\0' && command->run != ecd_cmd_magpie)
    return ecd_fail(err, ECD_USAGE, "--file belongs to 'magpie': ecdnet magpie --file LIST.txt");
  if (options->words.strains[0] != '\0' && command->run != ecd_cmd_elastic)
    return ecd_fail(err, ECD_USAGE,
                    "--strains belongs to 'elastic': ecdnet elastic --strains POSCAR");
  if (options->help) {
    if (ctx->rank == 0) ecd_print_help(stdout, command);
    return ECD_OK;
  }
  ecd_settings_t *settings = NULL;
  ecd_code_t code = make_settings(ctx, options, &settings, err);
  if (code == ECD_OK) code = ecd_context_set_threads(ctx, (int)settings->threads, err);
  if (code == ECD_OK && command->petsc) code = start_petsc(ctx, name, err);
  if (code == ECD_OK) {
    code = command->run(ctx, settings, &options->words, err);
    if (command->petsc) PetscFinalize();
  }
  ecd_settings_destroy(&settings);
  return code;
}

static ecd_code_t dispatch(ecd_context_t *ctx, ecd_options_t *options, char *name,
                           ecd_error_t *err) {
  const bool help = strcmp(options->command, "help") == 0;
  if (options->version) {
    if (ctx->rank == 0) ecd_print_version(stdout);
    return ECD_OK;
  }
  if (help || options->command[0] == '\0') {
    const ecd_command_t *command = NULL;
    if (help && options->words.count > 0 &&
        (command = ecd_command_find(options->words.word[0])) == NULL)
      return ecd_command_unknown(options->words.word[0], err);
    if (!help && !options->help) {
      if (ctx->rank == 0) ecd_print_help(stderr, NULL);
      return ecd_fail(err, ECD_USAGE, "expected a command");
    }
    if (ctx->rank == 0) ecd_print_help(stdout, command);
    return ECD_OK;
  }
  return run_command(ctx, options, name, err);
}

/* What was printed has arrived: a full disk behind a redirection is a failure. Rank 0 prints. */
static ecd_code_t check_output(ecd_error_t *err) {
  if (fflush(stdout) == 0 && !ferror(stdout)) return ECD_OK;
  return ecd_fail(err, ECD_FAILED, "cannot write to standard output: %s", strerror(errno));
}

int ecd_program(int argc, char **argv) {
  int provided;
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS)
    return ECD_FAILED;
  ecd_context_t *ctx = NULL;
  ecd_options_t options = {0};
  ecd_error_t *err = calloc(1, sizeof *err);
  ecd_code_t code = err != NULL ? ecd_context_create(&ctx, err) : ECD_FAILED;
  if (code != ECD_OK) {
    fprintf(stderr, "ecdnet: error: %s\n", err != NULL ? err->text : "out of memory");
    MPI_Abort(MPI_COMM_WORLD, ECD_FAILED);
  }
  code = ecd_options_parse(argc, argv, &options, err);
  if (code == ECD_OK) code = dispatch(ctx, &options, argv[0], err);
  if (code == ECD_OK) code = check_output(err);
  if (code != ECD_OK && code != ECD_STOPPED) ecd_log_error(ctx, err);
  ecd_options_clear(&options);
  ecd_context_destroy(&ctx);
  free(err);
  MPI_Finalize();
  return (int)code;
}
