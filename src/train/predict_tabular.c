/* Predictions of a model that is not a network. */
#include "train/predict_private.h"

ecd_code_t ecd_predictor_open_tabular(ecd_predictor_t *p, ecd_error_t *err) {
  const ecd_model_file_t *m = &p->model;
  if (p->tabular->open(m, &p->state, err) != ECD_OK) return ecd_fail_in(err, "%s", p->model_path);
  p->scaling = ecd_scaling_none(m->transform, m->features);
  return ecd_alloc((void **)&p->row, ECD_INFERENCE_BLOCK * m->features, sizeof *p->row,
                   "features of a block", err);
}

/* Every rank predicts all samples: they are fewer than what sharing them would cost. */
static ecd_code_t predict_all(ecd_predictor_t *p, size_t at, size_t count, ecd_feed_fn *feed,
                              void *arg, ecd_error_t *err) {
  for (size_t first = 0; first < count; first += ECD_INFERENCE_BLOCK) {
    const size_t left = count - first, n = left < ECD_INFERENCE_BLOCK ? left : ECD_INFERENCE_BLOCK;
    const float *input;
    for (size_t slot = 0; slot < n; ++slot) ECD_TRY(feed(first + slot, slot, &input, arg, err));
    ECD_TRY(p->tabular->predict(p->state, p->ctx->threads, n, p->row, p->predicted + at + first,
                                p->uncertainty + at + first, err));
  }
  return ECD_OK;
}

ecd_code_t ecd_predictor_infer(ecd_predictor_t *p, size_t at, size_t count, ecd_feed_fn *feed,
                               void *arg, ecd_error_t *err) {
  if (p->state != NULL)
    return ecd_agree(p->ctx->world, predict_all(p, at, count, feed, arg, err), err);
  return ecd_inference_run(p->ctx, p->net, count, feed, arg, p->model.target_mean,
                           p->model.target_deviation, p->predicted + at, err);
}
