#include "learn/tree.h"
#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The smaller child is grown first, so that of n < 2^32 samples at most 32 nodes wait. */
enum { STACK_MAX = 34 };

/* Keeps scales finite where targets differ by less than 1e-270. */
enum { EXPONENT_MIN = -900 };

/* A node to be split; its samples are list[f][start .. start + count - 1] for active features f. */
typedef struct {
  uint32_t start, count; /* distinct samples */
  uint32_t weight;       /* with repeats */
  uint32_t active;       /* features not known to be constant */
  int32_t node;
  int64_t depth;
} task_t;

/* A sample's part in the node being split. */
typedef struct {
  double deviation; /* weight * (target - mean of the node), a whole number of the node's units */
  uint32_t weight;
} part_t;

typedef struct {
  double score; /* reduction of the sum of squares / weight of the node, in units squared */
  uint32_t feature, left; /* distinct samples on the left */
} cut_t;

struct ecd_grower {
  const ecd_sorted_t *sorted;
  const ecd_forest_options_t *options;
  uint32_t number;  /* of the tree */
  uint32_t *weight; /* [count], times in the bootstrap */
  uint32_t *list;   /* (width, count), distinct samples in the order of each feature, by node */
  uint32_t *spare;  /* [count] */
  uint8_t *right;   /* [count], whether a sample goes right */
  part_t *part;     /* [count] */
  double *inverse;  /* [count + 1], 1/i */
  uint32_t *active; /* (STACK_MAX, width), the active features of waiting nodes */
  task_t stack[STACK_MAX];
  size_t waiting;
  ecd_node_t *node; /* [2 count - 1] */
  int32_t nodes;
  double *importance; /* [width], of the caller */
};

/* ---- Random draws of a node ---- */

typedef struct {
  const ecd_grower_t *g;
  int32_t node;
  uint32_t used;
  uint32_t bits[4];
} dice_t;

/* In {0 .. bound-1}. */
static uint32_t draw(dice_t *dice, uint32_t bound) {
  const uint32_t word = dice->used % 4;
  if (word == 0)
    ecd_random_bits(dice->g->options->seed, ECD_RANDOM_FEATURE, dice->g->number,
                    (uint64_t)dice->node << 32 | dice->used / 4, dice->bits);
  ++dice->used;
  return (uint32_t)(((uint64_t)dice->bits[word] * bound) >> 32);
}

/* ---- The best cut ---- */

/* With d the sum of deviations on the left, a cut into weights l and r reduces the sum of squares
   by d^2 (l + r) / (l r). */
static void scan(const ecd_grower_t *g, const task_t *task, uint32_t feature, cut_t *best) {
  const size_t n = g->sorted->count;
  const uint32_t *list = g->list + feature * n + task->start;
  const double *x = g->sorted->column + feature * n;
  const uint32_t min_leaf = (uint32_t)g->options->min_leaf;
  double d = 0;
  uint32_t left = 0, i = 0;
  for (; i + 1 < min_leaf; ++i) {
    d += g->part[list[i]].deviation;
    left += g->part[list[i]].weight;
  }
  for (; i < task->count - min_leaf; ++i) {
    d += g->part[list[i]].deviation;
    left += g->part[list[i]].weight;
    const double score = d * d * (g->inverse[left] * g->inverse[task->weight - left]);
    if (score > best->score && x[list[i]] < x[list[i + 1]]) *best = (cut_t){score, feature, i + 1};
  }
}

static bool is_constant(const ecd_grower_t *g, const task_t *task, uint32_t feature) {
  const size_t n = g->sorted->count;
  const uint32_t *list = g->list + feature * n + task->start;
  const double *x = g->sorted->column + feature * n;
  return x[list[0]] == x[list[task->count - 1]];
}

/* Takes constant features off the task's active ones. Score < 0: there is no cut. */
static cut_t choose(const ecd_grower_t *g, task_t *task, uint32_t *active) {
  const uint32_t width = (uint32_t)g->sorted->width;
  const uint32_t wanted = (uint32_t)g->options->features_per_split;
  const bool all = wanted == 0 || wanted >= width;
  uint32_t constant = width - task->active, tried = 0, found = 0;
  dice_t dice = {.g = g, .node = task->node};
  cut_t best = {.score = -1};
  while (found < task->active && (all || tried < wanted || found == 0)) {
    ++tried;
    const uint32_t fresh = task->active - found;
    const uint32_t pick = draw(&dice, all ? fresh : fresh + constant);
    if (pick >= fresh) { /* known to be constant */
      --constant;
      continue;
    }
    const uint32_t feature = active[found + pick];
    active[found + pick] = active[found];
    if (is_constant(g, task, feature)) {
      active[found] = active[--task->active];
      continue;
    }
    active[found++] = feature;
    scan(g, task, feature, &best);
    if (task->count == 2) break; /* all cuts of two samples are equal */
  }
  return best;
}

/* ---- Splitting ---- */

/* Sets the node's value; whether all its targets are equal. */
static bool set_value(const ecd_grower_t *g, const uint32_t *list, task_t *task, double *value) {
  const double *y = g->sorted->target, first = y[list[0]];
  double sum = 0;
  bool equal = true;
  task->weight = 0;
  for (uint32_t i = 0; i < task->count; ++i) {
    const uint32_t weight = g->weight[list[i]];
    sum += weight * (y[list[i]] - first);
    task->weight += weight;
    equal = equal && y[list[i]] == first;
  }
  *value = first + sum / task->weight;
  return equal;
}

/* A new node of the samples in list; whether it may be split. */
static bool add_node(ecd_grower_t *g, const uint32_t *list, task_t *task) {
  const ecd_forest_options_t *o = g->options;
  task->node = g->nodes++;
  ecd_node_t *node = &g->node[task->node];
  *node = (ecd_node_t){.feature = -1, .left = -1, .right = -1};
  const bool equal = set_value(g, list, task, &node->value);
  return !equal && task->active > 0 && task->count >= o->min_split &&
         task->count / 2 >= o->min_leaf && (o->max_depth == 0 || task->depth < o->max_depth);
}

/* Parts list[count] stably by g->right, the left ones first. */
static void part_both(const ecd_grower_t *g, uint32_t *list, uint32_t count) {
  uint32_t left = 0, right = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t sample = list[i], goes_right = g->right[sample];
    list[left] = sample;
    g->spare[right] = sample;
    left += 1 - goes_right;
    right += goes_right;
  }
  memcpy(list + left, g->spare, right * sizeof *list);
}

/* Keeps one side's, in order, at the start of list[count]. */
static void keep_side(const ecd_grower_t *g, uint32_t *list, uint32_t count, uint8_t side) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t sample = list[i];
    list[kept] = sample;
    kept += g->right[sample] == side;
  }
}

static void push(ecd_grower_t *g, const task_t *task, const uint32_t *active) {
  uint32_t *mine = g->active + g->waiting * g->sorted->width;
  if (mine != active) memcpy(mine, active, task->active * sizeof *mine);
  g->stack[g->waiting++] = *task;
}

/* Hands the node's samples to the children that may be split. active: of the node, in the slot that
   the first child pushed will use. */
static void hand_down(ecd_grower_t *g, const task_t *task, task_t child[2], const bool open[2],
                      const uint32_t *active) {
  if (!open[0] && !open[1]) return;
  for (uint32_t a = 0; a < task->active; ++a) {
    uint32_t *list = g->list + active[a] * g->sorted->count + task->start;
    if (open[0] && open[1])
      part_both(g, list, task->count);
    else
      keep_side(g, list, task->count, open[1]);
  }
  child[1].start = task->start + (open[0] ? child[0].count : 0);
  const int larger = child[1].count > child[0].count;
  if (open[larger]) push(g, &child[larger], active);
  if (open[!larger]) push(g, &child[!larger], active);
}

static void split(ecd_grower_t *g, const task_t *task, const cut_t *cut, const uint32_t *active) {
  const size_t n = g->sorted->count;
  const uint32_t *list = g->list + cut->feature * n + task->start;
  const double *x = g->sorted->column + cut->feature * n;
  const double low = x[list[cut->left - 1]], high = x[list[cut->left]];
  const double middle = low / 2 + high / 2;
  for (uint32_t i = 0; i < task->count; ++i) g->right[list[i]] = i >= cut->left;
  task_t child[2] = {
      {.start = task->start, .count = cut->left, .active = task->active, .depth = task->depth + 1},
      {.count = task->count - cut->left, .active = task->active, .depth = task->depth + 1}};
  bool open[2];
  open[0] = add_node(g, list, &child[0]);
  open[1] = add_node(g, list + cut->left, &child[1]);
  ecd_node_t *node = &g->node[task->node];
  node->feature = (int32_t)cut->feature;
  node->threshold = middle >= low && middle < high ? middle : low;
  node->left = child[0].node;
  node->right = child[1].node;
  hand_down(g, task, child, open, active);
}

/* Sets the deviations of the node's samples in a unit, returned, of which all their sums are exact
   multiples, and makes their total 0: so the same cut has the same score whichever feature makes
   it, in whichever direction, and ties are real ties. */
static double set_parts(ecd_grower_t *g, const uint32_t *list, const task_t *task) {
  const double mean = g->node[task->node].value, *y = g->sorted->target;
  double sum = 0, total = 0;
  for (uint32_t i = 0; i < task->count; ++i) sum += g->weight[list[i]] * fabs(y[list[i]] - mean);
  int exponent;
  frexp(sum, &exponent);
  const int shift = exponent > EXPONENT_MIN ? 52 - exponent : 52 - EXPONENT_MIN;
  const double scale = ldexp(1, shift);
  for (uint32_t i = 0; i < task->count; ++i) {
    const uint32_t sample = list[i], weight = g->weight[sample];
    g->part[sample] = (part_t){rint(weight * (y[sample] - mean) * scale), weight};
    total += g->part[sample].deviation;
  }
  g->part[list[0]].deviation -= total;
  return 1 / scale;
}

static void grow_node(ecd_grower_t *g) {
  task_t task = g->stack[--g->waiting];
  uint32_t *active = g->active + g->waiting * g->sorted->width;
  const uint32_t *list = g->list + active[0] * g->sorted->count + task.start;
  const double unit = set_parts(g, list, &task);
  const cut_t cut = choose(g, &task, active);
  if (cut.score < 0) return;
  g->importance[cut.feature] += cut.score * unit * unit * task.weight;
  split(g, &task, &cut, active);
}

/* ---- A tree ---- */

/* Draws the samples; returns how many distinct ones there are. */
static uint32_t draw_samples(ecd_grower_t *g) {
  const size_t n = g->sorted->count;
  if (g->options->bootstrap) {
    memset(g->weight, 0, n * sizeof *g->weight);
    for (size_t i = 0; i < n; ++i)
      ++g->weight[ecd_random_below(n, g->options->seed, ECD_RANDOM_BOOTSTRAP, g->number, i)];
  } else {
    for (size_t i = 0; i < n; ++i) g->weight[i] = 1;
  }
  uint32_t distinct = 0;
  for (size_t f = 0; f < g->sorted->width; ++f) {
    const uint32_t *order = g->sorted->order + f * n;
    uint32_t *list = g->list + f * n;
    distinct = 0;
    for (size_t i = 0; i < n; ++i) {
      list[distinct] = order[i];
      distinct += g->weight[order[i]] != 0;
    }
  }
  return distinct;
}

static void normalise(double *share, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += share[i];
  for (size_t i = 0; sum > 0 && i < count; ++i) share[i] /= sum;
}

ecd_code_t ecd_grower_grow(ecd_grower_t *g, size_t number, ecd_tree_t *tree, double *importance,
                           ecd_error_t *err) {
  const size_t width = g->sorted->width;
  g->number = (uint32_t)number;
  g->nodes = 0;
  g->waiting = 0;
  g->importance = importance;
  memset(importance, 0, width * sizeof *importance);
  for (size_t f = 0; f < width; ++f) g->active[f] = (uint32_t)f;
  task_t root = {.count = draw_samples(g), .active = (uint32_t)width};
  if (add_node(g, g->list, &root)) push(g, &root, g->active);
  while (g->waiting > 0) grow_node(g);
  normalise(importance, width);
  tree->count = (size_t)g->nodes;
  ECD_TRY(ecd_alloc((void **)&tree->node, tree->count, sizeof *tree->node, "tree", err));
  memcpy(tree->node, g->node, tree->count * sizeof *tree->node);
  return ECD_OK;
}

static ecd_code_t allocate(ecd_grower_t *g, ecd_error_t *err) {
  const size_t n = g->sorted->count, width = g->sorted->width;
  const struct {
    void **ptr;
    size_t count, size;
  } array[] = {{(void **)&g->weight, n, sizeof *g->weight},
               {(void **)&g->list, n * width, sizeof *g->list},
               {(void **)&g->spare, n, sizeof *g->spare},
               {(void **)&g->right, n, sizeof *g->right},
               {(void **)&g->part, n, sizeof *g->part},
               {(void **)&g->inverse, n + 1, sizeof *g->inverse},
               {(void **)&g->active, STACK_MAX * width, sizeof *g->active},
               {(void **)&g->node, 2 * n - 1, sizeof *g->node}};
  for (size_t a = 0; a < sizeof array / sizeof *array; ++a)
    ECD_TRY(ecd_alloc(array[a].ptr, array[a].count, array[a].size, "growing a tree", err));
  return ECD_OK;
}

ecd_code_t ecd_grower_create(const ecd_sorted_t *sorted, const ecd_forest_options_t *options,
                             ecd_grower_t **grower, ecd_error_t *err) {
  ecd_grower_t *g;
  *grower = NULL;
  ECD_TRY(ecd_alloc((void **)&g, 1, sizeof *g, "growing a tree", err));
  g->sorted = sorted;
  g->options = options;
  const ecd_code_t code = allocate(g, err);
  if (code != ECD_OK)
    ecd_grower_destroy(&g);
  else
    for (size_t i = 1; i <= sorted->count; ++i) g->inverse[i] = 1 / (double)i;
  *grower = g;
  return code;
}

void ecd_grower_destroy(ecd_grower_t **grower) {
  ecd_grower_t *g = *grower;
  if (g == NULL) return;
  free(g->weight);
  free(g->list);
  free(g->spare);
  free(g->right);
  free(g->part);
  free(g->inverse);
  free(g->active);
  free(g->node);
  free(g);
  *grower = NULL;
}
