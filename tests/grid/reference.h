/* The field of the reference files in tests/data/grid (see make.py there), and small files. */
#ifndef ECD_TESTS_GRID_REFERENCE_H
#define ECD_TESTS_GRID_REFERENCE_H

#include "check.h"
#include "grid/grid.h"

#include <stdlib.h>
#include <unistd.h>

static inline double reference_field(double shift, double x, double y, double z) {
  const double two = 6.283185307179586;
  return shift + 0.25 * cos(two * x) + 0.125 * sin(two * y) - 0.0625 * cos(two * z) +
         0.03125 * sin(two * (x + 2 * y - z));
}

/* Largest difference of the grid from scale * field(shift). */
static inline double reference_difference(const ecd_grid_t *grid, double shift, double scale) {
  const int64_t *n = grid->n;
  double largest = 0;
  for (int64_t x = 0; x < n[0]; ++x)
    for (int64_t y = 0; y < n[1]; ++y)
      for (int64_t z = 0; z < n[2]; ++z) {
        const double expected =
            scale * reference_field(shift, (double)x / (double)n[0], (double)y / (double)n[1],
                                    (double)z / (double)n[2]);
        largest = check_worst(largest, (double)grid->value[(x * n[1] + y) * n[2] + z], expected);
      }
  return largest;
}

/* The crystal of the reference files. */
static inline void check_reference_crystal(const ecd_grid_t *grid, double tolerance) {
  static const double lattice[3][3] = {{3.0, 0.1, 0.2}, {-0.3, 3.5, 0.4}, {0.5, -0.2, 4.0}};
  static const double frac[3][3] = {{0.1, 0.2, 0.3}, {0.35, 0.45, 0.55}, {0.6, 0.7, 0.85}};
  CHECK(grid->n[0] == 4 && grid->n[1] == 5 && grid->n[2] == 6);
  CHECK(grid->crystal.sites == 3);
  if (grid->crystal.sites != 3) return;
  CHECK(grid->crystal.Z[0] == 12 && grid->crystal.Z[1] == 12 && grid->crystal.Z[2] == 14);
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) {
      CHECK_NEAR(grid->crystal.lattice[i][k], lattice[i][k], tolerance);
      CHECK_NEAR(grid->crystal.frac[i][k], frac[i][k], tolerance);
    }
}

/* Reads tests/data/FOLDER/NAME of the source tree. */
static inline ecd_code_t read_data(const char *name, ecd_field_t field, int64_t block,
                                   ecd_grid_t *grid, ecd_error_t *err) {
  const ecd_grid_options_t options = {.field = field, .block = block};
  const char *top = getenv("top_srcdir");
  char path[4096];
  snprintf(path, sizeof path, "%s/tests/data/%s", top != NULL ? top : ".", name);
  return ecd_grid_read(path, &options, grid, err);
}

/* Reads size bytes as if they were a file of that format. */
static inline ecd_code_t read_bytes(const void *bytes, size_t size,
                                    const ecd_grid_options_t *options, ecd_grid_t *grid,
                                    ecd_error_t *err) {
  char path[] = "/tmp/ecdnet-grid-XXXXXX";
  const int fd = mkstemp(path);
  if (fd < 0 || write(fd, bytes, size) != (ssize_t)size) {
    perror(path);
    exit(99);
  }
  close(fd);
  const ecd_code_t code = ecd_grid_read(path, options, grid, err);
  unlink(path);
  return code;
}

static inline ecd_code_t read_text(const char *text, const ecd_grid_options_t *options,
                                   ecd_grid_t *grid, ecd_error_t *err) {
  return read_bytes(text, strlen(text), options, grid, err);
}

#endif
