/* The 48 operations of the cube and periodic shifts, against the formula of each index. */
#include "check.h"
#include "train/augment.h"

#include <stdlib.h>

enum { CUBE = 48, N_MAX = 6, VALUES_MAX = N_MAX * N_MAX * N_MAX };

static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

static ecd_motion_t operation(int number) {
  ecd_motion_t m = {{0, 0, 0}, {false, false, false}, {0, 0, 0}};
  memcpy(m.axis, orders[number / 8], sizeof m.axis);
  for (int k = 0; k < 3; ++k) m.reversed[k] = (number >> k & 1) != 0;
  return m;
}

/* All different. */
static void fill(size_t n, float *volume) {
  for (size_t i = 0; i < n * n * n; ++i) volume[i] = (float)(i * 7 % 1000) + 0.5f;
}

/* Where point i of the moved volume comes from. */
static size_t origin(const ecd_motion_t *m, size_t n, const size_t i[3]) {
  size_t x[3];
  for (int k = 0; k < 3; ++k)
    x[m->axis[k]] = (m->shift[k] + (m->reversed[k] ? n - i[k] : i[k])) % n;
  return (x[0] * n + x[1]) * n + x[2];
}

static void check_index(const ecd_motion_t *m, size_t n) {
  float from[VALUES_MAX], to[VALUES_MAX];
  size_t i[3], at = 0, wrong = 0;
  fill(n, from);
  ecd_motion_apply(m, n, from, to);
  for (i[0] = 0; i[0] < n; ++i[0])
    for (i[1] = 0; i[1] < n; ++i[1])
      for (i[2] = 0; i[2] < n; ++i[2]) wrong += to[at++] != from[origin(m, n, i)];
  CHECK(wrong == 0);
}

static int by_value(const void *a, const void *b) {
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* No value is lost or made. */
static void check_multiset(const ecd_motion_t *m, size_t n) {
  float from[VALUES_MAX], to[VALUES_MAX];
  const size_t count = n * n * n;
  fill(n, from);
  ecd_motion_apply(m, n, from, to);
  qsort(from, count, sizeof *from, by_value);
  qsort(to, count, sizeof *to, by_value);
  CHECK(memcmp(from, to, count * sizeof *to) == 0);
}

/* Distinct, bijective, each as its formula; the first point stays; two after each other are one of
   them. */
static void check_operations(size_t n) {
  static float moved[CUBE][VALUES_MAX];
  float from[VALUES_MAX], twice[VALUES_MAX];
  const size_t count = n * n * n;
  fill(n, from);
  for (int g = 0; g < CUBE; ++g) {
    const ecd_motion_t m = operation(g);
    ecd_motion_apply(&m, n, from, moved[g]);
    check_index(&m, n);
    check_multiset(&m, n);
    CHECK(moved[g][0] == from[0]);
    for (int h = 0; h < g; ++h) CHECK(memcmp(moved[g], moved[h], count * sizeof **moved) != 0);
  }
  CHECK(memcmp(moved[0], from, count * sizeof *from) == 0);
  for (int g = 0; g < CUBE; ++g)
    for (int h = 0; h < CUBE; ++h) {
      const ecd_motion_t m = operation(h);
      int found = 0;
      ecd_motion_apply(&m, n, moved[g], twice);
      for (int k = 0; k < CUBE; ++k) found += memcmp(twice, moved[k], count * sizeof *twice) == 0;
      CHECK(found == 1);
    }
}

static void check_shifts(size_t n) {
  for (int g = 0; g < CUBE; g += 5)
    for (size_t s = 0; s < n * n * n; ++s) {
      ecd_motion_t m = operation(g);
      m.shift[0] = s / n / n;
      m.shift[1] = s / n % n;
      m.shift[2] = s % n;
      check_index(&m, n);
      if (s % 7 == 0) check_multiset(&m, n);
    }
}

/* Of period 1 in x, y, z. */
static double wave(const double x[3]) {
  const double tau = 2 * acos(-1.0);
  return cos(tau * x[0]) + 0.7 * sin(tau * (2 * x[1] - x[2])) + 0.4 * cos(tau * (x[0] + 3 * x[2]));
}

/* A moved periodic function is the function of moved places. */
static void check_function(const ecd_motion_t *m) {
  enum { N = N_MAX };
  float from[VALUES_MAX], to[VALUES_MAX];
  for (int i = 0; i < N * N * N; ++i) {
    const double x[3] = {(double)(i / N / N) / N, (double)(i / N % N) / N, (double)(i % N) / N};
    from[i] = (float)wave(x);
  }
  ecd_motion_apply(m, N, from, to);
  for (int i = 0; i < N * N * N; ++i) {
    const double y[3] = {(double)(i / N / N) / N, (double)(i / N % N) / N, (double)(i % N) / N};
    double x[3];
    for (int k = 0; k < 3; ++k)
      x[m->axis[k]] = (double)m->shift[k] / N + (m->reversed[k] ? -y[k] : y[k]);
    CHECK_NEAR(to[i], wave(x), 1e-6);
  }
}

static bool same(const ecd_motion_t *a, const ecd_motion_t *b) {
  bool equal = true;
  for (int k = 0; k < 3; ++k)
    equal = equal && a->axis[k] == b->axis[k] && a->reversed[k] == b->reversed[k] &&
            a->shift[k] == b->shift[k];
  return equal;
}

static int number_of(const ecd_motion_t *m) {
  for (int g = 0; g < CUBE; ++g) {
    ecd_motion_t o = operation(g);
    memcpy(o.shift, m->shift, sizeof o.shift);
    if (same(&o, m)) return g;
  }
  return -1;
}

/* Each of the 48 operations and each shift about as often; what was not asked for stays away. */
static void check_choice(ecd_augment_t augment) {
  enum { SAMPLES = 9600, N = 12 };
  const bool cube = augment == ECD_AUGMENT_CUBE || augment == ECD_AUGMENT_BOTH;
  const bool shift = augment == ECD_AUGMENT_SHIFT || augment == ECD_AUGMENT_BOTH;
  int times[CUBE] = {0}, shifted[3][N] = {{0}}, again = 0, epoch = 0, seed = 0;
  for (uint64_t i = 0; i < SAMPLES; ++i) {
    const ecd_motion_t m = ecd_motion_choose(augment, N, 5, 3, i);
    const ecd_motion_t a = ecd_motion_choose(augment, N, 5, 3, i);
    const ecd_motion_t b = ecd_motion_choose(augment, N, 5, 4, i);
    const ecd_motion_t c = ecd_motion_choose(augment, N, 6, 3, i);
    const int g = number_of(&m);
    CHECK(g >= 0);
    ++times[g];
    for (int k = 0; k < 3; ++k) {
      CHECK(m.shift[k] < N);
      ++shifted[k][m.shift[k]];
    }
    again += same(&m, &a);
    epoch += same(&m, &b);
    seed += same(&m, &c);
  }
  CHECK(again == SAMPLES);
  CHECK((epoch < SAMPLES / 20 && seed < SAMPLES / 20) == (cube || shift));
  for (int g = 0; g < CUBE; ++g) /* 200 +- 14 each */
    CHECK(cube ? abs(times[g] - SAMPLES / CUBE) < 80 : times[g] == (g == 0 ? SAMPLES : 0));
  for (int k = 0; k < 3; ++k)
    for (int s = 0; s < N; ++s) /* 800 +- 27 each */
      CHECK(shift ? abs(shifted[k][s] - SAMPLES / N) < 160
                  : shifted[k][s] == (s == 0 ? SAMPLES : 0));
}

int main(void) {
  for (size_t n = 4; n <= N_MAX; ++n) {
    check_operations(n);
    check_shifts(n);
  }
  for (int g = 0; g < CUBE; ++g) {
    ecd_motion_t m = operation(g);
    check_function(&m);
    for (size_t k = 0; k < 3; ++k) m.shift[k] = (size_t)g * (k + 1) % N_MAX;
    check_function(&m);
  }
  const ecd_motion_t one_point = operation(47);
  check_index(&one_point, 1);
  for (int augment = ECD_AUGMENT_NONE; augment <= ECD_AUGMENT_BOTH; ++augment)
    check_choice((ecd_augment_t)augment);
  return check_done();
}
