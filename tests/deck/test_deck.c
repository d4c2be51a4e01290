/* Decks: values good and bad of each type, places and hints of messages, decks written and read
   back. */
#include "deck/deck.h"
#include "base/random.h"
#include "check.h"
#include "deck/keys.h"
#include "deck/values.h"

#include <stdlib.h>

static ecd_error_t err;

static ecd_settings_t *defaults(void) {
  ecd_settings_t *settings = NULL;
  if (ecd_settings_create(&settings, &err) != ECD_OK) {
    fprintf(stderr, "%s\n", err.text);
    exit(1);
  }
  return settings;
}

/* The deck must be refused with this whole message. */
static void refuse(const char *deck, const char *message) {
  ecd_settings_t *settings = defaults();
  err.text[0] = '\0';
  CHECK(ecd_deck_parse(deck, strlen(deck), "d.yaml", settings, &err) == ECD_USAGE);
  CHECK(err.code == ECD_USAGE);
  if (strcmp(err.text, message) != 0) fprintf(stderr, "found   '%s'\n", err.text);
  CHECK_HAS(err.text, message);
  CHECK(strlen(err.text) == strlen(message));
  CHECK(ecd_deck_parse(deck, strlen(deck), "d.yaml", settings, NULL) == ECD_USAGE);
  ecd_settings_destroy(&settings);
  CHECK(settings == NULL);
}

static ecd_settings_t *accept(const char *deck) {
  ecd_settings_t *settings = defaults();
  const ecd_code_t code = ecd_deck_parse(deck, strlen(deck), "d.yaml", settings, &err);
  CHECK(code == ECD_OK);
  if (code != ECD_OK) fprintf(stderr, "%s\n", err.text);
  return settings;
}

static void check_good(void) {
  ecd_settings_t *s = accept("title: 'a: b'\n"
                             "seed: 9000000000000000\n"
                             "prep: {grid: 4, field: elf, files: 'x/{id}', append: yes}\n"
                             "train:\n"
                             "  lr: 1e-3\n"
                             "  resume: on\n"
                             "  batch: 7 # a comment\n"
                             "model:\n"
                             "  cnn2d:\n"
                             "    dense: [3, 2]\n"
                             "  kind: \"cnn3d\"\n"
                             "  cnn3d: {dense: []}\n");
  CHECK(strcmp(s->title, "a: b") == 0 && s->seed == 9000000000000000);
  CHECK(s->prep.grid == 4 && s->prep.field == ECD_FIELD_ELF && s->prep.append);
  CHECK(strcmp(s->prep.files, "x/{id}") == 0);
  CHECK(s->train.lr == 1e-3 && s->train.resume && s->train.batch == 7);
  CHECK(s->model.kind == ECD_MODEL_CNN3D && s->model.cnn3d.dense.count == 0);
  CHECK(s->model.cnn2d.dense.count == 2 && s->model.cnn2d.dense.item[1] == 2);
  CHECK(s->train.epochs == 60); /* untouched */
  ecd_settings_destroy(&s);
  static const char *const empty[] = {"", "\n", "# nothing\n", "---\n", "prep:\n", "---\n...\n"};
  for (size_t i = 0; i < sizeof empty / sizeof *empty; ++i) {
    s = accept(empty[i]);
    CHECK(s->prep.grid == 60 && s->seed == 1);
    ecd_settings_destroy(&s);
  }
  s = accept("seed: &n 12\ntime: {steps: *n}\n"); /* an alias */
  CHECK(s->seed == 12 && s->time.steps == 12);
  ecd_settings_destroy(&s);
  s = accept("seed: 3\r\ntrain:\r\n  batch: 5\r\n");
  CHECK(s->seed == 3 && s->train.batch == 5);
  ecd_settings_destroy(&s);
  s = accept("prep:\n  grid: 8\ntrain:\n  epochs: 2\nprep:\n  field: raw\n"); /* in two places */
  CHECK(s->prep.grid == 8 && s->prep.field == ECD_FIELD_RAW);
  ecd_settings_destroy(&s);
}

static void check_values(void) {
  refuse("seed: many\n", "d.yaml:1:7: seed: expected an integer from 0 to 9e+15, found 'many'");
  refuse("prep:\n  grid: 3\n",
         "d.yaml:2:9: prep.grid: expected an integer from 4 to 1024, found '3'");
  refuse("prep:\n  grid: 60.5\n",
         "d.yaml:2:9: prep.grid: expected an integer from 4 to 1024, found '60.5'");
  refuse("prep:\n  grid:\n", "d.yaml:2:8: prep.grid: expected an integer from 4 to 1024, found ''");
  refuse("prep:\n  grid: 99999999999999999999\n",
         "d.yaml:2:9: prep.grid: expected an integer from 4 to 1024, found '99999999999999999999'");
  refuse("prep:\n  grid: [4]\n",
         "d.yaml:2:9: prep.grid: expected an integer from 4 to 1024, found 'a list'");
  refuse("prep:\n  grid: {n: 4}\n", "d.yaml:2:9: prep.grid: expected a value, found a section");
  refuse("train:\n  lr: fast\n",
         "d.yaml:2:7: train.lr: expected a number from 0 to 1000, found 'fast'");
  refuse("train: {lr: nan}\n",
         "d.yaml:1:13: train.lr: expected a number from 0 to 1000, found 'nan'");
  refuse("train: {lr: inf}\n",
         "d.yaml:1:13: train.lr: expected a number from 0 to 1000, found 'inf'");
  refuse("train: {lr: -1e-9}\n",
         "d.yaml:1:13: train.lr: expected a number from 0 to 1000, found '-1e-9'");
  refuse("train:\n  resume: maybe\n",
         "d.yaml:2:11: train.resume: expected true or false, found 'maybe'");
  refuse("model: {kind: cnn2}\n",
         "d.yaml:1:15: model.kind: expected one of cnn2d, cnn3d, "
         "magpie_cnn, fusion, rf, cgcnn, found 'cnn2'; did you mean 'cnn2d'?");
  refuse("prep: {method: linear}\n",
         "d.yaml:1:16: prep.method: expected one of fourier, tricubic, trilinear, found 'linear'; "
         "did you mean 'trilinear'?");
  refuse("predict: {split: tests}\n", "d.yaml:1:18: predict.split: expected one of all, train, "
                                      "test, none, validation, found 'tests'; did "
                                      "you mean 'test'?");
  refuse("model: {cnn2d: {dense: 5}}\n", "d.yaml:1:24: model.cnn2d.dense: expected a list of at "
                                         "most 16 integers from 1 to 1000000, found '5'");
  refuse("model: {cnn2d: {dense: [5, x]}}\n",
         "d.yaml:1:24: model.cnn2d.dense: expected a list of at most 16 integers from 1 to "
         "1000000, found 'x'");
  refuse("model: {cnn2d: {dense: [5, [6]]}}\n",
         "d.yaml:1:24: model.cnn2d.dense: expected a flat list");
  refuse("model: {cnn2d: {dense: [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}}\n",
         "d.yaml:1:24: model.cnn2d.dense: expected a list of at most 16 integers from 1 to "
         "1000000, found 'a longer list'");
  refuse("title: \"a\\0b\"\n", "d.yaml:1:8: title: expected a text without zero bytes");
}

static void check_keys(void) {
  refuse("titel: x\n", "d.yaml:1:1: unknown key 'titel'; did you mean 'title'?");
  refuse("train:\n  epoch: 3\n",
         "d.yaml:2:3: unknown key 'train.epoch'; did you mean 'train.epochs'?");
  refuse("epochs: 3\n", "d.yaml:1:1: unknown key 'epochs'; did you mean 'train.epochs'?");
  refuse("trian: {epochs: 3}\n", "d.yaml:1:1: unknown key 'trian'; did you mean 'train'?");
  refuse("model: {cnn4d: {dense: []}}\n",
         "d.yaml:1:9: unknown key 'model.cnn4d'; did you mean 'model.cnn3d'?");
  refuse("zzzzzzzzzzzzzzz: 3\n",
         "d.yaml:1:1: unknown key 'zzzzzzzzzzzzzzz'; 'ecdnet deck' lists all keys");
  refuse("seed: 1\nseed: 2\n", "d.yaml:2:1: key 'seed' is given twice");
  refuse("prep: {grid: 8}\nprep:\n    grid: 9\n", "d.yaml:3:5: key 'prep.grid' is given twice");
  refuse("prep: 5\n", "d.yaml:1:7: 'prep' is a section; expected keys below it, found '5'");
  refuse("prep: [5]\n", "d.yaml:1:7: 'prep' is a section; expected keys below it, found a list");
  refuse("? [a]\n: 5\n", "d.yaml:1:3: expected a key, found a list or section");
  refuse("- seed: 5\n", "d.yaml:1:1: expected 'key: value' lines");
  refuse("just words\n", "d.yaml:1:1: expected 'key: value' lines");
  refuse("prep: &p {prep: *p}\n", /* refers to itself */
         "d.yaml:1:11: unknown key 'prep.prep'; did you mean 'prep.plus'?");
  refuse("seed: 1\n---\nseed: 2\n", "d.yaml:3:1: expected one document, found a second");
  refuse("seed: x\nprep:\n  grud: 4\n  field: elv\ntrain: {resume: 3}\n",
         "d.yaml:1:7: seed: expected an integer from 0 to 9e+15, found 'x'\n"
         "d.yaml:3:3: unknown key 'prep.grud'; did you mean 'prep.grid'?\n"
         "d.yaml:4:10: prep.field: expected one of density, elf, raw, found 'elv'; did you mean "
         "'elf'?\n"
         "d.yaml:5:17: train.resume: expected true or false, found '3'");
}

static void check_syntax(void) {
  refuse("seed: 1\nprep:\n\tgrid: 4\n",
         "d.yaml:3:1: not YAML: found character that cannot start any token");
  refuse("seed: [1\nprep: 2\n", "d.yaml:2:5: not YAML: did not find expected ',' or ']'");
  refuse("seed: 1\n  prep: 2\n",
         "d.yaml:2:7: not YAML: mapping values are not allowed in this context");
  refuse("title: \"open\n", "d.yaml:2:1: not YAML: found unexpected end of stream");
  refuse("seed: *none\n", "d.yaml:1:7: not YAML: found undefined alias");
  refuse("seed: 1\ntitle: \xff\n", "d.yaml:2:8: not YAML: invalid leading UTF-8 octet");
  refuse("seed: 1\n---\n\tx\n",
         "d.yaml:3:1: not YAML: found character that cannot start any token");
}

static void check_overrides(void) {
  ecd_settings_t *s = defaults();
  CHECK(ecd_deck_override("train.epochs=3", s, &err) == ECD_OK && s->train.epochs == 3);
  CHECK(ecd_deck_override("title=a=b, c", s, &err) == ECD_OK && strcmp(s->title, "a=b, c") == 0);
  CHECK(ecd_deck_override("title=", s, &err) == ECD_OK && s->title[0] == '\0');
  CHECK(ecd_deck_override("predict.split=none", s, &err) == ECD_OK);
  CHECK(s->predict.part == ECD_PART_NONE);
  CHECK(ecd_deck_override("model.cnn2d.dense=[7, 8,9]", s, &err) == ECD_OK);
  CHECK(s->model.cnn2d.dense.count == 3 && s->model.cnn2d.dense.item[2] == 9);
  CHECK(ecd_deck_override("model.cnn2d.dense=4", s, &err) == ECD_OK);
  CHECK(s->model.cnn2d.dense.count == 1 && s->model.cnn2d.dense.item[0] == 4);
  CHECK(ecd_deck_override("train.epochs", s, &err) == ECD_USAGE);
  CHECK_HAS(err.text, "-o train.epochs: expected key=value");
  CHECK(ecd_deck_override("=3", s, &err) == ECD_USAGE);
  CHECK(ecd_deck_override("train.epoch=3", s, &err) == ECD_USAGE);
  CHECK_HAS(err.text, "unknown key 'train.epoch'; did you mean 'train.epochs'?");
  CHECK(ecd_deck_override("train.epochs=many", s, &err) == ECD_USAGE);
  CHECK_HAS(err.text, "-o train.epochs=many: train.epochs: expected an integer from 1 to");
  CHECK(ecd_deck_override("model.cnn2d.dense=3,x", s, &err) == ECD_USAGE);
  CHECK_HAS(err.text, "model.cnn2d.dense: expected a list");
  CHECK(ecd_deck_override("title=\xc3(", s, &err) == ECD_USAGE);
  CHECK_HAS(err.text, "title: expected UTF-8 text");
  CHECK(s->train.epochs == 3 &&
        s->model.cnn2d.dense.item[0] == 4); /* the bad ones change nothing */
  ecd_settings_destroy(&s);
}

static void check_between_keys(void) {
  ecd_settings_t *s = defaults();
  CHECK(ecd_settings_check(s, &err) == ECD_OK);
  s->data.fold = 5; /* of 5; not used with split: fraction */
  CHECK(ecd_settings_check(s, &err) == ECD_OK);
  s->data.split = ECD_SPLIT_FOLD;
  CHECK(ecd_settings_check(s, &err) == ECD_USAGE);
  CHECK_HAS(err.text, "data.fold: expected 0 to data.folds - 1 = 4, found 5");
  s->data.split = ECD_SPLIT_ELEMENT;
  CHECK(ecd_settings_check(s, &err) == ECD_USAGE);
  CHECK_HAS(err.text, "data.element: expected a symbol");
  s->data.split = ECD_SPLIT_FILE;
  CHECK(ecd_settings_check(s, &err) == ECD_USAGE);
  CHECK_HAS(err.text, "data.split_file: expected a CSV file");
  ecd_settings_destroy(&s);
}

static void check_texts(void) {
  ecd_settings_t *s = defaults();
  CHECK(s->bench.targets.count == 2 && strcmp(s->bench.targets.item[1], "shear") == 0);
  CHECK(ecd_deck_override("bench.models=[input/rf.yaml, my decks/a.yaml]", s, &err) == ECD_OK);
  CHECK(s->bench.models.count == 2);
  CHECK(strcmp(s->bench.models.item[1], "my decks/a.yaml") == 0);
  CHECK(ecd_deck_override("bench.models=rf", s, &err) == ECD_OK && s->bench.models.count == 1);
  CHECK(ecd_deck_override("bench.models=[]", s, &err) == ECD_OK && s->bench.models.count == 0);
  CHECK(ecd_deck_override("bench.targets=bulk,shaer", s, &err) == ECD_USAGE);
  CHECK_HAS(err.text, "each one of bulk, shear, found 'shaer'; did you mean 'shear'?");
  CHECK(s->bench.targets.count == 2);
  CHECK(ecd_deck_override("bench.elements=F,Cl,F", s, &err) == ECD_USAGE);
  CHECK_HAS(err.text, "bench.elements: 'F' is given twice");
  const char *deck = "bench: {elements: F, targets: [shear], models: [a.yaml, \"b, c.yaml\"]}\n";
  CHECK(ecd_deck_parse(deck, strlen(deck), "deck", s, &err) == ECD_OK);
  CHECK(s->bench.elements.count == 1 && s->bench.targets.count == 1);
  CHECK(strcmp(s->bench.models.item[1], "b, c.yaml") == 0);
  deck = "bench:\n  elements: [[F]]\n";
  CHECK(ecd_deck_parse(deck, strlen(deck), "deck", s, &err) == ECD_USAGE);
  CHECK_HAS(err.text, "deck:2:13: bench.elements: expected a flat list");
  ecd_settings_destroy(&s);
}

static void check_same(const ecd_settings_t *a, const ecd_settings_t *b) {
  char *first = NULL, *second = NULL;
  for (size_t i = 0; i < ecd_key_count; ++i) {
    const char *x = (const char *)a + ecd_keys[i].offset, *y = (const char *)b + ecd_keys[i].offset;
    bool same = true;
    switch (ecd_keys[i].type) {
    case ECD_KEY_STRING:
      same = strcmp(*(char *const *)x, *(char *const *)y) == 0;
      break;
    case ECD_KEY_INTEGER:
    case ECD_KEY_NUMBER:
      same = memcmp(x, y, 8) == 0;
      break;
    case ECD_KEY_FLAG:
      same = *(const bool *)x == *(const bool *)y;
      break;
    case ECD_KEY_CHOICE:
      same = *(const int *)x == *(const int *)y;
      break;
    case ECD_KEY_INTEGERS:
      same = ((const ecd_int_list_t *)x)->count == ((const ecd_int_list_t *)y)->count &&
             memcmp(((const ecd_int_list_t *)x)->item, ((const ecd_int_list_t *)y)->item,
                    (size_t)((const ecd_int_list_t *)x)->count * sizeof(int64_t)) == 0;
      break;
    case ECD_KEY_TEXTS: {
      const ecd_text_list_t *one = (const void *)x, *other = (const void *)y;
      same = one->count == other->count;
      for (int k = 0; same && k < one->count; ++k) same = strcmp(one->item[k], other->item[k]) == 0;
    }
    }
    if (!same) fprintf(stderr, "%s is not the same\n", ecd_keys[i].name);
    CHECK(same);
  }
  CHECK(ecd_deck_text(a, &first, &err) == ECD_OK && ecd_deck_text(b, &second, &err) == ECD_OK);
  CHECK(strcmp(first, second) == 0);
  free(first);
  free(second);
}

static uint64_t below(uint64_t bound, uint64_t *index) {
  return ecd_random_below(bound, 5, ECD_RANDOM_TEST, 0, (*index)++);
}

/* Characters that a writer of YAML may stumble on. */
static void random_text(char *text, size_t pieces, uint64_t *index) {
  static const char *const piece[] = {"a",
                                      " ",
                                      "  ",
                                      ":",
                                      "#",
                                      " #",
                                      "\"",
                                      "'",
                                      "\\",
                                      "\n",
                                      "\t",
                                      "{id}",
                                      "[",
                                      "&",
                                      "*",
                                      "- ",
                                      "%",
                                      "\x01",
                                      "\x7f",
                                      "\xc3\xa4",
                                      "\xc2\x85",
                                      "~",
                                      "null",
                                      "\r\n",
                                      "\xe2\x80\xa8",
                                      "\xef\xbb\xbf",
                                      "\xf0\x9f\x98\x80",
                                      "\xef\xbf\xbf"};
  text[0] = '\0';
  for (size_t i = 0; i < pieces; ++i)
    strcat(text, piece[below(sizeof piece / sizeof *piece, index)]);
}

static void randomize(ecd_settings_t *s, uint64_t *index) {
  char text[512];
  for (size_t i = 0; i < ecd_key_count; ++i) {
    const ecd_key_t *key = &ecd_keys[i];
    char *at = (char *)s + key->offset;
    const double u = ecd_random_uniform(5, ECD_RANDOM_TEST, 1, (*index)++);
    switch (key->type) {
    case ECD_KEY_STRING:
      random_text(text, below(12, index), index);
      CHECK(ecd_key_set(key, text, s, &err) == ECD_OK);
      break;
    case ECD_KEY_INTEGER:
      *(int64_t *)at = (int64_t)(key->minimum + u * (key->maximum - key->minimum));
      break;
    case ECD_KEY_NUMBER:
      *(double *)at = key->minimum + u * u * u * (key->maximum - key->minimum);
      break;
    case ECD_KEY_FLAG:
      *(bool *)at = u < 0.5;
      break;
    case ECD_KEY_CHOICE: {
      uint64_t choices = 0;
      while (key->choices[choices] != NULL) ++choices;
      *(int *)at = (int)below(choices, index);
      break;
    }
    case ECD_KEY_INTEGERS: {
      ecd_int_list_t *list = (ecd_int_list_t *)(void *)at;
      list->count = (int)below(ECD_DENSE_MAX + 1, index);
      for (int k = 0; k < list->count; ++k) list->item[k] = 1 + (int64_t)below(1000000, index);
      break;
    }
    case ECD_KEY_TEXTS: {
      char item[3][80];
      const char *list[3];
      const size_t count = below(4, index);
      for (size_t k = 0; k < count; ++k) {
        random_text(text, below(12, index), index);
        snprintf(item[k], sizeof item[k], "%zu%s", k, text);
        list[k] = key->choices != NULL ? key->choices[k % 2] : item[k];
      }
      const size_t most = key->choices != NULL && count > 2 ? 2 : count;
      CHECK(ecd_key_set_list(key, list, most, s, &err) == ECD_OK);
    }
    }
  }
}

static void check_written(void) {
  uint64_t index = 0;
  for (int round = 0; round < 200; ++round) {
    ecd_settings_t *s = defaults(), *back = defaults();
    if (round > 0) randomize(s, &index);
    char *text = NULL;
    CHECK(ecd_deck_text(s, &text, &err) == ECD_OK);
    const ecd_code_t code = ecd_deck_parse(text, strlen(text), "written", back, &err);
    CHECK(code == ECD_OK);
    if (code != ECD_OK) fprintf(stderr, "%s\nof\n%s\n", err.text, text);
    check_same(s, back);
    free(text);
    ecd_settings_destroy(&s);
    ecd_settings_destroy(&back);
  }
}

/* Decks with bytes changed at random: an error or settings, never a crash (sanitizers in CI). */
static void check_changed(void) {
  static const char telling[] = ": \n\t-[]{}&*#?|>'\"%@0\0,!";
  ecd_settings_t *s = defaults();
  char *good = NULL;
  uint64_t index = 1000000;
  int refused = 0;
  enum { CASES = 2000 };
  CHECK(ecd_deck_text(s, &good, &err) == ECD_OK);
  const size_t length = strlen(good);
  char *text = malloc(length + 1);
  if (text == NULL) exit(1);
  for (int i = 0; i < CASES; ++i) {
    memcpy(text, good, length + 1);
    size_t size = length;
    for (uint64_t changes = 1 + below(4, &index); changes > 0; --changes) {
      const size_t at = (size_t)below(size, &index);
      if (below(10, &index) == 0)
        size = at + 1;
      else if (below(3, &index) == 0)
        text[at] = (char)(text[at] ^ (1 << below(8, &index)));
      else
        text[at] = telling[below(sizeof telling - 1, &index)];
    }
    err.text[0] = '\0';
    const ecd_code_t code = ecd_deck_parse(text, size, "d.yaml", s, &err);
    CHECK(code == ECD_OK || (code == ECD_USAGE && strncmp(err.text, "d.yaml:", 7) == 0));
    refused += code != ECD_OK;
  }
  CHECK(refused > CASES / 4 && refused < CASES);
  free(text);
  free(good);
  ecd_settings_destroy(&s);
}

/* What 'ecdnet deck' prints is a deck of the defaults, and names all keys. */
static void check_document(void) {
  char *text = NULL;
  size_t size;
  FILE *file = open_memstream(&text, &size);
  ecd_deck_document(file);
  fclose(file);
  ecd_settings_t *s = defaults(), *back = defaults();
  CHECK(ecd_deck_parse(text, size, "document", back, &err) == ECD_OK);
  check_same(s, back);
  for (size_t i = 0; i < ecd_key_count; ++i) {
    const char *dot = strrchr(ecd_keys[i].name, '.');
    CHECK_HAS(text, dot != NULL ? dot + 1 : ecd_keys[i].name);
    CHECK(ecd_keys[i].meaning[0] != '\0');
  }
  free(text);
  ecd_settings_destroy(&s);
  ecd_settings_destroy(&back);
}

int main(void) {
  check_good();
  check_values();
  check_keys();
  check_syntax();
  check_overrides();
  check_between_keys();
  check_texts();
  check_written();
  check_changed();
  check_document();
  return check_done();
}
