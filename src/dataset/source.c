/* source.c - loads data sets from files, directories and the built-in digits. */
#include "dataset/source.h"
#include "base/allocate.h"
#include "base/notes.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/arrays/array_table.h"
#include "dataset/digits.h"
#include "dataset/idx/idx_find.h"
#include "dataset/loading.h"
#include "dataset/pictures/picture_folder.h"
#include "dataset/prepare/dataset.h"
#include "dataset/prepare/precision.h"
#include "dataset/prepare/preparation.h"
#include "dataset/prepare/preparation_text.h"
#include "dataset/prepare/shard.h"
#include "dataset/prepare/split.h"
#include "dataset/tables/table.h"
#include "formats/stream.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define NOTES(loading) (loading)->data->notes, sizeof(loading)->data->notes

/* ---------------------------------------------------------------- files */

/* Reads a directory with a subfolder of pictures per class, or with such directories train and
 * test. */
static annc_status read_pictures(struct annc_loading *loading, const char *folder)
{
    annc_status status = ANNC_OK;
    const annc_data_options *options = loading->options;
    char train[ANNC_PATH], test[ANNC_PATH], shown[ANNC_TABLE_NAME];
    if ((size_t)snprintf(train, sizeof train, "%s/train", folder) >= sizeof train)
        return annc_fail(ANNC_INPUT, "%s: has a path that is too long", annc_printable(folder, shown, sizeof shown));
    snprintf(test, sizeof test, "%.*s/test", (int)strlen(folder), folder);
    bool is_divided, has_test = false;
    ANNC_TRY(annc_find_subfolders(train, &is_divided));
    if (is_divided)
        ANNC_TRY(annc_find_subfolders(test, &has_test));
    if (options->need_train)
        ANNC_TRY(annc_loading_read(loading, is_divided ? train : folder, NULL, ANNC_PART_TRAIN));
    if (options->test_path || !(options->need_test || has_test))
        return ANNC_OK;
    if (is_divided ? !has_test : options->need_train)
        return annc_fail(ANNC_INPUT,
                         "%s: has pictures for training, but none for a test: no folder 'test' beside 'train'",
                         annc_printable(folder, shown, sizeof shown));
    ANNC_TRY(annc_loading_read(loading, is_divided ? test : folder, NULL, ANNC_PART_TEST));
out:
    return status;
}

/* Reads a directory of IDX files, or of pictures. */
static annc_status read_folder(struct annc_loading *loading, const char *folder)
{
    static const char *const names[ANNC_PARTS] = {[ANNC_PART_TRAIN] = "training", [ANNC_PART_TEST] = "test"};
    annc_status status = ANNC_OK;
    const annc_data_options *options = loading->options;
    struct annc_idx_files files;
    char shown[ANNC_TABLE_NAME];
    bool are_pictures = false;
    const bool needed[ANNC_PARTS] = {[ANNC_PART_TRAIN] = options->need_train, [ANNC_PART_TEST] = options->need_test};
    annc_printable(folder, shown, sizeof shown);
    ANNC_TRY(annc_idx_find(folder, &files));
    if (!files.images[ANNC_PART_TRAIN][0] && !files.images[ANNC_PART_TEST][0])
        ANNC_TRY(annc_find_subfolders(folder, &are_pictures));
    if (are_pictures)
        return read_pictures(loading, folder);
    for (int p = ANNC_PART_TRAIN; p <= ANNC_PART_TEST; p++) {
        const char *like = p == ANNC_PART_TRAIN ? "train" : "t10k";
        if (p == ANNC_PART_TRAIN && options->labels_path)
            snprintf(files.labels[p], sizeof files.labels[p], "%s", options->labels_path);
        if (needed[p] && !files.images[p][0])
            return annc_fail(ANNC_INPUT,
                             "%s: has no %s images: no file is named like %s-images-idx3-ubyte, with or without .gz",
                             shown, names[p], like);
        if (files.images[p][0] && !files.labels[p][0] && (needed[p] || p == ANNC_PART_TEST))
            return annc_fail(ANNC_INPUT,
                             "%s: has no %s labels: no file is named like %s-labels-idx1-ubyte, with or without .gz",
                             shown, names[p], like);
        /* Skip an unused training part, and a test part that another file replaces. */
        if (files.images[p][0] && (p == ANNC_PART_TRAIN ? needed[p] : !options->test_path))
            ANNC_TRY(annc_loading_read(loading, files.images[p], files.labels[p], p));
    }
out:
    return status;
}

static annc_status read_path(struct annc_loading *loading, const char *path)
{
    annc_status status = ANNC_OK;
    const annc_data_options *options = loading->options;
    struct stat there;
    annc_printable(path, loading->data->description, sizeof loading->data->description);
    if (annc_is_standard_input(path)) {
        snprintf(loading->data->description, sizeof loading->data->description, "standard input");
        if (options->folds > 0)
            return annc_fail(ANNC_INPUT,
                             "standard input can be read only once, but folds read the data several times; use a file");
    } else if (stat(path, &there) != 0 || S_ISDIR(there.st_mode)) {
        return read_folder(loading, path);
    }
    if (options->need_train && options->need_test && !options->test_path)
        return annc_fail(ANNC_INPUT, "one file cannot be both training and test set; name a folder, or name the test "
                                     "set with " ANNC_FIELD_TEST_PATH);
    ANNC_TRY(
        annc_loading_read(loading, path, options->labels_path, options->need_train ? ANNC_PART_TRAIN : ANNC_PART_TEST));
out:
    return status;
}

static annc_status read_mnist(struct annc_loading *loading)
{
    char folder[ANNC_PATH];
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_mnist_find(folder, sizeof folder));
    ANNC_TRY(read_path(loading, folder));
out:
    return status;
}

/* ---------------------------------------------------------------- arrays in memory */

static annc_status take_arrays(struct annc_loading *loading, const annc_arrays *arrays, int p)
{
    static const char *const names[ANNC_PARTS] = {[ANNC_PART_TRAIN] = "the training rows",
                                                  [ANNC_PART_VALIDATION] = "the validation rows",
                                                  [ANNC_PART_TEST] = "the rows"};
    annc_status status = ANNC_OK;
    const annc_data_options *options = loading->options;
    const bool drops = options->text.missing == ANNC_MISSING_DROP;
    const struct annc_table *like = loading->preparation ? &loading->preparation->like : NULL;
    if (!arrays)
        return ANNC_OK;
    ANNC_TRY(annc_array_table(arrays, names[p], like, options->unlabelled, drops, &loading->table[p], NOTES(loading)));
    ANNC_TRY(annc_loading_take(loading, p));
out:
    return status;
}

static annc_status read_arrays(struct annc_loading *loading)
{
    const annc_data_options *options = loading->options;
    snprintf(loading->data->description, sizeof loading->data->description, "arrays in memory");
    ANNC_RETURN_IF_FAILED(
        take_arrays(loading, options->arrays, options->need_train ? ANNC_PART_TRAIN : ANNC_PART_TEST));
    return take_arrays(loading, options->validation_arrays, ANNC_PART_VALIDATION);
}

/* ---------------------------------------------------------------- the built-in digits */

static annc_status draw_part(struct annc_loading *loading, uint32_t count, uint64_t first, int p)
{
    annc_status status = ANNC_OK;
    struct annc_table *table = &loading->table[p];
    int32_t *labels = NULL;
    double *numbers = NULL;
    snprintf(table->name, sizeof table->name, "the set of built-in digits");
    ANNC_TRY(annc_allocate(count, ANNC_DIGITS_PIXELS, "the digits", &table->x));
    ANNC_TRY(annc_allocate(count, sizeof *labels, "the labels", (void **)&labels));
    ANNC_TRY(annc_allocate(count, sizeof *numbers, "the labels", (void **)&numbers));
    annc_digits_draw(count, first, table->x, labels);
    for (uint32_t i = 0; i < count; i++)
        numbers[i] = labels[i];
    ANNC_TRY(annc_labels_of_numbers(table->name, numbers, count, &table->labels));
    table->rows = count;
    table->inputs = ANNC_DIGITS_PIXELS;
    table->type = ANNC_BYTES;
    table->image_rows = table->image_columns = ANNC_DIGITS_SIDE;
    loading->has_part[p] = true;
    ANNC_TRY(annc_loading_complete(loading, table));
out:
    annc_release(labels);
    annc_release(numbers);
    return status;
}

static annc_status draw_digits(struct annc_loading *loading)
{
    annc_status status = ANNC_OK;
    const annc_data_options *options = loading->options;
    if (options->outputs != 0 && options->outputs != ANNC_DIGITS_CLASSES)
        return annc_fail(ANNC_INPUT,
                         "the built-in digits have %d classes, but the network has %u output%s; end " ANNC_FIELD_WIDTH
                         " with %d",
                         ANNC_DIGITS_CLASSES, options->outputs, annc_plural(options->outputs), ANNC_DIGITS_CLASSES);
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

static annc_status read_tables(struct annc_loading *loading)
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
        ANNC_TRY(annc_loading_refuse_weight(options));
        ANNC_TRY(draw_digits(loading));
        break;
    case ANNC_SOURCE_ARRAYS:
        ANNC_TRY(annc_loading_refuse_weight(options));
        ANNC_TRY(read_arrays(loading));
        break;
    }
    if (options->test_path)
        ANNC_TRY(annc_loading_read(loading, options->test_path, options->test_labels_path, ANNC_PART_TEST));
    if (options->validation_path)
        ANNC_TRY(annc_loading_read(loading, options->validation_path, NULL, ANNC_PART_VALIDATION));
out:
    return status;
}

/* Checks that every part has the same inputs. */
static annc_status check_inputs(const struct annc_loading *loading)
{
    const struct annc_table *first = NULL;
    for (int p = 0; p < ANNC_PARTS; p++) {
        const struct annc_table *table = &loading->table[p];
        if (!loading->has_part[p])
            continue;
        first = first ? first : table;
        if (table->inputs != first->inputs)
            return annc_fail(ANNC_INPUT, "%s has %u input%s per example, but %s has %u", first->name, first->inputs,
                             annc_plural(first->inputs), table->name, table->inputs);
        if (!table->targets != !first->targets)
            return annc_fail(ANNC_INPUT, "%s has %s, but %s has %s", first->name, first->targets ? "targets" : "labels",
                             table->name, table->targets ? "targets" : "labels");
    }
    return ANNC_OK;
}

static annc_status split_rows(const struct annc_loading *loading, const struct annc_table *table,
                              struct annc_split *split)
{
    const annc_data_options *options = loading->options;
    if (options->folds > 0)
        return annc_split_fold(table, options->folds, options->fold, options->seed, split);
    if (options->validation > 0)
        return annc_split_share(table, options->validation, options->seed, split);
    return annc_split_none(table, split);
}

/* Treats levels that no training row has as unknown in all parts. */
static void move_unseen(struct annc_loading *loading)
{
    const struct annc_categories *categories = &loading->preparation->like.categories;
    for (int p = 0; p < ANNC_PARTS; p++) {
        struct annc_table *table = &loading->table[p];
        if (table->text)
            annc_categories_copy_unseen(categories, &table->categories);
        else if (loading->has_part[p] && table->categories.count > 0) /* a text table */
            annc_categories_move_unseen(categories, table->x, table->rows, table->inputs);
    }
}

/* Makes the training set of `count` rows of its table: the listed ones or, with rows NULL, all; or
 * of one shard of them. */
static annc_status make_train(struct annc_loading *loading, const uint32_t *rows, uint32_t count)
{
    const annc_data_options *options = loading->options;
    struct annc_table *table = &loading->table[ANNC_PART_TRAIN];
    if (options->shards > 1)
        return annc_shard_apply(loading->preparation, table, options->outputs, rows, count, options->shards,
                                options->shard, &loading->data->train);
    return annc_preparation_apply(loading->preparation, table, options->outputs, rows, count, &loading->data->train);
}

/* Makes the training part: splits it, and fits the scaling to the rest. */
static annc_status make_training(struct annc_loading *loading)
{
    annc_status status = ANNC_OK;
    struct annc_table *table = &loading->table[ANNC_PART_TRAIN];
    const uint32_t outputs = loading->options->outputs;
    struct annc_split split = {NULL, NULL, 0, 0};
    annc_data *data = loading->data;
    table->has_shards = loading->options->shards > 1;
    ANNC_TRY(split_rows(loading, table, &split));
    if (loading->options->model) {
        ANNC_TRY(annc_preparation_compare(loading->preparation, table, NOTES(loading)));
    } else {
        ANNC_TRY(annc_preparation_fit(loading->preparation, table, loading->options->target_scale, split.train,
                                      split.train_count));
        ANNC_TRY(annc_precision_note(loading->preparation, table, NOTES(loading)));
    }
    move_unseen(loading);
    if (split.held_count > 0) {
        ANNC_TRY(make_train(loading, split.train, split.train_count));
        ANNC_TRY(annc_preparation_apply(loading->preparation, table, outputs, split.held, split.held_count,
                                        &data->validation));
        annc_note(NOTES(loading), "%u row%s held out for validation, %u %s used for training", split.held_count,
                  split.held_count == 1 ? " is" : "s are", split.train_count, split.train_count == 1 ? "is" : "are");
    } else {
        ANNC_TRY(make_train(loading, NULL, table->rows));
    }
out:
    annc_split_free(&split);
    return status;
}

static annc_status make_datasets(struct annc_loading *loading)
{
    annc_status status = ANNC_OK;
    annc_data *data = loading->data;
    const uint32_t outputs = loading->options->outputs;
    struct annc_table *test = &loading->table[ANNC_PART_TEST], *validation = &loading->table[ANNC_PART_VALIDATION];
    const bool is_learnt = loading->options->model || loading->has_part[ANNC_PART_TRAIN];
    ANNC_TRY(check_inputs(loading));
    if (loading->has_part[ANNC_PART_TRAIN]) {
        ANNC_TRY(make_training(loading));
    } else if (!loading->options->model) {
        ANNC_TRY(annc_preparation_fit(loading->preparation, test, loading->options->target_scale, NULL, test->rows));
    }
    for (int p = ANNC_PART_TEST; p < ANNC_PARTS && is_learnt; p++)
        if (loading->has_part[p])
            ANNC_TRY(annc_preparation_compare(loading->preparation, &loading->table[p], NOTES(loading)));
    if (loading->has_part[ANNC_PART_VALIDATION])
        ANNC_TRY(annc_preparation_apply(loading->preparation, validation, outputs, NULL, 0, &data->validation));
    if (loading->has_part[ANNC_PART_TEST])
        ANNC_TRY(annc_preparation_apply(loading->preparation, test, outputs, NULL, 0, &data->test));
    annc_loading_note_scaling(loading);
out:
    return status;
}

annc_status annc_data_load_open(const annc_data_options *options, struct annc_stream *stream, annc_format format,
                                annc_data *data)
{
    annc_status status = ANNC_OK;
    struct annc_loading loading = {.options = options, .data = data, .stream = stream, .format = format};
    memset(data, 0, sizeof *data);
    ANNC_TRY(annc_loading_check(options));
    ANNC_TRY(annc_loading_prepare(&loading));
    ANNC_TRY(read_tables(&loading));
    ANNC_TRY(make_datasets(&loading));
out:
    data->preparation = loading.preparation;
    annc_stream_close(loading.stream);
    for (int p = 0; p < ANNC_PARTS; p++)
        annc_table_free(&loading.table[p]);
    if (status != ANNC_OK)
        annc_data_free(data);
    return status;
}

annc_status annc_data_load(const annc_data_options *options, annc_data *data)
{
    ANNC_REQUIRE(data, "data");
    memset(data, 0, sizeof *data);
    ANNC_REQUIRE(options, "options");
    return annc_data_load_open(options, NULL, ANNC_FORMAT_TEXT, data);
}

annc_status annc_data_describe(const annc_data *data, annc_network *network)
{
    ANNC_REQUIRE(data, "data");
    ANNC_REQUIRE(network, "network");
    ANNC_REQUIRE(data->preparation, "data");
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_network_set_metadata(network, "annc.data", data->description));
    ANNC_TRY(annc_preparation_store(data->preparation, network));
out:
    return status;
}

void annc_data_free(annc_data *data)
{
    if (!data)
        return;
    annc_dataset_free(data->train);
    annc_dataset_free(data->validation);
    annc_dataset_free(data->test);
    if (data->preparation)
        annc_preparation_free(data->preparation);
    annc_release(data->preparation);
    data->train = data->validation = data->test = NULL;
    data->preparation = NULL;
}
