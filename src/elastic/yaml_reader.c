#include "elastic/yaml_reader.h"

#include "deck/deck.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void ecd_yaml_problem(ecd_yaml_t *yaml, const yaml_node_t *node, const char *format, ...) {
  char text[700];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  const size_t have = yaml->problems++ == 0 ? 0 : strlen(yaml->err->text);
  yaml->err->code = ECD_DATA;
  snprintf(yaml->err->text + have, sizeof yaml->err->text - have, "%s%s:%zu:%zu: %s",
           have > 0 ? "\n" : "", yaml->path, node->start_mark.line + 1, node->start_mark.column + 1,
           text);
}

static ecd_code_t not_yaml(const yaml_parser_t *parser, const char *path, ecd_error_t *err) {
  const char *what = parser->problem != NULL ? parser->problem : "unreadable text";
  if (parser->error == YAML_READER_ERROR)
    return ecd_fail(err, ECD_DATA, "%s: not YAML or JSON: byte %zu: %s", path,
                    parser->problem_offset + 1, what);
  return ecd_fail(err, ECD_DATA, "%s:%zu:%zu: not YAML or JSON: %s", path,
                  parser->problem_mark.line + 1, parser->problem_mark.column + 1, what);
}

static ecd_code_t load(yaml_parser_t *parser, const char *path, ecd_yaml_t *yaml,
                       ecd_error_t *err) {
  yaml_document_t second;
  if (!yaml_parser_load(parser, &yaml->document)) return not_yaml(parser, path, err);
  yaml->root = yaml_document_get_root_node(&yaml->document);
  ecd_code_t code = ECD_OK;
  if (yaml->root == NULL || yaml->root->type != YAML_MAPPING_NODE)
    code = ecd_fail(err, ECD_DATA, "%s:1: expected 'key: value' lines, found %s", path,
                    yaml->root == NULL ? "nothing" : "something else");
  else if (!yaml_parser_load(parser, &second))
    code = not_yaml(parser, path, err);
  else {
    if (yaml_document_get_root_node(&second) != NULL)
      code = ecd_fail(err, ECD_DATA, "%s: expected one YAML document, found a second", path);
    yaml_document_delete(&second);
  }
  if (code != ECD_OK) ecd_yaml_clear(yaml);
  return code;
}

ecd_code_t ecd_yaml_parse(const char *path, const char *text, size_t length, ecd_yaml_t *yaml,
                          ecd_error_t *err) {
  yaml_parser_t parser;
  *yaml = (ecd_yaml_t){.path = path, .err = err};
  if (!yaml_parser_initialize(&parser))
    return ecd_fail(err, ECD_FAILED, "out of memory reading %s", path);
  yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
  const ecd_code_t code = load(&parser, path, yaml, err);
  yaml_parser_delete(&parser);
  return code;
}

void ecd_yaml_clear(ecd_yaml_t *yaml) { yaml_document_delete(&yaml->document); }

/* "a, b or c" */
static void list_names(const char *const *names, size_t count, char *text, size_t size) {
  size_t at = 0;
  for (size_t i = 0; i < count && at < size; ++i) {
    const char *between = i == 0 ? "" : i + 1 == count ? " or " : ", ";
    at += (size_t)snprintf(text + at, size - at, "%s%s", between, names[i]);
  }
}

void ecd_yaml_section(ecd_yaml_t *yaml, yaml_node_t *node, const char *where,
                      const char *const *names, size_t count, yaml_node_t **value) {
  for (size_t i = 0; i < count; ++i) value[i] = NULL;
  if (node == NULL) return;
  if (node->type != YAML_MAPPING_NODE) {
    ecd_yaml_problem(yaml, node, "%s: expected keys and values", where);
    return;
  }
  for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
       ++pair) {
    const yaml_node_t *key = yaml_document_get_node(&yaml->document, pair->key);
    const char *word = ecd_yaml_text(yaml, key, where);
    if (word == NULL) continue;
    size_t i = 0;
    while (i < count && strcmp(names[i], word) != 0) ++i;
    if (i == count) {
      const char *near = ecd_nearest(word, names, count);
      char text[400];
      list_names(names, count, text, sizeof text);
      ecd_yaml_problem(yaml, key, "%s: unknown key '%.60s'; %s%s%s", where, word,
                       near != NULL ? "did you mean '" : "expected ", near != NULL ? near : text,
                       near != NULL ? "'?" : "");
    } else if (value[i] != NULL) {
      ecd_yaml_problem(yaml, key, "%s: key '%s' is given twice", where, word);
    } else {
      value[i] = yaml_document_get_node(&yaml->document, pair->value);
    }
  }
}

bool ecd_yaml_is_list(const yaml_node_t *node) { return node->type == YAML_SEQUENCE_NODE; }

size_t ecd_yaml_length(ecd_yaml_t *yaml, const yaml_node_t *node, const char *what) {
  if (ecd_yaml_is_list(node))
    return (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
  ecd_yaml_problem(yaml, node, "%s: expected a list", what);
  return 0;
}

yaml_node_t *ecd_yaml_item(ecd_yaml_t *yaml, const yaml_node_t *node, size_t i) {
  return yaml_document_get_node(&yaml->document, node->data.sequence.items.start[i]);
}

const char *ecd_yaml_text(ecd_yaml_t *yaml, const yaml_node_t *node, const char *what) {
  if (node->type == YAML_SCALAR_NODE) {
    const char *text = (const char *)node->data.scalar.value;
    if (strlen(text) == node->data.scalar.length) return text;
  }
  ecd_yaml_problem(yaml, node, "%s: expected a text", what);
  return NULL;
}

int ecd_yaml_choice(ecd_yaml_t *yaml, const yaml_node_t *node, const char *what,
                    const char *const *names, size_t count) {
  const char *text = ecd_yaml_text(yaml, node, what);
  if (text == NULL) return -1;
  for (size_t i = 0; i < count; ++i)
    if (strcmp(names[i], text) == 0) return (int)i;
  char list[400];
  list_names(names, count, list, sizeof list);
  ecd_yaml_problem(yaml, node, "%s: expected %s, found '%.60s'", what, list, text);
  return -1;
}

bool ecd_yaml_number(ecd_yaml_t *yaml, const yaml_node_t *node, const char *what, double *value) {
  if (node->type != YAML_SCALAR_NODE) {
    ecd_yaml_problem(yaml, node, "%s: expected a number", what);
    return false;
  }
  const char *text = (const char *)node->data.scalar.value;
  char *end;
  *value = strtod(text, &end);
  const bool plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
  if (plain && end != text && *end == '\0' && isfinite(*value)) return true;
  ecd_yaml_problem(yaml, node, "%s: expected a finite number, found '%.40s'%s", what, text,
                   plain ? "" : " in quotes");
  return false;
}

static bool read_row(ecd_yaml_t *yaml, const yaml_node_t *node, const char *what, size_t count,
                     double *value) {
  const int before = yaml->problems;
  const size_t found = ecd_yaml_length(yaml, node, what);
  if (yaml->problems > before) return false;
  if (found != count) {
    ecd_yaml_problem(yaml, node, "%s: expected a list of %zu numbers, found %zu", what, count,
                     found);
    return false;
  }
  for (size_t i = 0; i < count; ++i)
    if (!ecd_yaml_number(yaml, ecd_yaml_item(yaml, node, i), what, &value[i])) return false;
  return true;
}

bool ecd_yaml_numbers(ecd_yaml_t *yaml, const yaml_node_t *node, const char *what, size_t rows,
                      size_t columns, double *value) {
  if (rows == 0) return read_row(yaml, node, what, columns, value);
  const int before = yaml->problems;
  const size_t found = ecd_yaml_length(yaml, node, what);
  if (yaml->problems > before) return false;
  if (found != rows) {
    ecd_yaml_problem(yaml, node, "%s: expected %zu rows of %zu numbers, found %zu", what, rows,
                     columns, found);
    return false;
  }
  for (size_t i = 0; i < rows; ++i)
    if (!read_row(yaml, ecd_yaml_item(yaml, node, i), what, columns, value + i * columns))
      return false;
  return true;
}
