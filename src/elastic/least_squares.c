#include "elastic/least_squares.h"

#include "elastic/lapack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* u: right singular vectors in columns, (n, n) column-major; vt: left ones in rows,
   (least, equations) column-major. */
static void solve(int equations, int n, int least, const double *s, const double *u,
                  const double *vt, const double *b, double tolerance, ecd_least_squares_t *out) {
  out->rank = 0;
  while (out->rank < least && s[out->rank] > tolerance * s[0]) ++out->rank;
  out->condition = least == n && s[n - 1] > 0 ? s[0] / s[n - 1] : INFINITY;
  for (int j = 0; j < out->rank; ++j) {
    double dot = 0;
    for (int e = 0; e < equations; ++e) dot += vt[(size_t)e * (size_t)least + (size_t)j] * b[e];
    for (int i = 0; i < n; ++i) {
      out->x[i] += u[j * n + i] * dot / s[j];
      for (int k = 0; k < n; ++k)
        out->covariance[i][k] += u[j * n + i] * u[j * n + k] / (s[j] * s[j]);
    }
  }
  for (int j = out->rank; j < n; ++j)
    for (int i = 0; i < n; ++i) out->unseen[j - out->rank][i] = u[j * n + i];
}

ecd_code_t ecd_least_squares(size_t equations, int unknowns, const double *a, const double *b,
                             double tolerance, ecd_least_squares_t *result, ecd_error_t *err) {
  const int n = unknowns, m = (int)equations, least = m < n ? m : n, length = 5 * (m + n) + 64;
  const size_t size = (size_t)m * (size_t)n, left = (size_t)least * (size_t)m;
  double s[ECD_UNKNOWNS_MAX], u[ECD_UNKNOWNS_MAX * ECD_UNKNOWNS_MAX], *room;
  int info;
  ECD_CHECK(n <= ECD_UNKNOWNS_MAX);
  memset(result, 0, sizeof *result);
  ECD_TRY(ecd_alloc((void **)&room, size + left + (size_t)length, sizeof *room, "equations", err));
  memcpy(room, a, size * sizeof *room); /* row-major a is column-major a^T */
  dgesvd_("A", "S", &n, &m, room, &n, s, u, &n, room + size, &least, room + size + left, &length,
          &info);
  if (info == 0) solve(m, n, least, s, u, room + size, b, tolerance, result);
  free(room);
  return info == 0 ? ECD_OK : ecd_fail(err, ECD_FAILED, "LAPACK's dgesvd fails (info %d)", info);
}
