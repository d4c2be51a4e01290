/* Compiles src/nn in double precision, for central differences: put before a source with -include. Every header of a
   system or library comes first, so that only our own code is changed. */
#ifndef ECD_TESTS_DOUBLE_H
#define ECD_TESTS_DOUBLE_H

#include "base/error.h"
#include "base/random.h"

#include <math.h>
#include <omp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define float double
#define expf   exp
#define sqrtf  sqrt
#define fabsf  fabs
#define expm1f expm1
#define log1pf log1p

/* Those of nn/exponential.h have float precision. */
#define ECD_EXPONENTIALS_GIVEN
#define ecd_exp               exp
#define ecd_log1p             log1p
#define ecd_softplus_slope(y) (-expm1(-(y)))

#endif
