/* predictions.h - predictions as lines, JSON or CSV. */
#ifndef ANNC_CLI_MODEL_PREDICTIONS_H
#define ANNC_CLI_MODEL_PREDICTIONS_H

#include "cli/options/option_types.h"

/* The predictions of one piece of an input. */
struct predictions {
    const struct options *options;
    const char *input;   /* a file, or "-" */
    bool is_probability; /* an output is a class's probability; a single output is class 1's */
    bool has_label_sets; /* an output is one of the labels that were listed in a cell */
    float middle;        /* such a label is predicted if its output is above this */
    bool on_terminal;    /* standard output is a terminal */
    bool has_names;      /* lines begin with the name of the input */
    bool has_header;     /* the CSV header was printed */
    const annc_dataset *data;
    int32_t *classes; /* NULL with targets */
    double *outputs;  /* count x n_L; targets in the units of the file */
};

/* Prints the predictions of the piece and flushes them. ANNC_OUTPUT if that fails. */
annc_status print_predictions(struct predictions *predictions);

#endif
