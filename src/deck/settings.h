/* Every setting of a run, typed. Filled from a YAML deck by deck/deck.h; the table of keys (name,
   type, default, unit, meaning) is deck/keys.c. Strings are owned by the settings; "" = not given.
   */
#ifndef ECD_DECK_SETTINGS_H
#define ECD_DECK_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

enum { ECD_DENSE_MAX = 16, ECD_TEXTS_MAX = 120, ECD_REPEAT_MAX = 1000000 };

typedef enum {
  ECD_BACKEND_AUTO,
  ECD_BACKEND_REF,
  ECD_BACKEND_BLAS,
  ECD_BACKEND_DNNL
} ecd_backend_kind_t;
typedef enum { ECD_FORMAT_AUTO, ECD_FORMAT_VASP, ECD_FORMAT_CUBE, ECD_FORMAT_XSF } ecd_format_t;
typedef enum { ECD_FIELD_DENSITY, ECD_FIELD_ELF, ECD_FIELD_RAW } ecd_field_t;
typedef enum { ECD_CELL_CONVENTIONAL, ECD_CELL_AS_GIVEN } ecd_cell_kind_t;
typedef enum { ECD_METHOD_FOURIER, ECD_METHOD_TRICUBIC, ECD_METHOD_TRILINEAR } ecd_method_t;
typedef enum { ECD_ON_ERROR_STOP, ECD_ON_ERROR_SKIP } ecd_on_error_t;
typedef enum { ECD_TRANSFORM_NONE, ECD_TRANSFORM_LOG1P, ECD_TRANSFORM_SQRT } ecd_transform_t;
typedef enum { ECD_TARGET_BULK, ECD_TARGET_SHEAR } ecd_target_t;
typedef enum { ECD_FEATURES_MAGPIE132, ECD_FEATURES_MAGPIE145 } ecd_features_t;
typedef enum {
  ECD_SPLIT_FRACTION,
  ECD_SPLIT_FOLD,
  ECD_SPLIT_FILE,
  ECD_SPLIT_ELEMENT
} ecd_split_kind_t;
typedef enum {
  ECD_PART_ALL,
  ECD_PART_TRAIN,
  ECD_PART_TEST,
  ECD_PART_NONE,
  ECD_PART_VALIDATION
} ecd_part_t;
typedef enum {
  ECD_MODEL_CNN2D,
  ECD_MODEL_CNN3D,
  ECD_MODEL_MAGPIE_CNN,
  ECD_MODEL_FUSION,
  ECD_MODEL_RF,
  ECD_MODEL_CGCNN
} ecd_model_kind_t;
typedef enum { ECD_POOL_SAME, ECD_POOL_VALID } ecd_pool_t;
typedef enum { ECD_OPTIMIZER_ADAM, ECD_OPTIMIZER_SGD } ecd_optimizer_t;
typedef enum { ECD_SCHEDULE_STEP, ECD_SCHEDULE_COSINE } ecd_schedule_t;
typedef enum {
  ECD_AUGMENT_NONE,
  ECD_AUGMENT_SHIFT,
  ECD_AUGMENT_CUBE,
  ECD_AUGMENT_BOTH
} ecd_augment_t;
typedef enum { ECD_LOSS_AUTO, ECD_LOSS_MAE, ECD_LOSS_MSE } ecd_loss_t;
typedef enum { ECD_MEMORY_SHARED, ECD_MEMORY_PRIVATE } ecd_memory_t;
typedef enum { ECD_EMBED_BOTH, ECD_EMBED_MAGPIE, ECD_EMBED_VOLUME } ecd_embed_input_t;
typedef enum { ECD_START_PCA, ECD_START_RANDOM } ecd_start_t;

typedef struct {
  int count;
  int64_t item[ECD_DENSE_MAX];
} ecd_int_list_t;

typedef struct {
  int count;
  char *item[ECD_TEXTS_MAX]; /* [count], owned */
} ecd_text_list_t;

typedef struct {
  char *files;  /* path template with {id}, e.g. runs/{id}/CHGCAR */
  char *plus;   /* second template, added to the first (AECCAR0 + AECCAR2) */
  char *labels; /* CSV: id,formula,bulk_gpa,shear_gpa */
  char *code;   /* DFT code that made the files, recorded (vasp, gpaw, ...) */
  ecd_format_t format;
  ecd_field_t field;
  int64_t block; /* 0 = automatic; else data block of the file, from 1 */
  int64_t grid;  /* n of the n^3 target grid */
  ecd_cell_kind_t cell;
  ecd_method_t method;
  double symprec;           /* A, spglib's tolerance */
  int64_t ranks_per_volume; /* 0 = automatic */
  ecd_on_error_t on_error;
  bool unlabelled; /* samples without a label are allowed */
  bool append;     /* add new materials to an existing dataset */
} ecd_prep_settings_t;

typedef struct {
  char *file; /* dataset; "" = OUTPUT/dataset.h5 */
  ecd_target_t target;
  ecd_features_t features;   /* columns that models of the composition take */
  ecd_transform_t transform; /* acts on max(value, 0) */
  bool standardize_input;    /* mean and deviation of the training split */
  bool standardize_target;
  ecd_memory_t memory; /* one copy a node in a shared window, or one a rank */
  ecd_split_kind_t split;
  double test_fraction;
  double validation_fraction; /* of the samples that are not held out */
  int64_t folds, fold;        /* fold counts from 0 */
  char *folds_file;           /* CSV: id,fold */
  char *split_file;           /* CSV: id,split with split in train, test, none */
  char *element;              /* symbol: the materials that hold it are held out */
} ecd_data_settings_t;

typedef struct {
  ecd_model_kind_t kind;
  struct {
    int64_t conv1_filters, conv1_kernel, conv2_filters, conv2_kernel, pool_kernel;
    ecd_pool_t pool;
    ecd_int_list_t dense; /* hidden widths; the scalar output is added */
  } cnn3d;
  struct {
    int64_t squeeze, excite, conv1_filters, conv1_kernel, pool_kernel, conv2_filters, conv2_kernel,
        conv2_stride;
    ecd_int_list_t dense;
  } cnn2d;
  struct {
    int64_t conv1_filters, conv2_filters, conv3_filters;
    ecd_int_list_t dense;
  } magpie_cnn;
  struct { /* of a magpie_cnn and a cnn2d as above */
    bool finetune;
    ecd_int_list_t dense;
  } fusion;
  struct {
    int64_t neighbors, embedding, convolutions, hidden;
    double radius, step; /* A */
  } cgcnn;
  struct {
    int64_t trees, max_depth, min_leaf, min_split, features_per_split; /* 0 = no limit, all */
  } rf;
} ecd_model_settings_t;

/* The parents of a fusion network: model files, or how the run trains those whose file is "". */
typedef struct {
  char *magpie, *volume;
  int64_t magpie_epochs, volume_epochs;
  double magpie_lr, volume_lr;
} ecd_parents_settings_t;

typedef struct {
  int64_t epochs, batch; /* batch is global, over all ranks */
  ecd_optimizer_t optimizer;
  ecd_loss_t loss;
  ecd_schedule_t schedule; /* of the learning rate (train/schedule.h) */
  double lr, lr_factor, lr_end;
  int64_t lr_every, lr_warmup; /* epochs; lr_every 0 = constant */
  double weight_decay, dropout;
  ecd_augment_t augment;
  int64_t patience; /* epochs without a better validation loss; 0 = all epochs */
  int64_t repeat;   /* other initial weights and shuffles, the same split */
  int64_t ensemble; /* models that are averaged */
  double beta1, beta2, epsilon, momentum;
  int64_t checkpoint_every; /* epochs between checkpoints */
  double checkpoint_share;  /* most of the time that they may take */
  double bucket_mb;         /* MB of gradients in one all-reduce */
  bool resume;
} ecd_train_settings_t;

typedef struct {
  char *model; /* "" = OUTPUT/model.h5 */
  char *files; /* template with {id}, folder or file: raw charge files instead of a dataset */
  char *ids;   /* CSV: id; only these materials */
  ecd_part_t part;
} ecd_predict_settings_t;

typedef enum { ECD_STRAINS_JSON, ECD_STRAINS_CSV } ecd_strains_format_t;

typedef struct {
  double symprec;                     /* A, spglib's tolerance */
  double max_residual, max_asymmetry; /* relative; beyond: doubtful */
  bool keep_doubtful;                 /* label them all the same */
  double amplitude;                   /* of the strains that --strains lists */
  int64_t steps;
  bool both_signs;
  ecd_strains_format_t strains_format;
} ecd_elastic_settings_t;

typedef struct {
  char *materials; /* ids, separated by commas; "" = all */
} ecd_maps_settings_t;

typedef struct {
  int64_t steps, warmup;
  int64_t atoms; /* of a random crystal, for networks of graphs */
} ecd_time_settings_t;

typedef enum { ECD_PROTOCOL_KFOLD, ECD_PROTOCOL_LOEO, ECD_PROTOCOL_EXTERNAL } ecd_protocol_kind_t;
typedef enum { ECD_SCALE_FULL, ECD_SCALE_QUICK } ecd_scale_t;
typedef enum { ECD_KEEP_NEEDED, ECD_KEEP_ALL } ecd_keep_t;

typedef struct {
  ecd_protocol_kind_t protocol;
  ecd_text_list_t models;  /* decks, or values of model.kind; none: this deck's own model */
  ecd_text_list_t targets; /* bulk, shear */
  int64_t repeats, folds;
  char *folds_file;         /* CSV: id,fold; "" = random folds */
  ecd_text_list_t elements; /* symbols; none: those of min_materials materials or more */
  int64_t min_materials;
  char *external;    /* dataset */
  int64_t max_atoms; /* of an external material's cell; 0 = any number */
  double epochs_scale;
  int64_t ranks_per_run; /* 0 = automatic */
  ecd_keep_t keep_models;
  bool retry; /* what failed */
  ecd_scale_t scale;
  struct { /* what holds instead with scale: quick */
    int64_t repeats;
    double epochs_scale;
    ecd_text_list_t elements;
  } quick;
} ecd_bench_settings_t;

typedef struct {
  ecd_embed_input_t input;
  char *element;         /* test samples: symbols, or all; "" = those of data.split */
  int64_t element_least; /* samples, for all */
  bool unlabelled;       /* samples without a target are mapped too */
  int64_t pool;          /* edge and stride of the max pool of volumes */
  int64_t components;    /* of the PCA that t-SNE is given; 0 = all features */
  double perplexity, exaggeration;
  double learning_rate; /* 0 = automatic */
  int64_t iterations, tries;
  ecd_start_t start;
  int64_t neighbors; /* k of trustworthiness and mixing */
} ecd_embed_settings_t;

typedef struct {
  char *title;
  char *output; /* folder of this run */
  int64_t seed;
  int64_t threads; /* OpenMP threads a rank; 0 = automatic */
  ecd_backend_kind_t backend;
  ecd_prep_settings_t prep;
  ecd_data_settings_t data;
  ecd_model_settings_t model;
  ecd_parents_settings_t parents;
  ecd_train_settings_t train;
  ecd_predict_settings_t predict;
  ecd_maps_settings_t maps;
  ecd_bench_settings_t bench;
  ecd_elastic_settings_t elastic;
  ecd_time_settings_t time;
  ecd_embed_settings_t embed;
} ecd_settings_t;

#endif
