#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct ecd_progress {
  bool shown;
  char what[48], unit[24];
  size_t total;
  double start, drawn;
};

static void print_line(const ecd_context_t *ctx, const char *prefix, const char *format,
                       va_list args) {
  FILE *file = ctx->log != NULL ? ctx->log : stderr;
  fprintf(file, "%s%s", ctx->terminal ? "\r\033[K" : "", prefix);
  vfprintf(file, format, args);
  fputc('\n', file);
  fflush(file);
}

void ecd_log(const ecd_context_t *ctx, const char *format, ...) {
  if (ctx->rank != 0) return;
  va_list args;
  va_start(args, format);
  print_line(ctx, "", format, args);
  va_end(args);
}

void ecd_warn(const ecd_context_t *ctx, const char *format, ...) {
  if (ctx->rank != 0) return;
  va_list args;
  va_start(args, format);
  print_line(ctx, "warning: ", format, args);
  va_end(args);
}

void ecd_log_error(const ecd_context_t *ctx, const ecd_error_t *err) {
  if (ctx->rank != 0) return;
  fprintf(stderr, "%secdnet: error: %s\n", ctx->terminal ? "\r\033[K" : "", err->text);
  fflush(stderr);
}

double ecd_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

ecd_progress_t *ecd_progress_create(const ecd_context_t *ctx, const char *what, const char *unit,
                                    size_t total) {
  ecd_progress_t *progress = calloc(1, sizeof *progress);
  if (progress == NULL) return NULL;
  progress->shown = ctx->terminal && total > 0;
  snprintf(progress->what, sizeof progress->what, "%s", what);
  snprintf(progress->unit, sizeof progress->unit, "%s", unit);
  progress->total = total;
  progress->start = ecd_now();
  return progress;
}

void ecd_progress_update(ecd_progress_t *progress, size_t done) {
  if (progress == NULL || !progress->shown) return;
  const double now = ecd_now();
  if (now - progress->drawn < 0.1 && done < progress->total) return;
  progress->drawn = now;
  enum { WIDTH = 30 };
  char bar[WIDTH + 1];
  const size_t filled = done >= progress->total ? WIDTH : done * WIDTH / progress->total;
  memset(bar, '.', WIDTH);
  memset(bar, '#', filled);
  bar[WIDTH] = '\0';
  const double spent = now - progress->start;
  const double rate = spent > 0 ? (double)done / spent : 0;
  const long left = rate > 0 ? (long)((double)(progress->total - done) / rate + 0.5) : 0;
  fprintf(stderr, "\r\033[K%s [%s] %zu/%zu %s %.3g/s %ld:%02ld left", progress->what, bar, done,
          progress->total, progress->unit, rate, left / 60, left % 60);
  fflush(stderr);
}

void ecd_progress_destroy(ecd_progress_t **progress) {
  if (*progress == NULL) return;
  if ((*progress)->shown) fprintf(stderr, "\r\033[K");
  free(*progress);
  *progress = NULL;
}
