/* Rank 0's list of files, on all ranks. */
#ifndef ECD_PREP_SHARE_H
#define ECD_PREP_SHARE_H

#include "base/context.h"
#include "prep/sources.h"

/* Collective: sources is filled on rank 0, and owned by the caller on all ranks afterwards. Rejects
   stay on rank 0. */
ecd_code_t ecd_sources_share(const ecd_context_t *ctx, ecd_sources_t *sources, ecd_error_t *err);

#endif
