/* Fusion: the latents of a trained magpie_cnn and of a trained cnn2d, side by side, before a dense part. The slab holds
   the magpie_cnn, the cnn2d, then the dense part. Frozen parents run when a sample is prepared: the prepared input is
   their latents. Parents that are fine-tuned run with every batch, and the prepared input is that of both. */
#include "nn/net_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAGPIE, VOLUME, PARENTS };

typedef struct {
  ecd_net_t *net;
  ecd_net_t *parent[PARENTS];
  size_t offset[PARENTS];      /* of its parameters in the slab */
  size_t width[PARENTS];       /* of its latents */
  float *prepared;             /* one input of a parent; frozen only */
  const float **input;         /* [max_batch]: a parent's inputs; fine-tuned only, as: */
  float *prediction, *dlatent; /* (max_batch), (max_batch, the larger width) */
} fusion_t;

static bool frozen(const fusion_t *f) { return f->net->frozen > 0; }

static void prepare(const void *self, const ecd_net_sample_t *sample, float *prepared) {
  const fusion_t *f = self;
  for (int p = 0; p < PARENTS; ++p) {
    ecd_net_t *parent = f->parent[p];
    if (!frozen(f)) {
      ecd_net_prepare(parent, sample, prepared);
      prepared += ecd_net_input_size(parent);
      continue;
    }
    const float *input = f->prepared;
    float prediction;
    size_t width;
    ecd_net_prepare(parent, sample, f->prepared);
    ecd_net_forward(parent, 1, &input, &prediction);
    memcpy(prepared, ecd_net_latent(parent, &width), f->width[p] * sizeof *prepared);
    prepared += f->width[p];
  }
}

/* input[batch] of a parent within those of both. */
static void choose_input(fusion_t *f, int parent, size_t batch, const float *const *input) {
  const size_t at = parent == MAGPIE ? 0 : ecd_net_input_size(f->parent[MAGPIE]);
  for (size_t b = 0; b < batch; ++b) f->input[b] = input[b] + at;
}

static void forward(void *self, size_t batch, const float *const *input, float *features) {
  fusion_t *f = self;
  const size_t both = f->width[MAGPIE] + f->width[VOLUME];
  for (size_t b = 0; frozen(f) && b < batch; ++b)
    memcpy(features + b * both, input[b], both * sizeof *features);
  for (int p = 0; !frozen(f) && p < PARENTS; ++p) {
    size_t width;
    choose_input(f, p, batch, input);
    ecd_net_forward(f->parent[p], batch, f->input, f->prediction);
    const float *latent = ecd_net_latent(f->parent[p], &width);
    float *place = features + (p == MAGPIE ? 0 : f->width[MAGPIE]);
    for (size_t b = 0; b < batch; ++b)
      memcpy(place + b * both, latent + b * width, width * sizeof *latent);
  }
}

/* Reports a parent's parts where they are in the whole slab. */
typedef struct {
  ecd_ready_fn *ready;
  void *arg;
  size_t offset;
} shifted_t;

static void report(size_t offset, size_t count, void *arg) {
  const shifted_t *s = arg;
  if (s->ready != NULL) s->ready(s->offset + offset, count, s->arg);
}

static void backward(void *self, size_t batch, const float *const *input, const float *dfeatures,
                     ecd_ready_fn *ready, void *arg) {
  fusion_t *f = self;
  const size_t both = f->width[MAGPIE] + f->width[VOLUME];
  for (int p = PARENTS - 1; !frozen(f) && p >= 0; --p) {
    const float *place = dfeatures + (p == MAGPIE ? 0 : f->width[MAGPIE]);
    shifted_t shifted = {ready, arg, f->offset[p]};
    choose_input(f, p, batch, input);
    for (size_t b = 0; b < batch; ++b)
      memcpy(f->dlatent + b * f->width[p], place + b * both, f->width[p] * sizeof *place);
    ecd_net_backward_latent(f->parent[p], batch, f->input, f->dlatent, report, &shifted);
  }
}

static void bind(void *self) {
  fusion_t *f = self;
  for (int p = 0; p < PARENTS; ++p) {
    f->parent[p]->parameters = f->net->parameters + f->offset[p];
    f->parent[p]->gradients = f->net->gradients + f->offset[p];
  }
}

/* Frozen parents stay in evaluation. */
static void set_mode(void *self, const ecd_net_mode_t *mode) {
  fusion_t *f = self;
  for (int p = 0; !frozen(f) && p < PARENTS; ++p) ecd_net_set_mode(f->parent[p], mode);
}

static void destroy(void *self) {
  fusion_t *f = self;
  for (int p = 0; p < PARENTS; ++p) ecd_net_destroy(&f->parent[p]);
  free(f->prepared);
  free(f->input);
  free(f->prediction);
  free(f->dlatent);
  free(f);
}

static double multiplies(const void *self, bool executed, bool training) {
  const fusion_t *f = self;
  double sum = 0;
  for (int p = 0; !frozen(f) && p < PARENTS; ++p)
    sum += ecd_net_multiplies(f->parent[p], executed, training);
  return sum;
}

static const ecd_extractor_t extractor = {.prepare = prepare,
                                          .forward = forward,
                                          .backward = backward,
                                          .bind = bind,
                                          .set_mode = set_mode,
                                          .destroy = destroy,
                                          .multiplies = multiplies};

static ecd_code_t add_parent(const ecd_model_settings_t *settings, int p, fusion_t *f,
                             ecd_error_t *err) {
  static const ecd_model_kind_t kinds[] = {ECD_MODEL_MAGPIE_CNN, ECD_MODEL_CNN2D};
  static const char *const names[] = {"magpie", "volume"};
  ecd_net_t *net = f->net;
  ecd_model_settings_t own = *settings;
  own.kind = kinds[p];
  const size_t batch = settings->fusion.finetune ? net->max_batch : 1;
  ECD_TRY(ecd_net_create_part(&own, net->n, batch, net->backend, &f->parent[p], err));
  f->parent[p]->drop_first = (p + 1) * (ECD_DENSE_MAX + 2);
  f->offset[p] = net->count;
  for (size_t i = 0; i < ecd_net_tensor_count(f->parent[p]); ++i) {
    const ecd_tensor_t *t = ecd_net_tensor(f->parent[p], i);
    char name[40];
    snprintf(name, sizeof name, "%s.%s", names[p], t->name);
    ecd_net_add_tensor(net, name, t->rank, t->shape, t->channels_last);
  }
  ecd_net_latent(f->parent[p], &f->width[p]);
  return ECD_OK;
}

static ecd_code_t allocate(fusion_t *f, ecd_error_t *err) {
  const size_t batch = f->net->max_batch;
  const size_t a = ecd_net_input_size(f->parent[MAGPIE]), b = ecd_net_input_size(f->parent[VOLUME]);
  const size_t width = f->width[MAGPIE] > f->width[VOLUME] ? f->width[MAGPIE] : f->width[VOLUME];
  if (frozen(f)) return ecd_net_buffer(&f->prepared, a > b ? a : b, "input of a parent", err);
  ECD_TRY(ecd_alloc((void **)&f->input, batch, sizeof *f->input, "inputs of a parent", err));
  ECD_TRY(ecd_net_buffer(&f->prediction, batch, "predictions of a parent", err));
  return ecd_net_buffer(&f->dlatent, batch * width, "gradients of latents", err);
}

ecd_code_t ecd_fusion_create(const ecd_model_settings_t *settings, ecd_net_t *net,
                             ecd_error_t *err) {
  fusion_t *self;
  ECD_TRY(ecd_alloc((void **)&self, 1, sizeof *self, "network", err));
  net->extractor = &extractor;
  net->self = self;
  self->net = net;
  for (int p = 0; p < PARENTS; ++p) ECD_TRY(add_parent(settings, p, self, err));
  net->inherited = net->count;
  net->frozen = settings->fusion.finetune ? 0 : net->count;
  const size_t both = self->width[MAGPIE] + self->width[VOLUME];
  net->width[0] = (int64_t)both;
  net->input_size = settings->fusion.finetune ? ecd_net_input_size(self->parent[MAGPIE]) +
                                                    ecd_net_input_size(self->parent[VOLUME])
                                              : both;
  return allocate(self, err);
}
