/* Blocks whose first axis runs fastest (VASP, XSF) into a grid whose last axis does. */
#include "grid/formats.h"

#include <stdlib.h>

/* Planes turned at once: 16 floats are a cache line of the grid. */
enum { DEPTH = 16 };

/* plane: (depth, full[1], full[0]), depth planes from z on. */
static void store(const float *plane, const int64_t full[3], int64_t z, int64_t depth, bool add,
                  ecd_grid_t *grid) {
  const int64_t *n = grid->n, area = full[0] * full[1];
  for (int64_t y = 0; y < n[1]; ++y)
    for (int64_t x = 0; x < n[0]; ++x) {
      const float *from = plane + y * full[0] + x;
      float *to = grid->value + (x * n[1] + y) * n[2] + z;
      for (int64_t k = 0; k < depth; ++k) to[k] = add ? to[k] + from[k * area] : from[k * area];
    }
}

ecd_code_t ecd_grid_read_planes(ecd_scan_t *scan, const int64_t full[3], double factor, bool add,
                                ecd_grid_t *grid, ecd_error_t *err) {
  const int64_t area = full[0] * full[1], depth = full[2] < DEPTH ? full[2] : DEPTH;
  float *plane;
  ECD_TRY(ecd_alloc((void **)&plane, (size_t)(area * depth), sizeof *plane, "planes", err));
  ecd_code_t code = ECD_OK;
  ecd_scan_expect(scan, area * full[2]);
  for (int64_t z = 0; z < full[2] && code == ECD_OK; z += depth) {
    const int64_t left = full[2] - z, take = left < depth ? left : depth;
    const int64_t kept = grid->n[2] - z < take ? grid->n[2] - z : take;
    code = ecd_scan_floats(scan, area * take, factor, plane, err);
    if (code == ECD_OK) store(plane, full, z, kept, add, grid);
  }
  free(plane);
  return code;
}
