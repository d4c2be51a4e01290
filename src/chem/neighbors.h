/* Neighbours of the sites of a crystal. All local. */
#ifndef ECD_CHEM_NEIGHBORS_H
#define ECD_CHEM_NEIGHBORS_H

#include "chem/crystal.h"

#include <stdint.h>

typedef struct {
  size_t sites, most;  /* most: room for neighbours of a site */
  size_t fewest;       /* neighbours of the site that has the fewest */
  size_t *count;       /* [sites] neighbours found, at most `most` */
  int32_t *site;       /* (sites, most) the neighbour's site */
  int32_t (*image)[3]; /* (sites, most) its cell in lattice vectors, frac taken as it is */
  double *distance;    /* (sites, most) A */
} ecd_neighbors_t;

/* The `most` nearest neighbours of each site within radius (A), periodic images among them, also a
   site's own. Complete for every shape of cell. Nearest first; distances that are equal within 1e-4
   A, counted from the nearest of them, are one shell, in which the lower site comes first, then the
   lower image (a before b before c): where a shell does not fit as a whole, those are kept. Unused
   places hold site 0, image 0, distance 0.
   A cell without volume, coordinates that are no numbers, two sites in one place, or too many
   images within the radius to be searched: ECD_DATA. Owned by the caller. */
ecd_code_t ecd_neighbors_find(const ecd_crystal_t *crystal, size_t most, double radius,
                              ecd_neighbors_t *neighbors, ecd_error_t *err);
void ecd_neighbors_clear(ecd_neighbors_t *neighbors);

/* Fills unused places as the public CGCNN code does: site 0 at the given distance (there: radius +
   1 A). */
void ecd_neighbors_pad(ecd_neighbors_t *neighbors, double distance);

#endif
