#include "chem/neighbors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double shell = 1e-4;  /* A: width of a shell, and least distance of two sites */
static const double margin = 1e-8; /* A: what lies on the sphere is inside it */
static const double most_pairs = 1e7, largest_fraction = 1e6;

typedef struct {
  double distance;
  int32_t site, image[3];
} pair_t;

typedef struct {
  const ecd_crystal_t *crystal;
  double radius;
  double
      reach[3]; /* radius / spacing of the lattice planes: how far the sphere reaches, in cells */
  pair_t *pair; /* those of one site */
  size_t count, room;
} search_t;

static ecd_code_t prepare(search_t *s, ecd_error_t *err) {
  const double volume = fabs(ecd_cell_volume(s->crystal->lattice));
  double inverse[3][3], length[3], cells = 1;
  for (int k = 0; k < 3; ++k) {
    const double *v = s->crystal->lattice[k];
    length[k] = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
  }
  if (!isfinite(volume) || !(volume > 1e-9 * length[0] * length[1] * length[2]))
    return ecd_fail(err, ECD_DATA,
                    "expected three lattice vectors that span a cell, found one of %g A^3", volume);
  ecd_cell_inverse(s->crystal->lattice, inverse);
  for (int k = 0; k < 3; ++k) {
    s->reach[k] =
        (s->radius + margin) * sqrt(inverse[0][k] * inverse[0][k] + inverse[1][k] * inverse[1][k] +
                                    inverse[2][k] * inverse[2][k]);
    cells *= 2 * s->reach[k] + 1;
  }
  if (!(cells * (double)s->crystal->sites < most_pairs))
    return ecd_fail(err, ECD_DATA,
                    "%zu sites in a cell of %g A^3 have too many images within %g A to be searched",
                    s->crystal->sites, volume, s->radius);
  for (size_t i = 0; i < s->crystal->sites; ++i)
    for (int k = 0; k < 3; ++k)
      if (!(fabs(s->crystal->frac[i][k]) < largest_fraction))
        return ecd_fail(err, ECD_DATA, "site %zu: expected fractional coordinates, found %g", i + 1,
                        s->crystal->frac[i][k]);
  return ECD_OK;
}

static ecd_code_t append(search_t *s, const pair_t *pair, ecd_error_t *err) {
  if (s->count == s->room) {
    const size_t room = s->room > 0 ? 2 * s->room : 256;
    pair_t *more = realloc(s->pair, room * sizeof *more);
    if (more == NULL) return ecd_fail(err, ECD_FAILED, "out of memory: neighbours");
    s->pair = more;
    s->room = room;
  }
  s->pair[s->count++] = *pair;
  return ECD_OK;
}

/* The image of site j at offset (fractional, from site i), if it is a neighbour. */
static ecd_code_t consider(search_t *s, size_t i, size_t j, const double offset[3],
                           const int32_t image[3], ecd_error_t *err) {
  double square = 0;
  for (int x = 0; x < 3; ++x) {
    const double(*l)[3] = s->crystal->lattice;
    const double d = offset[0] * l[0][x] + offset[1] * l[1][x] + offset[2] * l[2][x];
    square += d * d;
  }
  const double distance = sqrt(square);
  if (distance > s->radius + margin) return ECD_OK;
  if (i == j && image[0] == 0 && image[1] == 0 && image[2] == 0) return ECD_OK;
  if (distance < shell)
    return ecd_fail(err, ECD_DATA, "sites %zu and %zu are in one place, %.2g A apart", i + 1, j + 1,
                    distance);
  const pair_t pair = {
      .distance = distance, .site = (int32_t)j, .image = {image[0], image[1], image[2]}};
  return append(s, &pair, err);
}

static ecd_code_t search_images(search_t *s, size_t i, size_t j, ecd_error_t *err) {
  double d[3], offset[3];
  int32_t low[3], high[3], n[3];
  for (int k = 0; k < 3; ++k) {
    d[k] = s->crystal->frac[j][k] - s->crystal->frac[i][k];
    low[k] = (int32_t)ceil(-s->reach[k] - d[k] - 1e-9);
    high[k] = (int32_t)floor(s->reach[k] - d[k] + 1e-9);
  }
  for (n[0] = low[0]; n[0] <= high[0]; ++n[0])
    for (n[1] = low[1]; n[1] <= high[1]; ++n[1])
      for (n[2] = low[2]; n[2] <= high[2]; ++n[2]) {
        for (int k = 0; k < 3; ++k) offset[k] = d[k] + n[k];
        ECD_TRY(consider(s, i, j, offset, n, err));
      }
  return ECD_OK;
}

static int by_place(const void *a, const void *b) {
  const pair_t *p = a, *q = b;
  if (p->site != q->site) return p->site < q->site ? -1 : 1;
  for (int k = 0; k < 3; ++k)
    if (p->image[k] != q->image[k]) return p->image[k] < q->image[k] ? -1 : 1;
  return 0;
}

static int by_distance(const void *a, const void *b) {
  const pair_t *p = a, *q = b;
  if (p->distance != q->distance) return p->distance < q->distance ? -1 : 1;
  return by_place(a, b);
}

static void sort(search_t *s, size_t most) {
  if (s->count == 0) return;
  qsort(s->pair, s->count, sizeof *s->pair, by_distance);
  for (size_t first = 0, end; first < s->count && first < most; first = end) {
    const double limit = s->pair[first].distance + shell;
    for (end = first + 1; end < s->count && s->pair[end].distance < limit;) ++end;
    qsort(s->pair + first, end - first, sizeof *s->pair, by_place);
  }
}

static ecd_code_t find(search_t *s, ecd_neighbors_t *out, ecd_error_t *err) {
  for (size_t i = 0; i < out->sites; ++i) {
    s->count = 0;
    for (size_t j = 0; j < out->sites; ++j) ECD_TRY(search_images(s, i, j, err));
    sort(s, out->most);
    const size_t count = s->count < out->most ? s->count : out->most;
    out->count[i] = count;
    if (i == 0 || count < out->fewest) out->fewest = count;
    for (size_t k = 0, at = i * out->most; k < count; ++k, ++at) {
      out->site[at] = s->pair[k].site;
      memcpy(out->image[at], s->pair[k].image, sizeof out->image[at]);
      out->distance[at] = s->pair[k].distance;
    }
  }
  return ECD_OK;
}

static ecd_code_t allocate(ecd_neighbors_t *n, size_t sites, size_t most, ecd_error_t *err) {
  memset(n, 0, sizeof *n);
  n->sites = sites;
  n->most = most;
  ECD_TRY(ecd_alloc((void **)&n->count, sites, sizeof *n->count, "neighbours", err));
  ECD_TRY(ecd_alloc((void **)&n->site, sites * most, sizeof *n->site, "neighbours", err));
  ECD_TRY(ecd_alloc((void **)&n->image, sites * most, sizeof *n->image, "neighbours", err));
  return ecd_alloc((void **)&n->distance, sites * most, sizeof *n->distance, "neighbours", err);
}

ecd_code_t ecd_neighbors_find(const ecd_crystal_t *crystal, size_t most, double radius,
                              ecd_neighbors_t *neighbors, ecd_error_t *err) {
  search_t s = {.crystal = crystal, .radius = radius};
  ecd_code_t code = allocate(neighbors, crystal->sites, most, err);
  if (code == ECD_OK) code = prepare(&s, err);
  if (code == ECD_OK) code = find(&s, neighbors, err);
  free(s.pair);
  if (code != ECD_OK) ecd_neighbors_clear(neighbors);
  return code;
}

void ecd_neighbors_clear(ecd_neighbors_t *neighbors) {
  free(neighbors->count);
  free(neighbors->site);
  free(neighbors->image);
  free(neighbors->distance);
  memset(neighbors, 0, sizeof *neighbors);
}

void ecd_neighbors_pad(ecd_neighbors_t *neighbors, double distance) {
  for (size_t i = 0; i < neighbors->sites; ++i)
    for (size_t k = neighbors->count[i]; k < neighbors->most; ++k)
      neighbors->distance[i * neighbors->most + k] = distance;
}
