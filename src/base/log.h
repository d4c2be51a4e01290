/* What the user sees while a job runs: plain lines from rank 0, and a progress bar on a terminal. All local. */
#ifndef ECD_BASE_LOG_H
#define ECD_BASE_LOG_H

#include "base/context.h"

/* One line on standard error, or in ctx->log, from rank 0 only (a no-op on other ranks). */
void ecd_log(const ecd_context_t *ctx, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same, begun with "warning: ". */
void ecd_warn(const ecd_context_t *ctx, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints "ecdnet: error: " and the message, once, from rank 0. */
void ecd_log_error(const ecd_context_t *ctx, const ecd_error_t *err);

typedef struct ecd_progress ecd_progress_t;

/* A bar "what [####....] 12/96 volumes 3.1/s 0:27 left", redrawn at most 10 times a second and only on a
   terminal; in a batch log it prints nothing (callers log a plain line of their own). total > 0. */
ecd_progress_t *ecd_progress_create(const ecd_context_t *ctx, const char *what, const char *unit,
                                    size_t total);
void ecd_progress_update(ecd_progress_t *progress, size_t done);

/* Clears the bar's line, frees and NULLs. */
void ecd_progress_destroy(ecd_progress_t **progress);

/* Seconds of a monotonic clock. */
double ecd_now(void);

#endif
