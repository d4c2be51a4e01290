#include "cmd/options.h"

#include "cmd/help.h"

#include <stdlib.h>
#include <string.h>

static bool is_deck(const char *word) {
  const size_t length = strlen(word);
  return (length > 5 && strcmp(word + length - 5, ".yaml") == 0) ||
         (length > 4 && strcmp(word + length - 4, ".yml") == 0);
}

/* elastic reads YAML files that are no decks. */
static bool takes_deck(const char *command) {
  const ecd_command_t *known = ecd_command_find(command);
  return known == NULL || known->run != ecd_cmd_elastic;
}

static ecd_code_t take_option(int argc, char **argv, int *i, ecd_options_t *options,
                              ecd_error_t *err) {
  const char *word = argv[*i];
  if (strcmp(word, "-o") == 0) {
    if (*i + 1 >= argc) return ecd_fail(err, ECD_USAGE, "-o: expected key=value after it");
    options->words.override[options->words.overrides++] = argv[++*i];
  } else if (strcmp(word, "--file") == 0) {
    if (*i + 1 >= argc) return ecd_fail(err, ECD_USAGE, "--file: expected a path after it");
    options->words.file = argv[++*i];
  } else if (strcmp(word, "--strains") == 0) {
    if (*i + 1 >= argc) return ecd_fail(err, ECD_USAGE, "--strains: expected a structure after it");
    options->words.strains = argv[++*i];
  } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
    options->help = true;
  } else if (strcmp(word, "--version") == 0) {
    options->version = true;
  } else if (strcmp(word, "--check") == 0) {
    options->words.check = true;
  } else if (strcmp(word, "--dry-run") == 0) {
    options->words.dry_run = true;
  } else if (strcmp(word, "--status") == 0) {
    options->words.status = true;
  } else if (strcmp(word, "--tables") == 0) {
    options->words.tables = true;
  } else if (strcmp(word, "--retry") == 0) {
    options->words.override[options->words.overrides++] = "bench.retry=true";
  } else if (strcmp(word, "--resume") == 0) {
    options->words.override[options->words.overrides++] = "train.resume=true";
  } else if (strcmp(word, "--append") == 0) {
    options->words.override[options->words.overrides++] = "prep.append=true";
  } else {
    return ecd_fail(
        err, ECD_USAGE,
        "unknown option '%s'; expected -o key=value, --resume, --append, --check, --file, "
        "--dry-run, --status, --tables, --retry, --strains, --help or --version",
        word);
  }
  return ECD_OK;
}

ecd_code_t ecd_options_parse(int argc, char **argv, ecd_options_t *options, ecd_error_t *err) {
  *options =
      (ecd_options_t){.command = "", .deck = "", .words = {.deck = "", .file = "", .strains = ""}};
  ECD_TRY(ecd_alloc((void **)&options->words.override, (size_t)argc,
                    sizeof *options->words.override, "options", err));
  ECD_TRY(ecd_alloc((void **)&options->words.word, (size_t)argc, sizeof *options->words.word,
                    "options", err));
  for (int i = 1; i < argc; ++i) {
    if (argv[i][0] == '-' && argv[i][1] != '\0')
      ECD_TRY(take_option(argc, argv, &i, options, err));
    else if (options->command[0] == '\0')
      options->command = argv[i];
    else if (options->deck[0] == '\0' && is_deck(argv[i]) && takes_deck(options->command))
      options->deck = options->words.deck = argv[i];
    else
      options->words.word[options->words.count++] = argv[i];
  }
  return ECD_OK;
}

void ecd_options_clear(ecd_options_t *options) {
  free(options->words.override);
  free(options->words.word);
}
