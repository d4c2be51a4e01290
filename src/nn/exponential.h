/* Exponentials that a compiler can vectorise, of float precision (3e-7 relative). Not-a-number
   stays what it is. */
#ifndef ECD_NN_EXPONENTIAL_H
#define ECD_NN_EXPONENTIAL_H

#include <stdint.h>
#include <string.h>

#ifndef ECD_EXPONENTIALS_GIVEN /* a build in double precision brings its own, by that name */
/* exp(x), x cut off at -87 and 88: 2^n times the polynomial of Cephes (S. Moshier) on [-ln 2 / 2,
   ln 2 / 2]. */
static inline float ecd_exp(float x) {
  const float low = x < -87.0f ? -87.0f : x, at = low > 88.0f ? 88.0f : low;
  const float round = 12582912.0f; /* 1.5 * 2^23: the sum's last bits are the rounded integer */
  const float shifted = at * 1.44269504f + round, n = shifted - round;
  const float r = (at - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  uint32_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  bits = (bits << 23) + 0x3f800000u;
  float power;
  memcpy(&power, &bits, sizeof power);
  return p * power;
}

/* log(1 + t) for t from 0 to 1, as the series of 2 artanh(t / (2 + t)). */
static inline float ecd_log1p(float t) {
  const float s = t / (2.0f + t), q = s * s;
  float p = 1.0f / 13.0f;
  p = p * q + 1.0f / 11.0f;
  p = p * q + 1.0f / 9.0f;
  p = p * q + 1.0f / 7.0f;
  p = p * q + 1.0f / 5.0f;
  p = p * q + 1.0f / 3.0f;
  p = p * q + 1.0f;
  return 2.0f * s * p;
}

/* The slope of softplus where its value is y >= 0: 1 - exp(-y), by its series where y is small. */
static inline float ecd_softplus_slope(float y) {
  const float far = 1.0f - ecd_exp(-y);
  float p = 1.0f - y * (1.0f / 7.0f);
  p = 1.0f - y * (1.0f / 6.0f) * p;
  p = 1.0f - y * (1.0f / 5.0f) * p;
  p = 1.0f - y * (1.0f / 4.0f) * p;
  p = 1.0f - y * (1.0f / 3.0f) * p;
  p = 1.0f - y * (1.0f / 2.0f) * p;
  return y < 0.25f ? y * p : far;
}
#endif

static inline float ecd_softplus(float x) {
  const float positive = x > 0.0f ? x : 0.0f, size = x > 0.0f ? x : -x;
  return positive + ecd_log1p(ecd_exp(-size));
}

/* tail: exp(-|x|). */
static inline float ecd_sigmoid_of_tail(float x, float tail) {
  return (x >= 0.0f ? 1.0f : tail) / (1.0f + tail);
}

#endif
