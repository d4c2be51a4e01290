#include "bench/protocol.h"

#include "base/log.h"
#include "base/table.h"
#include "bench/fingerprint.h"
#include "chem/composition.h"
#include "deck/keys.h"
#include "train/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static ecd_code_t describe_samples(ecd_protocol_t *p, ecd_error_t *err) {
  const size_t n = p->samples = ecd_dataset_size(p->dataset);
  ECD_TRY(ecd_alloc((void **)&p->id, n, sizeof *p->id, "samples", err));
  ECD_TRY(ecd_alloc((void **)&p->formula, n, sizeof *p->formula, "samples", err));
  for (int t = 0; t < ECD_TARGETS; ++t)
    ECD_TRY(ecd_alloc((void **)&p->target[t], n, sizeof *p->target[t], "samples", err));
  for (size_t i = 0; i < n; ++i) {
    const ecd_sample_t *sample = ecd_dataset_sample(p->dataset, i);
    p->id[i] = sample->id;
    p->formula[i] = sample->formula;
    p->target[ECD_TARGET_BULK][i] = sample->bulk;
    p->target[ECD_TARGET_SHEAR][i] = sample->shear;
  }
  ecd_fingerprint(p->dataset, NULL, p->fingerprint);
  return ECD_OK;
}

static ecd_code_t make_holdouts(ecd_protocol_t *p, size_t count, ecd_error_t *err) {
  p->holdouts = count;
  return ecd_alloc((void **)&p->holdout, count, sizeof *p->holdout, "parts held out", err);
}

/* ---- Folds ---- */

/* Folds of the samples with any known target; random ones do not depend on the others. */
static ecd_code_t random_folds(ecd_protocol_t *p, const ecd_settings_t *s, ecd_error_t *err) {
  const char **id;
  int64_t *fold = NULL;
  size_t *index = NULL, known = 0;
  ecd_code_t code = ecd_alloc((void **)&id, p->samples, sizeof *id, "folds", err);
  if (code == ECD_OK) code = ecd_alloc((void **)&fold, p->samples, sizeof *fold, "folds", err);
  if (code == ECD_OK) code = ecd_alloc((void **)&index, p->samples, sizeof *index, "folds", err);
  for (size_t i = 0; code == ECD_OK && i < p->samples; ++i) {
    p->fold[i] = -1;
    if (isnan(p->target[ECD_TARGET_BULK][i]) && isnan(p->target[ECD_TARGET_SHEAR][i])) continue;
    index[known] = i;
    id[known++] = p->id[i];
  }
  if (code == ECD_OK) code = ecd_folds_make(s->seed, s->bench.folds, known, id, fold, err);
  for (size_t k = 0; code == ECD_OK && k < known; ++k) p->fold[index[k]] = fold[k];
  free(id);
  free(fold);
  free(index);
  return code;
}

static ecd_code_t make_folds(ecd_protocol_t *p, const ecd_settings_t *s, ecd_error_t *err) {
  int64_t folds = s->bench.folds;
  ECD_TRY(ecd_alloc((void **)&p->fold, p->samples, sizeof *p->fold, "folds", err));
  if (s->bench.folds_file[0] != '\0')
    ECD_TRY(ecd_folds_read(s->bench.folds_file, p->samples, p->id, p->fold, &folds, err));
  else
    ECD_TRY(random_folds(p, s, err));
  ECD_TRY(make_holdouts(p, (size_t)folds, err));
  for (int64_t f = 0; f < folds; ++f) {
    p->holdout[f].fold = f;
    snprintf(p->holdout[f].name, sizeof p->holdout[f].name, "fold%lld", (long long)f);
  }
  return ECD_OK;
}

/* ---- Elements ---- */

typedef struct {
  int Z;
  size_t materials;
  size_t others[2]; /* by target: without it, with a known modulus */
} frequency_t;

static int by_frequency(const void *a, const void *b) {
  const frequency_t *x = a, *y = b;
  if (x->materials != y->materials) return x->materials > y->materials ? -1 : 1;
  return x->Z - y->Z;
}

static ecd_code_t count_elements(const ecd_protocol_t *p, frequency_t count[ECD_ELEMENT_COUNT],
                                 ecd_error_t *err) {
  for (int Z = 0; Z < ECD_ELEMENT_COUNT; ++Z) count[Z] = (frequency_t){.Z = Z};
  for (size_t i = 0; i < p->samples; ++i) {
    double atoms[ECD_ELEMENT_COUNT];
    if (ecd_formula_parse(p->formula[i], atoms, err) != ECD_OK)
      return ecd_fail_in(err, "bench.protocol: loeo: %s: sample '%s'", ecd_dataset_path(p->dataset),
                         p->id[i]);
    for (int Z = 0; Z < ECD_ELEMENT_COUNT; ++Z) {
      count[Z].materials += atoms[Z] > 0;
      for (int t = 0; t < 2; ++t) count[Z].others[t] += !(atoms[Z] > 0) && !isnan(p->target[t][i]);
    }
  }
  return ECD_OK;
}

static void add_element(ecd_protocol_t *p, int Z) {
  ecd_holdout_t *h = &p->holdout[p->holdouts++];
  snprintf(h->element, sizeof h->element, "%s", ecd_element_symbol(Z));
  snprintf(h->name, sizeof h->name, "%s", h->element);
}

/* Whether samples are left to train on where those of the element are held out. */
static bool leaves_samples(const frequency_t *f, const ecd_text_list_t *targets) {
  for (int k = 0; k < targets->count; ++k)
    for (int t = 0; t < 2; ++t)
      if (strcmp(targets->item[k], ecd_target_names[t]) == 0 && f->others[t] == 0) return false;
  return true;
}

static ecd_code_t make_elements(const ecd_context_t *ctx, ecd_protocol_t *p,
                                const ecd_bench_settings_t *s, ecd_error_t *err) {
  frequency_t count[ECD_ELEMENT_COUNT];
  ECD_TRY(count_elements(p, count, err));
  ECD_TRY(make_holdouts(p, ECD_ELEMENT_COUNT + (size_t)s->elements.count, err));
  p->holdouts = 0;
  for (int i = 0; i < s->elements.count; ++i) {
    const int Z = ecd_element_number(s->elements.item[i]);
    if (Z == 0)
      return ecd_fail(err, ECD_USAGE, "bench.elements: expected symbols of elements, found '%s'",
                      s->elements.item[i]);
    if (count[Z].materials == 0)
      return ecd_fail(err, ECD_DATA, "bench.elements: no material of %s holds %s",
                      ecd_dataset_path(p->dataset), s->elements.item[i]);
    add_element(p, Z);
  }
  if (s->elements.count > 0) return ECD_OK;
  qsort(count, ECD_ELEMENT_COUNT, sizeof *count, by_frequency);
  for (int i = 0; i < ECD_ELEMENT_COUNT; ++i) {
    if (count[i].materials == 0 || count[i].materials < (size_t)s->min_materials) continue;
    if (leaves_samples(&count[i], &s->targets))
      add_element(p, count[i].Z);
    else
      ecd_log(ctx, "%s is in all materials of %s with a known modulus: it cannot be left out",
              ecd_element_symbol(count[i].Z), ecd_dataset_path(p->dataset));
  }
  if (p->holdouts > 0) return ECD_OK;
  return ecd_fail(err, ECD_DATA,
                  "bench.min_materials: no element is in %lld materials of %s or more, and not in "
                  "all; the most frequent, %s, is in %zu",
                  (long long)s->min_materials, ecd_dataset_path(p->dataset),
                  ecd_element_symbol(count[0].Z), count[0].materials);
}

/* ---- All protocols ---- */

static ecd_code_t make_whole(ecd_protocol_t *p, ecd_error_t *err) {
  ECD_TRY(make_holdouts(p, 1, err));
  snprintf(p->holdout[0].name, sizeof p->holdout[0].name, "all");
  return ECD_OK;
}

static ecd_code_t choose(const ecd_context_t *ctx, ecd_protocol_t *p, const ecd_settings_t *s,
                         ecd_error_t *err) {
  ECD_TRY(describe_samples(p, err));
  ECD_TRY(ecd_path_join(p->folds_path, s->output, "folds.csv", err));
  ECD_TRY(ecd_path_join(p->external.ids_path, s->output, "external.csv", err));
  switch (p->kind) {
  case ECD_PROTOCOL_KFOLD:
    return make_folds(p, s, err);
  case ECD_PROTOCOL_LOEO:
    return make_elements(ctx, p, &s->bench, err);
  case ECD_PROTOCOL_EXTERNAL:
    return make_whole(p, err);
  }
  return ECD_OK;
}

ecd_code_t ecd_protocol_create(const ecd_context_t *ctx, const ecd_settings_t *s, ecd_protocol_t *p,
                               ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  *p = (ecd_protocol_t){.kind = s->bench.protocol};
  if (p->kind == ECD_PROTOCOL_EXTERNAL && s->bench.external[0] == '\0')
    return ecd_fail(err, ECD_USAGE,
                    "bench.external: expected a dataset, as bench.protocol is 'external'; found "
                    "nothing");
  ECD_TRY(ecd_dataset_locate(s, path, err));
  if (ecd_dataset_open(ctx, path, &p->dataset, err) != ECD_OK) return ecd_fail_in(err, "data.file");
  if (p->kind == ECD_PROTOCOL_EXTERNAL)
    ECD_TRY(ecd_external_open(ctx, s->bench.external, s->bench.max_atoms, s->prep.symprec,
                              p->dataset, &p->external, err));
  return ecd_agree(ctx->world, choose(ctx, p, s, err), err);
}

void ecd_protocol_clear(ecd_protocol_t *p) {
  ecd_external_clear(&p->external);
  ecd_dataset_close(&p->dataset);
  void *owned[] = {p->id, p->formula, p->target[0], p->target[1], p->holdout, p->fold};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) free(owned[i]);
  *p = (ecd_protocol_t){0};
}

void ecd_protocol_apply(const ecd_protocol_t *p, size_t holdout, ecd_data_settings_t *data) {
  const ecd_holdout_t *h = &p->holdout[holdout];
  data->split_file = (char *)"";
  data->folds_file = (char *)"";
  data->element = (char *)"";
  switch (p->kind) {
  case ECD_PROTOCOL_KFOLD:
    data->split = ECD_SPLIT_FOLD;
    data->folds = (int64_t)p->holdouts;
    data->fold = h->fold;
    data->folds_file = (char *)p->folds_path;
    break;
  case ECD_PROTOCOL_LOEO:
    data->split = ECD_SPLIT_ELEMENT;
    data->element = (char *)h->element;
    break;
  case ECD_PROTOCOL_EXTERNAL:
    data->split = ECD_SPLIT_FRACTION;
    data->test_fraction = 0;
  }
}

ecd_code_t ecd_protocol_split(const ecd_protocol_t *p, size_t holdout, ecd_target_t target,
                              int8_t *split, ecd_error_t *err) {
  const double *known = p->target[target];
  size_t train = 0;
  if (p->kind != ECD_PROTOCOL_KFOLD) {
    ecd_data_settings_t data = {0};
    ecd_protocol_apply(p, holdout, &data);
    return ecd_split_make(&data, 0, p->samples, p->id, p->formula, known, split, err);
  }
  const int64_t held_out = p->holdout[holdout].fold;
  for (size_t i = 0; i < p->samples; ++i) {
    split[i] = p->fold[i] < 0 || isnan(known[i]) ? ECD_UNUSED
               : p->fold[i] == held_out          ? ECD_TEST
                                                 : ECD_TRAIN;
    train += split[i] == ECD_TRAIN;
  }
  return train > 0 ? ECD_OK
                   : ecd_fail(err, ECD_DATA, "%s: no sample is left to train on",
                              p->holdout[holdout].name);
}

static ecd_code_t check_folds(const ecd_protocol_t *p, ecd_error_t *err) {
  int64_t *fold, folds = 0;
  ECD_TRY(ecd_alloc((void **)&fold, p->samples, sizeof *fold, "folds", err));
  const bool same =
      ecd_folds_read(p->folds_path, p->samples, p->id, fold, &folds, NULL) == ECD_OK &&
      memcmp(fold, p->fold, p->samples * sizeof *fold) == 0;
  free(fold);
  if (same) return ECD_OK;
  return ecd_fail(
      err, ECD_USAGE,
      "output: %s holds other folds (of another seed, dataset or bench.folds); expected "
      "another output folder, or 'bench.folds_file: %s'",
      p->folds_path, p->folds_path);
}

static ecd_code_t write_folds(const ecd_protocol_t *p, ecd_error_t *err) {
  ecd_output_t *output;
  if (ecd_file_exists(p->folds_path)) return check_folds(p, err);
  ECD_TRY(ecd_output_open(p->folds_path, &output, err));
  FILE *file = ecd_output_stream(output);
  fprintf(file, "id,fold\n");
  for (size_t i = 0; i < p->samples; ++i) {
    if (p->fold[i] < 0) continue;
    ecd_table_write_text(file, p->id[i], ',');
    fprintf(file, "%lld\n", (long long)p->fold[i]);
  }
  return ecd_output_commit(&output, err);
}

ecd_code_t ecd_protocol_write(const ecd_protocol_t *p, const char *output, ecd_error_t *err) {
  if (p->kind == ECD_PROTOCOL_KFOLD) return write_folds(p, err);
  if (p->kind == ECD_PROTOCOL_EXTERNAL)
    return ecd_external_write(&p->external, p->dataset, output, err);
  return ECD_OK;
}
