/* The input file: every form of it, units and conventions, what is refused and how. */
#include "elastic/input.h"
#include "check.h"

#include <stdlib.h>
#include <unistd.h>

static ecd_error_t err;
static ecd_elastic_input_t input;
static char folder[] = "/tmp/elastic-input-XXXXXX", path[64];

#define CELL                                                                                       \
  "structure: {lattice: [[0, 2, 2], [2, 0, 2], [2, 2, 0]], species: [Mg, O], "                     \
  "frac: [[0, 0, 0], [0.5, 0.5, 0.5]]}\n"
#define ONE  "strains: [{voigt: [0.01, 0, 0, 0, 0, 0], stress: [1, 2, 3, 4, 5, 6]}]\n"
#define HEAD "id: x\nions: relaxed\n" CELL

static void write_file(const char *name, const char *text) {
  char full[128];
  snprintf(full, sizeof full, "%s/%s", folder, name);
  FILE *file = fopen(full, "w");
  if (file == NULL) exit(1);
  fputs(text, file);
  fclose(file);
}

static ecd_code_t read_text(const char *text) {
  ecd_elastic_input_clear(&input);
  write_file("m.yaml", text);
  return ecd_elastic_input_read(path, &input, &err);
}

static void fine(const char *text) {
  const ecd_code_t code = read_text(text);
  if (code != ECD_OK) fprintf(stderr, "%s\n", err.text);
  CHECK(code == ECD_OK);
}

/* Refused, with this at this place of the file ("3:7"; NULL: anywhere). */
static void bad(const char *text, const char *place, const char *message) {
  char start[128];
  CHECK(read_text(text) == ECD_DATA);
  CHECK(input.crystal.sites == 0 && input.strain == NULL);
  CHECK_HAS(err.text, message);
  if (place == NULL) return;
  snprintf(start, sizeof start, "%s:%s: ", path, place);
  CHECK_HAS(err.text, start);
}

static void check_stress(double xx, double yy, double zz, double yz, double xz, double xy) {
  const double expected[3][3] = {{xx, xy, xz}, {xy, yy, yz}, {xz, yz, zz}};
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k)
      CHECK_NEAR(input.strain[0].stress[i][k], expected[i][k], 1e-9 * fabs(expected[i][k]));
}

static void whole_file(void) {
  fine(
      "schema: 1\nid: mp-1\nsource: 'GPAW, PBE'\nions: clamped\n" CELL "symmetry: {whatever: 1}\n"
      "strains:\n"
      "  - name: a\n"
      "    deformation: [[1.01, 0, 0], [0.02, 1, 0], [0, 0, 1]]\n"
      "    stress: [1, 2, 3, 4, 5, 6]\n"
      "    energy: -3.5\n"
      "  - {lattice: [[0, 2, 2], [2.02, 0.04, 2], [2.02, 2.04, 0]], stress: [[1, 6, 5], [6, 2, 4], "
      "[5, 4, 3]]}\n"
      "  - {voigt: [0.01, 0.02, 0.03, 0.04, 0.05, 0.06], stress: [0, 0, 0, 0, 0, 0]}\n"
      "reference: {stress: [0.1, 0.1, 0.1, 0, 0, 0], energy: -3.6}\n");
  CHECK(strcmp(input.id, "mp-1") == 0 && strcmp(input.source, "GPAW, PBE") == 0);
  CHECK(input.ions == ECD_IONS_CLAMPED && input.strains == 3 && input.has_reference);
  CHECK(input.crystal.sites == 2 && input.crystal.Z[1] == 8 && input.crystal.frac[1][2] == 0.5);
  CHECK(strcmp(input.strain[0].name, "a") == 0 && input.strain[0].line == 8);
  CHECK(strcmp(input.strain[1].name, "") == 0 && input.strain[0].energy == -3.5);
  CHECK(isnan(input.strain[1].energy) && input.reference_energy == -3.6);
  CHECK_NEAR(input.reference_stress[2][2], 0.1, 0);
  check_stress(1, 2, 3, 4, 5, 6);
  for (int i = 0; i < 9; ++i) {
    static const double e[] = {1.01, 0.03, 0.025, 0.03, 1.02, 0.02, 0.025, 0.02, 1.03};
    /* the second strain is the first, said otherwise */
    CHECK_NEAR((&input.strain[1].deformation[0][0])[i], (&input.strain[0].deformation[0][0])[i],
               1e-14);
    CHECK_NEAR((&input.strain[1].stress[0][0])[i], (&input.strain[0].stress[0][0])[i], 0);
    CHECK_NEAR((&input.strain[2].deformation[0][0])[i], e[i], 1e-15);
  }
}

static void conventions(void) {
  fine(HEAD ONE "stress_format: {order: vasp}\n");
  check_stress(1, 2, 3, 5, 6, 4);
  fine(HEAD ONE "stress_format: {unit: kbar, sign: pressure, order: vasp}\n");
  check_stress(-0.1, -0.2, -0.3, -0.5, -0.6, -0.4);
  fine(HEAD ONE "stress_format: {unit: eV/A^3}\n");
  check_stress(160.2176634, 320.4353268, 480.6529902, 640.8706536, 801.088317, 961.3059804);
  fine(HEAD "strains: [{voigt: [0, 0, 0, 0, 0, 0], stress: [-1e9, 0, 0, 0, 0, 0]}]\n"
            "stress_format: {unit: Pa, sign: tension}\n");
  check_stress(-1, 0, 0, 0, 0, 0);
  /* the atomic unit of pressure, CODATA 2018: 2.9421015697e13 Pa */
  fine(HEAD "strains: [{voigt: [0, 0, 0, 0, 0, 0], stress: [1, 0, 0, 0, 0, 2]}]\n"
            "stress_format: {unit: Ha/bohr^3}\n");
  check_stress(29421.015697, 0, 0, 0, 0, 2 * 29421.015697);
  fine(HEAD "strains: [{voigt: [0, 0, 0, 0, 0, 0], stress: [1, 0, 0, 0, 0, 2]}]\n"
            "stress_format: {unit: Ry/bohr^3}\n");
  check_stress(29421.015697 / 2, 0, 0, 0, 0, 29421.015697);
  fine(HEAD "stiffness: [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12], [13, 14, 15, 16, 17, 18],\n"
            "  [19, 20, 21, 22, 23, 24], [25, 26, 27, 28, 29, 30], [31, 32, 33, 34, 35, 36]]\n"
            "stiffness_format: {unit: kbar, order: vasp}\n");
  CHECK(input.strains == 0 && input.ions == ECD_IONS_RELAXED);
  /* VASP's rows XY YZ ZX are our 6, 4, 5 */
  CHECK_NEAR(input.stiffness[0][3], 0.5, 1e-15);
  CHECK_NEAR(input.stiffness[4][5], 3.4, 1e-15);
  CHECK_NEAR(input.stiffness[5][2], 2.1, 1e-15);
  CHECK_NEAR(input.stiffness[2][1], 1.4, 1e-15);
}

static void files(void) {
  write_file("POSCAR", "MgO\n1.0\n0 2 2\n2 0 2\n2 2 0\nMg O\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n");
  fine("id: x\nions: relaxed\nstructure: {file: POSCAR}\n" ONE);
  CHECK(input.crystal.sites == 2 && input.crystal.Z[0] == 12 && input.crystal.lattice[0][1] == 2);
  /* with both, the lattice is taken, and deformation and lattice agree */
  fine("id: x\nions: relaxed\nstructure: {file: nowhere, lattice: [[3, 0, 0], [0, 3, 0], [0, 0, "
       "3]], "
       "species: [Po], frac: [[0, 0, 0]]}\n"
       "strains: [{deformation: [[1, 0.01, 0], [0, 1, 0], [0, 0, 1]], lattice: [[3, 0, 0], [0.03, "
       "3, "
       "0], [0, 0, 3]], stress: [0, 0, 0, 0, 0, 1]}]\n");
  CHECK_NEAR(input.strain[0].deformation[0][1], 0.01, 0);
  /* JSON, also with tabs */
  fine("{\n\t\"id\": \"j\", \"ions\": \"relaxed\",\n\t\"structure\": {\"file\": \"POSCAR\"},\n"
       "\t\"strains\": [{\"name\": \"s1+\", \"voigt\": [1e-2, 0, 0, 0, 0, 0.0], \"stress\": [1, 2, "
       "3, "
       "4, 5, 6]}]\n}\n");
  CHECK(strcmp(input.id, "j") == 0);
  check_stress(1, 2, 3, 4, 5, 6);
  /* ids by name of file or folder */
  fine("ions: relaxed\n" CELL ONE);
  CHECK(strcmp(input.id, "m") == 0);
  write_file("elastic.json", "ions: relaxed\n" CELL ONE);
  char other[64];
  snprintf(other, sizeof other, "%s/elastic.json", folder);
  ecd_elastic_input_clear(&input);
  CHECK(ecd_elastic_input_read(other, &input, &err) == ECD_OK);
  CHECK(strcmp(input.id, folder + 5) == 0); /* without "/tmp/" */
  bad("id: x\nions: relaxed\nstructure: {file: nowhere}\n" ONE, "3:19", "nowhere");
  write_file("BAD", "MgO\n1.0\n0 2 2\n2 0 2\n");
  bad("id: x\nions: relaxed\nstructure: {file: BAD}\n" ONE, "3:19", "BAD:");
  snprintf(other, sizeof other, "%s/none.yaml", folder);
  CHECK(ecd_elastic_input_read(other, &input, &err) == ECD_DATA);
  CHECK_HAS(err.text, "none.yaml");
}

static void bad_files(void) {
  bad("", NULL, "expected 'key: value' lines, found nothing");
  bad("[1, 2]\n", NULL, "expected 'key: value' lines, found something else");
  bad("a: [1\n", NULL, "not YAML or JSON");
  bad("a: \x01\n", NULL, "not YAML or JSON: byte 4");
  bad(HEAD ONE "---\nid: y\n", NULL, "found a second");
  bad(HEAD ONE "strain: 1\n", "5:1", "file: unknown key 'strain'; did you mean 'strains'?");
  bad(HEAD ONE "id: y\n", "5:1", "file: key 'id' is given twice");
  bad(HEAD ONE "schema: 2\n", "5:9", "schema: expected 1, found '2'");
  bad("id: x\n" CELL ONE, "1:1", "ions: expected relaxed");
  bad("id: x\nions: frozen\n" CELL ONE, "2:7", "ions: expected relaxed or clamped, found 'frozen'");
  bad("id: a/b\nions: relaxed\n" CELL ONE, "1:5", "id: expected 1 to 199 characters");
  bad("id: ''\nions: relaxed\n" CELL ONE, "1:5", "id: expected");
  bad("id: .x\nions: relaxed\n" CELL ONE, "1:5", "that do not begin with '.'");
  bad("id: [x]\nions: relaxed\n" CELL ONE, "1:5", "id: expected a text");
  bad("id: x\nions: relaxed\n" ONE, NULL, "structure: expected the undeformed cell, found nothing");
  bad(HEAD, "1:1", "expected either strains or a stiffness, found neither");
  bad(HEAD ONE "stiffness: [[1]]\n", "5:12", "expected either strains or a stiffness, found both");
  bad(HEAD ONE "stiffness_format: {unit: GPa}\n", "5:19", "there is no stiffness");
  bad(HEAD "strains: []\n", "4:10", "strains: expected at least one");
  bad(HEAD "strains: 3\n", "4:10", "strains: expected a list");
  bad(HEAD "strains: [3]\n", "4:11", "strain: expected keys and values");
  bad(HEAD ONE "stress_format: {unit: bar}\n", "5:23",
      "unit: expected GPa, kbar, eV/A^3, Ry/bohr^3, Ha/bohr^3 or Pa, found 'bar'");
  bad(HEAD ONE "stress_format: {order: xyz}\n", "5:24", "order: expected voigt or vasp");
  bad(HEAD ONE "stress_format: {sign: plus}\n", "5:23", "sign: expected tension or pressure");
}

static void bad_structures(void) {
#define BAD_CELL(cell) "id: x\nions: relaxed\nstructure: {" cell "}\n" ONE
  bad(BAD_CELL("species: [Mg]"), "3:12", "expected a file, or lattice, species and frac");
  bad(BAD_CELL("lattice: [[1, 0, 0], [0, 1, 0], [1, 1, 0]], species: [Mg], frac: [[0, 0, 0]]"),
      "3:22", "lattice: expected a cell with a volume, found one of 0 A^3");
  bad(BAD_CELL("lattice: [[1, 0], [0, 1, 0], [1, 1, 1]], species: [Mg], frac: [[0, 0, 0]]"), "3:23",
      "lattice: expected a list of 3 numbers, found 2");
  bad(BAD_CELL("lattice: [[.nan, 0, 0], [0, 1, 0], [0, 0, 1]], species: [Mg], frac: [[0, 0, 0]]"),
      "3:24", "lattice: expected a finite number, found '.nan'");
  bad(BAD_CELL("lattice: [[3, 0, 0], [0, 3, 0], [0, 0, 3]], species: [Mq], frac: [[0, 0, 0]]"),
      NULL, "species: expected an element, found 'Mq'");
  bad(BAD_CELL("lattice: [[3, 0, 0], [0, 3, 0], [0, 0, 3]], species: [Mg, O], frac: [[0, 0, 0]]"),
      NULL, "frac: expected one point for each of the 2 species");
}

static void bad_strains(void) {
#define BAD_STRAIN(strain) HEAD "strains:\n - {" strain "}\n"
  bad(BAD_STRAIN("voigt: [0.01, 0, 0, 0, 0, 0]"), "5:4", "expected a stress, found none");
  bad(BAD_STRAIN("name: s3, voigt: [0.01, 0, 0, 0, 0, 0]"), "5:4",
      "strain s3: expected a stress, found none");
  bad(BAD_STRAIN("stress: [1, 0, 0, 0, 0, 0]"), "5:4",
      "expected one of deformation, lattice or voigt, found 0");
  bad(BAD_STRAIN("voigt: [0, 0, 0, 0, 0, 0], deformation: [], stress: [1, 0, 0, 0, 0, 0]"), "5:4",
      "found 2");
  bad(BAD_STRAIN("voigt: [0.01, 0, 0, 0, 0, 0], stress: [1, 0, nan, 0, 0, 0]"), "5:50",
      "stress: expected a finite number, found 'nan'");
  bad(BAD_STRAIN("voigt: [0.01, 0, 0, 0, 0, 0], stress: [1, 0, \"2\", 0, 0, 0]"), "5:50",
      "found '2' in quotes");
  bad(BAD_STRAIN("voigt: [0.01, 0, 0, 0, 0, 0], stress: null"), "5:43", "stress: expected a list");
  bad(BAD_STRAIN("voigt: [0.01, 0, 0, 0, 0, 0], stress: [1, 2, 3, 4, 5]"), "5:43",
      "stress: expected a list of 6 numbers, found 5");
  bad(BAD_STRAIN("voigt: [0.01, 0, 0, 0, 0, 0], stress: [[1, 2, 3], [0, 1, 0], [3, 0, 1]]"), "5:43",
      "stress: expected a symmetric matrix, found 0 and 2 in 2,1");
  bad(BAD_STRAIN("voigt: [0.01, 0, 0, 0, 0, 0], stress: [1e9, 0, 0, 0, 0, 0]"), "5:43",
      "stress: expected up to 100000 GPa, found 1e+09 GPa; is the unit right?");
  bad(BAD_STRAIN("voigt: [0.5, 0, 0, 0, 0, 0], stress: [1, 0, 0, 0, 0, 0]"), "5:12",
      "strain: expected components up to 0.2, found 0.625");
  bad(BAD_STRAIN("deformation: [[-1, 0, 0], [0, 1, 0], [0, 0, 1]], stress: [1, 0, 0, 0, 0, 0]"),
      "5:18", "(determinant of F -1)");
  bad(BAD_STRAIN("lattice: [[5, 0, 0], [0, 5, 0], [0, 0, 5]], stress: [1, 0, 0, 0, 0, 0]"), "5:14",
      "is the lattice that of another cell?");
  bad(BAD_STRAIN(
          "deformation: [[1.01, 0, 0], [0, 1, 0], [0, 0, 1]], lattice: [[0, 2, 2], [2, 0, 2], "
          "[2, 2, 0]], stress: [1, 0, 0, 0, 0, 0]"),
      NULL, "deformation and lattice disagree: component 1,1 of F is 1.01 and 1");
  bad(BAD_STRAIN("voigt: [0.01, 0, 0, 0, 0, 0], stress: [1, 0, 0, 0, 0, 0], energy: low"), NULL,
      "energy: expected a finite number, found 'low'");
  /* all that is wrong, together */
  bad(HEAD "strains:\n - {voigt: [0.01, 0, 0, 0, 0, x]}\n - {voigt: [0.01, 0, 0, 0, 0, 0]}\n",
      "6:4", "5:31: voigt: expected a finite number, found 'x'\n");
}

static void bad_tensors(void) {
#define ROW  "[1, 2, 3, 4, 5, 6]"
#define ROWS ROW ", " ROW ", " ROW ", " ROW ", " ROW
  bad(HEAD "stiffness: [" ROWS "]\n", "4:12", "stiffness: expected 6 rows of 6 numbers, found 5");
  bad(HEAD "stiffness: [" ROWS ", [1]]\n", NULL,
      "stiffness: expected a list of 6 numbers, found 1");
  bad(HEAD "stiffness: [" ROWS ", [1, 2, 3, 4, 5, 1e7]]\n", "4:12", "found 1e+07 GPa; is the unit");
  bad(HEAD "reference: {stress: " ROW "}\nstiffness: [" ROWS ", " ROW "]\n", "4:12",
      "reference: belongs to strains");
#define NIL "[0, 0, 0, 0, 0, 0]"
  bad(HEAD "stiffness: [" NIL ", " NIL ", " NIL ", " NIL ", " NIL ", " NIL "]\n", "4:12",
      "stiffness: expected a tensor, found zeros alone");
  bad(HEAD "stiffness: [" ROWS ", " ROW "]\nstiffness_format: {sign: pressure}\n", "5:20",
      "stiffness_format: unknown key 'sign'; expected unit or order");
}

int main(void) {
  if (mkdtemp(folder) == NULL) return 1;
  snprintf(path, sizeof path, "%s/m.yaml", folder);
  whole_file();
  conventions();
  files();
  bad_files();
  bad_structures();
  bad_strains();
  bad_tensors();
  ecd_elastic_input_clear(&input);
  static const char *const names[] = {"m.yaml", "POSCAR", "BAD", "elastic.json"};
  for (int i = 0; i < 4; ++i) {
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    CHECK(unlink(path) == 0);
  }
  CHECK(rmdir(folder) == 0);
  return check_done();
}
