/* source.c - data sets from where people have them: which files, in which order, and what is made of them. */
#include "source.h"
#include "allocate.h"
#include "csv.h"
#include "dataset.h"
#include "digits.h"
#include "idx_table.h"
#include "npy.h"
#include "numpy_table.h"
#include "picture_table.h"
#include "preparation.h"
#include "split.h"
#include "status.h"
#include "stream.h"
#include "text.h"
#include "zip.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* What one loading has open. */
struct loading {
    const annc_data_options *options;
    annc_data *data;
    struct annc_table table[ANNC_PARTS];
    bool there[ANNC_PARTS];
    struct annc_preparation *preparation; /* NULL until it was learnt or loaded */
};

#define NOTES(loading) (loading)->data->notes, sizeof(loading)->data->notes

/* ---------------------------------------------------------------- preparations */

static annc_status open_preparation(struct loading *loading)
{
    return annc_allocate(1, sizeof *loading->preparation, "the preparation", (void **)&loading->preparation);
}

/* From the model, where there is one. */
static annc_status load_preparation(struct loading *loading)
{
    annc_status status = ANNC_OK;
    if (!loading->options->model)
        return ANNC_OK;
    ANNC_TRY(open_preparation(loading));
    ANNC_TRY(annc_preparation_load(loading->options->model, loading->preparation));
    loading->preparation->unlabelled = loading->options->unlabelled;
    /* A model of someone else's, which may well tell classes apart. */
    if (loading->options->unlabelled && loading->options->outputs > 1 && loading->preparation->classes.count == 0 &&
        loading->preparation->like.outputs == 0)
        ANNC_TRY(annc_classes_number(loading->options->outputs, &loading->preparation->classes));
out:
    return status;
}

/* From the first table that is read, where there is no model, or one that says nothing of its data. */
static annc_status complete_preparation(struct loading *loading, const struct annc_table *table)
{
    annc_status status = ANNC_OK;
    if (!loading->preparation) {
        ANNC_TRY(open_preparation(loading));
        ANNC_TRY(annc_preparation_learn(table, loading->options, loading->preparation, NOTES(loading)));
        return ANNC_OK;
    }
    if (loading->preparation->scale == ANNC_SCALE_AUTO)
        loading->preparation->scale = table->type == ANNC_BYTES ? ANNC_SCALE_255 : ANNC_SCALE_NONE;
    if (loading->preparation->classes.count == 0 && table->labels.index)
        ANNC_TRY(annc_classes_learn(table->name, &table->labels, loading->options->outputs,
                                    &loading->preparation->classes, NOTES(loading)));
out:
    return status;
}

/* ---------------------------------------------------------------- reading files */

/* What a file is, by its content. */
enum format { IDX, TEXT, NPY, NPZ, PNG };

static annc_status find_format(const char *path, enum format *format)
{
    annc_status status = ANNC_OK;
    struct annc_stream *stream = NULL;
    char begin[6] = "text";
    size_t got;
    *format = TEXT;
    if (annc_is_standard_input(path)) /* which cannot be looked into first */
        return ANNC_OK;
    *format = NPZ;
    if (annc_zip_begins(path))
        return ANNC_OK;
    ANNC_TRY(annc_stream_open(path, &stream));
    ANNC_TRY(annc_stream_read(stream, begin, sizeof begin, &got));
    const bool utf_16 = memcmp(begin, "\xFF\xFE", 2) == 0 || memcmp(begin, "\xFE\xFF", 2) == 0;
    *format = annc_npy_begins(begin) ? NPY : annc_png_begins(begin) ? PNG : memchr(begin, 0, 4) && !utf_16 ? IDX : TEXT;
out:
    annc_stream_close(stream);
    return status;
}

static annc_status read_idx(struct loading *loading, const char *path, const char *labels_path, int p)
{
    annc_status status = ANNC_OK;
    char labels[ANNC_PATH];
    if (labels_path || loading->options->unlabelled)
        snprintf(labels, sizeof labels, "%s", labels_path ? labels_path : "");
    else
        ANNC_TRY(annc_idx_find_labels(path, labels, sizeof labels));
    ANNC_TRY(annc_idx_table(path, labels, loading->options->transpose, &loading->table[p], NOTES(loading)));
out:
    return status;
}

/* One part of an NPZ file, and whether it has a test part. */
static annc_status read_npz(struct loading *loading, const char *path, const char *labels_path, int p, bool *has_test)
{
    annc_status status = ANNC_OK;
    const annc_data_options *options = loading->options;
    const bool numbers = options->text.target != NULL;
    const struct annc_npz_names names = {options->x_name, options->y_name, p == ANNC_PART_TEST};
    ANNC_TRY(annc_npz_table(path, labels_path, &names, options->unlabelled, numbers, &loading->table[p], has_test));
out:
    return status;
}

/* A picture, for a model that knows what its images are like. */
static annc_status read_picture(struct loading *loading, const char *path, int p)
{
    annc_status status = ANNC_OK;
    char shown[ANNC_TABLE_NAME];
    if (!loading->preparation || !loading->options->unlabelled)
        return annc_fail(ANNC_INPUT, "%s: is a picture, which has no labels; `annc-gpu predict MODEL FILE` reads it",
                         annc_printable(path, shown, sizeof shown));
    ANNC_TRY(annc_picture_table(path, &loading->preparation->look, &loading->table[p], NOTES(loading)));
out:
    return status;
}

/* The columns that a table must have, where the training data or the model say so. */
static const struct annc_table *known_columns(const struct loading *loading)
{
    const struct annc_preparation *preparation = loading->preparation;
    const bool known = preparation && (preparation->like.input_names.count > 0 || preparation->unlabelled);
    return known ? &preparation->like : NULL;
}

/* A file of any kind as part p. */
static annc_status read_file(struct loading *loading, const char *path, const char *labels_path, int p)
{
    annc_status status = ANNC_OK;
    const annc_data_options *options = loading->options;
    enum format format;
    uint32_t dropped;
    bool has_test = false;
    ANNC_TRY(find_format(path, &format));
    switch (format) {
    case IDX:
        ANNC_TRY(read_idx(loading, path, labels_path, p));
        break;
    case NPY:
        ANNC_TRY(
            annc_npy_table(path, labels_path, options->unlabelled, options->text.target != NULL, &loading->table[p]));
        break;
    case NPZ:
        ANNC_TRY(read_npz(loading, path, labels_path, p, &has_test));
        break;
    case PNG:
        ANNC_TRY(read_picture(loading, path, p));
        break;
    case TEXT:
        ANNC_TRY(annc_csv_read(path, &options->text, known_columns(loading), !options->unlabelled, &loading->table[p],
                               NOTES(loading)));
        break;
    }
    ANNC_TRY(annc_table_missing(&loading->table[p], options->text.missing, &dropped));
    if (dropped > 0)
        annc_note(NOTES(loading), "%u rows with missing values are left out", dropped);
    loading->there[p] = true;
    ANNC_TRY(complete_preparation(loading, &loading->table[p]));
    if (p == ANNC_PART_TRAIN && has_test && !options->x_name && !options->test_path)
        ANNC_TRY(read_file(loading, path, NULL, ANNC_PART_TEST)); /* the same file brings both */
out:
    return status;
}

/* A folder of IDX files. */
static annc_status read_folder(struct loading *loading, const char *folder)
{
    static const char *const names[ANNC_PARTS] = {[ANNC_PART_TRAIN] = "training", [ANNC_PART_TEST] = "test"};
    annc_status status = ANNC_OK;
    const annc_data_options *options = loading->options;
    struct annc_idx_files files;
    char shown[ANNC_TABLE_NAME];
    const bool needed[ANNC_PARTS] = {[ANNC_PART_TRAIN] = options->need_train, [ANNC_PART_TEST] = options->need_test};
    annc_printable(folder, shown, sizeof shown);
    ANNC_TRY(annc_idx_find(folder, &files));
    for (int p = ANNC_PART_TRAIN; p <= ANNC_PART_TEST; p++) {
        const char *like = p == ANNC_PART_TRAIN ? "train" : "t10k";
        if (p == ANNC_PART_TRAIN && options->labels_path)
            snprintf(files.labels[p], sizeof files.labels[p], "%s", options->labels_path);
        if (needed[p] && !files.images[p][0])
            return annc_fail(ANNC_INPUT,
                             "%s: no %s images are here: no file named like %s-images-idx3-ubyte or with .gz after it",
                             shown, names[p], like);
        if (files.images[p][0] && !files.labels[p][0] && (needed[p] || p == ANNC_PART_TEST))
            return annc_fail(ANNC_INPUT,
                             "%s: no %s labels are here: no file named like %s-labels-idx1-ubyte or with .gz after it",
                             shown, names[p], like);
        /* A training part that nobody asked for is not read, and a test part gives way to another. */
        if (files.images[p][0] && (p == ANNC_PART_TRAIN ? needed[p] : !options->test_path))
            ANNC_TRY(read_file(loading, files.images[p], files.labels[p], p));
    }
out:
    return status;
}

static annc_status read_path(struct loading *loading, const char *path)
{
    annc_status status = ANNC_OK;
    const annc_data_options *options = loading->options;
    struct stat there;
    annc_printable(path, loading->data->description, sizeof loading->data->description);
    if (annc_is_standard_input(path)) {
        snprintf(loading->data->description, sizeof loading->data->description, "standard input");
        if (options->folds > 0)
            return annc_fail(ANNC_INPUT,
                             "standard input can be read once, and folds read their data again; use a file");
    } else if (stat(path, &there) != 0 || S_ISDIR(there.st_mode)) {
        return read_folder(loading, path);
    }
    if (options->need_train && options->need_test && !options->test_path)
        return annc_fail(ANNC_INPUT,
                         "a single file is no training and test set; name the folder, or the other by --test");
    ANNC_TRY(read_file(loading, path, options->labels_path, options->need_train ? ANNC_PART_TRAIN : ANNC_PART_TEST));
out:
    return status;
}

static annc_status read_mnist(struct loading *loading)
{
    char folder[ANNC_PATH];
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_mnist_locate(folder, sizeof folder));
    ANNC_TRY(read_path(loading, folder));
out:
    return status;
}

/* ---------------------------------------------------------------- the built-in digits */

static annc_status draw_part(struct loading *loading, uint32_t count, uint64_t first, int p)
{
    annc_status status = ANNC_OK;
    struct annc_table *table = &loading->table[p];
    int32_t *labels = NULL;
    double *numbers = NULL;
    snprintf(table->name, sizeof table->name, "the built-in digits");
    ANNC_TRY(annc_allocate(count, ANNC_DIGITS_PIXELS, "the digits", &table->x));
    ANNC_TRY(annc_allocate(count, sizeof *labels, "the labels", (void **)&labels));
    ANNC_TRY(annc_allocate(count, sizeof *numbers, "the labels", (void **)&numbers));
    annc_digits_draw(count, first, table->x, labels);
    for (uint32_t i = 0; i < count; i++)
        numbers[i] = labels[i];
    ANNC_TRY(annc_labels_of_numbers(numbers, count, &table->labels));
    table->rows = count;
    table->inputs = ANNC_DIGITS_PIXELS;
    table->type = ANNC_BYTES;
    table->image_rows = table->image_columns = ANNC_DIGITS_SIDE;
    loading->there[p] = true;
    ANNC_TRY(complete_preparation(loading, table));
out:
    annc_release(labels);
    annc_release(numbers);
    return status;
}

static annc_status draw_digits(struct loading *loading)
{
    annc_status status = ANNC_OK;
    const annc_data_options *options = loading->options;
    if (options->outputs != 0 && options->outputs != ANNC_DIGITS_CLASSES)
        return annc_fail(ANNC_INPUT,
                         "the built-in digits have %d classes, and the network has %u outputs; end --layers with %d",
                         ANNC_DIGITS_CLASSES, options->outputs, ANNC_DIGITS_CLASSES);
    snprintf(loading->data->description, sizeof loading->data->description,
             "built-in digits (drawn by this program, not MNIST)");
    if (options->need_train)
        ANNC_TRY(draw_part(loading, ANNC_DIGITS_TRAIN, 0, ANNC_PART_TRAIN));
    if (!options->test_path)
        ANNC_TRY(draw_part(loading, ANNC_DIGITS_TEST, ANNC_DIGITS_TRAIN, ANNC_PART_TEST));
out:
    return status;
}

/* ---------------------------------------------------------------- data sets of the tables */

static annc_status read_tables(struct loading *loading)
{
    annc_status status = ANNC_OK;
    const annc_data_options *options = loading->options;
    switch (options->source) {
    case ANNC_SOURCE_PATH:
        ANNC_TRY(read_path(loading, options->path));
        break;
    case ANNC_SOURCE_MNIST:
        ANNC_TRY(read_mnist(loading));
        break;
    case ANNC_SOURCE_DIGITS:
        ANNC_TRY(draw_digits(loading));
        break;
    }
    if (options->test_path)
        ANNC_TRY(read_file(loading, options->test_path, options->test_labels_path, ANNC_PART_TEST));
    if (options->validation_path && options->need_train)
        ANNC_TRY(read_file(loading, options->validation_path, NULL, ANNC_PART_VALIDATION));
out:
    return status;
}

/* The same inputs in every part. */
static annc_status check_inputs(const struct loading *loading)
{
    const struct annc_table *first = NULL;
    for (int p = 0; p < ANNC_PARTS; p++) {
        const struct annc_table *table = &loading->table[p];
        if (!loading->there[p])
            continue;
        first = first ? first : table;
        if (table->inputs != first->inputs)
            return annc_fail(ANNC_INPUT, "%s has %u inputs an example, and %s has %u", first->name, first->inputs,
                             table->name, table->inputs);
        if (!table->targets != !first->targets)
            return annc_fail(ANNC_INPUT, "%s has %s, and %s has %s", first->name, first->targets ? "targets" : "labels",
                             table->name, table->targets ? "targets" : "labels");
    }
    return ANNC_OK;
}

static annc_status split_rows(const struct loading *loading, const struct annc_table *table, struct annc_split *split)
{
    const annc_data_options *options = loading->options;
    if (options->folds > 0)
        return annc_split_fold(table, options->folds, options->fold, options->seed, split);
    if (options->validation > 0)
        return annc_split_share(table, options->validation, options->seed, split);
    return annc_split_none(table, split);
}

static void note_scaling(struct loading *loading)
{
    const struct annc_preparation *preparation = loading->preparation;
    const char *what = preparation->scale == ANNC_SCALE_255           ? "divided by 255"
                       : preparation->scale == ANNC_SCALE_NONE        ? "left as they are"
                       : preparation->scale == ANNC_SCALE_STANDARDISE ? "standardised"
                                                                      : "scaled to [0, 1]";
    const bool scaled = loading->options->model || loading->options->target_scale != ANNC_SCALE_NONE;
    annc_note(NOTES(loading), "inputs are %s%s%s", what,
              preparation->targets.count && scaled ? ", targets are scaled" : "",
              loading->options->model ? " as the model has it" : "");
}

/* The training part: split, the scaling fitted to what is left of it. */
static annc_status make_training(struct loading *loading)
{
    annc_status status = ANNC_OK;
    struct annc_table *table = &loading->table[ANNC_PART_TRAIN];
    const uint32_t outputs = loading->options->outputs;
    struct annc_split split = {NULL, NULL, 0, 0};
    annc_data *data = loading->data;
    ANNC_TRY(split_rows(loading, table, &split));
    if (!loading->options->model)
        ANNC_TRY(annc_preparation_fit(loading->preparation, table, loading->options->target_scale, split.train,
                                      split.train_count));
    if (split.held_count > 0) {
        ANNC_TRY(
            annc_preparation_apply(loading->preparation, table, outputs, split.train, split.train_count, &data->train));
        ANNC_TRY(annc_preparation_apply(loading->preparation, table, outputs, split.held, split.held_count,
                                        &data->validation));
        annc_note(NOTES(loading), "%u rows are held out for validation, %u are trained on", split.held_count,
                  split.train_count);
    } else {
        ANNC_TRY(annc_preparation_apply(loading->preparation, table, outputs, NULL, 0, &data->train));
    }
out:
    annc_split_free(&split);
    return status;
}

static annc_status make_datasets(struct loading *loading)
{
    annc_status status = ANNC_OK;
    annc_data *data = loading->data;
    const uint32_t outputs = loading->options->outputs;
    struct annc_table *test = &loading->table[ANNC_PART_TEST], *validation = &loading->table[ANNC_PART_VALIDATION];
    ANNC_TRY(check_inputs(loading));
    if (loading->there[ANNC_PART_TRAIN]) {
        ANNC_TRY(make_training(loading));
    } else if (!loading->options->model) {
        struct annc_split all = {NULL, NULL, 0, 0};
        status = annc_split_none(test, &all);
        if (status == ANNC_OK)
            status = annc_preparation_fit(loading->preparation, test, loading->options->target_scale, all.train,
                                          all.train_count);
        annc_split_free(&all);
        ANNC_TRY(status);
    }
    if (loading->there[ANNC_PART_VALIDATION])
        ANNC_TRY(annc_preparation_apply(loading->preparation, validation, outputs, NULL, 0, &data->validation));
    if (loading->there[ANNC_PART_TEST])
        ANNC_TRY(annc_preparation_apply(loading->preparation, test, outputs, NULL, 0, &data->test));
    note_scaling(loading);
out:
    return status;
}

annc_status annc_data_load(const annc_data_options *options, annc_data *data)
{
    annc_status status = ANNC_OK;
    struct loading loading = {.options = options, .data = data};
    memset(data, 0, sizeof *data);
    ANNC_TRY(load_preparation(&loading));
    ANNC_TRY(read_tables(&loading));
    ANNC_TRY(make_datasets(&loading));
out:
    data->preparation = loading.preparation;
    for (int p = 0; p < ANNC_PARTS; p++)
        annc_table_free(&loading.table[p]);
    if (status != ANNC_OK)
        annc_data_free(data);
    return status;
}

annc_status annc_data_describe(const annc_data *data, annc_network *network)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_network_set_metadata(network, "annc.data", data->description));
    ANNC_TRY(annc_preparation_store(data->preparation, network));
out:
    return status;
}

void annc_data_free(annc_data *data)
{
    annc_dataset_free(data->train);
    annc_dataset_free(data->validation);
    annc_dataset_free(data->test);
    if (data->preparation)
        annc_preparation_free(data->preparation);
    annc_release(data->preparation);
    data->train = data->validation = data->test = NULL;
    data->preparation = NULL;
}
