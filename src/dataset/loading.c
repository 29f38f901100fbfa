/* loading.c - the steps of loading data that are common to all sources. */
#include "dataset/loading.h"
#include "base/allocate.h"
#include "base/notes.h"
#include "base/processors.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/array_files/idx_table.h"
#include "dataset/array_files/numpy_table.h"
#include "dataset/idx/idx_find.h"
#include "dataset/pictures/picture_folder.h"
#include "dataset/pictures/picture_table.h"
#include "dataset/prepare/classes.h"
#include "dataset/prepare/preparation.h"
#include "dataset/prepare/preparation_text.h"
#include "dataset/tables/csv.h"
#include "dataset/tables/table.h"
#include "dataset/text/records.h"
#include "formats/jpeg.h"
#include "formats/npy.h"
#include "formats/picture.h"
#include "formats/stream.h"
#include "formats/zip.h"

#include <stdio.h>
#include <string.h>

#define NOTES(loading) (loading)->data->notes, sizeof(loading)->data->notes

static annc_status check_number(const char *what, int value, int count)
{
    return value >= 0 && value < count ? ANNC_OK
                                       : annc_fail(ANNC_USAGE, "%s is %d: it must be 0 to %d", what, value, count - 1);
}

annc_status annc_loading_check(const annc_data_options *options)
{
    const annc_text_options *text = &options->text;
    ANNC_RETURN_IF_FAILED(check_number(ANNC_FIELD("source"), (int)options->source, ANNC_SOURCE_ARRAYS + 1));
    ANNC_RETURN_IF_FAILED(check_number(ANNC_FIELD("scale"), (int)options->scale, ANNC_SCALE_COUNT));
    ANNC_RETURN_IF_FAILED(check_number(ANNC_FIELD("target_scale"), (int)options->target_scale, ANNC_SCALE_COUNT));
    ANNC_RETURN_IF_FAILED(check_number(ANNC_FIELD("header"), (int)text->header, ANNC_NO + 1));
    ANNC_RETURN_IF_FAILED(check_number(ANNC_FIELD_MISSING, (int)text->missing, ANNC_MISSING_MEAN + 1));
    if (text->label_separator && !annc_is_label_separator(text->label_separator))
        return annc_fail(ANNC_USAGE, ANNC_FIELD_LABEL_SEPARATOR " is a blank or a mark such as ; or |");
    if (text->label_separator && text->target)
        return annc_fail(ANNC_USAGE, ANNC_FIELD_TARGET " and " ANNC_FIELD_LABEL_SEPARATOR
                                                       " cannot be combined: one names columns of numbers, the "
                                                       "other separates labels in one column");
    if (options->folds == 1 || (options->folds > 1 && options->fold >= options->folds))
        return annc_fail(ANNC_USAGE, "fold %u of " ANNC_FIELD_FOLDS " %u: there must be 2 or more, counted from 0",
                         options->fold, options->folds);
    if (options->shards > 1 && options->shard >= options->shards)
        return annc_fail(ANNC_USAGE, "shard %u of %u: shards are counted from 0", options->shard, options->shards);
    if (options->shards > 1 && options->folds > 0)
        return annc_fail(ANNC_USAGE,
                         ANNC_FIELD_SHARDS " and " ANNC_FIELD_FOLDS " cannot be combined: folds are distributed whole");
    if (options->source == ANNC_SOURCE_PATH)
        ANNC_REQUIRE(options->path, "path");
    if (options->source == ANNC_SOURCE_ARRAYS)
        ANNC_REQUIRE(options->arrays, "arrays");
    return ANNC_OK;
}

/* ---------------------------------------------------------------- preparations */

static annc_status open_preparation(struct annc_loading *loading)
{
    return annc_allocate(1, sizeof *loading->preparation, "the preparation", (void **)&loading->preparation);
}

annc_status annc_loading_prepare(struct annc_loading *loading)
{
    annc_status status = ANNC_OK;
    if (!loading->options->model)
        return ANNC_OK;
    ANNC_TRY(open_preparation(loading));
    ANNC_TRY(annc_preparation_load(loading->options->model, loading->preparation));
    loading->preparation->unlabelled = loading->options->unlabelled;
    if (loading->options->text.weight) /* in place of the model's */
        loading->preparation->like.weight_name[0] = '\0';
    /* Another program's model may distinguish classes. */
    if (loading->options->unlabelled && loading->options->outputs > 1 && loading->preparation->classes.count == 0 &&
        loading->preparation->like.outputs == 0)
        ANNC_TRY(annc_classes_number(loading->options->outputs, &loading->preparation->classes));
out:
    return status;
}

annc_status annc_loading_complete(struct annc_loading *loading, const struct annc_table *table)
{
    annc_status status = ANNC_OK;
    if (!loading->preparation) {
        ANNC_TRY(open_preparation(loading));
        ANNC_TRY(annc_preparation_learn(table, loading->options, loading->preparation, NOTES(loading)));
        return ANNC_OK;
    }
    if (loading->preparation->scale == ANNC_SCALE_AUTO)
        loading->preparation->scale = table->type == ANNC_BYTES ? ANNC_SCALE_255 : ANNC_SCALE_NONE;
    if (table->weight_name[0])
        memcpy(loading->preparation->like.weight_name, table->weight_name, sizeof table->weight_name);
    if (loading->preparation->classes.count == 0 && table->labels.index)
        ANNC_TRY(annc_classes_learn(table->name, &table->labels, loading->options->outputs,
                                    &loading->preparation->classes, NOTES(loading)));
out:
    return status;
}

/* ---------------------------------------------------------------- reading files */

annc_status annc_file_open(const char *path, annc_format *format, struct annc_stream **stream)
{
    annc_status status = ANNC_OK;
    char begin[6] = "text";
    *stream = NULL;
    *format = ANNC_FORMAT_NPZ;
    if (!annc_is_standard_input(path) && annc_zip_begins(path))
        return ANNC_OK;
    ANNC_TRY(annc_stream_open(path, stream));
    annc_stream_peek(*stream, begin, sizeof begin);
    const bool utf_16 = memcmp(begin, "\xFF\xFE", 2) == 0 || memcmp(begin, "\xFE\xFF", 2) == 0;
    *format = annc_npy_begins(begin)           ? ANNC_FORMAT_NPY
              : annc_png_begins(begin)         ? ANNC_FORMAT_PNG
              : annc_jpeg_begins(begin)        ? ANNC_FORMAT_JPEG
              : memchr(begin, 0, 4) && !utf_16 ? ANNC_FORMAT_IDX
                                               : ANNC_FORMAT_TEXT;
out:
    return status;
}

/* Returns whether one shard is needed of the inputs of a part, so that they stay in their file. */
static bool stays_in_file(const struct annc_loading *loading, int p)
{
    return p == ANNC_PART_TRAIN && loading->options->shards > 1;
}

/* Returns how a text table is taken. */
static struct annc_intake text_intake(const struct annc_loading *loading, int p)
{
    enum { STEP = 1 << 16, PART = 1 << 20 };
    const int threads = loading->options->threads;
    return (struct annc_intake){.beginning = SIZE_MAX,
                                .step = STEP,
                                .maps = stays_in_file(loading, p),
                                .threads = threads > 0 ? threads : annc_usable_processors(),
                                .part = PART};
}

/* Returns whether they do in a file of an array: not if rows are to be moved. */
static bool stays_in_array(const struct annc_loading *loading, int p)
{
    const annc_data_options *options = loading->options;
    return stays_in_file(loading, p) && options->text.missing != ANNC_MISSING_DROP && !options->weights_path;
}

static annc_status read_idx(struct annc_loading *loading, const char *path, struct annc_stream *stream,
                            const char *labels_path, int p)
{
    annc_status status = ANNC_OK;
    char labels[ANNC_PATH];
    if (!labels_path && !loading->options->unlabelled && annc_is_standard_input(path))
        return annc_stream_malformed(stream,
                                     "has images but no labels; name the labels file with " ANNC_FIELD_LABELS_PATH);
    if (labels_path || loading->options->unlabelled)
        snprintf(labels, sizeof labels, "%s", labels_path ? labels_path : "");
    else
        ANNC_TRY(annc_idx_find_labels(path, labels, sizeof labels));
    ANNC_TRY(annc_idx_table(stream, labels, loading->options->transpose, stays_in_array(loading, p), &loading->table[p],
                            NOTES(loading)));
out:
    return status;
}

/* Returns whether no part was read before. */
static bool is_first(const struct annc_loading *loading)
{
    return !loading->has_part[ANNC_PART_TRAIN] && !loading->has_part[ANNC_PART_TEST];
}

/* Reads one part of an NPZ file, and whether it has a test part. */
static annc_status read_npz(struct annc_loading *loading, const char *path, const char *labels_path, int p,
                            bool *has_test)
{
    annc_status status = ANNC_OK;
    const annc_data_options *options = loading->options;
    const bool numbers = options->text.target != NULL;
    const struct annc_preparation *preparation = loading->preparation;
    const bool is_known = preparation && preparation->like.weight_name[0];
    const struct annc_npz_names names = {.x = options->x_name,
                                         .y = options->y_name,
                                         .weight = options->text.weight ? options->text.weight
                                                   : is_known           ? preparation->like.weight_name
                                                                        : NULL,
                                         .test = p == ANNC_PART_TEST,
                                         .needs_weight = options->text.weight && is_first(loading)};
    ANNC_TRY(annc_npz_table(path, labels_path, &names, options->unlabelled, numbers, &loading->table[p], has_test));
out:
    return status;
}

/* Reads a picture, for a model with a known image style. */
static annc_status read_picture(struct annc_loading *loading, const char *path, struct annc_stream *stream, int p)
{
    annc_status status = ANNC_OK;
    char shown[ANNC_TABLE_NAME];
    if (!loading->preparation || !loading->options->unlabelled)
        return annc_fail(ANNC_INPUT,
                         "%s: is a picture, which has no labels; it is read only with " ANNC_FIELD_UNLABELLED,
                         annc_printable(path, shown, sizeof shown));
    ANNC_TRY(annc_picture_table(stream, &loading->preparation->look, &loading->table[p], NOTES(loading)));
out:
    return status;
}

/* Reads a folder of pictures: those of the training as they are, others in the style of these. */
static annc_status read_picture_folder(struct annc_loading *loading, const char *path, int p)
{
    annc_status status = ANNC_OK;
    const struct annc_look *look = loading->preparation && p != ANNC_PART_TRAIN ? &loading->preparation->look : NULL;
    if (is_first(loading))
        loading->data->format = ANNC_FORMAT_PNG;
    ANNC_TRY(annc_picture_folder(path, look, loading->options->unlabelled, &loading->table[p], NOTES(loading)));
    ANNC_TRY(annc_loading_take(loading, p));
out:
    return status;
}

const struct annc_table *annc_loading_columns(const struct annc_loading *loading)
{
    const struct annc_preparation *preparation = loading->preparation;
    const bool known = preparation && (preparation->like.input_names.count > 0 || preparation->unlabelled);
    return known ? &preparation->like : NULL;
}

/* Opens a file, or takes the stream that is open already, once. */
static annc_status open_once(struct annc_loading *loading, const char *path, annc_format *format,
                             struct annc_stream **stream)
{
    if (!loading->stream)
        return annc_file_open(path, format, stream);
    *stream = loading->stream;
    *format = loading->format;
    loading->stream = NULL;
    return ANNC_OK;
}

/* Returns the format of one of the files, which differ in what is skipped. */
static annc_text_options text_options(const annc_data_options *options, const char *path)
{
    annc_text_options text = options->text;
    if (path == options->test_path)
        text.skip = options->test_skip;
    else if (path == options->validation_path)
        text.skip = options->validation_skip;
    return text;
}

annc_status annc_loading_refuse_weight(const annc_data_options *options)
{
    if (options->unlabelled)
        return ANNC_OK;
    if (options->text.weight)
        return annc_fail(ANNC_USAGE,
                         ANNC_FIELD_WEIGHT " names a column of a text table, or an array of an NPZ file, but the data "
                                           "are neither");
    return options->weights_path ? annc_fail(ANNC_USAGE, ANNC_FIELD_WEIGHTS_PATH
                                             " is for IDX images and arrays, but the data are neither")
                                 : ANNC_OK;
}

/* Refuses the options for weights that a format does not have. */
static annc_status check_weights(const annc_data_options *options, annc_format format)
{
    annc_data_options others = *options;
    if (format == ANNC_FORMAT_TEXT || format == ANNC_FORMAT_NPZ)
        others.text.weight = NULL;
    if (format == ANNC_FORMAT_IDX || format == ANNC_FORMAT_NPY || format == ANNC_FORMAT_NPZ)
        others.weights_path = NULL;
    return annc_loading_refuse_weight(&others);
}

/* Reads weights that are in a file of their own: of the first part. */
static annc_status read_weights(struct annc_loading *loading, int p)
{
    const annc_data_options *options = loading->options;
    if (!options->weights_path || options->unlabelled || !is_first(loading))
        return ANNC_OK;
    if (options->text.weight)
        return annc_fail(ANNC_USAGE, ANNC_FIELD_WEIGHT " and " ANNC_FIELD_WEIGHTS_PATH " cannot be combined");
    return annc_npy_weights(options->weights_path, &loading->table[p]);
}

annc_status annc_loading_take(struct annc_loading *loading, int p)
{
    annc_status status = ANNC_OK;
    uint32_t dropped;
    ANNC_TRY(annc_table_drop_weightless(&loading->table[p], &dropped));
    if (dropped > 0)
        annc_note(NOTES(loading), "%u row%s of weight 0 %s left out", dropped, annc_plural(dropped),
                  dropped == 1 ? "is" : "are");
    ANNC_TRY(annc_table_missing(&loading->table[p], loading->options->text.missing, &dropped));
    if (dropped > 0)
        annc_note(NOTES(loading), "%u row%s with missing values %s left out", dropped, annc_plural(dropped),
                  dropped == 1 ? "is" : "are");
    loading->has_part[p] = true;
    ANNC_TRY(annc_loading_complete(loading, &loading->table[p]));
out:
    return status;
}

annc_status annc_loading_read(struct annc_loading *loading, const char *path, const char *labels_path, int p)
{
    annc_status status = ANNC_OK;
    const annc_data_options *options = loading->options;
    annc_format format;
    struct annc_stream *stream = NULL;
    bool has_test = false, are_pictures = false;
    annc_text_options text;
    struct annc_intake intake;
    if (!loading->stream && !annc_is_standard_input(path))
        ANNC_TRY(annc_find_subfolders(path, &are_pictures));
    if (are_pictures) {
        ANNC_TRY(annc_loading_refuse_weight(options));
        return read_picture_folder(loading, path, p);
    }
    ANNC_TRY(open_once(loading, path, &format, &stream));
    ANNC_TRY(check_weights(options, format));
    if (stream)
        annc_stream_note_gzip(stream, NOTES(loading));
    if (is_first(loading))
        loading->data->format = format;
    switch (format) {
    case ANNC_FORMAT_IDX:
        ANNC_TRY(read_idx(loading, path, stream, labels_path, p));
        break;
    case ANNC_FORMAT_NPY:
        ANNC_TRY(annc_npy_table(stream, labels_path, options->unlabelled, options->text.target != NULL,
                                stays_in_array(loading, p), &loading->table[p]));
        break;
    case ANNC_FORMAT_NPZ:
        ANNC_TRY(read_npz(loading, path, labels_path, p, &has_test));
        break;
    case ANNC_FORMAT_PNG:
    case ANNC_FORMAT_JPEG:
        ANNC_TRY(read_picture(loading, path, stream, p));
        break;
    case ANNC_FORMAT_TEXT:
        text = text_options(options, path);
        intake = text_intake(loading, p);
        ANNC_TRY(annc_csv_read(stream, &text, &intake, annc_loading_columns(loading), !options->unlabelled,
                               &loading->table[p], NOTES(loading)));
        if (loading->table[p].text) /* it keeps the stream */
            stream = NULL;
        break;
    }
    ANNC_TRY(read_weights(loading, p));
    ANNC_TRY(annc_loading_take(loading, p));
    if (p == ANNC_PART_TRAIN && has_test && !options->x_name && !options->test_path)
        ANNC_TRY(annc_loading_read(loading, path, NULL, ANNC_PART_TEST)); /* in the same file */
out:
    annc_stream_close(stream);
    return status;
}

/* Returns whether a scaling changes any number. */
static bool changes(const struct annc_scaling *scaling)
{
    for (uint32_t c = 0; c < scaling->count; c++)
        if (scaling->shift[c] != 0 || scaling->factor[c] != 1)
            return true;
    return false;
}

void annc_loading_note_scaling(struct annc_loading *loading)
{
    const struct annc_preparation *preparation = loading->preparation;
    const char *what = preparation->scale == ANNC_SCALE_255           ? "divided by 255"
                       : preparation->scale == ANNC_SCALE_NONE        ? "not scaled"
                       : preparation->scale == ANNC_SCALE_STANDARDISE ? "standardised"
                                                                      : "scaled to [0, 1]";
    annc_note(NOTES(loading), "inputs are %s%s%s", what, changes(&preparation->targets) ? ", targets are scaled" : "",
              loading->options->model ? ", as in the model" : "");
}
