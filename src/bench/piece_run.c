#include "bench/piece_run.h"

#include "base/log.h"
#include "bench/scores.h"
#include "bench/state.h"
#include "learn/forest_run.h"
#include "learn/model_run.h"

#include <stdlib.h>

static ecd_code_t open_log(ecd_context_t *group, const ecd_bench_t *b, size_t piece,
                           ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ECD_TRY(ecd_piece_path(b, piece, "log.txt", path, err));
  group->log = fopen(path, "a");
  return group->log != NULL ? ECD_OK : ecd_fail(err, ECD_FAILED, "cannot write %s", path);
}

/* A trained model is read again, and must be the one that was checked. */
static ecd_code_t look_again(const ecd_context_t *group, const ecd_trained_t *trained,
                             ecd_error_t *err) {
  return ecd_agree(group->world, group->rank == 0 ? ecd_trained_unchanged(trained, err) : ECD_OK,
                   err);
}

static ecd_code_t work(ecd_context_t *group, const ecd_bench_t *b, size_t piece,
                       const ecd_settings_t *s, ecd_error_t *err) {
  const ecd_trained_t *trained = b->models.model[b->piece[piece].model].trained;
  ECD_TRY(trained != NULL ? look_again(group, trained, err)
                          : ecd_model_run(group, s, b->shared, err));
  if (b->protocol.kind != ECD_PROTOCOL_EXTERNAL) return ECD_OK;
  char *word = (char *)ecd_dataset_path(b->protocol.external.dataset);
  return ecd_predict_run(group, s, &ecd_forest_tabular, ECD_PREDICT_MODULUS, 1, &word, err);
}

/* Rank 0 of the group. A training whose predictions are not numbers has failed, too. */
static ecd_code_t finish(const ecd_context_t *group, const ecd_bench_t *b, size_t piece,
                         ecd_error_t *failure, double seconds, ecd_error_t *err) {
  ecd_metrics_t metrics;
  if (failure->code == ECD_STOPPED) return ECD_OK;
  if (failure->code == ECD_OK) failure->code = ecd_piece_metrics(b, piece, &metrics, failure);
  if (failure->code != ECD_OK) {
    ecd_log(group, "failed: %s", failure->text);
    return ecd_state_failed(b, piece, failure, err);
  }
  ECD_TRY(ecd_state_done(b, piece, seconds, group->size, err));
  ecd_state_clean(b, piece, false);
  return ECD_OK;
}

ecd_code_t ecd_piece_run(ecd_context_t *group, const ecd_bench_t *b, size_t piece,
                         ecd_error_t *failure, double *seconds, ecd_error_t *err) {
  const double start = ecd_now();
  ecd_piece_deck_t *deck;
  ecd_code_t code = ecd_alloc((void **)&deck, 1, sizeof *deck, "settings", err);
  if (code == ECD_OK) code = ecd_piece_settings(b, piece, deck, err);
  if (code == ECD_OK && group->rank == 0) code = ecd_state_begin(b, piece, err);
  if (code == ECD_OK && group->rank == 0) code = open_log(group, b, piece, err);
  code = ecd_agree(group->world, code, err);
  failure->code = ECD_OK;
  if (code == ECD_OK) {
    failure->code =
        ecd_agree(group->world, work(group, b, piece, &deck->settings, failure), failure);
    *seconds = ecd_now() - start;
    if (group->rank == 0) code = finish(group, b, piece, failure, *seconds, err);
    code = ecd_agree(group->world, code, err);
  }
  if (group->log != NULL) fclose(group->log);
  group->log = NULL;
  free(deck);
  return code == ECD_OK && failure->code == ECD_STOPPED ? ECD_STOPPED : code;
}
