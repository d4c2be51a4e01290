/* Exact t-SNE in two dimensions (van der Maaten & Hinton, J. Mach. Learn. Res. 9 (2008) 2579), with
   the descent of scikit-learn: early exaggeration, momentum, gains for each coordinate. */
#ifndef ECD_BENCH_TSNE_H
#define ECD_BENCH_TSNE_H

#include "bench/affinity.h"

#include <stdint.h>

typedef struct {
  double exaggeration;  /* factor on the affinities in the first 250 iterations */
  double learning_rate; /* 0: max(points / exaggeration / 4, 50) */
  int64_t iterations;   /* 250 at least; the descent ends sooner when it does not get on */
} ecd_tsne_options_t;

typedef struct {
  double kl; /* divergence of the map's affinities from those of the points, nats */
  double learning_rate;
  int64_t iterations; /* done */
} ecd_tsne_result_t;

/* Initial maps, (count, 2). From the first two columns of scores (ecd_pca_cut), with a deviation of
   1e-4 in the first. Or normal random numbers, added to the map, of that deviation; number: another
   one for each. Local. */
void ecd_tsne_start_from(const ecd_points_t *scores, double *map);
void ecd_tsne_add_random(size_t count, uint64_t seed, uint32_t number, double deviation,
                         double *map);

/* The deviation of an initial map. */
extern const double ecd_tsne_start_deviation;

/* map (count, 2): the start, then the result, centred; the same bits on any number of ranks and
   threads. Shows a progress bar. ECD_FAILED if the map is not finite. Collective. */
ecd_code_t ecd_tsne_run(const ecd_context_t *ctx, const ecd_tsne_options_t *options,
                        const ecd_affinity_t *affinity, double *map, ecd_tsne_result_t *result,
                        ecd_error_t *err);

#endif
