/* Formulas as people write them, what is wrong with bad ones, and whether they name a crystal. */
#include "check.h"
#include "chem/composition.h"

static ecd_error_t err;

/* Two of the elements, and all atoms. */
static void check_formula(const char *text, int Z1, double count1, int Z2, double count2,
                          double all) {
  double count[ECD_ELEMENT_COUNT], total = 0;
  err.text[0] = '\0';
  CHECK(ecd_formula_parse(text, count, &err) == ECD_OK);
  if (err.text[0] != '\0') fprintf(stderr, "%s\n", err.text);
  for (int Z = 0; Z < ECD_ELEMENT_COUNT; ++Z) total += count[Z];
  CHECK_NEAR(count[Z1], count1, 1e-12);
  CHECK_NEAR(count[Z2], count2, 1e-12);
  CHECK_NEAR(total, all, 1e-12);
}

static void check_good(void) {
  check_formula("NaN", 11, 1, 7, 1, 2); /* sodium nitride */
  check_formula("Mg2Si", 12, 2, 14, 1, 3);
  check_formula("Fe0.5Ni0.5", 26, 0.5, 28, 0.5, 1);
  check_formula("Fe0.5Ni0.5O", 26, 0.5, 8, 1, 2);
  check_formula("Li1.5Mn2O4", 3, 1.5, 8, 4, 7.5);
  check_formula("Na0.5H2O", 11, 0.5, 1, 2, 3.5);
  check_formula("Ca(OH)2", 20, 1, 8, 2, 5);
  check_formula("Ca3(Al(OH)4)2", 20, 3, 1, 8, 21);
  check_formula("Ca3[Al{OH}4]2", 13, 2, 1, 8, 21);
  check_formula("Pb(Zr0.52Ti0.48)O3", 40, 0.52, 22, 0.48, 5);
  check_formula("(Mg0.5Fe0.5)1.5O2", 12, 0.75, 8, 2, 3.5);
  check_formula("CH3NH3PbI3", 1, 6, 82, 1, 12);
  check_formula("CuSO4*5H2O", 8, 9, 1, 10, 21);
  check_formula("CuSO4\302\2675H2O", 8, 9, 1, 10, 21);
  check_formula("CuSO4\342\213\2055H2O", 8, 9, 1, 10, 21);
  check_formula("CuSO4\342\200\2425H2O", 8, 9, 1, 10, 21);
  check_formula("CaSO4*0.5H2O", 8, 4.5, 1, 1, 7.5);
  check_formula("CaSO4*H2O*2NH3", 7, 2, 1, 8, 17);
  check_formula("(CuSO4.5)H2O", 8, 5.5, 1, 2, 9.5); /* fractions where a hydrate would be meant */
  check_formula("CO", 6, 1, 8, 1, 2);               /* not cobalt */
  check_formula("Co", 27, 1, 8, 0, 1);
  check_formula("Og118", 118, 118, 0, 0, 118);
}

static void check_bad(const char *text, const char *message) {
  double count[ECD_ELEMENT_COUNT];
  err.text[0] = '\0';
  CHECK(ecd_formula_parse(text, count, &err) == ECD_DATA && err.code == ECD_DATA);
  CHECK_HAS(err.text, message);
  CHECK(ecd_formula_parse(text, count, NULL) == ECD_DATA);
}

static void check_errors(void) {
  check_bad("", "expected a formula, found nothing");
  check_bad("Na+", "formula 'Na+': position 3: '+': a charge mark");
  check_bad("SO4^2-", "position 4: '^': a charge mark");
  check_bad("Mg-O", "position 3: '-': a charge mark");
  check_bad("Na\342\201\272", "position 3: '\342\201\272': a charge mark");
  check_bad("Na\342\210\222", "position 3: '\342\210\222': a charge mark");
  check_bad("H\342\202\202O", "position 2: '\342\202\202': a subscript; write plain digits");
  check_bad("Fe\342\202\201\342\202\200", "position 3: '\342\202\201': a subscript");
  check_bad("(MgO)\342\202\211", "position 6: '\342\202\211': a subscript");
  check_bad("H\342\202\212",
            "position 2: '\342\202\212': expected an element symbol"); /* subscript plus */
  check_bad("SO4\302\262\342\201\273",
            "position 4: '\302\262': a charge mark; write the formula without charges");
  check_bad("CO3\302\262\342\201\273", "position 4: '\302\262': a charge mark");
  check_bad("Fe\302\263\342\201\2722O3", "position 3: '\302\263': a charge mark");
  check_bad("Na\302\271\342\201\272", "position 3: '\302\271': a charge mark");
  check_bad("Xe\342\201\260", "position 3: '\342\201\260': a charge mark");
  check_bad("Ti\342\201\264\342\201\272", "position 3: '\342\201\264': a charge mark");
  check_bad("Os\342\201\271", "position 3: '\342\201\271': a charge mark");
  check_bad("SO4\342\201\273\302\262", "position 4: '\342\201\273': a charge mark");
  check_bad("[SO4]\302\262\342\201\273", "position 6: '\302\262': a charge mark");
  check_bad("Fe(2+)O", "position 4: '2+': a charge mark");
  check_bad("SO4(12\342\201\273)", "position 5: '12\342\201\273': a charge mark");
  check_bad("Fe(+2)O", "position 4: '+': a charge mark");
  check_bad("Fe(2O)", "position 4: '2': expected an element; a count stands after");
  check_bad("CuSO4\302\2675H2O+", "position 11: '+'"); /* characters, not bytes */
  check_bad("Xx2", "position 1: 'Xx': no element has this symbol; did you mean 'Xe'?");
  check_bad("MgQ", "position 3: 'Q': no element has this symbol");
  check_bad("nacl", "position 1: 'n': no element has this symbol; did you mean 'Na'?");
  check_bad("fe2O3", "did you mean 'Fe'?");
  check_bad("Naa", "position 3: 'a': no element has this symbol; did you mean 'Al'?");
  check_bad("2MgO", "position 1: '2': expected an element; a count stands after");
  check_bad("O0", "position 2: '0': a count of zero");
  check_bad("MgO0.00", "position 4: '0.00': a count of zero");
  check_bad("CaSO4*0H2O", "position 7: '0': a count of zero");
  check_bad("O1000001", "position 2: '1000001': expected a count of at most 1000000");
  check_bad("O1000000000000000000000000000000", "expected a count of at most 1000000");
  check_bad("Mg2Si)", "position 6: ')': no bracket is open here");
  check_bad("MgO)2", "position 4: ')': no bracket is open here");
  check_bad("(MgO", "position 1: '(': this bracket is not closed");
  check_bad("(MgO]2", "position 5: ']': expected ')' for the '(' of position 1");
  check_bad("(MgO*H2O)2", "position 5: '*': expected ')' for the '('");
  check_bad("Mg()", "position 3: '()': nothing in the brackets");
  check_bad("MgO ", "position 4: ' ': expected an element symbol or an opening bracket");
  check_bad("MgO*", "it ends: expected an element symbol");
  check_bad("MgO*5", "it ends: expected an element symbol");
  check_bad("*MgO", "position 1: '*': expected an element symbol");
  check_bad("MgO.Al2O3", "position 4: '.': a decimal point needs digits on both sides");
  check_bad("Fe.5O", "position 3: '.': a decimal point");
  check_bad("Fe2.O3", "position 4: '.': a decimal point");
  check_bad("CuSO4.5H2O", "position 5: '4.5': a decimal count, or a hydrate? Write *");
  check_bad("((((((((((((((((((Mg))))))))))))))))))", "position 17: '(': brackets nested too deep");
  check_bad("Mg\377\377", "position 3: '\377'");
}

static void check_fits(void) {
  int Z[4] = {11, 7, 11, 7};
  double frac[4][3] = {{0}};
  ecd_crystal_t crystal = {.sites = 4, .Z = Z, .frac = frac};
  CHECK(ecd_formula_fits("NaN", &crystal));
  CHECK(ecd_formula_fits("N3Na3", &crystal));
  CHECK(!ecd_formula_fits("Na2N", &crystal));
  CHECK(!ecd_formula_fits("NaNO", &crystal));
  CHECK(!ecd_formula_fits("", &crystal));
  Z[2] = 0; /* a VASP 4 file names no elements */
  CHECK(ecd_formula_fits("MgO", &crystal));
}

int main(void) {
  check_good();
  check_errors();
  check_fits();
  return check_done();
}
