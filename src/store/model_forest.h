/* The part of a model file that a random forest has in the place of tensors (trees T, nodes M,
   features F): /forest/offset i64 (T + 1), feature, left, right i32 (M), threshold, value f64 (M),
   importance f64 (F), each with a checksum. */
#ifndef ECD_STORE_MODEL_FOREST_H
#define ECD_STORE_MODEL_FOREST_H

#include "base/context.h"
#include "store/h5.h"
#include "store/model_file.h"

/* Local. */
void ecd_model_forest_put(ecd_h5_t *h5, const ecd_model_forest_t *forest);
/* Nothing where the file has none. Local. */
void ecd_model_forest_get(ecd_h5_t *h5, ecd_model_forest_t *forest);
/* Arrays of rank 0's sizes, which the others have too, on them. Local. */
ecd_code_t ecd_model_forest_make_room(ecd_model_forest_t *forest, ecd_error_t *err);
/* The contents, from rank 0. Collective. */
ecd_code_t ecd_model_forest_share(const ecd_context_t *ctx, ecd_model_forest_t *forest,
                                  ecd_error_t *err);
void ecd_model_forest_clear(ecd_model_forest_t *forest);

#endif
