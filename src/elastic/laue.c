#include "elastic/laue.h"

#include <math.h>
#include <string.h>

#define C(row, column)                                                                             \
  { row - 1, column - 1 }

static const ecd_constant_t triclinic[] = {C(1, 1), C(1, 2), C(1, 3), C(1, 4), C(1, 5), C(1, 6),
                                           C(2, 2), C(2, 3), C(2, 4), C(2, 5), C(2, 6), C(3, 3),
                                           C(3, 4), C(3, 5), C(3, 6), C(4, 4), C(4, 5), C(4, 6),
                                           C(5, 5), C(5, 6), C(6, 6)};
static const ecd_constant_t monoclinic[] = {C(1, 1), C(1, 2), C(1, 3), C(1, 5), C(2, 2),
                                            C(2, 3), C(2, 5), C(3, 3), C(3, 5), C(4, 4),
                                            C(4, 6), C(5, 5), C(6, 6)};
static const ecd_constant_t orthorhombic[] = {C(1, 1), C(1, 2), C(1, 3), C(2, 2), C(2, 3),
                                              C(3, 3), C(4, 4), C(5, 5), C(6, 6)};
/* Of the rest the longer list begins with the shorter one. */
static const ecd_constant_t tetragonal[] = {C(1, 1), C(1, 2), C(1, 3), C(3, 3),
                                            C(4, 4), C(6, 6), C(1, 6)};
static const ecd_constant_t trigonal[] = {C(1, 1), C(1, 2), C(1, 3), C(3, 3),
                                          C(4, 4), C(1, 4), C(1, 5)};
static const ecd_constant_t cubic[] = {C(1, 1), C(1, 2), C(4, 4)};

static const struct {
  const ecd_constant_t *constant;
  int count;
} constants[ECD_LAUE_COUNT] = {
    [ECD_LAUE_1] = {triclinic, 21},     [ECD_LAUE_2M] = {monoclinic, 13},
    [ECD_LAUE_MMM] = {orthorhombic, 9}, [ECD_LAUE_4M] = {tetragonal, 7},
    [ECD_LAUE_4MMM] = {tetragonal, 6},  [ECD_LAUE_3] = {trigonal, 7},
    [ECD_LAUE_3M] = {trigonal, 6},      [ECD_LAUE_6M] = {trigonal, 5},
    [ECD_LAUE_6MMM] = {trigonal, 5},    [ECD_LAUE_M3] = {cubic, 3},
    [ECD_LAUE_M3M] = {cubic, 3},
};

const ecd_constant_t *ecd_laue_constants(ecd_laue_t laue, int *count) {
  *count = constants[laue].count;
  return constants[laue].constant;
}

void ecd_constant_name(ecd_constant_t constant, char name[4]) {
  name[0] = 'c';
  name[1] = (char)('1' + constant.row);
  name[2] = (char)('1' + constant.column);
  name[3] = '\0';
}

void ecd_stiffness_average(const ecd_point_group_t *group, const double c[6][6], double out[6][6]) {
  double sum[6][6] = {{0}}, turned[6][6];
  for (int g = 0; g < group->order; ++g) {
    ecd_stiffness_rotate(c, group->rotation[g], turned);
    for (int i = 0; i < 6; ++i)
      for (int k = 0; k < 6; ++k) sum[i][k] += turned[i][k] / group->order;
  }
  memcpy(out, sum, sizeof sum);
}

ecd_code_t ecd_stiffness_basis(const ecd_point_group_t *group,
                               double basis[ECD_STIFFNESS_TERMS][6][6], int *count,
                               ecd_error_t *err) {
  enum { N = ECD_STIFFNESS_TERMS };
  double projector[N][N] = {{0}}, value[N];
  for (int k = 0; k < N; ++k) {
    double one[N] = {0}, c[6][6];
    one[k] = 1;
    ecd_stiffness_unpack(one, c);
    if (group != NULL) ecd_stiffness_average(group, c, c);
    ecd_stiffness_pack(c, projector[k]);
  }
  ECD_TRY(ecd_symmetric_eigen(N, &projector[0][0], value, &projector[0][0], err));
  *count = 0;
  for (int k = 0; k < N; ++k) /* eigenvalues are 0 and 1 */
    if (value[k] > 0.5) ecd_stiffness_unpack(projector[k], basis[(*count)++]);
  return ECD_OK;
}

ecd_code_t ecd_stress_basis(const ecd_point_group_t *group, double basis[6][6], int *count,
                            ecd_error_t *err) {
  double projector[6][6] = {{0}}, t[6][6], value[6];
  for (int g = 0; g < group->order; ++g) {
    ecd_kelvin_rotation(group->rotation[g], t);
    for (int i = 0; i < 6; ++i)
      for (int k = 0; k < 6; ++k) projector[i][k] += 0.5 * (t[i][k] + t[k][i]) / group->order;
  }
  ECD_TRY(ecd_symmetric_eigen(6, &projector[0][0], value, &projector[0][0], err));
  *count = 0;
  for (int k = 0; k < 6; ++k)
    if (value[k] > 0.5) memcpy(basis[(*count)++], projector[k], sizeof projector[k]);
  return ECD_OK;
}

void ecd_laue_strains(ecd_laue_t laue, double strain[6][6], int *count) {
  /* Components (from 1) of one strain as the bits of a number in base 8. */
  static const int cubes[] = {014}, tetragonals[] = {014, 036}, hexagonals[] = {01, 034},
                   orthorhombics[] = {014, 025, 036}, monoclinics[] = {014, 026, 03, 05},
                   triclinics[] = {01, 02, 03, 04, 05, 06};
  static const struct {
    const int *list;
    int count;
  } sets[ECD_LAUE_COUNT] = {
      [ECD_LAUE_1] = {triclinics, 6},      [ECD_LAUE_2M] = {monoclinics, 4},
      [ECD_LAUE_MMM] = {orthorhombics, 3}, [ECD_LAUE_4M] = {tetragonals, 2},
      [ECD_LAUE_4MMM] = {tetragonals, 2},  [ECD_LAUE_3] = {hexagonals, 2},
      [ECD_LAUE_3M] = {hexagonals, 2},     [ECD_LAUE_6M] = {hexagonals, 2},
      [ECD_LAUE_6MMM] = {hexagonals, 2},   [ECD_LAUE_M3] = {cubes, 1},
      [ECD_LAUE_M3M] = {cubes, 1},
  };
  *count = sets[laue].count;
  memset(strain, 0, 6 * sizeof *strain);
  for (int s = 0; s < *count; ++s)
    for (int left = sets[laue].list[s]; left > 0; left /= 8) {
      const int component = left % 8 - 1;
      strain[s][component] = component < 3 ? 1 : M_SQRT1_2; /* engineering shear 1: e = 1/2 */
    }
}
