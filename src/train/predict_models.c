/* Predictions of a model that is not a network, and of several networks. */
#include "train/ensemble.h"
#include "train/maps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    const float *input[ECD_INFERENCE_BLOCK];
    ECD_TRY(feed(first, n, input, arg, err));
    ECD_TRY(p->tabular->predict(p->state, p->ctx->threads, n, p->row, p->predicted + at + first,
                                p->uncertainty + at + first, err));
  }
  return ECD_OK;
}

static ecd_code_t predict_member(ecd_predictor_t *p, size_t member, size_t count, ecd_feed_fn *feed,
                                 void *arg, double *predicted, ecd_error_t *err) {
  const ecd_model_file_t *m = &p->model;
  memcpy(ecd_net_parameters(p->net), m->parameter + member * m->parameters,
         m->parameters * sizeof *m->parameter);
  return ecd_inference_run(p->ctx, p->net, count, feed, arg, m->target_mean, m->target_deviation,
                           predicted, err);
}

/* Their mean, and the deviation of one of them. */
static ecd_code_t predict_ensemble(ecd_predictor_t *p, size_t at, size_t count, ecd_feed_fn *feed,
                                   void *arg, ecd_error_t *err) {
  const size_t members = p->model.members;
  double *all;
  ECD_TRY(ecd_agree(
      p->ctx->world,
      ecd_alloc((void **)&all, members * count, sizeof *all, "predictions of the members", err),
      err));
  ecd_code_t code = ECD_OK;
  for (size_t k = 0; code == ECD_OK && k < members; ++k)
    code = predict_member(p, k, count, feed, arg, all + k * count, err);
  if (code == ECD_OK)
    ecd_ensemble_average(members, count, all, p->predicted + at, p->uncertainty + at);
  free(all);
  return code;
}

ecd_code_t ecd_predictor_infer(ecd_predictor_t *p, size_t at, size_t count, ecd_feed_fn *feed,
                               void *arg, ecd_error_t *err) {
  if (p->what == ECD_PREDICT_MAPS) return ecd_maps_collect(p, at, count, feed, arg, err);
  if (p->state != NULL)
    return ecd_agree(p->ctx->world, predict_all(p, at, count, feed, arg, err), err);
  if (p->model.members > 1) return predict_ensemble(p, at, count, feed, arg, err);
  return predict_member(p, 0, count, feed, arg, p->predicted + at, err);
}
