#include "deck/deck.h"

#include "base/random.h"
#include "deck/values.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { NAME_MAX_LENGTH = 128, HINT = 256, LIST_MAX = ECD_TEXTS_MAX + 1 /* one too many */ };

/* Where a deck is being read, and the problems found so far. */
typedef struct {
  yaml_document_t *document;
  const char *name;
  ecd_settings_t *settings;
  bool *seen; /* [ecd_key_count] */
  int problems;
  ecd_error_t *err;
} reader_t;

enum { WORD_MAX_LENGTH = 100 };

/* Insertions, deletions, changes and swaps of neighbours that turn word into name (optimal string
   alignment). */
static size_t edit_distance(const char *word, size_t length, const char *name) {
  size_t rows[3][WORD_MAX_LENGTH + 1], *before = rows[0], *last = rows[1], *row = rows[2];
  for (size_t k = 0; k <= length; ++k) last[k] = k;
  for (size_t j = 1; name[j - 1] != '\0'; ++j) {
    row[0] = j;
    for (size_t k = 1; k <= length; ++k) {
      const size_t insert = (last[k] < row[k - 1] ? last[k] : row[k - 1]) + 1;
      const size_t change = last[k - 1] + (word[k - 1] != name[j - 1]);
      row[k] = change < insert ? change : insert;
      const bool swap = k > 1 && j > 1 && word[k - 1] == name[j - 2] && word[k - 2] == name[j - 1];
      if (swap && before[k - 2] + 1 < row[k]) row[k] = before[k - 2] + 1;
    }
    size_t *const free_row = before;
    before = last, last = row, row = free_row;
  }
  return last[length];
}

const char *ecd_nearest(const char *word, const char *const *names, size_t count) {
  const size_t length = strlen(word);
  const char *best = NULL;
  size_t least = length < 6 ? 3 : length / 2 + 1;
  for (size_t i = 0; i < count && length <= WORD_MAX_LENGTH; ++i) {
    const size_t distance = edit_distance(word, length, names[i]);
    if (distance >= least) continue;
    least = distance;
    best = names[i];
  }
  return best;
}

static const ecd_key_t *find_key(const char *name) {
  for (size_t i = 0; i < ecd_key_count; ++i)
    if (strcmp(ecd_keys[i].name, name) == 0) return &ecd_keys[i];
  return NULL;
}

static bool is_section(const char *name) {
  const size_t length = strlen(name);
  for (size_t i = 0; i < ecd_key_count; ++i)
    if (strncmp(ecd_keys[i].name, name, length) == 0 && ecd_keys[i].name[length] == '.')
      return true;
  return false;
}

/* "; did you mean 'KEY or SECTION'?" into hint. */
static void hint_at(const char *name, char *hint, size_t size) {
  enum { CANDIDATES = 512 };
  const char *names[CANDIDATES] = {NULL};
  char sections[CANDIDATES][NAME_MAX_LENGTH];
  size_t count = 0;
  for (size_t i = 0; i < ecd_key_count && count + 1 < CANDIDATES; ++i) {
    names[count++] = ecd_keys[i].name;
    const char *dot = strrchr(ecd_keys[i].name, '.');
    if (dot == NULL) continue;
    snprintf(sections[count], sizeof *sections, "%.*s", (int)(dot - ecd_keys[i].name),
             ecd_keys[i].name);
    names[count] = sections[count];
    ++count;
  }
  const char *near = ecd_nearest(name, names, count);
  /* A word on its own may be a key of some section: "epochs" means train.epochs. */
  for (size_t i = 0; near == NULL && i < ecd_key_count; ++i) {
    const char *last = strrchr(ecd_keys[i].name, '.');
    if (last != NULL && strcmp(last + 1, name) == 0) near = ecd_keys[i].name;
  }
  if (near != NULL)
    snprintf(hint, size, "; did you mean '%s'?", near);
  else
    snprintf(hint, size, "; 'ecdnet deck' lists all keys");
}

ecd_code_t ecd_settings_create(ecd_settings_t **settings, ecd_error_t *err) {
  ECD_TRY(ecd_alloc((void **)settings, 1, sizeof **settings, "settings", err));
  ecd_code_t code = ECD_OK;
  for (size_t i = 0; i < ecd_key_count && code == ECD_OK; ++i) {
    if (ecd_keys[i].type == ECD_KEY_INTEGERS || ecd_keys[i].type == ECD_KEY_TEXTS) {
      char assignment[256];
      snprintf(assignment, sizeof assignment, "%s=%s", ecd_keys[i].name, ecd_keys[i].value);
      code = ecd_deck_override(assignment, *settings, err);
    } else {
      code = ecd_key_set(&ecd_keys[i], ecd_keys[i].value, *settings, err);
    }
  }
  if (code != ECD_OK) ecd_settings_destroy(settings);
  return code;
}

void ecd_settings_destroy(ecd_settings_t **settings) {
  if (*settings == NULL) return;
  for (size_t i = 0; i < ecd_key_count; ++i) {
    void *at = (char *)*settings + ecd_keys[i].offset;
    if (ecd_keys[i].type == ECD_KEY_STRING) free(*(char **)at);
    if (ecd_keys[i].type == ECD_KEY_TEXTS) ecd_text_list_clear(at);
  }
  free(*settings);
  *settings = NULL;
}

/* Adds "name:line:column: message" to the error. */
static void problem(reader_t *reader, yaml_mark_t mark, const char *format, ...) {
  char text[600];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  ecd_error_t *err = reader->err;
  const bool first = reader->problems++ == 0;
  if (err == NULL) return;
  const size_t have = first ? 0 : strlen(err->text);
  err->code = ECD_USAGE;
  snprintf(err->text + have, sizeof err->text - have, "%s%s:%zu:%zu: %s", have > 0 ? "\n" : "",
           reader->name, mark.line + 1, mark.column + 1, text);
}

static const char *scalar(const yaml_node_t *node) { return (const char *)node->data.scalar.value; }

static ecd_code_t set_sequence(reader_t *reader, const ecd_key_t *key, const yaml_node_t *node,
                               ecd_error_t *err) {
  const char *item[LIST_MAX];
  size_t count = 0;
  for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top;
       ++i) {
    const yaml_node_t *value = yaml_document_get_node(reader->document, *i);
    if (value->type != YAML_SCALAR_NODE)
      return ecd_fail(err, ECD_USAGE, "%s: expected a flat list", key->name);
    if (strlen(scalar(value)) < value->data.scalar.length)
      return ecd_fail(err, ECD_USAGE, "%s: expected a text without zero bytes", key->name);
    if (count < LIST_MAX) item[count++] = scalar(value);
  }
  return ecd_key_set_list(key, item, count, reader->settings, err);
}

static void read_value(reader_t *reader, const char *name, const yaml_node_t *key_node,
                       const yaml_node_t *value) {
  const ecd_key_t *key = find_key(name);
  if (key == NULL) {
    char hint[HINT];
    hint_at(name, hint, sizeof hint);
    problem(reader, key_node->start_mark, "unknown key '%s'%s", name, hint);
    return;
  }
  const size_t number = (size_t)(key - ecd_keys);
  if (reader->seen[number]) problem(reader, key_node->start_mark, "key '%s' is given twice", name);
  reader->seen[number] = true;
  ecd_error_t err = {0};
  ecd_code_t code;
  if (value->type == YAML_SEQUENCE_NODE)
    code = set_sequence(reader, key, value, &err);
  else if (value->type == YAML_SCALAR_NODE && strlen(scalar(value)) < value->data.scalar.length)
    code = ecd_fail(&err, ECD_USAGE, "%s: expected a text without zero bytes", name);
  else if (value->type == YAML_SCALAR_NODE)
    code = ecd_key_set(key, scalar(value), reader->settings, &err);
  else
    code = ecd_fail(&err, ECD_USAGE, "%s: expected a value, found a section", name);
  if (code != ECD_OK) problem(reader, value->start_mark, "%s", err.text);
}

static void read_mapping(reader_t *reader, const char *prefix, const yaml_node_t *node) {
  for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
       ++pair) {
    const yaml_node_t *key = yaml_document_get_node(reader->document, pair->key);
    const yaml_node_t *value = yaml_document_get_node(reader->document, pair->value);
    if (key->type != YAML_SCALAR_NODE) {
      problem(reader, key->start_mark, "expected a key, found a list or section");
      continue;
    }
    char name[NAME_MAX_LENGTH];
    snprintf(name, sizeof name, "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", scalar(key));
    if (value->type == YAML_MAPPING_NODE && is_section(name))
      read_mapping(reader, name, value);
    else if (value->type == YAML_SCALAR_NODE && is_section(name) && scalar(value)[0] != '\0')
      problem(reader, value->start_mark, "'%s' is a section; expected keys below it, found '%s'",
              name, scalar(value));
    else if (value->type == YAML_SEQUENCE_NODE && is_section(name))
      problem(reader, value->start_mark, "'%s' is a section; expected keys below it, found a list",
              name);
    else if (!is_section(name))
      read_value(reader, name, key, value);
  }
}

/* Line and column from 1 of a byte of the text. */
static yaml_mark_t mark_of(const char *text, size_t length, size_t offset) {
  yaml_mark_t mark = {0, 0, 0};
  for (size_t i = 0; i < length && i < offset; ++i) {
    mark.column = text[i] == '\n' ? 0 : mark.column + 1;
    mark.line += text[i] == '\n';
  }
  return mark;
}

static ecd_code_t not_yaml(const yaml_parser_t *parser, const char *text, size_t length,
                           const char *name, ecd_error_t *err) {
  const yaml_mark_t mark = parser->error == YAML_READER_ERROR
                               ? mark_of(text, length, parser->problem_offset)
                               : parser->problem_mark;
  return ecd_fail(err, ECD_USAGE, "%s:%zu:%zu: not YAML: %s", name, mark.line + 1, mark.column + 1,
                  parser->problem != NULL ? parser->problem : "unreadable text");
}

/* A deck is one document; its problems so far make it bad. */
static ecd_code_t check_end(reader_t *reader, yaml_parser_t *parser, const char *text,
                            size_t length) {
  yaml_document_t document;
  if (!yaml_parser_load(parser, &document))
    return not_yaml(parser, text, length, reader->name, reader->err);
  const yaml_node_t *root = yaml_document_get_root_node(&document);
  if (root != NULL) problem(reader, root->start_mark, "expected one document, found a second");
  yaml_document_delete(&document);
  return reader->problems > 0 ? ECD_USAGE : ECD_OK;
}

/* train.* with what it does not go together with. */
static ecd_code_t check_train(const ecd_settings_t *s, ecd_error_t *err) {
  if (s->train.patience > 0 && s->data.validation_fraction == 0 && s->data.split != ECD_SPLIT_FILE)
    return ecd_fail(
        err, ECD_USAGE,
        "train.patience: expected data.validation_fraction above 0 with it: there are no "
        "validation samples to wait for");
  if (s->train.augment != ECD_AUGMENT_NONE &&
      (s->model.kind == ECD_MODEL_MAGPIE_CNN || s->model.kind == ECD_MODEL_RF ||
       s->model.kind == ECD_MODEL_CGCNN))
    return ecd_fail(err, ECD_USAGE, "train.augment: expected none, as %s takes no volume to move",
                    ecd_model_names[s->model.kind]);
  if (s->train.augment != ECD_AUGMENT_NONE && s->model.kind == ECD_MODEL_FUSION &&
      !s->model.fusion.finetune && s->parents.volume[0] != '\0')
    return ecd_fail(err, ECD_USAGE,
                    "train.augment: expected none, or model.fusion.finetune: true: the parent that "
                    "takes volumes, %s, is trained already",
                    s->parents.volume);
  if (s->data.validation_fraction > 0 && s->model.kind == ECD_MODEL_RF)
    return ecd_fail(err, ECD_USAGE,
                    "data.validation_fraction: expected 0, as a random forest has no epochs to "
                    "choose among; found %g",
                    s->data.validation_fraction);
  if (s->train.ensemble > 1 && s->model.kind == ECD_MODEL_RF)
    return ecd_fail(err, ECD_USAGE,
                    "train.ensemble: expected 1, as a random forest is an ensemble already "
                    "(model.rf.trees), found %lld",
                    (long long)s->train.ensemble);
  const int64_t last = (s->train.repeat + 1) * s->train.ensemble - 1;
  if (last > ECD_REPEAT_MAX)
    return ecd_fail(
        err, ECD_USAGE,
        "train.repeat: an ensemble of %lld has the repeats %lld to %lld; expected at most "
        "%d",
        (long long)s->train.ensemble, (long long)(s->train.repeat * s->train.ensemble),
        (long long)last, ECD_REPEAT_MAX);
  return ECD_OK;
}

/* What the deck alone can tell to be wrong between keys. */
ecd_code_t ecd_settings_check(const ecd_settings_t *s, ecd_error_t *err) {
  if (s->data.split == ECD_SPLIT_FOLD && s->data.folds_file[0] == '\0' &&
      s->data.fold >= s->data.folds)
    return ecd_fail(err, ECD_USAGE, "data.fold: expected 0 to data.folds - 1 = %lld, found %lld",
                    (long long)s->data.folds - 1, (long long)s->data.fold);
  if (s->data.split == ECD_SPLIT_ELEMENT && s->data.element[0] == '\0')
    return ecd_fail(err, ECD_USAGE,
                    "data.element: expected a symbol, as data.split is 'element'; found nothing");
  if (s->data.split == ECD_SPLIT_FILE && s->data.split_file[0] == '\0')
    return ecd_fail(err, ECD_USAGE,
                    "data.split_file: expected a CSV file, as data.split is 'file'; found nothing");
  if ((s->model.kind == ECD_MODEL_MAGPIE_CNN || s->model.kind == ECD_MODEL_FUSION) &&
      s->data.features == ECD_FEATURES_MAGPIE145)
    return ecd_fail(
        err, ECD_USAGE,
        "data.features: %s reads its features as a 12 x 12 image; expected magpie132 (132 "
        "columns and 12 zeros), found magpie145 (145 columns, more than the 144 pixels)",
        ecd_model_names[s->model.kind]);
  return check_train(s, err);
}

uint64_t ecd_settings_seed(const ecd_settings_t *s) {
  uint32_t bits[4];
  if (s->train.repeat == 0) return (uint64_t)s->seed;
  ecd_random_bits((uint64_t)s->seed, ECD_RANDOM_REPEAT, 0, (uint64_t)s->train.repeat, bits);
  return (uint64_t)bits[0] << 32 | bits[1];
}

ecd_code_t ecd_deck_parse(const char *text, size_t length, const char *name,
                          ecd_settings_t *settings, ecd_error_t *err) {
  yaml_parser_t parser;
  yaml_document_t document;
  if (!yaml_parser_initialize(&parser))
    return ecd_fail(err, ECD_FAILED, "out of memory reading %s", name);
  yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
  if (!yaml_parser_load(&parser, &document)) {
    not_yaml(&parser, text, length, name, err);
    yaml_parser_delete(&parser);
    return ECD_USAGE;
  }
  reader_t reader = {.document = &document, .name = name, .settings = settings, .err = err};
  ecd_code_t code =
      ecd_alloc((void **)&reader.seen, ecd_key_count, sizeof *reader.seen, "deck", err);
  const yaml_node_t *root = yaml_document_get_root_node(&document);
  const bool empty =
      root == NULL || (root->type == YAML_SCALAR_NODE && root->data.scalar.length == 0);
  if (code == ECD_OK && !empty && root->type != YAML_MAPPING_NODE)
    problem(&reader, root->start_mark, "expected 'key: value' lines");
  else if (code == ECD_OK && !empty)
    read_mapping(&reader, "", root);
  yaml_document_delete(&document);
  free(reader.seen);
  if (code == ECD_OK) code = check_end(&reader, &parser, text, length);
  yaml_parser_delete(&parser);
  return code;
}

/* A list as on a command line: [a, b], or a,b; a text may hold spaces inside. */
static ecd_code_t set_words(const ecd_key_t *key, const char *text, ecd_settings_t *settings,
                            ecd_error_t *err) {
  const char *separators = key->type == ECD_KEY_INTEGERS ? "[], " : "[],";
  char *copy = strdup(text), *rest = NULL;
  const char *item[LIST_MAX];
  size_t count = 0;
  if (copy == NULL) return ecd_fail(err, ECD_FAILED, "out of memory");
  for (char *word = strtok_r(copy, separators, &rest); word != NULL && count < LIST_MAX;
       word = strtok_r(NULL, separators, &rest)) {
    word += strspn(word, " ");
    for (size_t length = strlen(word); length > 0 && word[length - 1] == ' '; --length)
      word[length - 1] = '\0';
    if (word[0] != '\0') item[count++] = word;
  }
  const ecd_code_t code = ecd_key_set_list(key, item, count, settings, err);
  free(copy);
  return code;
}

/* "a.b=value" is the deck "a.b: value" with its key looked up whole. */
ecd_code_t ecd_deck_override(const char *assignment, ecd_settings_t *settings, ecd_error_t *err) {
  const char *equals = strchr(assignment, '=');
  if (equals == NULL || equals == assignment || equals - assignment >= NAME_MAX_LENGTH)
    return ecd_fail(err, ECD_USAGE, "-o %s: expected key=value", assignment);
  char name[NAME_MAX_LENGTH];
  snprintf(name, sizeof name, "%.*s", (int)(equals - assignment), assignment);
  const ecd_key_t *key = find_key(name);
  if (key == NULL) {
    char hint[HINT];
    hint_at(name, hint, sizeof hint);
    return ecd_fail(err, ECD_USAGE, "-o %s: unknown key '%s'%s", assignment, name, hint);
  }
  ecd_code_t code;
  if (key->type == ECD_KEY_INTEGERS || key->type == ECD_KEY_TEXTS) {
    code = set_words(key, equals + 1, settings, err);
  } else {
    code = ecd_key_set(key, equals + 1, settings, err);
  }
  return code == ECD_OK ? code : ecd_fail_in(err, "-o %s", assignment);
}

/* Indentation of a key's last word; opens the sections that the previous key was not in. */
static const char *open_sections(const char *name, const char *previous, FILE *file) {
  const char *word = name;
  int depth = 0;
  for (const char *dot; (dot = strchr(word, '.')) != NULL; word = dot + 1, ++depth) {
    const size_t length = (size_t)(dot - name) + 1;
    if (strncmp(name, previous, length) != 0)
      fprintf(file, "%*s%.*s:\n", 2 * depth, "", (int)(dot - word), word);
  }
  fprintf(file, "%*s", 2 * depth, "");
  return word;
}

ecd_code_t ecd_deck_write(const ecd_settings_t *settings, FILE *file, ecd_error_t *err) {
  const char *previous = "";
  for (size_t i = 0; i < ecd_key_count; ++i) {
    const char *word = open_sections(ecd_keys[i].name, previous, file);
    fprintf(file, "%s: ", word);
    ecd_key_write(&ecd_keys[i], settings, file);
    fputs(ecd_keys[i].unit[0] != '\0' ? "  # " : "", file);
    fprintf(file, "%s\n", ecd_keys[i].unit);
    previous = ecd_keys[i].name;
  }
  return ferror(file) ? ecd_fail(err, ECD_FAILED, "cannot write the deck") : ECD_OK;
}

ecd_code_t ecd_deck_text(const ecd_settings_t *settings, char **text, ecd_error_t *err) {
  size_t size;
  FILE *file = open_memstream(text, &size);
  if (file == NULL) return ecd_fail(err, ECD_FAILED, "out of memory");
  const ecd_code_t code = ecd_deck_write(settings, file, err);
  fclose(file);
  return code;
}

void ecd_deck_document(FILE *file) {
  const char *previous = "";
  fprintf(file,
          "# Every key of a deck with its default. Paths are relative to the working directory.\n");
  for (size_t i = 0; i < ecd_key_count; ++i) {
    const ecd_key_t *key = &ecd_keys[i];
    char expected[256];
    ecd_key_describe(key, expected, sizeof expected);
    const char *word = open_sections(key->name, previous, file);
    fprintf(file, "%s: %s  # %s%s%s%s%s\n", word, key->value[0] != '\0' ? key->value : "\"\"",
            expected, key->unit[0] != '\0' ? ", " : "", key->unit,
            key->meaning[0] != '\0' ? "; " : "", key->meaning);
    previous = key->name;
  }
}
