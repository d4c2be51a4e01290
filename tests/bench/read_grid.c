/* Speed and memory of the CHGCAR reader.
     read_grid make FILE N    writes a CHGCAR of N^3 points of random densities
     read_grid FILE           reads it five times; prints one line of JSON with the median pass:
                              MB of text a second, and a second of processor time (busy machines)
   MB of text: for a gzip file those of the file inside. */
#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "grid/grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { PASSES = 5 };

static int make(const char *path, int n) {
  FILE *file = fopen(path, "w");
  if (file == NULL) return 1;
  fprintf(file,
          "random\n 1.0\n 4.0 0.0 0.0\n 0.0 4.0 0.0\n 0.0 0.0 4.0\n Si\n 1\nDirect\n"
          " 0.0 0.0 0.0\n\n %d %d %d\n",
          n, n, n);
  const int64_t points = (int64_t)n * n * n;
  for (int64_t i = 0; i < points; ++i) {
    const double u = ecd_random_uniform(1, ECD_RANDOM_TEST, 0, (uint64_t)i);
    char text[32];
    snprintf(text, sizeof text, "%.10E",
             0.01 * exp(13 * u)); /* d.ddddddddddE+xx -> 0.dddddddddddE+xx */
    fprintf(file, " 0.%c%.10sE%+03d%s", text[0], text + 2, atoi(text + 13) + 1,
            i % 5 == 4 || i == points - 1 ? "\n" : "");
  }
  fprintf(file, "augmentation occupancies   1  4\n  0.1E+00 0.2E+00 0.3E+00 0.4E+00\n");
  return fclose(file) != 0;
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static int64_t text_size(const char *path, ecd_error_t *err) {
  static char buffer[1 << 20];
  ecd_stream_t *stream;
  size_t got;
  int64_t size = 0;
  if (ecd_stream_open(path, &stream, err) != ECD_OK) return -1;
  while (ecd_stream_read(stream, buffer, sizeof buffer, &got, err) == ECD_OK && got > 0)
    size += (int64_t)got;
  ecd_stream_close(&stream);
  return size;
}

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "make") == 0) return make(argv[2], atoi(argv[3]));
  if (argc != 2) return 2;
  ecd_error_t err;
  ecd_grid_t grid;
  const ecd_grid_options_t options = {.field = ECD_FIELD_DENSITY};
  const int64_t size = text_size(argv[1], &err); /* also brings the file into memory */
  double seconds[PASSES], cpu[PASSES], electrons = 0;
  int64_t points = 0;
  for (int i = 0; i < PASSES; ++i) {
    const double start = ecd_now();
    const clock_t ticks = clock();
    if (ecd_grid_read(argv[1], &options, &grid, &err) != ECD_OK) {
      fprintf(stderr, "%s\n", err.text);
      return err.code;
    }
    seconds[i] = ecd_now() - start;
    cpu[i] = (double)(clock() - ticks) / CLOCKS_PER_SEC;
    points = grid.n[0] * grid.n[1] * grid.n[2];
    electrons = ecd_grid_integral(&grid);
    ecd_grid_clear(&grid);
  }
  qsort(seconds, PASSES, sizeof *seconds, by_value);
  qsort(cpu, PASSES, sizeof *cpu, by_value);
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const double mb = (double)size * 1e-6, wall = seconds[PASSES / 2], busy = cpu[PASSES / 2];
  printf("{\"reader\": \"ecdnet\", \"file\": \"%s\", \"text_mb\": %.1f, \"seconds\": %.4f, "
         "\"cpu_seconds\": %.4f, \"mb_per_s\": %.1f, \"mb_per_cpu_s\": %.1f, "
         "\"grid_mb\": %.1f, \"peak_mb\": %.1f, \"electrons\": %.6f}\n",
         argv[1], mb, wall, busy, mb / wall, mb / busy, (double)points * 4e-6,
         (double)usage.ru_maxrss * 1.024e-3, electrons);
  return 0;
}
