/* Predictions from raw charge files: resampled as the model's training set was, a share of them in
   memory at a time. */
#include "train/predict_private.h"

#include "base/log.h"
#include "prep/pipeline.h"
#include "train/inference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Volumes that are collected before the network runs, so that its blocks are full. */
enum { ENOUGH = 4 * ECD_INFERENCE_BLOCK };

typedef struct {
  ecd_predictor_t *predictor;
  size_t words;
  ecd_sample_t **samples; /* [words] of each word, kept */
  float **volumes;        /* [words] of each word, until they are predicted */
  size_t *counts;         /* [words] */
  size_t done, waiting;   /* chosen samples that are predicted; that are not yet */
  const float **volume;   /* [waiting] */
} files_t;

static ecd_code_t feed(size_t item, size_t slot, const float **input, void *arg, ecd_error_t *err) {
  const files_t *f = arg;
  ecd_predictor_t *p = f->predictor;
  const ecd_sample_t *sample = p->sample[f->done + item];
  double feature[ECD_MAGPIE_ALL];
  memcpy(p->raw, f->volume[item], p->points * sizeof *p->raw);
  ecd_magpie_formula(sample->formula, feature, NULL); /* NaN is found out where it is used */
  return ecd_predictor_prepare(p, sample, feature, slot, input, err);
}

static ecd_code_t predict_waiting(files_t *f, ecd_error_t *err) {
  ecd_predictor_t *p = f->predictor;
  const ecd_code_t code =
      f->waiting == 0 ? ECD_OK
                      : ecd_inference_run(p->ctx, p->net, f->waiting, feed, f, p->model.target_mean,
                                          p->model.target_deviation, p->predicted + f->done, err);
  f->done += f->waiting;
  f->waiting = 0;
  for (size_t w = 0; w < f->words; ++w) {
    free(f->volumes[w]);
    f->volumes[w] = NULL;
  }
  return code;
}

/* VASP's names tell the field: another than the model's would give numbers without meaning. */
static ecd_code_t check_name(const ecd_predictor_t *p, const char *path, ecd_error_t *err) {
  static const struct {
    const char *part;
    ecd_field_t field;
  } names[] = {{"ELFCAR", ECD_FIELD_ELF},
               {"CHGCAR", ECD_FIELD_DENSITY},
               {"AECCAR", ECD_FIELD_DENSITY},
               {"LOCPOT", ECD_FIELD_RAW}};
  const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
  const ecd_field_t wanted = p->model.preparation.field;
  if (!p->volumes) return ECD_OK;
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
    if (strstr(name, names[i].part) != NULL && names[i].field != wanted)
      return ecd_fail(err, ECD_DATA, "%s: expected a file with the field '%s' of %s, found '%s'",
                      path, ecd_field_name(wanted), p->model_path, ecd_field_name(names[i].field));
  return ECD_OK;
}

static size_t volume_points(const ecd_predictor_t *p) {
  const size_t n = (size_t)p->model.preparation.grid;
  return n * n * n;
}

static ecd_code_t choose(files_t *f, size_t w, ecd_error_t *err) {
  ecd_predictor_t *p = f->predictor;
  if (f->counts[w] == 0) return ECD_OK;
  const float **more = realloc(f->volume, (f->waiting + f->counts[w]) * sizeof *more);
  if (more == NULL) return ecd_fail(err, ECD_FAILED, "out of memory: list of volumes");
  f->volume = more;
  for (size_t i = 0; i < f->counts[w]; ++i) {
    bool chosen;
    ECD_TRY(check_name(p, f->samples[w][i].path, err));
    ECD_TRY(ecd_predictor_choose(p, &f->samples[w][i], &chosen, err));
    if (chosen) f->volume[f->waiting++] = f->volumes[w] + i * volume_points(p);
  }
  return ECD_OK;
}

static ecd_code_t predict_words(files_t *f, char *const *word, ecd_error_t *err) {
  ecd_predictor_t *p = f->predictor;
  const ecd_preparation_t *want = &p->model.preparation;
  ecd_prep_settings_t prep = p->settings->prep;
  prep.grid = want->grid;
  prep.field = want->field;
  prep.cell = want->cell;
  prep.method = want->method;
  prep.code = (char *)want->code;
  for (size_t w = 0; w < f->words; ++w) {
    prep.files = word[w];
    ECD_TRY(
        ecd_prep_volumes(p->ctx, &prep, want, &f->samples[w], &f->volumes[w], &f->counts[w], err));
    ECD_TRY(ecd_agree(p->ctx->world, choose(f, w, err), err));
    if (f->waiting >= ENOUGH || w + 1 == f->words) ECD_TRY(predict_waiting(f, err));
  }
  return ECD_OK;
}

/* Files do not say which program made them: a deck may. */
static ecd_code_t check_code(const ecd_predictor_t *p, ecd_error_t *err) {
  ecd_preparation_t said = p->model.preparation;
  const char *code = p->settings->prep.code;
  if (!p->volumes) return ECD_OK;
  if (strcmp(code, "unknown") != 0) {
    snprintf(said.code, sizeof said.code, "%s", code);
    return ecd_preparation_match(&said, "the deck", &p->model.preparation, p->model_path, err);
  }
  if (strcmp(said.code, code) != 0)
    ecd_log(p->ctx, "prep.code is not given: the files are taken to come from '%s', as those of %s",
            said.code, p->model_path);
  return ECD_OK;
}

static int by_id(const void *a, const void *b) {
  return strcmp((*(ecd_sample_t *const *)a)->id, (*(ecd_sample_t *const *)b)->id);
}

/* a/CHGCAR and b/CHGCAR have one id: their paths take its place. */
static ecd_code_t tell_apart(files_t *f, ecd_error_t *err) {
  ecd_sample_t **all;
  size_t count = 0, k = 0;
  for (size_t w = 0; w < f->words; ++w) count += f->counts[w];
  ECD_TRY(ecd_alloc((void **)&all, count, sizeof *all, "samples", err));
  for (size_t w = 0; w < f->words; ++w)
    for (size_t i = 0; i < f->counts[w]; ++i) all[k++] = &f->samples[w][i];
  if (count > 0) qsort(all, count, sizeof *all, by_id);
  ecd_code_t code = ECD_OK;
  for (size_t i = 0, end; code == ECD_OK && i < count; i = end) {
    for (end = i + 1; end < count && strcmp(all[end]->id, all[i]->id) == 0;) ++end;
    for (size_t j = i; end - i > 1 && j < end; ++j) {
      char *path = strdup(all[j]->path);
      if (path == NULL) {
        code = ecd_fail(err, ECD_FAILED, "out of memory: ids");
        break;
      }
      free(all[j]->id);
      all[j]->id = path;
    }
  }
  free(all);
  return code;
}

static ecd_code_t run(files_t *f, char *const *word, const char *folder, ecd_error_t *err) {
  ecd_predictor_t *p = f->predictor;
  ecd_code_t code = ecd_alloc((void **)&f->samples, f->words, sizeof *f->samples, "samples", err);
  if (code == ECD_OK)
    code = ecd_alloc((void **)&f->volumes, f->words, sizeof *f->volumes, "volumes", err);
  if (code == ECD_OK)
    code = ecd_alloc((void **)&f->counts, f->words, sizeof *f->counts, "counts", err);
  if (code == ECD_OK) code = check_code(p, err);
  ECD_TRY(ecd_agree(p->ctx->world, code, err));
  ECD_TRY(predict_words(f, word, err));
  if (p->count == 0) return ecd_predictor_none(p, word[0], err);
  ECD_TRY(ecd_agree(p->ctx->world, tell_apart(f, err), err));
  ecd_predictor_print(p);
  return ecd_predictor_write(p, folder, err);
}

ecd_code_t ecd_predict_files(ecd_predictor_t *predictor, size_t words, char *const *word,
                             const char *folder, ecd_error_t *err) {
  files_t f = {.predictor = predictor, .words = words};
  const ecd_code_t code = run(&f, word, folder, err);
  for (size_t w = 0; w < words; ++w) {
    for (size_t i = 0; f.samples != NULL && f.samples[w] != NULL && i < f.counts[w]; ++i)
      ecd_sample_clear(&f.samples[w][i]);
    if (f.samples != NULL) free(f.samples[w]);
    if (f.volumes != NULL) free(f.volumes[w]);
  }
  free(f.samples);
  free(f.volumes);
  free(f.counts);
  free(f.volume);
  return code;
}
