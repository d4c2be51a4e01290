/* The elements: symbols and the table data/elements.csv, compiled in. All local. */
#ifndef ECD_CHEM_ELEMENTS_H
#define ECD_CHEM_ELEMENTS_H

#include <stdbool.h>

enum { ECD_ELEMENT_COUNT = 119, /* with 0, the unknown element */ ECD_STATES_MAX = 8 };

/* Columns of the table in their order; sources and units in data/elements.csv. */
typedef enum {
  ECD_PROPERTY_NUMBER,
  ECD_PROPERTY_MENDELEEV_NUMBER,
  ECD_PROPERTY_ATOMIC_WEIGHT,
  ECD_PROPERTY_MELTING_T,
  ECD_PROPERTY_COLUMN,
  ECD_PROPERTY_ROW,
  ECD_PROPERTY_COVALENT_RADIUS,
  ECD_PROPERTY_ELECTRONEGATIVITY,
  ECD_PROPERTY_NS_VALENCE,
  ECD_PROPERTY_NP_VALENCE,
  ECD_PROPERTY_ND_VALENCE,
  ECD_PROPERTY_NF_VALENCE,
  ECD_PROPERTY_N_VALENCE,
  ECD_PROPERTY_NS_UNFILLED,
  ECD_PROPERTY_NP_UNFILLED,
  ECD_PROPERTY_ND_UNFILLED,
  ECD_PROPERTY_NF_UNFILLED,
  ECD_PROPERTY_N_UNFILLED,
  ECD_PROPERTY_GS_VOLUME,
  ECD_PROPERTY_GS_BANDGAP,
  ECD_PROPERTY_GS_MAGMOM,
  ECD_PROPERTY_SPACE_GROUP,
  ECD_PROPERTY_COUNT
} ecd_property_t;

typedef struct {
  char symbol[3];
  double property[ECD_PROPERTY_COUNT]; /* NaN = no data */
  double pauling;                      /* electronegativity of the ionic features, NaN = no data */
  int states;
  signed char state[ECD_STATES_MAX]; /* [states] common oxidation states */
} ecd_element_t;

/* By atomic number; 0 is the unknown element "X". */
extern const ecd_element_t ecd_element_table[ECD_ELEMENT_COUNT];
/* As Magpie spells them, e.g. "MeltingT". */
extern const char *const ecd_property_names[ECD_PROPERTY_COUNT];

/* Symbol of Z ("X" for 0), Z of a symbol (0 if unknown). Z = 1 to 118. */
const char *ecd_element_symbol(int Z);
int ecd_element_number(const char *symbol);
/* Whether the table has more of Z than its number. */
bool ecd_element_known(int Z);

#endif
