/* loading.h - what one loading of data has open, and its steps. */
#ifndef ANNC_DATASET_LOADING_H
#define ANNC_DATASET_LOADING_H

#include "annc.h"
#include "dataset/prepare/preparation.h"
#include "dataset/tables/idx_find.h"
#include "dataset/tables/table.h"
#include "formats/stream.h"

struct annc_loading {
    const annc_data_options *options;
    annc_data *data;
    struct annc_table table[ANNC_PARTS];
    bool has_part[ANNC_PARTS];
    struct annc_preparation *preparation; /* NULL until it was learnt or loaded */
    struct annc_stream *stream;           /* the first file, where it is open already: the loading's own; or NULL */
    annc_format format;                   /* of it */
};

/* Opens a file, or standard input, and finds out what it is. *stream is NULL for an NPZ file, which is read by its name. */
annc_status annc_file_open(const char *path, annc_format *format, struct annc_stream **stream);

/* The preparation: from the model, where there is one; and otherwise, or where that says nothing of its data, from the first table that is
 * read. */
annc_status annc_loading_prepare(struct annc_loading *loading);
annc_status annc_loading_complete(struct annc_loading *loading, const struct annc_table *table);
/* The columns that a table must have, where the training data or the model say so; or NULL. */
const struct annc_table *annc_loading_columns(const struct annc_loading *loading);
/* Tells how inputs are scaled. */
void annc_loading_note_scaling(struct annc_loading *loading);

/* Reads a file of any kind as part p. */
annc_status annc_loading_read(struct annc_loading *loading, const char *path, const char *labels_path, int p);

#endif
