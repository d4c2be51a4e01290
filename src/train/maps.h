/* What the squeeze-and-excitation blocks of a 2D-CNN make of materials. */
#ifndef ECD_TRAIN_MAPS_H
#define ECD_TRAIN_MAPS_H

#include "train/predict_private.h"

/* The model of the predictor must be a cnn2d, or a fusion, whose cnn2d takes its place; of an ensemble
   the first network. Others: ECD_DATA. Local. */
ecd_code_t ecd_maps_prepare(ecd_predictor_t *predictor, ecd_error_t *err);

/* As ecd_predictor_infer, but what is kept are the maps. Collective. */
ecd_code_t ecd_maps_collect(ecd_predictor_t *predictor, size_t at, size_t count, ecd_feed_fn *feed,
                            void *arg, ecd_error_t *err);

/* folder/maps.h5: /map float32 (N, 3, n, n), the mean over the channels of the block's output in the
   planes across x (rows y, columns z), y (x, z) and z (x, y); /id, /formula. Collective. */
ecd_code_t ecd_maps_write(const ecd_predictor_t *predictor, const char *folder, ecd_error_t *err);

#endif
