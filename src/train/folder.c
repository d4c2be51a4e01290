#include "train/folder.h"

#include "base/file.h"
#include "base/log.h"
#include "deck/deck.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

ecd_code_t ecd_folder_make(const ecd_context_t *ctx, const char *folder, ecd_error_t *err) {
  ecd_code_t code = ctx->rank == 0 ? ecd_make_folder(folder, err) : ECD_OK;
  if (ctx->rank == 0 && code == ECD_OK && access(folder, W_OK) != 0)
    code = ecd_fail(err, ECD_FAILED, "output: cannot write into %s: %s", folder, strerror(errno));
  return ecd_agree(ctx->world, code, err);
}

void ecd_folder_set_aside(const ecd_context_t *ctx, const char *folder) {
  static const char *const names[] = {ECD_CHECKPOINT_LAST, ECD_CHECKPOINT_BEST, "model.h5",
                                      "importances.csv"};
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    char path[ECD_PATH_MAX], old[ECD_PATH_MAX + 8];
    if (ecd_path_join(path, folder, names[i], NULL) != ECD_OK || !ecd_file_exists(path)) continue;
    snprintf(old, sizeof old, "%s.old", path);
    if (rename(path, old) == 0) ecd_warn(ctx, "%s is from an earlier run: kept as %s", path, old);
  }
}

ecd_code_t ecd_folder_write_deck(const ecd_settings_t *settings, ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ecd_output_t *output;
  ECD_TRY(ecd_path_join(path, settings->output, "deck.yaml", err));
  ECD_TRY(ecd_output_open(path, &output, err));
  const ecd_code_t code = ecd_deck_write(settings, ecd_output_stream(output), err);
  if (code == ECD_OK) return ecd_output_commit(&output, err);
  ecd_output_abandon(&output);
  return code;
}
