#include "train/schedule.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

double ecd_schedule_rate(const ecd_train_settings_t *s, int64_t epoch) {
  if (epoch < s->lr_warmup) return s->lr * (double)(epoch + 1) / (double)(s->lr_warmup + 1);
  if (s->schedule == ECD_SCHEDULE_STEP)
    return s->lr_every > 0 ? s->lr * pow(s->lr_factor, (double)(epoch / s->lr_every)) : s->lr;
  const int64_t span = s->epochs - 1 - s->lr_warmup;
  const double part = span > 0 ? (double)(epoch - s->lr_warmup) / (double)span : 0;
  return s->lr_end + (s->lr - s->lr_end) * 0.5 * (1 + cos(pi * fmin(part, 1)));
}
