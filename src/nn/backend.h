/* Compute primitives behind one typed table. Knows nothing of MPI communicators. */
#ifndef ECD_NN_BACKEND_H
#define ECD_NN_BACKEND_H

#include "base/error.h"
#include "deck/settings.h"

typedef struct ecd_backend ecd_backend_t; /* table defined by the nn room in nn/primitives.h */

/* AUTO: dnnl where built, else blas. One that was not built: ECD_USAGE with how to build it. Borrowed, static. */
ecd_code_t ecd_backend_get(ecd_backend_kind_t kind, const ecd_backend_t **backend,
                           ecd_error_t *err);
const char *ecd_backend_name(const ecd_backend_t *backend);
/* "ref blas(OpenBLAS 0.3.21) dnnl(2.6.3)", for --version. */
void ecd_backend_list(char *text, size_t size);

#endif
