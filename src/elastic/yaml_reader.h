/* Reading a YAML document strictly: sections of known keys, lists of finite numbers; problems are
   collected with line and column. All local. */
#ifndef ECD_ELASTIC_YAML_READER_H
#define ECD_ELASTIC_YAML_READER_H

#include "base/error.h"

#include <stddef.h>
#include <yaml.h>

typedef struct {
  yaml_document_t document;
  yaml_node_t *root;
  const char *path; /* for messages; borrowed */
  int problems;
  ecd_error_t *err; /* of code ECD_DATA once there is a problem */
} ecd_yaml_t;

/* Parses text, one document whose root is a section (a mapping). ECD_DATA with line and column. */
ecd_code_t ecd_yaml_parse(const char *path, const char *text, size_t length, ecd_yaml_t *yaml,
                          ecd_error_t *err);
void ecd_yaml_clear(ecd_yaml_t *yaml);

/* Adds "path:line:column: message". */
void ecd_yaml_problem(ecd_yaml_t *yaml, const yaml_node_t *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Values of a section's keys by names[count] into value[count], NULL where absent (also if
   node is NULL). Unknown and repeated keys, and a node that is no section, are problems. where: for
   messages. */
void ecd_yaml_section(ecd_yaml_t *yaml, yaml_node_t *node, const char *where,
                      const char *const *names, size_t count, yaml_node_t **value);

/* Items of a list; 0 and a problem if node is none. */
size_t ecd_yaml_length(ecd_yaml_t *yaml, const yaml_node_t *node, const char *what);
yaml_node_t *ecd_yaml_item(ecd_yaml_t *yaml, const yaml_node_t *node, size_t i);
bool ecd_yaml_is_list(const yaml_node_t *node);

/* Text of a scalar, borrowed; NULL and a problem if node is none, or holds a zero byte. */
const char *ecd_yaml_text(ecd_yaml_t *yaml, const yaml_node_t *node, const char *what);
/* Number of name in names[count], or -1 and a problem that lists them. */
int ecd_yaml_choice(ecd_yaml_t *yaml, const yaml_node_t *node, const char *what,
                    const char *const *names, size_t count);
/* A finite number that is not quoted. */
bool ecd_yaml_number(ecd_yaml_t *yaml, const yaml_node_t *node, const char *what, double *value);
/* rows lists of columns numbers into value (rows, columns); rows 0: one flat list. */
bool ecd_yaml_numbers(ecd_yaml_t *yaml, const yaml_node_t *node, const char *what, size_t rows,
                      size_t columns, double *value);

#endif
