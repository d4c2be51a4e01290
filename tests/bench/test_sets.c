/* Sets of test samples by element: lists, the frequent ones, and what is refused. */
#include "bench/sets.h"
#include "check.h"
#include "train/split.h"

enum { COUNT = 7 };
static ecd_error_t err;
static ecd_sample_t sample[COUNT] = {
    {.id = (char[]){"a"}, .formula = (char[]){"NaCl"}},
    {.id = (char[]){"b"}, .formula = (char[]){"NaF"}},
    {.id = (char[]){"c"}, .formula = (char[]){"KCl"}},
    {.id = (char[]){"d"}, .formula = (char[]){"CsCl"}},
    {.id = (char[]){"e"}, .formula = (char[]){"Na"}},
    {.id = (char[]){"f"}, .formula = (char[]){"RbF"}},
    {.id = (char[]){"g"}, .formula = (char[]){"Mg2Si"}},
};
static const ecd_sample_t *list[COUNT];
static const int8_t split[COUNT] = {0, 1, 0, 0, 1, ECD_UNUSED, 0};

static void check_split(void) {
  ecd_sets_t sets;
  CHECK(ecd_sets_make("", 1, list, split, COUNT, &sets, &err) == ECD_OK);
  CHECK(sets.count == 1 && strcmp(sets.set[0].name, "split") == 0);
  CHECK(memcmp(sets.set[0].split, split, sizeof split) == 0);
  CHECK(sets.set[0].train == 4 && sets.set[0].test == 2);
  ecd_sets_clear(&sets);
  CHECK(sets.count == 0 && sets.set == NULL);
}

static void check_list(void) {
  ecd_sets_t sets;
  CHECK(ecd_sets_make("F, Na,F  Cl", 1, list, split, COUNT, &sets, &err) == ECD_OK);
  CHECK(sets.count == 3);
  CHECK(strcmp(sets.set[0].name, "F") == 0 && strcmp(sets.set[1].name, "Na") == 0 &&
        strcmp(sets.set[2].name, "Cl") == 0);
  const int8_t sodium[COUNT] = {1, 1, 0, 0, 1, ECD_UNUSED, 0};
  CHECK(memcmp(sets.set[1].split, sodium, sizeof sodium) == 0);
  CHECK(sets.set[1].train == 3 && sets.set[1].test == 3);
  CHECK(sets.set[0].test == 1); /* RbF is not used */
  ecd_sets_clear(&sets);
}

static void check_all(void) {
  ecd_sets_t sets;
  CHECK(ecd_sets_make("all", 2, list, split, COUNT, &sets, &err) == ECD_OK);
  CHECK(sets.count == 2);
  CHECK(strcmp(sets.set[0].name, "Na") == 0 && strcmp(sets.set[1].name, "Cl") == 0);
  ecd_sets_clear(&sets);
  CHECK(ecd_sets_make("all", 4, list, split, COUNT, &sets, &err) == ECD_DATA);
  CHECK_HAS(err.text, "no element occurs in 4 samples or more");
  CHECK_HAS(err.text, "the most frequent one is in 3 of 6");
}

static void check_refused(void) {
  ecd_sets_t sets;
  CHECK(ecd_sets_make("F,Xx", 1, list, split, COUNT, &sets, &err) == ECD_USAGE);
  CHECK_HAS(err.text, "found 'Xx'");
  CHECK(ecd_sets_make(" ,", 1, list, split, COUNT, &sets, &err) == ECD_USAGE);
  CHECK(ecd_sets_make("Sodiumandmuchmorethanthat", 1, list, split, COUNT, &sets, &err) ==
        ECD_USAGE);
  CHECK(ecd_sets_make("Rb", 1, list, split, COUNT, &sets, &err) == ECD_DATA);
  CHECK_HAS(err.text, "none of the 6 samples contains Rb");
  CHECK(ecd_sets_make("Cl", 1, list + 2, split + 2, 2, &sets, &err) == ECD_DATA);
  CHECK_HAS(err.text, "all 2 samples contain Cl");
  CHECK(sets.count == 0);
  sample[3].formula[0] = '?';
  CHECK(ecd_sets_make("Cl", 1, list, split, COUNT, &sets, &err) == ECD_DATA);
  CHECK_HAS(err.text, "the elements of sample d are not known");
  /* The crystal says it where the formula does not. */
  int Z[] = {55, 17};
  sample[3].crystal = (ecd_crystal_t){.sites = 2, .Z = Z};
  CHECK(ecd_sets_make("Cs", 1, list, split, COUNT, &sets, &err) == ECD_OK);
  CHECK(sets.set[0].test == 1 && sets.set[0].split[3] == ECD_TEST);
  ecd_sets_clear(&sets);
}

int main(void) {
  for (size_t i = 0; i < COUNT; ++i) list[i] = &sample[i];
  check_split();
  check_list();
  check_all();
  check_refused();
  return check_done();
}
