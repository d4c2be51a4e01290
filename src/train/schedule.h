/* The learning rate of an epoch. Local. */
#ifndef ECD_TRAIN_SCHEDULE_H
#define ECD_TRAIN_SCHEDULE_H

#include "deck/settings.h"

/* epoch from 0. step: lr * lr_factor^floor(epoch / lr_every); cosine: half a wave from lr, after the
   warm-up, to lr_end in the last epoch. In warm-up's epochs lr * (epoch + 1) / (lr_warmup + 1). */
double ecd_schedule_rate(const ecd_train_settings_t *settings, int64_t epoch);

#endif
