#include "train/folder.h"

#include "base/file.h"
#include "base/log.h"
#include "deck/deck.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOCK "lock"

static ecd_code_t take(const char *folder, int *lock, ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  bool taken;
  ECD_TRY(ecd_make_folder(folder, err));
  if (access(folder, W_OK) != 0)
    return ecd_fail(err, ECD_FAILED, "output: cannot write into %s: %s", folder, strerror(errno));
  ECD_TRY(ecd_path_join(path, folder, LOCK, err));
  ECD_TRY(ecd_file_lock(path, lock, &taken, err));
  if (taken) return ECD_OK;
  return ecd_fail(err, ECD_FAILED,
                  "output: another run is working in %s; wait for it, or choose another output",
                  folder);
}

ecd_code_t ecd_folder_take(const ecd_context_t *ctx, const char *folder, int *lock,
                           ecd_error_t *err) {
  *lock = -1;
  return ecd_agree(ctx->world, ctx->rank == 0 ? take(folder, lock, err) : ECD_OK, err);
}

void ecd_folder_leave(const char *folder, int *lock) {
  char path[ECD_PATH_MAX];
  if (*lock >= 0 && ecd_path_join(path, folder, LOCK, NULL) == ECD_OK) ecd_file_unlock(path, lock);
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

ecd_code_t ecd_folder_write_deck(const char *folder, const ecd_settings_t *settings,
                                 ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ecd_output_t *output;
  ECD_TRY(ecd_path_join(path, folder, "deck.yaml", err));
  ECD_TRY(ecd_output_open(path, &output, err));
  const ecd_code_t code = ecd_deck_write(settings, ecd_output_stream(output), err);
  if (code == ECD_OK) return ecd_output_commit(&output, err);
  ecd_output_abandon(&output);
  return code;
}
