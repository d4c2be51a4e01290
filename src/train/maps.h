/* What the squeeze-and-excitation blocks of a 2D-CNN make of materials. */
#ifndef ECD_TRAIN_MAPS_H
#define ECD_TRAIN_MAPS_H

#include "train/predict_private.h"

/* The model of the predictor must be a cnn2d, or a fusion, whose cnn2d takes its place; of an ensemble
   the first network. Others: ECD_DATA. Reads maps.materials. Local. */
ecd_code_t ecd_maps_prepare(ecd_predictor_t *predictor, ecd_error_t *err);

/* Whether maps.materials names a sample that is there and that predict.split and predict.ids have picked or not; it
   counts as found. Local. */
bool ecd_maps_names(ecd_predictor_t *predictor, const char *id, bool picked);

/* After ecd_maps_names for all samples of where: ECD_DATA with the ids of maps.materials that are not among them, or
   that were not picked. Local. */
ecd_code_t ecd_maps_check_named(const ecd_predictor_t *predictor, const char *where,
                                ecd_error_t *err);

/* As ecd_predictor_infer, but what is kept are the maps. Collective. */
ecd_code_t ecd_maps_collect(ecd_predictor_t *predictor, size_t at, size_t count, ecd_feed_fn *feed,
                            void *arg, ecd_error_t *err);

/* folder/maps.h5: /map float32 (N, 3, n, n), the mean over the channels of the block's output in the
   planes across x (rows y, columns z), y (x, z) and z (x, y); /id, /formula. Collective. */
ecd_code_t ecd_maps_write(const ecd_predictor_t *predictor, const char *folder, ecd_error_t *err);

#endif
