#include "nn/primitives.h"

#include <stdio.h>

#ifdef ECD_HAVE_DNNL
#include <dnnl_version.h>
#endif

ecd_code_t ecd_backend_get(ecd_backend_kind_t kind, const ecd_backend_t **backend,
                           ecd_error_t *err) {
  *backend = NULL;
  if (kind == ECD_BACKEND_REF) *backend = &ecd_backend_ref;
  if (kind == ECD_BACKEND_BLAS) *backend = &ecd_backend_blas;
#ifdef ECD_HAVE_DNNL
  if (kind == ECD_BACKEND_DNNL || kind == ECD_BACKEND_AUTO) *backend = &ecd_backend_dnnl;
#else
  if (kind == ECD_BACKEND_AUTO) *backend = &ecd_backend_blas;
#endif
  if (*backend != NULL) return ECD_OK;
  return ecd_fail(err, ECD_USAGE,
                  "backend: dnnl was not built into this ecdnet; expected one of: ref, blas, auto "
                  "(install libdnnl-dev and configure again to have it)");
}

const char *ecd_backend_name(const ecd_backend_t *backend) { return backend->name; }

void ecd_backend_list(char *text, size_t size) {
#ifdef ECD_HAVE_DNNL
  snprintf(text, size, "ref, blas, dnnl (oneDNN %d.%d.%d)", DNNL_VERSION_MAJOR, DNNL_VERSION_MINOR,
           DNNL_VERSION_PATCH);
#else
  snprintf(text, size, "ref, blas");
#endif
}
