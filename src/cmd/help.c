#include "cmd/help.h"

#include "base/version.h"
#include "deck/deck.h"
#include "nn/backend.h"

#include <fftw3.h>
#include <hdf5.h>
#include <petscsys.h>
#include <spglib.h>
#include <string.h>
#include <yaml.h>
#include <zlib.h>

const ecd_command_t ecd_commands[] = {
    {"prep", ecd_cmd_prep, true, "resample charge files to the volumes of a dataset",
     "usage: ecdnet prep DECK [-o KEY=VALUE]... [--append]\n\n"
     "Reads the files that prep.files names (CHGCAR family, cube, XSF, plain or .gz), resamples "
     "each to prep.grid^3\n"
     "points, joins the labels, and writes OUTPUT/dataset.h5 (or data.file), its .xdmf for "
     "ParaView, prep-summary.csv\n"
     "(a row for each material) and deck.yaml.\n\n"
     "Bad files: with prep.on_error: stop (default) all files are read, every bad one is listed "
     "with its line, and no\n"
     "dataset is written (exit code 3); with skip the good ones are written, and rejected.csv says "
     "which were left\n"
     "out and why, labels without a file and files without a label included.\n\n"
     "A killed run loses nothing: finished volumes wait in OUTPUT/dataset.parts, and the same "
     "command goes on from\n"
     "there. A file or setting that has changed is done again. A dataset that is complete is left "
     "as it is; one made\n"
     "from other files, labels or settings is never overwritten. --append adds new materials to "
     "it: the old file stays\n"
     "valid until the new one has its name.\n\n"
     "  mpirun -n 4 ecdnet prep input/quickstart.yaml\n"
     "  mpirun -n 4 ecdnet prep input/cnn2d.yaml -o prep.files='vasp/{id}/AECCAR0.gz' \\\n"
     "         -o prep.plus='vasp/{id}/AECCAR2.gz' -o prep.on_error=skip\n"},
    {"merge", ecd_cmd_merge, false, "join datasets that were prepared alike",
     "usage: ecdnet merge OUT.h5 IN.h5...\n\nThe inputs must agree in grid, cell, method, field "
     "and DFT code, and share no id.\n"},
    {"train", ecd_cmd_train, false,
     "train a network or a random forest, in parallel over the ranks",
     "usage: ecdnet train DECK [-o KEY=VALUE]... [--resume]\n\n"
     "model.kind picks the model: cnn2d, cnn3d (volumes), magpie_cnn (formulas), fusion (both; "
     "its "
     "parents are\n"
     "model.fusion.magpie and model.fusion.volume, or are trained first in OUTPUT/parents).\n"
     "cgcnn takes crystals. rf is a random forest (formulas): it has no epochs or checkpoints, and "
     "writes importances.csv.\n"
     "train.ensemble=5 trains five networks, whose mean predicts and whose spread is the "
     "uncertainty.\n"
     "Writes into OUTPUT: model.h5, predictions.csv, metrics.json, train.jsonl, deck.yaml, and "
     "while it runs\n"
     "checkpoint-last.h5 and checkpoint-best.h5 (lowest training or validation loss), at most "
     "train.checkpoint_share of the time.\n"
     "SIGUSR1 to mpirun (or to a rank), SIGTERM to a rank: checkpoint at the next step, exit code "
     "75; --resume goes on\n"
     "and ends bitwise as if it had not stopped. SIGTERM to mpirun itself kills the ranks within a "
     "second: what\n"
     "the last checkpoint holds is kept.\n\n"
     "  mpirun -n 4 ecdnet train input/cnn2d.yaml -o data.file=dataset.h5 -o output=runs/bulk\n"},
    {"bench", ecd_cmd_bench, false, "train many models and compare them: tables of the article",
     "usage: ecdnet bench DECK [-o KEY=VALUE]... [--dry-run | --status | --tables] [--retry]\n\n"
     "Trains every model of bench.models for every modulus of bench.targets, bench.repeats times, "
     "on every part that\n"
     "bench.protocol holds out: kfold (bench.folds), loeo (the materials of an element, in turn), "
     "external (nothing of\n"
     "data.file, all of bench.external that is not in it). What bench's deck says of data, train "
     "and so on holds for all\n"
     "models, over their own decks.\n\n"
     "The ranks form groups of bench.ranks_per_run; a group takes the next training, the longest "
     "first. Each leaves\n"
     "OUTPUT/pieces/MODEL-TARGET-PART-REPEAT; the end OUTPUT/tables/DECK.md, .tex and .csv, "
     "pieces.csv and the averaged\n"
     "predictions in results/. A run that was killed, or stopped by a signal (exit code 75), goes "
     "on with the same command.\n"
     "A training that fails is listed, and the others go on (exit code 1).\n\n"
     "--dry-run lists the trainings and estimates their time from steps that it times; --status "
     "says what is done;\n"
     "--tables writes the tables of what is done; --retry runs again what failed.\n\n"
     "  mpirun -n 4 ecdnet bench input/table2.yaml\n"
     "  mpirun -n 64 ecdnet bench input/table2.yaml -o data.file=mine.h5 -o bench.scale=full\n"},
    {"predict", ecd_cmd_predict, true, "apply a model to a dataset or to charge files",
     "usage: ecdnet predict [DECK] [-o KEY=VALUE]... [DATASET.h5 | FILE... | FORMULA...]\n\n"
     "A FILE is a charge file (CHGCAR family, cube, XSF, plain or .gz), a folder of them, or a "
     "path "
     "with {id}. Without\n"
     "names: predict.files, else data.file. No deck is needed: the model (predict.model, default "
     "OUTPUT/model.h5) knows\n"
     "the network and how volumes must be prepared. Charge files are resampled that way; a dataset "
     "prepared otherwise\n"
     "(grid, cell, method, field, DFT code) is refused. A magpie_cnn or rf takes the formulas of "
     "any "
     "dataset or charge file,\n"
     "or formulas as words; a cgcnn takes the crystals of any dataset or charge file. "
     "prep.on_error: skip leaves bad\n"
     "charge files out, and materials with an element that the model's Magpie features lack.\n\n"
     "predict.split picks samples by their part in the model's training: all, train, validation, "
     "test, none "
     "(not seen in it).\n"
     "Writes into OUTPUT/predict: predictions.csv, metrics.json, deck.yaml; the files of the "
     "training are left alone.\n\n"
     "  ecdnet predict -o predict.model=runs/bulk/model.h5 -o output=runs/new CHGCAR\n"
     "  mpirun -n 4 ecdnet predict -o output=runs/bulk -o predict.split=test dataset.h5\n"},
    {"maps", ecd_cmd_maps, true, "what the squeeze-and-excitation blocks of a 2D-CNN see",
     "usage: ecdnet maps [DECK] [-o KEY=VALUE]... [DATASET.h5 | FILE...]\n\n"
     "Takes the model (predict.model) and the materials that ecdnet predict would take; the model "
     "must be a cnn2d, or a\n"
     "fusion, whose cnn2d is looked at. maps.materials names some ids of them. Writes "
     "OUTPUT/maps/maps.h5: /map\n"
     "(N, 3, n, n), the mean over the channels of the block's output, in the planes across x, y "
     "and z; /id, /formula.\n\n"
     "  ecdnet maps -o output=runs/bulk -o maps.materials=mp-1,mp-2 dataset.h5\n"},
    {"embed", ecd_cmd_embed, false, "map the samples of a dataset in the plane: PCA and t-SNE",
     "usage: ecdnet embed DECK [-o KEY=VALUE]...\n\n"
     "Principal components (ScaLAPACK) and an exact t-SNE of the dataset's samples, from their "
     "Magpie features\n"
     "(data.features, standardised), their volumes (largest value in each cube of embed.pool^3 "
     "voxels), or each of them\n"
     "(embed.input: magpie, volume, both).\n\n"
     "Test samples: those that data.split holds out; or, for each element that embed.element "
     "lists, the materials that\n"
     "contain it (embed.element: all, for those in embed.element_least samples or more). The "
     "mixing of a test set is\n"
     "the share of training samples among the embed.neighbors nearest of a test sample, in the "
     "input and in the map.\n\n"
     "Writes into OUTPUT/embed: embedding.csv (id, formula, train or test for each set, the "
     "map), pca.csv, embed.h5\n"
     "(components, scores), embed.json (KL divergence, trustworthiness, mixing, seconds), "
     "deck.yaml. The map is the\n"
     "same on any number of ranks.\n\n"
     "  mpirun -n 4 ecdnet embed input/fig4.yaml\n"
     "  mpirun -n 4 ecdnet embed input/fig4.yaml -o embed.element=F,Cl -o embed.input=volume\n"},
    {"info", ecd_cmd_info, false, "summarise datasets, models and checkpoints",
     "usage: ecdnet info FILE...\n"},
    {"magpie", ecd_cmd_magpie, false, "Magpie features of chemical formulas as CSV",
     "usage: ecdnet magpie FORMULA...\n"
     "       ecdnet magpie --file LIST.txt      a formula a line; empty lines and lines that begin "
     "with # are skipped\n\n"
     "Prints a row for each formula: the formula and 145 columns, by name: minimum, maximum, "
     "range, "
     "mean, average\n"
     "deviation and mode of 22 elemental properties (these 132 are features: magpie132), 6 norms "
     "of "
     "the composition,\n"
     "4 mean numbers of valence electrons, 3 of ionic character (all: magpie145). A cell is empty "
     "where the table of\n"
     "the elements has no data; a warning says which.\n\n"
     "Formulas: NaN is sodium nitride; Fe0.5Ni0.5O, Ca[Al(OH)4]2, CuSO4*5H2O (or with U+00B7 for "
     "*). '.' is a decimal\n"
     "point. Charges are refused. Bad formulas are listed, and nothing is printed (exit "
     "code 3).\n\n"
     "  ecdnet magpie NaCl 'Ca3(PO4)2' >features.csv\n"},
    {"elastic", ecd_cmd_elastic, false,
     "stiffness and moduli from strains and stresses, labels.csv",
     "usage: ecdnet elastic FILE... [-o KEY=VALUE]...\n"
     "       ecdnet elastic --strains STRUCTURE [-o KEY=VALUE]...\n\n"
     "A FILE (YAML or JSON, doc/elastic.md) holds a material's undeformed cell, and strains with "
     "their stresses, or the\n"
     "stiffness tensor that a DFT code printed. The stiffness that fits the stresses best and has "
     "the symmetry of the\n"
     "crystal's Laue class, its Voigt, Reuss and Hill averages, stability and the quality of the "
     "fit are printed, and\n"
     "written into OUTPUT/elastic/ID.json; OUTPUT/labels.csv has a row for each material, for "
     "prep.labels. Its moduli are\n"
     "empty where the quality is not ok. Rows of earlier calls for other materials stay. Bad "
     "files are listed, the\n"
     "others written all the same (exit code 3).\n\n"
     "--strains prints the fewest deformed cells that determine every constant, as JSON that is "
     "such a FILE but for the\n"
     "stresses; elastic.amplitude, elastic.steps, elastic.both_signs and elastic.strains_format "
     "change them.\n\n"
     "  ecdnet elastic --strains POSCAR -o elastic.amplitude=0.005 >elastic.json\n"
     "  ecdnet elastic -o output=runs/elastic vasp/*/elastic.yaml\n"},
    {"deck", ecd_cmd_deck, false, "list every deck key, or check a deck",
     "usage: ecdnet deck                    every key: default, type, unit, meaning\n"
     "       ecdnet deck DECK [-o KEY=VALUE] the effective deck: every key with its value\n"
     "       ecdnet deck --check DECK        say what is wrong with a deck, with line and "
     "column\n"},
    {"time", ecd_cmd_time, false, "time training and inference steps on random inputs",
     "usage: ecdnet time cnn2d|cnn3d|magpie_cnn|fusion|cgcnn [DECK] [-o KEY=VALUE]...\n\n"
     "Prints JSON: samples_per_s (median step), seconds by phase, GFLOP/s as written and as "
     "executed. train.batch is\n"
     "global; time.steps and time.warmup count steps. fusion: its dense layers alone, with "
     "model.fusion.finetune all of it.\n\n"
     "  OMP_NUM_THREADS=1 ecdnet time cnn3d -o model.cnn3d.pool=valid\n"},
};

const size_t ecd_command_count = sizeof ecd_commands / sizeof *ecd_commands;

const ecd_command_t *ecd_command_find(const char *name) {
  for (size_t i = 0; i < ecd_command_count; ++i)
    if (strcmp(ecd_commands[i].name, name) == 0) return &ecd_commands[i];
  return NULL;
}

ecd_code_t ecd_command_unknown(const char *name, ecd_error_t *err) {
  const char *names[sizeof ecd_commands / sizeof *ecd_commands + 1];
  for (size_t i = 0; i < ecd_command_count; ++i) names[i] = ecd_commands[i].name;
  names[ecd_command_count] = "help";
  const char *near = ecd_nearest(name, names, ecd_command_count + 1);
  return ecd_fail(err, ECD_USAGE, "unknown command '%s'%s%s%s", name,
                  near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                  near != NULL ? "'?" : "; 'ecdnet help' lists the commands");
}

void ecd_print_help(FILE *file, const ecd_command_t *command) {
  if (command != NULL) {
    fprintf(file, "ecdnet %s: %s\n\n%s", command->name, command->summary, command->text);
    return;
  }
  fprintf(file,
          "%s: elastic moduli of crystals from their electronic charge density\n\n"
          "usage: [mpirun -n RANKS] ecdnet COMMAND [DECK.yaml] [-o key=value]...\n\n",
          ecd_version());
  for (size_t i = 0; i < ecd_command_count; ++i)
    fprintf(file, "  %-8s %s\n", ecd_commands[i].name, ecd_commands[i].summary);
  fprintf(file,
          "  %-8s help for a command: ecdnet help COMMAND\n\n"
          "Exit codes: 0 done, 1 failed while running, 2 bad usage or deck, 3 bad input data,\n"
          "75 stopped by a signal after a checkpoint: run again with --resume.\n",
          "help");
}

void ecd_print_version(FILE *file) {
  char mpi[MPI_MAX_LIBRARY_VERSION_STRING], backends[256], petsc[256];
  int length, yaml[3];
  unsigned int hdf5[3];
  MPI_Get_library_version(mpi, &length);
  mpi[strcspn(mpi, "\n")] = '\0';
  ecd_backend_list(backends, sizeof backends);
  H5get_libversion(&hdf5[0], &hdf5[1], &hdf5[2]);
  PetscGetVersion(petsc, sizeof petsc);
  yaml_get_version(&yaml[0], &yaml[1], &yaml[2]);
  fprintf(file, "%s\nbackends:  %s\n", ecd_version(), backends);
  fprintf(file, "MPI:       %s\nPETSc:     %s\n", mpi, petsc);
  fprintf(file, "HDF5:      %u.%u.%u\nFFTW:      %s\n", hdf5[0], hdf5[1], hdf5[2], fftw_version);
  fprintf(file, "BLAS:      %s\nScaLAPACK: %s\n", ECD_BLAS, ECD_SCALAPACK);
  fprintf(file, "spglib:    %d.%d.%d\n", spg_get_major_version(), spg_get_minor_version(),
          spg_get_micro_version());
  fprintf(file, "libyaml:   %d.%d.%d\nzlib:      %s\n", yaml[0], yaml[1], yaml[2], zlibVersion());
  fprintf(file, "compiler:  %s, %s\nflags:     %s\n", ECD_CC, __VERSION__, ECD_CFLAGS);
}
