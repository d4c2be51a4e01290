/* Errors that a user can cause or meet: a code, and one message that says what, where, expected, found. */
#ifndef ECD_BASE_ERROR_H
#define ECD_BASE_ERROR_H

#include <mpi.h>
#include <stdbool.h>

/* The codes are the program's exit codes. */
typedef enum {
  ECD_OK = 0,
  ECD_FAILED = 1,  /* failed while running: I/O, MPI, memory, not-a-number */
  ECD_USAGE = 2,   /* bad command line or deck */
  ECD_DATA = 3,    /* bad input data */
  ECD_STOPPED = 75 /* stopped by a signal after a checkpoint; run again to go on */
} ecd_code_t;

enum { ECD_ERROR_TEXT = 8192 };

typedef struct {
  ecd_code_t code;
  char text[ECD_ERROR_TEXT]; /* no trailing newline; may hold several lines */
} ecd_error_t;

/* Sets *err (ignored if NULL) to code and the formatted message; returns code. Local. */
ecd_code_t ecd_fail(ecd_error_t *err, ecd_code_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " (formatted) before the message that *err holds; returns err->code. Local. */
ecd_code_t ecd_fail_in(ecd_error_t *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Collective: every rank passes its own code and message; all return the same code, and *err is that
   of the lowest rank that failed. Call it before ranks act on something that can fail on one only. */
ecd_code_t ecd_agree(MPI_Comm comm, ecd_code_t mine, ecd_error_t *err);

/* Translates the return value of an MPI call. Local. */
ecd_code_t ecd_mpi_code(int mpi_result, const char *what, ecd_error_t *err);

/* malloc/calloc that never return NULL for bytes > 0 without a message. Local. */
ecd_code_t ecd_alloc(void **ptr, size_t count, size_t size, const char *what, ecd_error_t *err);

/* A bug in ecdnet: prints the condition and place, and ends all ranks. */
_Noreturn void ecd_bug(const char *condition, const char *file, int line);

#define ECD_CHECK(cond)                                                                            \
  do {                                                                                             \
    if (!(cond)) ecd_bug(#cond, __FILE__, __LINE__);                                               \
  } while (0)

/* Returns from the calling function if the expression is not ECD_OK. */
#define ECD_TRY(expr)                                                                              \
  do {                                                                                             \
    const ecd_code_t ecd_code_ = (expr);                                                           \
    if (ecd_code_ != ECD_OK) return ecd_code_;                                                     \
  } while (0)

/* ECD_TRY for MPI calls; needs an ecd_error_t *err in scope. */
#define ECD_MPI(call) ECD_TRY(ecd_mpi_code((call), #call, err))

#endif
