/* preparation.h - columns, classes and scaling: learnt from a training table before training,
 * stored in the model, and applied to every other table. */
#ifndef ANNC_DATASET_PREPARE_PREPARATION_H
#define ANNC_DATASET_PREPARE_PREPARATION_H

#include "annc.h"
#include "dataset/pictures/image_style.h"
#include "dataset/prepare/classes.h"
#include "dataset/prepare/ranges.h"
#include "dataset/tables/table.h"

/* x becomes (x - shift) factor; a missing x becomes fill first. */
struct annc_scaling {
    uint32_t count; /* of each array; 0: none */
    double *shift, *factor, *fill;
};

struct annc_preparation {
    struct annc_classes classes; /* none with targets */
    annc_scale scale;            /* never auto */
    struct annc_scaling inputs;  /* for min-max and standardise */
    struct annc_scaling targets;
    struct annc_ranges ranges; /* of the training rows' inputs; none in another program's model */
    struct annc_table like;    /* columns only: other tables must match them */
    struct annc_look look;
    bool transposed;
    bool is_warned;  /* a table with unlike inputs was noted */
    bool unlabelled; /* tables may lack labels and targets; they are then class 0, or 0 */
};

/* Learns classes, columns and the kind of scaling from a training table, for a network of `outputs`
 * outputs (0: any). */
annc_status annc_preparation_learn(const struct annc_table *table, const annc_data_options *options,
                                   struct annc_preparation *preparation, char *notes, size_t size);
/* Fits the scaling to `count` rows of the table: the listed ones or, with rows NULL, the first. */
annc_status annc_preparation_fit(struct annc_preparation *preparation, const struct annc_table *table,
                                 annc_scale target_scale, const uint32_t *rows, uint32_t count);

/* Statistics of a column. */
struct annc_figures {
    double mean, deviation, least, most;
};

/* Measures a target in `count` rows: the listed ones or, with rows NULL, the first; by the weights
 * of the rows. */
struct annc_figures annc_target_figures(const struct annc_table *table, uint32_t target, const uint32_t *rows,
                                        uint32_t count);
/* Returns x, NaN if it is missing, as the network receives it but for the rounding to float. */
double annc_scaled(const struct annc_scaling *scaling, uint32_t column, double x);

void annc_preparation_free(struct annc_preparation *preparation);

/* Notes where the inputs of a table are unlike those in training, once for all tables of a model, and
 * where bytes will be divided. */
annc_status annc_preparation_compare(struct annc_preparation *preparation, const struct annc_table *table, char *notes,
                                     size_t size);

/* Makes a data set of `count` rows of a table. Bytes are divided by 255 for a model of images whose
 * values were within 0...1. With rows NULL it takes all rows, and may take over
 * their arrays. */
annc_status annc_preparation_apply(const struct annc_preparation *preparation, struct annc_table *table,
                                   uint32_t outputs, const uint32_t *rows, uint32_t count, annc_dataset **dataset);

#endif
