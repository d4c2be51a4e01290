#include "base/file.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "deck/deck.h"
#include "store/dataset.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  ecd_dataset_t **input;
  size_t inputs, count;
  ecd_sample_t *samples; /* borrowed contents, in the order of the inputs */
  size_t *from, *index;  /* input and index of each sample */
} merge_t;

static ecd_code_t fetch(size_t i, float *volume, void *arg, ecd_error_t *err) {
  const merge_t *m = arg;
  return ecd_dataset_read_volume(m->input[m->from[i]], m->index[i], volume, err);
}

static int by_id(const void *a, const void *b) {
  return strcmp((*(const ecd_sample_t *const *)a)->id, (*(const ecd_sample_t *const *)b)->id);
}

static ecd_code_t refuse_duplicates(const merge_t *m, ecd_error_t *err) {
  const ecd_sample_t **order;
  ECD_TRY(ecd_alloc((void **)&order, m->count, sizeof *order, "samples", err));
  for (size_t i = 0; i < m->count; ++i) order[i] = &m->samples[i];
  qsort(order, m->count, sizeof *order, by_id);
  char list[2048] = "";
  size_t duplicates = 0;
  for (size_t i = 1; i < m->count; ++i) {
    if (strcmp(order[i]->id, order[i - 1]->id) != 0) continue;
    const size_t have = strlen(list);
    if (have < sizeof list - 100) snprintf(list + have, sizeof list - have, " %s", order[i]->id);
    ++duplicates;
  }
  free(order);
  return duplicates == 0
             ? ECD_OK
             : ecd_fail(err, ECD_DATA, "merge: %zu ids occur more than once:%s", duplicates, list);
}

static ecd_code_t collect(merge_t *m, ecd_error_t *err) {
  for (size_t k = 0; k < m->inputs; ++k) {
    ECD_TRY(ecd_preparation_match(
        ecd_dataset_preparation(m->input[0]), ecd_dataset_path(m->input[0]),
        ecd_dataset_preparation(m->input[k]), ecd_dataset_path(m->input[k]), err));
    m->count += ecd_dataset_size(m->input[k]);
  }
  ECD_TRY(ecd_alloc((void **)&m->samples, m->count, sizeof *m->samples, "samples", err));
  ECD_TRY(ecd_alloc((void **)&m->from, m->count, sizeof *m->from, "samples", err));
  ECD_TRY(ecd_alloc((void **)&m->index, m->count, sizeof *m->index, "samples", err));
  size_t i = 0;
  for (size_t k = 0; k < m->inputs; ++k)
    for (size_t j = 0; j < ecd_dataset_size(m->input[k]); ++j, ++i) {
      m->samples[i] = *ecd_dataset_sample(m->input[k], j);
      m->from[i] = k;
      m->index[i] = j;
    }
  return refuse_duplicates(m, err);
}

/* This run's deck with how the inputs were prepared. */
static ecd_code_t make_deck(const merge_t *m, const ecd_settings_t *settings, char **deck,
                            ecd_error_t *err) {
  ecd_settings_t effective = *settings;
  ecd_preparation_to_deck(ecd_dataset_preparation(m->input[0]), &effective.prep);
  return ecd_deck_text(&effective, deck, err);
}

ecd_code_t ecd_cmd_merge(ecd_context_t *ctx, ecd_settings_t *settings, const ecd_words_t *words,
                         ecd_error_t *err) {
  if (words->count < 2)
    return ecd_fail(err, ECD_USAGE, "merge: expected OUT.h5 IN.h5..., found %d names",
                    words->count);
  for (int k = 1; k < words->count; ++k)
    if (strcmp(words->word[0], words->word[k]) == 0)
      return ecd_fail(err, ECD_USAGE, "merge: %s is both output and input", words->word[0]);
  /* A slip of the tongue ("merge A B") must not cost a dataset. */
  int there = ctx->rank == 0 && ecd_file_exists(words->word[0]);
  ECD_MPI(MPI_Bcast(&there, 1, MPI_INT, 0, ctx->world));
  if (there)
    return ecd_fail(err, ECD_USAGE, "merge: %s, the output, is there already; remove it first",
                    words->word[0]);
  merge_t m = {.inputs = (size_t)words->count - 1};
  char *deck = NULL;
  ecd_code_t code = ecd_alloc((void **)&m.input, m.inputs, sizeof *m.input, "datasets", err);
  for (size_t k = 0; code == ECD_OK && k < m.inputs; ++k)
    code = ecd_dataset_open(ctx, words->word[k + 1], &m.input[k], err);
  if (code == ECD_OK) code = ecd_agree(ctx->world, collect(&m, err), err);
  if (code == ECD_OK) code = make_deck(&m, settings, &deck, err);
  if (code == ECD_OK)
    code = ecd_dataset_write(ctx, words->word[0], deck, ecd_dataset_preparation(m.input[0]),
                             m.samples, m.count, fetch, &m, err);
  if (code == ECD_OK)
    ecd_log(ctx, "%s: %zu samples from %zu datasets", words->word[0], m.count, m.inputs);
  for (size_t k = 0; m.input != NULL && k < m.inputs; ++k) ecd_dataset_close(&m.input[k]);
  free(deck);
  free(m.input);
  free(m.samples);
  free(m.from);
  free(m.index);
  return code;
}
