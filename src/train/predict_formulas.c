/* Predictions from formulas alone. */
#include "train/predict_private.h"

#include "base/log.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
  ecd_predictor_t *predictor;
  const double *feature; /* (words, ECD_MAGPIE_ALL) */
} formulas_t;

static ecd_code_t feed(size_t first, size_t count, const float **input, void *arg,
                       ecd_error_t *err) {
  const formulas_t *f = arg;
  for (size_t k = 0; k < count; ++k)
    ECD_TRY(ecd_predictor_prepare(f->predictor, f->predictor->sample[first + k],
                                  f->feature + (first + k) * ECD_MAGPIE_ALL, k, &input[k], err));
  return ECD_OK;
}

static ecd_code_t run(ecd_predictor_t *p, size_t words, char *const *word, ecd_sample_t *samples,
                      double *feature, ecd_error_t *err) {
  for (size_t w = 0; w < words; ++w) {
    ecd_sample_t *sample = &samples[p->count];
    double *row = feature + p->count * ECD_MAGPIE_ALL;
    bool takes;
    if (ecd_magpie_formula(word[w], row, err) != ECD_OK) {
      ecd_fail_in(err, "predict: '%s' is no file, and as a formula", word[w]);
      if (p->settings->prep.on_error != ECD_ON_ERROR_SKIP) return err->code;
      ecd_log(p->ctx, "left out: %s", err->text);
      continue;
    }
    *sample = (ecd_sample_t){.id = word[w], .formula = word[w], .bulk = NAN, .shear = NAN};
    if (!ecd_predictor_wants(p, word[w])) return ecd_predictor_none(p, word[w], err);
    ECD_TRY(ecd_predictor_takes(p, sample, row, &takes, err));
    if (takes) ECD_TRY(ecd_predictor_add(p, sample, err));
  }
  if (p->count > 0) return ECD_OK;
  return ecd_fail(err, ECD_DATA, "all %zu formulas are bad or lack features, see above", words);
}

ecd_code_t ecd_predict_formulas(ecd_predictor_t *p, size_t words, char *const *word,
                                const char *folder, ecd_error_t *err) {
  ecd_sample_t *samples = NULL;
  double *feature = NULL;
  ecd_code_t code = ecd_alloc((void **)&samples, words, sizeof *samples, "samples", err);
  if (code == ECD_OK)
    code = ecd_alloc((void **)&feature, words * ECD_MAGPIE_ALL, sizeof *feature, "features", err);
  if (code == ECD_OK) code = run(p, words, word, samples, feature, err);
  code = ecd_agree(p->ctx->world, code, err);
  formulas_t f = {p, feature};
  if (code == ECD_OK) code = ecd_predictor_infer(p, 0, p->count, feed, &f, err);
  if (code == ECD_OK) {
    ecd_predictor_print(p);
    code = ecd_predictor_write(p, folder, err);
  }
  free(samples);
  free(feature);
  return code;
}
