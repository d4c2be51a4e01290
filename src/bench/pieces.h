/* The trainings of a benchmark: one for each model, target, part held out and repeat. */
#ifndef ECD_BENCH_PIECES_H
#define ECD_BENCH_PIECES_H

#include "bench/models.h"
#include "bench/protocol.h"
#include "train/input.h"

enum { ECD_PIECE_NAME = 320 };
#define ECD_NO_PIECE ((size_t)-1)

typedef enum { ECD_PIECE_OPEN, ECD_PIECE_DONE, ECD_PIECE_FAILED } ecd_piece_state_t;

typedef struct {
  char name[ECD_PIECE_NAME]; /* its folder: OUTPUT/pieces/NAME */
  size_t model, holdout, repeat;
  ecd_target_t target;
  /* Pieces whose models it takes, ECD_NO_PIECE: none. A fusion's magpie_cnn and cnn2d, where the
     benchmark has such models: of the same target, part held out and repeat. */
  size_t parent[ECD_PARENTS];
  size_t train, test; /* samples; of a trained model train are those it was trained on */
  ecd_piece_state_t state;
  double cost; /* estimated seconds on one core */
} ecd_piece_t;

/* All of a benchmark. */
typedef struct {
  const ecd_settings_t *settings; /* borrowed */
  ecd_bench_models_t models;
  ecd_protocol_t protocol;
  size_t count;
  ecd_piece_t *piece; /* [count] */
  size_t *order;      /* [count]: in which they are to run: those without parents first, the
                         longest of them first, then the others, each behind its parents */
  const ecd_shared_volumes_t *shared; /* of the dataset, while the farm runs; NULL: none */
} ecd_bench_t;

/* bench.quick in the place of what it stands for, where bench.scale says so and the command line does not name that
   itself (bench.min_materials stands for bench.elements). Local. */
void ecd_bench_scale(const ecd_layers_t *layers, ecd_bench_settings_t *bench);

/* bench.targets[number]. Local. */
ecd_target_t ecd_bench_target(const ecd_bench_settings_t *bench, size_t number);

/* settings: scaled, borrowed until the end. Lists the pieces; their states are open. ECD_USAGE,
   ECD_DATA with the reason. Collective. */
ecd_code_t ecd_bench_create(const ecd_context_t *ctx, const ecd_settings_t *settings,
                            const ecd_layers_t *layers, ecd_bench_t *bench, ecd_error_t *err);
void ecd_bench_clear(ecd_bench_t *bench); /* collective */

/* The deck of a piece. settings borrows from the bench and from the paths beside it. */
typedef struct {
  ecd_settings_t settings;
  char output[ECD_PATH_MAX], dataset[ECD_PATH_MAX], parent[ECD_PARENTS][ECD_PATH_MAX];
} ecd_piece_deck_t;
ecd_code_t ecd_piece_settings(const ecd_bench_t *bench, size_t piece, ecd_piece_deck_t *deck,
                              ecd_error_t *err);

/* OUTPUT/pieces/NAME/file into path[ECD_PATH_MAX]. Local. */
ecd_code_t ecd_piece_path(const ecd_bench_t *bench, size_t piece, const char *file, char *path,
                          ecd_error_t *err);

/* In a piece's folder: the file with the predictions of what it holds out. Local. */
const char *ecd_piece_predictions(const ecd_bench_t *bench);

/* Whether a piece is parent's child. Local. */
bool ecd_piece_is_child(const ecd_piece_t *piece, size_t parent);

#endif
