/* Held-out samples: fraction, folds, file; and what a bad file is told. */
#include "check.h"
#include "train/split.h"

#include <stdlib.h>
#include <unistd.h>

enum { COUNT = 23 };
static ecd_error_t err;
static char text[COUNT][8];
static const char *id[COUNT];
static double target[COUNT];
static char path[] = "/tmp/ecdnet-split-XXXXXX";

static int number(const int8_t *split, int8_t part) {
  int n = 0;
  for (int i = 0; i < COUNT; ++i) n += split[i] == part;
  return n;
}

static void write_file(const char *content) {
  FILE *file = fopen(path, "w");
  CHECK(file != NULL);
  fputs(content, file);
  fclose(file);
}

static ecd_code_t from_file(const char *content, int8_t *split) {
  const ecd_data_settings_t s = {.split = ECD_SPLIT_FILE, .split_file = path};
  write_file(content);
  return ecd_split_make(&s, 1, COUNT, id, NULL, target, split, &err);
}

static void check_fraction(void) {
  int8_t a[COUNT], b[COUNT], c[COUNT];
  const ecd_data_settings_t s = {.split = ECD_SPLIT_FRACTION, .test_fraction = 0.2};
  CHECK(ecd_split_make(&s, 1, COUNT, id, NULL, target, a, &err) == ECD_OK);
  CHECK(number(a, ECD_TEST) == 4 && number(a, ECD_UNUSED) == 2 && number(a, ECD_TRAIN) == 17);
  CHECK(a[3] == ECD_UNUSED && a[20] == ECD_UNUSED);
  CHECK(ecd_split_make(&s, 2, COUNT, id, NULL, target, b, &err) == ECD_OK);
  CHECK(memcmp(a, b, COUNT) != 0);
  /* The order in the dataset does not matter. */
  const char *back[COUNT];
  double value[COUNT];
  for (int i = 0; i < COUNT; ++i) back[i] = id[COUNT - 1 - i], value[i] = target[COUNT - 1 - i];
  CHECK(ecd_split_make(&s, 1, COUNT, back, NULL, value, c, &err) == ECD_OK);
  for (int i = 0; i < COUNT; ++i) CHECK(a[i] == c[COUNT - 1 - i]);
  const ecd_data_settings_t whole = {.split = ECD_SPLIT_FRACTION, .test_fraction = 0};
  CHECK(ecd_split_make(&whole, 1, COUNT, id, NULL, target, a, &err) == ECD_OK);
  CHECK(number(a, ECD_TEST) == 0 && number(a, ECD_TRAIN) == 21);
}

static void check_folds(void) {
  int times[COUNT] = {0};
  for (int64_t fold = 0; fold < 5; ++fold) {
    int8_t a[COUNT];
    const ecd_data_settings_t s = {.split = ECD_SPLIT_FOLD, .folds = 5, .fold = fold};
    CHECK(ecd_split_make(&s, 9, COUNT, id, NULL, target, a, &err) == ECD_OK);
    CHECK(number(a, ECD_TEST) == 4 || number(a, ECD_TEST) == 5);
    for (int i = 0; i < COUNT; ++i) times[i] += a[i] == ECD_TEST;
  }
  int8_t a[COUNT];
  const ecd_data_settings_t most = {.split = ECD_SPLIT_FOLD, .folds = 21, .fold = 20};
  CHECK(ecd_split_make(&most, 9, COUNT, id, NULL, target, a, &err) == ECD_OK);
  CHECK(number(a, ECD_TEST) == 1);
  const ecd_data_settings_t more = {.split = ECD_SPLIT_FOLD, .folds = 22, .fold = 20};
  CHECK(ecd_split_make(&more, 9, COUNT, id, NULL, target, a, &err) == ECD_DATA);
  CHECK_HAS(err.text, "data.folds: expected at most 21");
  for (int i = 0; i < COUNT; ++i) CHECK(times[i] == (i == 3 || i == 20 ? 0 : 1));
}

static void check_file(void) {
  int8_t a[COUNT];
  CHECK(from_file("id,split\ns00,train\ns01,test\ns02,none\ns03,train\n", a) == ECD_OK);
  CHECK(a[0] == ECD_TRAIN && a[1] == ECD_TEST && a[2] == ECD_UNUSED);
  CHECK(a[3] == ECD_UNUSED && a[4] == ECD_UNUSED); /* unknown target; not named */
  CHECK(from_file("id,split\ns00,train\nzz,train\ns01,tset\ns00,test\n", a) == ECD_DATA);
  CHECK_HAS(err.text, ":3: zz: not in the dataset");
  CHECK_HAS(err.text, ":4: s01: split must be train, validation, test or none");
  CHECK_HAS(err.text, ":5: s00: given twice");
  CHECK(from_file("name,part\ns00,train\n", a) == ECD_DATA);
  CHECK_HAS(err.text, "expected columns id,split");
  CHECK(from_file("id,split\ns00,test\n", a) == ECD_DATA);
  CHECK_HAS(err.text, "no sample is left to train on");
  const ecd_data_settings_t s = {.split = ECD_SPLIT_FILE, .split_file = "/nowhere/split.csv"};
  CHECK(ecd_split_make(&s, 1, COUNT, id, NULL, target, a, &err) == ECD_DATA);
  CHECK_HAS(err.text, "/nowhere/split.csv");
}

/* A share of the training samples, the same whatever is held out by order of the ids. */
static void check_validation(void) {
  int8_t plain[COUNT], a[COUNT], again[COUNT];
  ecd_data_settings_t s = {.test_fraction = 0.25};
  CHECK(ecd_split_make(&s, 3, COUNT, id, NULL, target, plain, &err) == ECD_OK);
  s.validation_fraction = 0.3;
  CHECK(ecd_split_make(&s, 3, COUNT, id, NULL, target, a, &err) == ECD_OK);
  CHECK(ecd_split_make(&s, 3, COUNT, id, NULL, target, again, &err) == ECD_OK);
  CHECK(memcmp(a, again, sizeof a) == 0);
  int before = 0, train = 0, validation = 0;
  for (int i = 0; i < COUNT; ++i) {
    before += plain[i] == ECD_TRAIN;
    train += a[i] == ECD_TRAIN;
    validation += a[i] == ECD_VALIDATION;
    CHECK(a[i] == plain[i] || (plain[i] == ECD_TRAIN && a[i] == ECD_VALIDATION));
  }
  CHECK(train + validation == before);
  CHECK(validation == (int)floor(0.3 * before + 0.5));
  CHECK(from_file("id,split\ns00,train\ns01,validation\ns02,test\ns04,train\n", a) == ECD_OK);
  CHECK(a[1] == ECD_VALIDATION && a[0] == ECD_TRAIN && a[2] == ECD_TEST);
}

/* Folds of all samples are those of split: fold, in a file and back. */
static void check_folds_file(void) {
  int64_t fold[COUNT], back[COUNT], folds = 0;
  double known[COUNT];
  int8_t a[COUNT], b[COUNT];
  for (int i = 0; i < COUNT; ++i) known[i] = i;
  CHECK(ecd_folds_make(9, 4, COUNT, id, fold, &err) == ECD_OK);
  FILE *file = fopen(path, "w");
  CHECK(file != NULL);
  fprintf(file, "id,fold\n");
  for (int i = COUNT - 1; i >= 0; --i) fprintf(file, "%s,%d\n", id[i], (int)fold[i]);
  fclose(file);
  CHECK(ecd_folds_read(path, COUNT, id, back, &folds, &err) == ECD_OK && folds == 4);
  CHECK(memcmp(fold, back, sizeof fold) == 0);
  for (int64_t f = 0; f < 4; ++f) {
    const ecd_data_settings_t random = {.split = ECD_SPLIT_FOLD, .folds = 4, .fold = f};
    const ecd_data_settings_t given = {.split = ECD_SPLIT_FOLD, .fold = f, .folds_file = path};
    CHECK(ecd_split_make(&random, 9, COUNT, id, NULL, known, a, &err) == ECD_OK);
    CHECK(ecd_split_make(&given, 1, COUNT, id, NULL, known, b, &err) == ECD_OK);
    for (int i = 0; i < COUNT; ++i) CHECK(a[i] == b[i] && (a[i] == ECD_TEST) == (fold[i] == f));
    CHECK(ecd_split_make(&given, 1, COUNT, id, NULL, target, b, &err) == ECD_OK);
    CHECK(b[3] == ECD_UNUSED && number(b, ECD_UNUSED) == 2);
  }
  const ecd_data_settings_t beyond = {.split = ECD_SPLIT_FOLD, .fold = 4, .folds_file = path};
  CHECK(ecd_split_make(&beyond, 1, COUNT, id, NULL, target, b, &err) == ECD_USAGE);
  CHECK_HAS(err.text, "data.fold: expected 0 to 3");
  CHECK(ecd_folds_make(9, COUNT + 1, COUNT, id, fold, &err) == ECD_DATA);
  write_file("id,fold\ns00,0\ns01,1\ns02,x\ns01,0\nzz,1\ns03,-1\n");
  CHECK(ecd_folds_read(path, COUNT, id, fold, &folds, &err) == ECD_DATA);
  CHECK_HAS(err.text, ":4: s02: fold must be a number from 0");
  CHECK_HAS(err.text, ":5: s01: given twice");
  CHECK_HAS(err.text, ":6: zz: not in the dataset");
  CHECK_HAS(err.text, ":7: s03: fold must be a number from 0");
  write_file("id,fold\ns00,0\ns01,2\n");
  CHECK(ecd_folds_read(path, COUNT, id, fold, &folds, &err) == ECD_DATA);
  CHECK_HAS(err.text, "fold 1 of 3 has no sample");
  write_file("id,fold\ns00,0\ns01,0\n");
  CHECK(ecd_folds_read(path, COUNT, id, fold, &folds, &err) == ECD_DATA);
  CHECK_HAS(err.text, "expected 2 folds or more, found 1");
}

static void check_element(void) {
  const char *formula[COUNT];
  int8_t a[COUNT];
  for (int i = 0; i < COUNT; ++i) formula[i] = i % 4 == 0 ? "NaF" : i % 4 == 1 ? "Fe2O3" : "NiO";
  const ecd_data_settings_t s = {.split = ECD_SPLIT_ELEMENT, .element = "F"};
  CHECK(ecd_split_make(&s, 1, COUNT, id, formula, target, a, &err) == ECD_OK);
  for (int i = 0; i < COUNT; ++i) /* iron is not fluorine; samples 3 and 20 have no target */
    CHECK(a[i] == (i == 3 || i == 20 ? ECD_UNUSED : i % 4 == 0 ? ECD_TEST : ECD_TRAIN));
  const ecd_data_settings_t none = {.split = ECD_SPLIT_ELEMENT, .element = "f"};
  CHECK(ecd_split_make(&none, 1, COUNT, id, formula, target, a, &err) == ECD_USAGE);
  CHECK_HAS(err.text, "data.element: expected the symbol of an element, found 'f'");
  formula[7] = "Na+";
  CHECK(ecd_split_make(&s, 1, COUNT, id, formula, target, a, &err) == ECD_DATA);
  CHECK_HAS(err.text, "data.split: element: sample 's07'");
  for (int i = 0; i < COUNT; ++i) formula[i] = "NaF";
  CHECK(ecd_split_make(&s, 1, COUNT, id, formula, target, a, &err) == ECD_DATA);
  CHECK_HAS(err.text, "no sample is left to train on");
}

int main(void) {
  const int fd = mkstemp(path);
  CHECK(fd >= 0);
  for (int i = 0; i < COUNT; ++i) {
    snprintf(text[i], sizeof text[i], "s%02d", i);
    id[i] = text[i];
    target[i] = i == 3 || i == 20 ? NAN : 10.0 * i;
  }
  CHECK(strcmp(ecd_split_name(ECD_TEST), "test") == 0);
  CHECK(strcmp(ecd_split_name(ECD_UNUSED), "none") == 0);
  CHECK(strcmp(ecd_split_name(ECD_VALIDATION), "validation") == 0);
  check_fraction();
  check_folds();
  check_file();
  check_validation();
  check_folds_file();
  check_element();
  close(fd);
  unlink(path);
  return check_done();
}
