/* Crystals as the graphs that networks of graphs take. All local. */
#ifndef ECD_TRAIN_GRAPHS_H
#define ECD_TRAIN_GRAPHS_H

#include "base/context.h"
#include "chem/crystal.h"
#include "nn/net.h"

/* ECD_DATA naming the element, if one of the sites has no atom vector. */
ecd_code_t ecd_graph_possible(const ecd_crystal_t *crystal, ecd_error_t *err);

/* The graph of a crystal: its atom vectors, and needs->neighbors edges an atom within needs->radius.
   *fewest: neighbours found of the atom that has the fewest; where they are too few, the places left
   are filled as the public code of CGCNN does (chem/neighbors.h). Cells without a graph: ECD_DATA.
   Owned by the caller. */
ecd_code_t ecd_graph_make(const ecd_crystal_t *crystal, const ecd_net_needs_t *needs,
                          ecd_graph_t *graph, size_t *fewest, ecd_error_t *err);
void ecd_graph_clear(ecd_graph_t *graph);

/* Warns of samples whose fewest is below needs->neighbors; none: silent. first: the id of one; NULL: the radius is that
   of a trained model. */
void ecd_graph_warn_of_few(const ecd_context_t *ctx, const ecd_net_needs_t *needs, size_t count,
                           const char *first);

#endif
