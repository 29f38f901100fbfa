/* predictions.h - what is predicted of examples, as lines, JSON or CSV. */
#ifndef ANNC_CLI_MODEL_PREDICTIONS_H
#define ANNC_CLI_MODEL_PREDICTIONS_H

#include "cli/options/option_types.h"

/* What is predicted of a piece of one input. */
struct predictions {
    const struct options *options;
    const char *input;   /* a file, or "-" */
    bool is_probability; /* what an output says of a class; of a single one, class 1 */
    bool on_terminal;    /* is standard output */
    bool has_header;     /* of CSV: it was printed */
    const annc_dataset *data;
    uint64_t before;  /* rows of the input in the pieces before */
    int32_t *classes; /* NULL where there are targets */
    float *outputs;   /* count x n_L; of targets in the units of the file */
};

/* Prints the predictions of the piece and flushes them: ANNC_OUTPUT where that failed. */
annc_status print_predictions(struct predictions *predictions);

#endif
