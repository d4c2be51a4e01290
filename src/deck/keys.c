#include "deck/keys.h"

#define AT(member) offsetof(ecd_settings_t, member)
#define STRING(key, member, value, meaning)                                                        \
  { key, ECD_KEY_STRING, AT(member), value, 0, 0, NULL, "", meaning }
#define INTEGER(key, member, value, low, high, unit, meaning)                                      \
  { key, ECD_KEY_INTEGER, AT(member), value, low, high, NULL, unit, meaning }
#define NUMBER(key, member, value, low, high, unit, meaning)                                       \
  { key, ECD_KEY_NUMBER, AT(member), value, low, high, NULL, unit, meaning }
#define FLAG(key, member, value, meaning)                                                          \
  { key, ECD_KEY_FLAG, AT(member), value, 0, 0, NULL, "", meaning }
#define CHOICE(key, member, value, list, meaning)                                                  \
  { key, ECD_KEY_CHOICE, AT(member), value, 0, 0, list, "", meaning }
#define INTEGERS(key, member, value, low, high, meaning)                                           \
  { key, ECD_KEY_INTEGERS, AT(member), value, low, high, NULL, "", meaning }
#define TEXTS(key, member, value, list, meaning)                                                   \
  { key, ECD_KEY_TEXTS, AT(member), value, 0, 0, list, "", meaning }

/* Each in the order of its enum in settings.h. */
static const char *const backends[] = {"auto", "ref", "blas", "dnnl", NULL};
static const char *const formats[] = {"auto", "vasp", "cube", "xsf", NULL};
static const char *const fields[] = {"density", "elf", "raw", NULL};
static const char *const cells[] = {"conventional", "as_given", NULL};
static const char *const methods[] = {"fourier", "tricubic", "trilinear", NULL};
static const char *const on_errors[] = {"stop", "skip", NULL};
const char *const ecd_target_names[] = {"bulk", "shear", NULL};
static const char *const features[] = {"magpie132", "magpie145", NULL};
static const char *const transforms[] = {"none", "log1p", "sqrt", NULL};
static const char *const memories[] = {"shared", "private", NULL};
static const char *const splits[] = {"fraction", "fold", "file", "element", NULL};
static const char *const parts[] = {"all", "train", "test", "none", "validation", NULL};
const char *const ecd_model_names[] = {"cnn2d", "cnn3d", "magpie_cnn", "fusion",
                                       "rf",    "cgcnn", NULL};
static const char *const pools[] = {"same", "valid", NULL};
static const char *const strains_formats[] = {"json", "csv", NULL};
static const char *const optimizers[] = {"adam", "sgd", NULL};
static const char *const schedules[] = {"step", "cosine", NULL};
static const char *const augments[] = {"none", "shift", "cube", "both", NULL};
static const char *const losses[] = {"auto", "mae", "mse", NULL};
static const char *const protocols[] = {"kfold", "loeo", "external", NULL};
static const char *const scales[] = {"full", "quick", NULL};
static const char *const keeps[] = {"needed", "all", NULL};
static const char *const embed_inputs[] = {"both", "magpie", "volume", NULL};
static const char *const starts[] = {"pca", "random", NULL};

#define LARGE 1e9
#define DENSE "[4096, 4096, 128, 128, 128, 32]"

const ecd_key_t ecd_keys[] = {
    STRING("title", title, "", "a line for you and the report"),
    STRING("output", output, "runs/ecdnet", "folder of this run, made if missing"),
    INTEGER("seed", seed, "1", 0, 9e15, "", "seed of splits, initial weights and shuffles"),
    INTEGER("threads", threads, "0", 0, 4096, "",
            "OpenMP threads a rank; 0: OMP_NUM_THREADS, else cores / ranks"),
    CHOICE("backend", backend, "auto", backends,
           "compute primitives; auto: dnnl where built, else blas"),

    STRING("prep.files", prep.files, "",
           "path of the charge files with {id} for the material's id, e.g. runs/{id}/CHGCAR"),
    STRING("prep.plus", prep.plus, "",
           "second file of each material, added to the first (AECCAR0 + AECCAR2)"),
    STRING("prep.labels", prep.labels, "",
           "CSV with columns id,formula,bulk_gpa,shear_gpa; an empty cell is unknown"),
    STRING("prep.code", prep.code, "unknown",
           "DFT code that made the files; models refuse volumes of another"),
    CHOICE("prep.format", prep.format, "auto", formats,
           "file format; auto: by name, then by content"),
    CHOICE("prep.field", prep.field, "density", fields,
           "density (e/A^3), elf, or raw (taken as it is)"),
    INTEGER("prep.block", prep.block, "0", 0, 1000, "",
            "data block of the file from 1; 0: the first, for elf the mean of two spin channels"),
    INTEGER("prep.grid", prep.grid, "60", 4, 1024, "points", "edge n of the n^3 volume"),
    CHOICE("prep.cell", prep.cell, "conventional", cells,
           "cell that the volume spans; conventional: found with spglib"),
    CHOICE("prep.method", prep.method, "fourier", methods, "interpolation"),
    NUMBER("prep.symprec", prep.symprec, "0.01", 1e-6, 1, "A", "tolerance of the symmetry search"),
    INTEGER("prep.ranks_per_volume", prep.ranks_per_volume, "0", 0, 1e6, "",
            "ranks that share one volume; 0: automatic"),
    CHOICE("prep.on_error", prep.on_error, "stop", on_errors,
           "stop: list all bad files, write nothing; skip: leave them out, see rejected.csv; "
           "predict: the log"),
    FLAG("prep.unlabelled", prep.unlabelled, "false", "allow materials without a label"),
    FLAG("prep.append", prep.append, "false", "add new materials to an existing dataset"),

    STRING("data.file", data.file, "", "dataset; empty: OUTPUT/dataset.h5"),
    CHOICE("data.target", data.target, "bulk", ecd_target_names, "modulus to learn, GPa"),
    CHOICE(
        "data.features", data.features, "magpie132", features,
        "columns that models of the composition take; magpie145: with norms, valence electrons and "
        "ionic character"),
    CHOICE("data.transform", data.transform, "log1p", transforms, "of max(value, 0) of each point"),
    FLAG("data.standardize_input", data.standardize_input, "true",
         "subtract mean, divide by deviation of the training split"),
    FLAG("data.standardize_target", data.standardize_target, "true", "the same for the target"),
    CHOICE("data.memory", data.memory, "shared", memories,
           "one copy of the volumes a node, or one a rank"),
    CHOICE("data.split", data.split, "fraction", splits, "how samples are held out for testing"),
    NUMBER("data.test_fraction", data.test_fraction, "0.2", 0, 0.9, "",
           "share held out, for split: fraction"),
    NUMBER(
        "data.validation_fraction", data.validation_fraction, "0", 0, 0.9, "",
        "share of the other samples that train nothing but say which epoch is the best: model.h5 "
        "is that one's; 0: all train, the last epoch counts"),
    INTEGER("data.folds", data.folds, "5", 2, 1e6, "", "number of folds, for split: fold"),
    INTEGER("data.fold", data.fold, "0", 0, 1e6, "", "the fold held out, from 0"),
    STRING("data.folds_file", data.folds_file, "",
           "CSV id,fold with folds from 0, for split: fold; empty: random folds"),
    STRING("data.split_file", data.split_file, "",
           "CSV id,split with split one of train, validation, test, none, for split: file"),
    STRING("data.element", data.element, "",
           "symbol: the materials that hold it are held out, for split: element"),

    CHOICE("model.kind", model.kind, "cnn2d", ecd_model_names, "network, or rf: random forest"),
    INTEGER("model.cnn3d.conv1_filters", model.cnn3d.conv1_filters, "200", 1, 1e5, "",
            "filters of the first convolution"),
    INTEGER("model.cnn3d.conv1_kernel", model.cnn3d.conv1_kernel, "5", 1, 1024, "voxels",
            "its kernel edge and stride"),
    INTEGER("model.cnn3d.conv2_filters", model.cnn3d.conv2_filters, "400", 1, 1e5, "",
            "filters of the second convolution"),
    INTEGER("model.cnn3d.conv2_kernel", model.cnn3d.conv2_kernel, "4", 1, 1024, "",
            "its kernel edge and stride"),
    INTEGER("model.cnn3d.pool_kernel", model.cnn3d.pool_kernel, "2", 1, 1024, "",
            "edge and stride of the max pool"),
    CHOICE("model.cnn3d.pool", model.cnn3d.pool, "same", pools,
           "same: the pool keeps the rest at the border; valid: it drops it"),
    INTEGERS("model.cnn3d.dense", model.cnn3d.dense, DENSE, 1, 1e6,
             "hidden dense layers; the scalar output is added"),
    INTEGER("model.cnn2d.squeeze", model.cnn2d.squeeze, "24", 1, 1e5, "",
            "channels of the 1x1 convolution"),
    INTEGER("model.cnn2d.excite", model.cnn2d.excite, "4", 1, 1e5, "",
            "hidden width of squeeze-and-excitation"),
    INTEGER("model.cnn2d.conv1_filters", model.cnn2d.conv1_filters, "64", 1, 1e5, "",
            "filters of the first convolution"),
    INTEGER("model.cnn2d.conv1_kernel", model.cnn2d.conv1_kernel, "6", 1, 1024, "voxels",
            "its kernel edge and stride"),
    INTEGER("model.cnn2d.pool_kernel", model.cnn2d.pool_kernel, "2", 1, 1024, "",
            "edge and stride of the max pool"),
    INTEGER("model.cnn2d.conv2_filters", model.cnn2d.conv2_filters, "128", 1, 1e5, "",
            "filters of the second convolution"),
    INTEGER("model.cnn2d.conv2_kernel", model.cnn2d.conv2_kernel, "5", 1, 1024, "",
            "its kernel edge"),
    INTEGER("model.cnn2d.conv2_stride", model.cnn2d.conv2_stride, "2", 1, 1024, "", "its stride"),
    INTEGERS("model.cnn2d.dense", model.cnn2d.dense, DENSE, 1, 1e6,
             "hidden dense layers; the scalar output is added"),

    INTEGER("model.magpie_cnn.conv1_filters", model.magpie_cnn.conv1_filters, "32", 1, 1e5, "",
            "filters of the first convolution, 3x3 on the 12 x 12 image of the features"),
    INTEGER("model.magpie_cnn.conv2_filters", model.magpie_cnn.conv2_filters, "48", 1, 1e5, "",
            "filters of the second, 3x3; an average pool 2x2 follows"),
    INTEGER("model.magpie_cnn.conv3_filters", model.magpie_cnn.conv3_filters, "64", 1, 1e5, "",
            "filters of the third, 3x3"),
    INTEGERS("model.magpie_cnn.dense", model.magpie_cnn.dense, "[48, 32]", 1, 1e6,
             "hidden dense layers; the scalar output is added"),
    STRING("model.fusion.magpie", parents.magpie, "",
           "model.h5 of a trained magpie_cnn; empty: trained first, in OUTPUT/parents/magpie_cnn"),
    INTEGER("model.fusion.magpie_epochs", parents.magpie_epochs, "200", 1, LARGE, "",
            "its train.epochs"),
    NUMBER("model.fusion.magpie_lr", parents.magpie_lr, "0.001", 0, 1e3, "", "its train.lr"),
    STRING("model.fusion.volume", parents.volume, "",
           "model.h5 of a trained cnn2d; empty: trained first, in OUTPUT/parents/cnn2d"),
    INTEGER("model.fusion.volume_epochs", parents.volume_epochs, "60", 1, LARGE, "",
            "its train.epochs"),
    NUMBER("model.fusion.volume_lr", parents.volume_lr, "0.0005", 0, 1e3, "", "its train.lr"),
    FLAG("model.fusion.finetune", model.fusion.finetune, "false",
         "false: only the dense layers train, on the parents' latents; true: the parents train on"),
    INTEGERS("model.fusion.dense", model.fusion.dense, "[128, 64, 32]", 1, 1e6,
             "hidden dense layers after the latents; the scalar output is added"),

    INTEGER("model.cgcnn.neighbors", model.cgcnn.neighbors, "12", 1, 4096, "",
            "nearest neighbours of each atom"),
    NUMBER("model.cgcnn.radius", model.cgcnn.radius, "8", 0.5, 100, "A",
           "distance within which they are searched"),
    NUMBER("model.cgcnn.step", model.cgcnn.step, "0.2", 0.001, 10, "A",
           "distance between the Gaussians, from 0 to the radius"),
    INTEGER("model.cgcnn.embedding", model.cgcnn.embedding, "64", 1, 4096, "",
            "values of an atom between the convolutions"),
    INTEGER("model.cgcnn.convolutions", model.cgcnn.convolutions, "3", 1, 12, "",
            "gated graph convolutions"),
    INTEGER("model.cgcnn.hidden", model.cgcnn.hidden, "128", 1, 4096, "",
            "hidden dense layer after the mean over the atoms"),

    INTEGER("model.rf.trees", model.rf.trees, "50", 1, 1e6, "", "trees of the random forest"),
    INTEGER("model.rf.max_depth", model.rf.max_depth, "0", 0, 1e6, "",
            "splits from root to leaf; 0: unlimited"),
    INTEGER("model.rf.min_leaf", model.rf.min_leaf, "1", 1, LARGE, "samples", "least in a leaf"),
    INTEGER("model.rf.min_split", model.rf.min_split, "2", 2, LARGE, "samples",
            "least in a node that is split"),
    INTEGER("model.rf.features_per_split", model.rf.features_per_split, "0", 0, 145, "",
            "features tried at each split; 0: all"),

    INTEGER("train.epochs", train.epochs, "60", 1, LARGE, "", "passes over the training split"),
    INTEGER("train.batch", train.batch, "32", 1, LARGE, "samples", "global batch, over all ranks"),
    CHOICE("train.optimizer", train.optimizer, "adam", optimizers, "how weights are updated"),
    CHOICE("train.loss", train.loss, "auto", losses,
           "mean absolute or mean squared error; auto: mse for cgcnn, else mae"),
    NUMBER("train.lr", train.lr, "0.0005", 0, 1e3, "", "learning rate"),
    CHOICE(
        "train.schedule", train.schedule, "step", schedules,
        "of the learning rate; step: by lr_factor and lr_every; cosine: down to lr_end in the last "
        "epoch"),
    NUMBER("train.lr_factor", train.lr_factor, "1", 0, 1, "",
           "lr is multiplied by this every lr_every epochs"),
    INTEGER("train.lr_every", train.lr_every, "0", 0, LARGE, "epochs", "0: constant"),
    NUMBER("train.lr_end", train.lr_end, "0", 0, 1e3, "", "for schedule: cosine"),
    INTEGER("train.lr_warmup", train.lr_warmup, "0", 0, LARGE, "epochs",
            "the rate grows linearly over these first ones"),
    NUMBER("train.weight_decay", train.weight_decay, "0", 0, 1, "",
           "decoupled for adam (AdamW), added to the gradient for sgd"),
    NUMBER("train.dropout", train.dropout, "0", 0, 0.99, "",
           "share of the values after each hidden dense layer that are dropped in training"),
    CHOICE("train.augment", train.augment, "none", augments,
           "volumes moved in each epoch: periodic shift, the 48 operations of the cube, or both"),
    INTEGER("train.patience", train.patience, "0", 0, LARGE, "epochs",
            "training ends after these without a better validation loss; 0: never"),
    INTEGER("train.repeat", train.repeat, "0", 0, ECD_REPEAT_MAX, "",
            "number of a repeat: other initial weights and shuffles, the same split"),
    INTEGER("train.ensemble", train.ensemble, "1", 1, 1000, "models",
            "repeats that model.h5 holds: their mean predicts, their deviation is the uncertainty"),
    NUMBER("train.beta1", train.beta1, "0.9", 0, 0.999999, "", "Adam"),
    NUMBER("train.beta2", train.beta2, "0.999", 0, 0.9999999, "", "Adam"),
    NUMBER("train.epsilon", train.epsilon, "1e-7", 1e-30, 1, "",
           "Adam; added to the root of the bias-corrected second moment"),
    NUMBER("train.momentum", train.momentum, "0", 0, 1, "", "SGD"),
    INTEGER("train.checkpoint_every", train.checkpoint_every, "1", 1, LARGE, "epochs",
            "least number of epochs between checkpoints"),
    NUMBER("train.checkpoint_share", train.checkpoint_share, "0.05", 0, 1, "",
           "most of the run time that checkpoints take: else they wait for a later epoch; always "
           "written at a signal and at the end; 1: after each checkpoint_every"),
    NUMBER("train.bucket_mb", train.bucket_mb, "8", 0.001, 4096, "MB",
           "gradients in one all-reduce"),
    FLAG("train.resume", train.resume, "false",
         "go on from OUTPUT/checkpoint-last.h5 if it is there"),

    STRING("predict.model", predict.model, "", "model file; empty: OUTPUT/model.h5"),
    STRING("predict.files", predict.files, "",
           "charge files (path with {id}, folder or file) instead of a dataset"),
    STRING("predict.ids", predict.ids, "",
           "CSV with a column id: only these materials; empty: all"),
    CHOICE("predict.split", predict.part, "all", parts,
           "samples to predict, by their part in the model's training; none: those it did not see"),

    STRING("maps.materials", maps.materials, "",
           "ids of the materials of ecdnet maps, separated by commas; empty: all"),
    CHOICE("bench.protocol", bench.protocol, "kfold", protocols,
           "kfold: cross-validation; loeo: leave one element out; external: a second dataset"),
    TEXTS("bench.models", bench.models, "[]", NULL,
          "model decks (looked for here, then beside the deck), values of model.kind or, for "
          "protocol: external, trained models (.h5); none: this deck's own model"),
    TEXTS("bench.targets", bench.targets, "[bulk, shear]", ecd_target_names, "moduli to learn"),
    INTEGER("bench.repeats", bench.repeats, "1", 1, 1000, "",
            "trainings of each model with other initial weights; their predictions are averaged"),
    INTEGER("bench.folds", bench.folds, "5", 2, 1e6, "", "for protocol: kfold"),
    STRING("bench.folds_file", bench.folds_file, "",
           "CSV id,fold to take instead of random folds; OUTPUT/folds.csv is one"),
    TEXTS("bench.elements", bench.elements, "[]", NULL,
          "symbols, for protocol: loeo; none: all that min_materials materials hold"),
    INTEGER("bench.min_materials", bench.min_materials, "10", 1, LARGE, "materials",
            "least that hold an element, where bench.elements is empty"),
    STRING("bench.external", bench.external, "", "dataset, for protocol: external"),
    INTEGER("bench.max_atoms", bench.max_atoms, "40", 0, LARGE, "atoms",
            "most in the cell of an external material's file; 0: any number"),
    NUMBER("bench.epochs_scale", bench.epochs_scale, "1", 1e-6, 1e3, "",
           "all epochs and lr_every are multiplied by this, 1 at least"),
    INTEGER("bench.ranks_per_run", bench.ranks_per_run, "0", 0, 1e6, "",
            "ranks that share one training; 0: automatic"),
    CHOICE("bench.keep_models", bench.keep_models, "needed", keeps,
           "needed: model.h5 of a finished training goes once no fusion wants it as a parent"),
    FLAG("bench.retry", bench.retry, "false", "run again what failed"),
    CHOICE("bench.scale", bench.scale, "full", scales,
           "quick: what bench.quick says instead of repeats, epochs_scale and elements, unless -o "
           "names them"),
    INTEGER("bench.quick.repeats", bench.quick.repeats, "1", 1, 1000, "", "bench.repeats"),
    NUMBER("bench.quick.epochs_scale", bench.quick.epochs_scale, "0.25", 1e-6, 1e3, "",
           "bench.epochs_scale"),
    TEXTS("bench.quick.elements", bench.quick.elements, "[]", NULL,
          "bench.elements; none: as bench.elements says"),

    NUMBER("elastic.symprec", elastic.symprec, "0.01", 1e-6, 1, "A",
           "tolerance of the symmetry search"),
    NUMBER("elastic.max_residual", elastic.max_residual, "0.05", 0, 1, "",
           "largest relative misfit of stresses that is no poor_fit"),
    NUMBER("elastic.max_asymmetry", elastic.max_asymmetry, "0.05", 0, 1, "",
           "largest relative change of a tensor by symmetrisation that is not asymmetric"),
    FLAG("elastic.keep_doubtful", elastic.keep_doubtful, "false",
         "labels.csv gets the moduli of poor_fit and asymmetric materials too"),
    NUMBER("elastic.amplitude", elastic.amplitude, "0.01", 1e-5, 0.1, "",
           "--strains: largest component of a strain (engineering shear)"),
    INTEGER("elastic.steps", elastic.steps, "1", 1, 100, "",
            "--strains: amplitudes of each strain, from amplitude / steps to amplitude"),
    FLAG("elastic.both_signs", elastic.both_signs, "true",
         "--strains: each strain and its negative"),
    CHOICE("elastic.strains_format", elastic.strains_format, "json", strains_formats,
           "--strains: json, the input of ecdnet elastic but for the stresses, or a csv table"),

    INTEGER("time.steps", time.steps, "9", 1, 1e6, "", "timed steps"),
    INTEGER("time.warmup", time.warmup, "3", 0, 1e6, "", "steps before them"),
    INTEGER("time.atoms", time.atoms, "8", 1, 1e6, "", "of the random crystals for cgcnn"),

    CHOICE("embed.input", embed.input, "both", embed_inputs,
           "what is mapped: Magpie features (data.features), max-pooled volumes, or each of them"),
    STRING("embed.element", embed.element, "",
           "test samples are those that contain an element: F, or F,Cl,Br for three sets, or all; "
           "empty: those that data.split holds out"),
    INTEGER("embed.element_least", embed.element_least, "200", 1, LARGE, "samples",
            "for element: all, the elements that as many samples contain"),
    FLAG("embed.unlabelled", embed.unlabelled, "false",
         "also map samples without a known data.target"),
    INTEGER("embed.pool", embed.pool, "6", 1, 1024, "voxels", "edge and stride of the max pool"),
    INTEGER("embed.components", embed.components, "0", 0, LARGE, "",
            "principal components that t-SNE takes; 0: all features, without a PCA before it"),
    NUMBER("embed.perplexity", embed.perplexity, "30", 1.000001, LARGE, "",
           "number of neighbours that t-SNE looks at, roughly"),
    NUMBER("embed.exaggeration", embed.exaggeration, "12", 1, 1e6, "",
           "factor on attraction in the first 250 iterations"),
    NUMBER("embed.learning_rate", embed.learning_rate, "0", 0, LARGE, "",
           "of t-SNE; 0: samples / exaggeration / 4, 50 at least"),
    INTEGER("embed.iterations", embed.iterations, "1000", 250, LARGE, "", "of t-SNE, at most"),
    CHOICE("embed.start", embed.start, "pca", starts,
           "where t-SNE starts: the first two principal components, or random by the seed"),
    INTEGER("embed.tries", embed.tries, "4", 1, 1e6, "",
            "starts of t-SNE; the map of the lowest KL divergence is kept; the first is `start` "
            "itself"),
    INTEGER("embed.neighbors", embed.neighbors, "12", 1, LARGE, "",
            "neighbours that trustworthiness and mixing look at"),
};

const size_t ecd_key_count = sizeof ecd_keys / sizeof *ecd_keys;
