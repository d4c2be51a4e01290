/* Predictions from raw charge files: resampled as the model's training set was, a share of them in
   memory at a time. */
#include "train/predict_private.h"

#include "base/log.h"
#include "prep/pipeline.h"
#include "train/inference.h"
#include "train/maps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Files of a share, whole blocks of the network: enough for all ranks to read and to predict, few
   enough for memory. */
static size_t share_size(const ecd_context_t *ctx) {
  const size_t ranks = (size_t)ctx->size;
  return (ranks > 4 ? ranks : 4) * ECD_INFERENCE_BLOCK;
}

typedef struct {
  ecd_predictor_t *predictor;
  ecd_prep_settings_t prep; /* as the model wants it; texts borrowed */
  ecd_sources_t sources;    /* that predict.split chooses */
  ecd_sample_t *samples;    /* [sources.count], kept: the results name them */
  float *volumes;           /* (share, n, n, n) */
  size_t first;             /* sample of the present share */
} files_t;

static ecd_code_t feed(size_t first, size_t count, const float **input, void *arg,
                       ecd_error_t *err) {
  const files_t *f = arg;
  ecd_predictor_t *p = f->predictor;
  for (size_t k = 0; k < count; ++k) {
    const ecd_sample_t *sample = p->sample[f->first + first + k];
    double feature[ECD_MAGPIE_ALL];
    if (p->needs.volume)
      memcpy(p->raw, f->volumes + (first + k) * p->points, p->points * sizeof *p->raw);
    ecd_magpie_formula(sample->formula, feature, NULL);
    ECD_TRY(ecd_predictor_prepare(p, sample, feature, k, &input[k], err));
  }
  return ECD_OK;
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
  if (!p->needs.volume) return ECD_OK;
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
    if (strstr(name, names[i].part) != NULL && names[i].field != wanted)
      return ecd_fail(err, ECD_DATA, "%s: expected a file with the field '%s' of %s, found '%s'",
                      path, ecd_field_name(wanted), p->model_path, ecd_field_name(names[i].field));
  return ECD_OK;
}

/* Files whose part in the model's training is asked for, and whose names fit. Local, the same on all
   ranks. */
static ecd_code_t choose(files_t *f, ecd_error_t *err) {
  bool *wanted;
  ECD_TRY(ecd_alloc((void **)&wanted, f->sources.count, sizeof *wanted, "list of files", err));
  for (size_t i = 0; i < f->sources.count; ++i)
    wanted[i] = ecd_predictor_wants(f->predictor, f->sources.file[i].id);
  ecd_sources_keep(&f->sources, wanted);
  free(wanted);
  ECD_TRY(ecd_maps_check_named(f->predictor, "the charge files", err));
  for (size_t i = 0; i < f->sources.count; ++i)
    ECD_TRY(check_name(f->predictor, f->sources.file[i].path, err));
  return ECD_OK;
}

static ecd_code_t make_room(files_t *f, size_t share, ecd_error_t *err) {
  const size_t count = f->sources.count, n = (size_t)f->predictor->model.preparation.grid,
               points = n * n * n; /* of what is read, also where the network needs no volume */
  ECD_TRY(ecd_alloc((void **)&f->samples, count, sizeof *f->samples, "samples", err));
  return ecd_alloc((void **)&f->volumes, (count < share ? count : share) * points,
                   sizeof *f->volumes, "volumes", err);
}

/* Of the made samples of a share, those stay that the model can take. Local, the same on all ranks. */
static ecd_code_t leave_out(files_t *f, size_t *made, ecd_error_t *err) {
  const size_t n = (size_t)f->predictor->model.preparation.grid, points = n * n * n;
  ecd_sample_t *samples = f->samples + f->first;
  size_t kept = 0;
  for (size_t i = 0; i < *made; ++i) {
    double feature[ECD_MAGPIE_ALL];
    bool takes;
    ecd_magpie_formula(samples[i].formula, feature, NULL); /* no features: all are NaN */
    ECD_TRY(ecd_predictor_takes(f->predictor, &samples[i], feature, &takes, err));
    if (!takes) {
      ecd_sample_clear(&samples[i]);
      continue;
    }
    if (kept < i) {
      samples[kept] = samples[i];
      memset(&samples[i], 0, sizeof samples[i]);
      memcpy(f->volumes + kept * points, f->volumes + i * points, points * sizeof *f->volumes);
    }
    ++kept;
  }
  *made = kept;
  return ECD_OK;
}

/* Reads, resamples and predicts some files. Collective. */
static ecd_code_t predict_share(files_t *f, const ecd_sources_t *share, ecd_error_t *err) {
  ecd_predictor_t *p = f->predictor;
  size_t made;
  f->first = p->count;
  ecd_sample_t *samples = f->samples + f->first;
  ECD_TRY(ecd_prep_volumes(p->ctx, &f->prep, &p->model.preparation, share, samples, f->volumes,
                           &made, err));
  ecd_code_t code = leave_out(f, &made, err);
  for (size_t i = 0; code == ECD_OK && i < made; ++i) code = ecd_predictor_add(p, &samples[i], err);
  if (code == ECD_OK) code = ecd_predictor_reserve(p, f->first, err);
  ECD_TRY(ecd_agree(p->ctx->world, code, err));
  return ecd_predictor_infer(p, f->first, made, feed, f, err);
}

static ecd_code_t predict_words(files_t *f, size_t words, char *const *word, ecd_error_t *err) {
  ecd_predictor_t *p = f->predictor;
  const size_t share = share_size(p->ctx);
  f->prep = p->settings->prep;
  ecd_preparation_to_deck(&p->model.preparation, &f->prep);
  ECD_TRY(ecd_prep_find(p->ctx, &f->prep, words, word, &f->sources, err));
  ecd_code_t code = choose(f, err);
  if (code == ECD_OK) code = make_room(f, share, err);
  ECD_TRY(ecd_agree(p->ctx->world, code, err));
  for (size_t at = 0; at < f->sources.count; at += share) {
    const size_t left = f->sources.count - at;
    const ecd_sources_t some = {.count = left < share ? left : share, .file = f->sources.file + at};
    ECD_TRY(predict_share(f, &some, err));
  }
  if (p->count > 0 || f->sources.count == 0) return ECD_OK;
  return ecd_fail(err, ECD_DATA, "all %zu files are bad or lack features, see above",
                  f->sources.count);
}

/* Files do not say which program made them: a deck may. */
static ecd_code_t check_code(const ecd_predictor_t *p, ecd_error_t *err) {
  ecd_preparation_t said = p->model.preparation;
  const char *code = p->settings->prep.code;
  if (!p->needs.volume) return ECD_OK;
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
  const size_t count = f->predictor->count;
  ECD_TRY(ecd_alloc((void **)&all, count, sizeof *all, "samples", err));
  for (size_t i = 0; i < count; ++i) all[i] = &f->samples[i];
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

static ecd_code_t run(files_t *f, size_t words, char *const *word, const char *folder,
                      ecd_error_t *err) {
  ecd_predictor_t *p = f->predictor;
  ECD_TRY(check_code(p, err));
  ECD_TRY(predict_words(f, words, word, err));
  if (p->count == 0) return ecd_predictor_none(p, word[0], err);
  ECD_TRY(ecd_agree(p->ctx->world, tell_apart(f, err), err));
  ecd_predictor_print(p);
  return ecd_predictor_write(p, folder, err);
}

ecd_code_t ecd_predict_files(ecd_predictor_t *predictor, size_t words, char *const *word,
                             const char *folder, ecd_error_t *err) {
  files_t f = {.predictor = predictor};
  const ecd_code_t code = run(&f, words, word, folder, err);
  for (size_t i = 0; f.samples != NULL && i < f.sources.count; ++i) ecd_sample_clear(&f.samples[i]);
  free(f.samples);
  free(f.volumes);
  ecd_sources_clear(&f.sources);
  return code;
}
