/* embedding.csv, pca.csv, embed.h5, embed.json, deck.yaml. */
#include "bench/embed_private.h"

#include "base/file.h"
#include "base/table.h"
#include "base/version.h"
#include "bench/quality.h"
#include "chem/magpie.h"
#include "deck/deck.h"
#include "store/h5.h"
#include "train/folder.h"
#include "train/split.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static void write_header(FILE *f, const ecd_embed_t *e) {
  fprintf(f, "id,formula");
  for (size_t k = 0; k < e->sets.count; ++k) fprintf(f, ",%s", e->sets.set[k].name);
  for (int m = 0; m < e->maps; ++m) fprintf(f, ",%s_x,%s_y", e->map[m].name, e->map[m].name);
  fputc('\n', f);
}

static ecd_code_t write_embedding(const ecd_embed_t *e, const char *path, ecd_error_t *err) {
  ecd_output_t *output;
  ECD_TRY(ecd_output_open(path, &output, err));
  FILE *f = ecd_output_stream(output);
  write_header(f, e);
  for (size_t i = 0; i < e->samples; ++i) {
    ecd_table_write_text(f, e->sample[i]->id, ',');
    ecd_table_write_text(f, e->sample[i]->formula != NULL ? e->sample[i]->formula : "", ',');
    for (size_t k = 0; k < e->sets.count; ++k)
      ecd_table_write_text(f, ecd_split_name(e->sets.set[k].split[i]), ',');
    for (int m = 0; m < e->maps; ++m) {
      const double *at = e->map[m].map.value + 2 * i;
      ecd_table_write_number(f, at[0], ',');
      ecd_table_write_number(f, at[1], m + 1 < e->maps ? ',' : '\n');
    }
  }
  return ecd_output_commit(&output, err);
}

static ecd_code_t write_pca(const ecd_embed_t *e, const char *path, ecd_error_t *err) {
  ecd_output_t *output;
  ECD_TRY(ecd_output_open(path, &output, err));
  FILE *f = ecd_output_stream(output);
  fprintf(f, "input,component,variance,share,cumulative\n");
  for (int m = 0; m < e->maps; ++m) {
    const ecd_pca_t *pca = e->map[m].pca;
    double sum = 0;
    for (size_t k = 0; k < pca->components; ++k) {
      sum += pca->variance[k];
      fprintf(f, "%s,%zu,", e->map[m].name, k + 1);
      ecd_table_write_number(f, pca->variance[k], ',');
      ecd_table_write_number(f, pca->variance[k] / pca->total, ',');
      ecd_table_write_number(f, sum / pca->total, '\n');
    }
  }
  return ecd_output_commit(&output, err);
}

static void put(ecd_h5_t *h5, const char *group, const char *name, size_t rows, size_t columns,
                const double *value) {
  char path[64];
  const hsize_t dims[] = {rows, columns};
  snprintf(path, sizeof path, "/%s/%s", group, name);
  ecd_h5_write(h5, path, H5T_NATIVE_DOUBLE, columns > 0 ? 2 : 1, dims, value);
}

static void write_arrays(ecd_h5_t *h5, const ecd_embed_t *e) {
  for (int k = 0; k < e->maps; ++k) {
    const ecd_embed_map_t *m = &e->map[k];
    put(h5, m->name, "input", m->input.count, m->input.width, m->input.value);
    put(h5, m->name, "map", m->map.count, 2, m->map.value);
    put(h5, m->name, "scores", m->scores.count, m->scores.width, m->scores.value);
    put(h5, m->name, "component", m->pca->components, m->pca->width, m->pca->component);
    put(h5, m->name, "variance", m->pca->components, 0, m->pca->variance);
    put(h5, m->name, "mean", m->pca->width, 0, m->pca->mean);
  }
}

static ecd_code_t write_h5(const char *path, const void *arg, ecd_error_t *err) {
  const ecd_embed_t *e = arg;
  ecd_h5_t h5;
  char *deck;
  ECD_TRY(ecd_deck_text(e->settings, &deck, err));
  ecd_code_t code = ecd_h5_open(path, true, &h5, err);
  const char **id = calloc(e->samples, sizeof *id);
  if (code == ECD_OK) {
    ecd_h5_put_text(&h5, "schema", "ecdnet-embedding");
    ecd_h5_put_integer(&h5, "schema_version", 1);
    ecd_h5_put_text(&h5, "program", ecd_version());
    ecd_h5_put_text(&h5, "deck", deck);
    for (size_t i = 0; id != NULL && i < e->samples; ++i) id[i] = e->sample[i]->id;
    if (id != NULL) ecd_h5_write_strings(&h5, "/id", e->samples, id);
    if (id == NULL) ecd_h5_fail(&h5, "out of memory");
    write_arrays(&h5, e);
    code = ecd_h5_close(&h5, ECD_FAILED, err);
  }
  free(id);
  free(deck);
  return code;
}

static ecd_code_t publish_h5(const ecd_embed_t *e, const char *path, ecd_error_t *err) {
  return ecd_file_replace(path, write_h5, e, err);
}

/* ---- embed.json ---- */

static void add_map(cJSON *json, const ecd_embed_t *e, const ecd_embed_map_t *m) {
  cJSON *map = cJSON_AddObjectToObject(json, m->name), *seconds;
  cJSON_AddNumberToObject(map, "features", (double)m->input.width);
  cJSON_AddNumberToObject(map, "pca_components", (double)m->pca->components);
  cJSON_AddNumberToObject(map, "kl", m->tsne.kl); /* cJSON prints NaN as null */
  cJSON_AddItemToObject(map, "kl_tries",
                        cJSON_CreateDoubleArray(m->kl, (int)e->settings->embed.tries));
  cJSON_AddNumberToObject(map, "trustworthiness", m->trustworthiness);
  cJSON_AddNumberToObject(map, "iterations", (double)m->tsne.iterations);
  cJSON_AddNumberToObject(map, "learning_rate", m->tsne.learning_rate);
  cJSON_AddNumberToObject(map, "uneven", (double)m->uneven);
  seconds = cJSON_AddObjectToObject(map, "seconds");
  cJSON_AddNumberToObject(seconds, "load", m->load_seconds);
  cJSON_AddNumberToObject(seconds, "pca", m->pca_seconds);
  cJSON_AddNumberToObject(seconds, "affinities", m->affinity_seconds);
  cJSON_AddNumberToObject(seconds, "descent", m->descent_seconds);
  cJSON_AddNumberToObject(seconds, "quality", m->quality_seconds);
  cJSON *mixing = cJSON_AddArrayToObject(map, "mixing");
  for (size_t k = 0; k < e->sets.count; ++k) {
    const ecd_set_t *set = &e->sets.set[k];
    cJSON *item = cJSON_CreateObject();
    cJSON_AddItemToArray(mixing, item);
    cJSON_AddStringToObject(item, "set", set->name);
    cJSON_AddNumberToObject(item, "train", (double)set->train);
    cJSON_AddNumberToObject(item, "test", (double)set->test);
    cJSON_AddNumberToObject(item, "input", m->input_mixing[k]);
    cJSON_AddNumberToObject(item, "map", m->map_mixing[k]);
    cJSON_AddNumberToObject(item, "random", ecd_mixing_random(e->samples, set->split));
  }
}

static ecd_code_t write_json(const ecd_embed_t *e, const char *path, ecd_error_t *err) {
  const ecd_embed_settings_t *s = &e->settings->embed;
  ecd_output_t *output;
  ECD_TRY(ecd_output_open(path, &output, err));
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "program", ecd_version());
  cJSON_AddStringToObject(json, "dataset", ecd_dataset_path(e->dataset));
  cJSON_AddNumberToObject(json, "samples", (double)e->samples);
  cJSON_AddNumberToObject(json, "perplexity", s->perplexity);
  cJSON_AddNumberToObject(json, "neighbors", (double)s->neighbors);
  cJSON_AddNumberToObject(json, "components", (double)s->components);
  cJSON_AddNumberToObject(json, "ranks", e->ctx->size);
  cJSON_AddNumberToObject(json, "threads", e->ctx->threads);
  cJSON_AddNumberToObject(json, "seconds", e->seconds);
  for (int m = 0; m < e->maps; ++m) add_map(json, e, &e->map[m]);
  char *text = cJSON_Print(json);
  fprintf(ecd_output_stream(output), "%s\n", text != NULL ? text : "{}");
  free(text);
  cJSON_Delete(json);
  return ecd_output_commit(&output, err);
}

ecd_code_t ecd_embed_write(const ecd_embed_t *e, const char *folder, ecd_error_t *err) {
  static const struct {
    const char *name;
    ecd_code_t (*write)(const ecd_embed_t *, const char *, ecd_error_t *);
  } files[] = {{"embedding.csv", write_embedding},
               {"pca.csv", write_pca},
               {"embed.h5", publish_h5},
               {"embed.json", write_json}};
  char path[ECD_PATH_MAX];
  for (size_t k = 0; k < sizeof files / sizeof *files; ++k) {
    ECD_TRY(ecd_path_join(path, folder, files[k].name, err));
    ECD_TRY(files[k].write(e, path, err));
  }
  return ecd_folder_write_deck(folder, e->settings, err);
}
