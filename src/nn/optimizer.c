#include "nn/optimizer.h"

#include "nn/primitives.h"

#include <math.h>

void ecd_optimizer_update(const ecd_backend_t *backend, const ecd_train_settings_t *settings,
                          double lr, int64_t step, size_t count, float *parameter,
                          const float *gradient, float *moment1, float *moment2) {
  const int64_t n = (int64_t)count;
  if (settings->optimizer == ECD_OPTIMIZER_SGD) {
    float *velocity = settings->momentum > 0 ? moment1 : NULL;
    backend->sgd(n, (float)lr, (float)settings->momentum, (float)settings->weight_decay, gradient,
                 parameter, velocity);
    return;
  }
  const double correct1 = 1.0 - pow(settings->beta1, (double)step);
  const double correct2 = 1.0 - pow(settings->beta2, (double)step);
  backend->adam(n, (float)(lr / correct1), (float)(1.0 / sqrt(correct2)), (float)settings->beta1,
                (float)settings->beta2, (float)settings->epsilon,
                (float)(1 - lr * settings->weight_decay), gradient, parameter, moment1, moment2);
}

double ecd_loss_mae(size_t count, size_t global_count, const float *prediction, const float *target,
                    float *dprediction) {
  const double share = 1.0 / (double)global_count;
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const double difference = (double)prediction[i] - (double)target[i];
    sum += fabs(difference) * share;
    dprediction[i] = (float)((difference > 0) - (difference < 0)) * (float)share;
    if (isnan(difference)) dprediction[i] = prediction[i];
  }
  return sum;
}

double ecd_loss_mse(size_t count, size_t global_count, const float *prediction, const float *target,
                    float *dprediction) {
  const double share = 1.0 / (double)global_count;
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const double difference = (double)prediction[i] - (double)target[i];
    sum += difference * difference * share;
    dprediction[i] = (float)(2.0 * difference * share);
  }
  return sum;
}
