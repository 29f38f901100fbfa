/* loading.h - the state of one loading of data, and its steps. */
#ifndef ANNC_DATASET_LOADING_H
#define ANNC_DATASET_LOADING_H

#include "annc.h"
#include "dataset/idx/idx_find.h"
#include "dataset/prepare/preparation.h"
#include "dataset/tables/table.h"
#include "formats/stream.h"

struct annc_loading {
    const annc_data_options *options;
    annc_data *data;
    struct annc_table table[ANNC_PARTS];
    bool has_part[ANNC_PARTS];
    struct annc_preparation *preparation; /* NULL until learnt or loaded */
    struct annc_stream *stream;           /* the first file if already open, owned here; or NULL */
    annc_format format;                   /* of the stream */
};

/* Checks the enumerators of the options, and that a path is given. ANNC_USAGE names the field. */
annc_status annc_loading_check(const annc_data_options *options);

/* Opens a file or standard input and detects its format. *stream is NULL for an NPZ file, which is
 * read by its name. */
annc_status annc_file_open(const char *path, annc_format *format, struct annc_stream **stream);

/* Get the preparation: from the model, if there is one; without a model, or if the model has none,
 * from the first table read. */
annc_status annc_loading_prepare(struct annc_loading *loading);
annc_status annc_loading_complete(struct annc_loading *loading, const struct annc_table *table);
/* Returns the columns that a table must have, from the training data or the model; NULL if neither
 * defines them. */
const struct annc_table *annc_loading_columns(const struct annc_loading *loading);
/* Notes how inputs are scaled. */
void annc_loading_note_scaling(struct annc_loading *loading);

/* Refuses the options for weights, for data that can have none. */
annc_status annc_loading_refuse_weight(const annc_data_options *options);

/* Takes the table of part p: drops rows of weight 0, treats missing values, and learns from the
 * first table. */
annc_status annc_loading_take(struct annc_loading *loading, int p);
/* Reads a file of any format as part p. */
annc_status annc_loading_read(struct annc_loading *loading, const char *path, const char *labels_path, int p);

#endif
