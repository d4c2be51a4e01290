/* The learning rate of each epoch. */
#include "check.h"
#include "train/schedule.h"

static void check_step(void) {
  ecd_train_settings_t s = {.epochs = 9, .schedule = ECD_SCHEDULE_STEP, .lr = 0.8};
  for (int64_t e = 0; e < 20; ++e) CHECK(ecd_schedule_rate(&s, e) == 0.8);
  s.lr_factor = 0.5;
  CHECK(ecd_schedule_rate(&s, 8) == 0.8); /* lr_every 0: constant */
  s.lr_every = 3;
  for (int64_t e = 0; e < 12; ++e) CHECK_NEAR(ecd_schedule_rate(&s, e), 0.8 / (1 << e / 3), 1e-15);
  s.lr_factor = 1;
  CHECK(ecd_schedule_rate(&s, 11) == 0.8);
}

/* The epochs of the warm-up count for the steps, as they do without one. */
static void check_warmup(void) {
  ecd_train_settings_t s = {.epochs = 9,
                            .schedule = ECD_SCHEDULE_STEP,
                            .lr = 0.8,
                            .lr_factor = 0.5,
                            .lr_every = 4,
                            .lr_warmup = 3};
  for (int64_t e = 0; e < 3; ++e)
    CHECK_NEAR(ecd_schedule_rate(&s, e), 0.2 * (double)(e + 1), 1e-15);
  CHECK(ecd_schedule_rate(&s, 3) == 0.8);
  CHECK_NEAR(ecd_schedule_rate(&s, 4), 0.4, 1e-15);
  s.schedule = ECD_SCHEDULE_COSINE;
  for (int64_t e = 0; e < 3; ++e)
    CHECK_NEAR(ecd_schedule_rate(&s, e), 0.2 * (double)(e + 1), 1e-15);
  CHECK_NEAR(ecd_schedule_rate(&s, 3), 0.8, 1e-15);
  CHECK_NEAR(ecd_schedule_rate(&s, 8), 0, 1e-15);
  s.lr_warmup = 20; /* longer than the run */
  CHECK_NEAR(ecd_schedule_rate(&s, 8), 0.8 * 9 / 21, 1e-15);
}

static void check_cosine(void) {
  const double pi = acos(-1.0);
  ecd_train_settings_t s = {
      .epochs = 11, .schedule = ECD_SCHEDULE_COSINE, .lr = 0.8, .lr_end = 0.1};
  for (int64_t e = 0; e < 11; ++e)
    CHECK_NEAR(ecd_schedule_rate(&s, e), 0.1 + 0.35 * (1 + cos(pi * (double)e / 10)), 1e-15);
  CHECK(ecd_schedule_rate(&s, 0) == 0.8);
  CHECK_NEAR(ecd_schedule_rate(&s, 5), 0.45, 1e-15);
  for (int64_t e = 1; e < 11; ++e) CHECK(ecd_schedule_rate(&s, e) < ecd_schedule_rate(&s, e - 1));
  for (int64_t e = 10; e < 15; ++e) CHECK_NEAR(ecd_schedule_rate(&s, e), 0.1, 1e-15);
  s.epochs = 1;
  CHECK(ecd_schedule_rate(&s, 0) == 0.8);
  s.epochs = 4;
  s.lr_warmup = 3; /* one epoch is left */
  CHECK(ecd_schedule_rate(&s, 3) == 0.8);
  s.lr_warmup = 4; /* none is left */
  CHECK(ecd_schedule_rate(&s, 3) < 0.8);
  CHECK_NEAR(ecd_schedule_rate(&s, 3), 0.64, 1e-15);
}

int main(void) {
  check_step();
  check_warmup();
  check_cosine();
  return check_done();
}
