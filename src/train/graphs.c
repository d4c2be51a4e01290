#include "train/graphs.h"

#include "base/log.h"
#include "chem/atoms.h"
#include "chem/neighbors.h"

#include <stdlib.h>
#include <string.h>

ecd_code_t ecd_graph_possible(const ecd_crystal_t *crystal, ecd_error_t *err) {
  float vector[ECD_ATOM_VECTOR];
  if (crystal->sites == 0) return ecd_fail(err, ECD_DATA, "its crystal has no sites");
  for (size_t i = 0; i < crystal->sites; ++i)
    ECD_TRY(ecd_cgcnn_atom_vector(crystal->Z[i], vector, err));
  return ECD_OK;
}

static ecd_code_t fill(const ecd_crystal_t *crystal, ecd_neighbors_t *neighbors, double radius,
                       ecd_graph_t *graph, ecd_error_t *err) {
  float *atom;
  ECD_TRY(ecd_alloc((void **)&atom, crystal->sites * ECD_ATOM_VECTOR, sizeof *atom, "graph", err));
  graph->atoms = crystal->sites;
  graph->atom = atom;
  for (size_t i = 0; i < crystal->sites; ++i)
    ECD_TRY(ecd_cgcnn_atom_vector(crystal->Z[i], atom + i * ECD_ATOM_VECTOR, err));
  ecd_neighbors_pad(neighbors, radius + 1);
  graph->neighbor = neighbors->site;
  graph->distance = neighbors->distance;
  neighbors->site = NULL; /* now the graph's */
  neighbors->distance = NULL;
  return ECD_OK;
}

ecd_code_t ecd_graph_make(const ecd_crystal_t *crystal, const ecd_net_needs_t *needs,
                          ecd_graph_t *graph, size_t *fewest, ecd_error_t *err) {
  ecd_neighbors_t neighbors;
  *graph = (ecd_graph_t){0};
  ECD_TRY(ecd_neighbors_find(crystal, needs->neighbors, needs->radius, &neighbors, err));
  *fewest = neighbors.fewest;
  const ecd_code_t code = fill(crystal, &neighbors, needs->radius, graph, err);
  ecd_neighbors_clear(&neighbors);
  if (code != ECD_OK) ecd_graph_clear(graph);
  return code;
}

void ecd_graph_clear(ecd_graph_t *graph) {
  free((void *)graph->atom);
  free((void *)graph->neighbor);
  free((void *)graph->distance);
  memset(graph, 0, sizeof *graph);
}

void ecd_graph_warn_of_few(const ecd_context_t *ctx, const ecd_net_needs_t *needs, size_t count,
                           const char *first) {
  const bool named = first != NULL;
  if (count == 0) return;
  ecd_warn(ctx,
           "%zu samples%s%s%s have atoms with fewer than %zu neighbours within %g A: the places "
           "left are filled as the public code of CGCNN does%s",
           count, named ? ", first '" : "", named ? first : "", named ? "'," : "", needs->neighbors,
           needs->radius, named ? "; a larger model.cgcnn.radius finds more" : "");
}
