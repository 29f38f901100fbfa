/* numpy_table.c - reads NumPy's files as tables. */
#include "dataset/array_files/numpy_table.h"
#include "base/allocate.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/idx/idx_find.h"
#include "formats/zip.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- arrays in files */

static annc_status read_stream(void *source, void *bytes, size_t count, size_t *got)
{
    return annc_stream_read(source, bytes, count, got);
}

/* The maximum ratio of deflate. */
enum { MOST_DEFLATE_RATIO = 1032 };

static annc_status read_npy(struct annc_stream *stream, struct annc_array *array)
{
    char name[ANNC_ARRAY_NAME];
    uint64_t most = annc_stream_file_bytes(stream);
    for (int layer = 0; layer < annc_stream_gzip_layers(stream); layer++)
        most = annc_product((size_t)most, MOST_DEFLATE_RATIO);
    if (annc_stream_gzip_layers(stream) > 0 && most > annc_stream_most_unpacked(annc_stream_file_bytes(stream)))
        most = annc_stream_most_unpacked(annc_stream_file_bytes(stream));
    const struct annc_bytes bytes = {read_stream, stream, most};
    return annc_npy_read(&bytes, annc_stream_name(stream, name, sizeof name), array);
}

/* Finds the array in its file, without reading it, or reads it. */
static annc_status map_npy(struct annc_stream *stream, struct annc_array *array)
{
    annc_status status = ANNC_OK;
    struct annc_mapping mapping = {NULL, 0};
    char name[ANNC_ARRAY_NAME];
    bool found = false;
    if (annc_stream_gzip_layers(stream) > 0 || annc_stream_file_bytes(stream) == UINT64_MAX)
        return read_npy(stream, array);
    ANNC_TRY(annc_stream_map(stream, &mapping));
    ANNC_TRY(annc_npy_find(&mapping, annc_stream_name(stream, name, sizeof name), array, &found));
    if (!found)
        ANNC_TRY(read_npy(stream, array));
out:
    annc_unmap(&mapping);
    return status;
}

static bool is_array(const struct annc_zip_member *member)
{
    const size_t length = strlen(member->name);
    return length > 4 && strcmp(member->name + length - 4, ".npy") == 0;
}

/* Writes the name of an array: its member's without ".npy". */
static void array_name(const struct annc_zip_member *member, char *name, size_t size)
{
    snprintf(name, size, "%.*s", (int)strlen(member->name) - 4, member->name);
}

/* Returns the array of a name, ignoring case, or UINT32_MAX. */
static uint32_t find_array(const struct annc_zip *zip, const char *wanted)
{
    char name[ANNC_ARRAY_NAME];
    for (uint32_t i = 0; i < zip->count; i++) {
        if (!is_array(&zip->member[i]))
            continue;
        array_name(&zip->member[i], name, sizeof name);
        if (annc_compare_any_case(name, wanted, SIZE_MAX) == 0)
            return i;
    }
    return UINT32_MAX;
}

static uint32_t count_arrays(const struct annc_zip *zip, uint32_t *last)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < zip->count; i++)
        if (is_array(&zip->member[i])) {
            *last = i;
            count++;
        }
    return count;
}

/* Lists every array with its shape, for a message. */
static void list_arrays(const struct annc_zip *zip, char *list, size_t size)
{
    size_t used = 0;
    char name[ANNC_ARRAY_NAME], shape[64];
    list[0] = '\0';
    for (uint32_t i = 0; i < zip->count && used < size; i++) {
        struct annc_array array;
        if (!is_array(&zip->member[i]))
            continue;
        array_name(&zip->member[i], name, sizeof name);
        snprintf(shape, sizeof shape, "unreadable");
        if (annc_zip_read_array(zip, i, &array) == ANNC_OK)
            annc_array_shape(&array, shape, sizeof shape);
        annc_release(array.elements);
        used += (size_t)snprintf(list + used, size - used, "%s%.60s (%s)", used ? ", " : "", name, shape);
    }
}

/* ---------------------------------------------------------------- inputs */

static double at(const struct annc_array *array, size_t i)
{
    return array->is_bytes    ? ((const uint8_t *)array->elements)[i]
           : array->is_floats ? (double)((const float *)array->elements)[i]
                              : ((const double *)array->elements)[i];
}

static annc_status refuse_large(const char *name, size_t row, size_t input, double value)
{
    return annc_fail(ANNC_INPUT, "%s: row %zu, input %zu is %g, which is too large for single precision", name, row + 1,
                     input + 1, value);
}

/* Checks floats that stay in their file. */
static annc_status check_values(const struct annc_table *table)
{
    size_t left = 0;
    for (size_t i = 0; table->type == ANNC_FLOATS && i < table->rows; i++) {
        for (uint32_t j = 0; j < table->inputs; j++)
            if (isinf(annc_table_value(table, i, j)))
                return refuse_large(table->name, i, j, annc_table_value(table, i, j));
        left = annc_table_leave(table, i, left);
    }
    return ANNC_OK;
}

/* Makes inputs of an array, whose first dimension counts examples; the table takes over its
 * elements. */
static annc_status take_inputs(struct annc_array *x, struct annc_table *table)
{
    annc_status status = ANNC_OK;
    const size_t rows = x->rank > 0 ? x->size[0] : 1, inputs = x->count / rows;
    if (x->rank == 0 || rows > INT32_MAX || inputs > ANNC_MAX_WIDTH)
        return annc_fail(ANNC_INPUT, "%s: has %zu examples of %zu inputs; at most %d of %d can be used", x->name, rows,
                         inputs, INT32_MAX, ANNC_MAX_WIDTH);
    table->rows = (uint32_t)rows;
    table->inputs = (uint32_t)inputs;
    const bool image = x->rank == 3 || (x->rank == 4 && x->size[3] == 1);
    table->image_rows = image ? (uint32_t)x->size[1] : 0;
    table->image_columns = image ? (uint32_t)x->size[2] : 0;
    table->type = x->is_bytes ? ANNC_BYTES : ANNC_FLOATS;
    if (x->is_bytes || x->is_floats) {
        table->x = x->elements;
        table->mapping = x->mapping;
        x->elements = NULL;
        x->mapping = (struct annc_mapping){NULL, 0};
        return check_values(table);
    }
    ANNC_TRY(annc_allocate(x->count, sizeof(float), "the examples", &table->x));
    for (size_t i = 0; i < x->count; i++) {
        if (fabs(at(x, i)) > (double)FLT_MAX)
            return refuse_large(x->name, i / inputs, i % inputs, at(x, i));
        ANNC_TRY(annc_table_set_value(table, table->rows, (uint32_t)(i / inputs), (uint32_t)(i % inputs), at(x, i)));
    }
out:
    return status;
}

/* ---------------------------------------------------------------- labels and targets */

/* Finds the position of the only 1 in a row of zeros. */
static annc_status one_hot(const struct annc_array *y, size_t row, size_t n, double *label)
{
    size_t ones = 0;
    bool others = false;
    for (size_t j = 0; j < n; j++) {
        const double value = at(y, row * n + j);
        if (value == 1) {
            *label = (double)j;
            ones++;
        }
        others = others || (value != 0 && value != 1);
    }
    if (ones == 1 && !others)
        return ANNC_OK;
    return annc_fail(ANNC_INPUT,
                     "%s: row %zu is not one-hot: it has %zu ones%s; for numeric targets use " ANNC_FIELD_TARGET,
                     y->name, row + 1, ones, others ? " and other numbers" : "");
}

static annc_status take_labels(const struct annc_array *y, struct annc_table *table)
{
    annc_status status = ANNC_OK;
    const size_t n = y->count / table->rows;
    double *numbers = NULL;
    ANNC_TRY(annc_allocate(table->rows, sizeof *numbers, "the labels", (void **)&numbers));
    for (uint32_t i = 0; i < table->rows; i++) {
        if (n == 1)
            numbers[i] = at(y, i);
        else
            ANNC_TRY(one_hot(y, i, n, &numbers[i]));
        if (!isfinite(numbers[i]))
            ANNC_TRY(annc_fail(ANNC_INPUT, "%s: the label of row %u is not finite", y->name, i + 1));
    }
    ANNC_TRY(annc_labels_of_numbers(y->name, numbers, table->rows, &table->labels));
out:
    annc_release(numbers);
    return status;
}

static annc_status take_targets(const struct annc_array *y, struct annc_table *table)
{
    annc_status status = ANNC_OK;
    const size_t n = y->count / table->rows;
    if (n > ANNC_MAX_WIDTH)
        return annc_fail(ANNC_INPUT, "%s: has %zu targets per row; at most %d can be used", y->name, n, ANNC_MAX_WIDTH);
    table->outputs = (uint32_t)n;
    ANNC_TRY(annc_allocate(y->count, sizeof *table->targets, "the targets", (void **)&table->targets));
    for (size_t i = 0; i < y->count; i++) {
        if (!(fabs(at(y, i)) <= (double)FLT_MAX))
            return annc_fail(ANNC_INPUT, "%s: row %zu, target %zu is not finite, or too large for single precision",
                             y->name, i / n + 1, i % n + 1);
        ANNC_TRY(annc_table_set_target(table, table->rows, (uint32_t)(i / n), (uint32_t)(i % n), at(y, i)));
    }
    for (uint32_t j = 0; j < table->outputs; j++) {
        char name[16];
        snprintf(name, sizeof name, "%u", j + 1);
        ANNC_TRY(annc_texts_add(&table->target_names, name, strlen(name)));
    }
out:
    return status;
}

static annc_status take_weights(const struct annc_array *weights, struct annc_table *table)
{
    annc_status status = ANNC_OK;
    char shape[64];
    if (weights->rank < 1 || weights->size[0] != table->rows || weights->count != table->rows) {
        annc_array_shape(weights, shape, sizeof shape);
        return annc_fail(ANNC_INPUT, "%s has shape %s, but %s has %u example%s; there must be one weight for each",
                         weights->name, shape, table->name, table->rows, annc_plural(table->rows));
    }
    ANNC_TRY(annc_allocate(table->rows, sizeof *table->weights, "the weights", (void **)&table->weights));
    for (uint32_t i = 0; i < table->rows; i++) {
        const double weight = at(weights, i);
        if (!(weight >= 0 && weight <= (double)FLT_MAX))
            return annc_fail(ANNC_INPUT, "%s: row %u has the weight %g: weights must be finite and 0 or more",
                             weights->name, i + 1, weight);
        table->weights[i] = (float)weight;
    }
out:
    return status;
}

/* Makes a table of x and y (or NULL). */
static annc_status make_table(struct annc_array *x, const struct annc_array *y, bool numbers, struct annc_table *table)
{
    annc_status status = ANNC_OK;
    char shape[64];
    memset(table, 0, sizeof *table);
    snprintf(table->name, sizeof table->name, "%s", x->name);
    ANNC_TRY(take_inputs(x, table));
    if (!y)
        return ANNC_OK;
    if (y->rank < 1 || y->size[0] != table->rows) {
        annc_array_shape(y, shape, sizeof shape);
        ANNC_TRY(annc_fail(ANNC_INPUT, "%s has shape %s, but %s has %u example%s; the arrays do not belong together",
                           y->name, shape, x->name, table->rows, annc_plural(table->rows)));
    }
    ANNC_TRY(numbers ? take_targets(y, table) : take_labels(y, table));
out:
    if (status != ANNC_OK)
        annc_table_free(table);
    return status;
}

/* ---------------------------------------------------------------- files */

/* Reads the only array of a file. */
static annc_status read_lone_array(const char *path, struct annc_array *array)
{
    annc_status status = ANNC_OK;
    struct annc_zip zip = {.descriptor = -1};
    struct annc_stream *stream = NULL;
    uint32_t only = 0;
    char list[1024];
    memset(array, 0, sizeof *array);
    if (!annc_zip_begins(path)) {
        ANNC_TRY(annc_stream_open(path, &stream));
        ANNC_TRY(read_npy(stream, array));
        goto out;
    }
    ANNC_TRY(annc_zip_open(path, &zip));
    if (count_arrays(&zip, &only) != 1) {
        list_arrays(&zip, list, sizeof list);
        ANNC_TRY(annc_fail(ANNC_INPUT, "%s: has several arrays, but a labels file must have one: %s", zip.name, list));
    }
    ANNC_TRY(annc_zip_read_array(&zip, only, array));
out:
    annc_stream_close(stream);
    annc_zip_close(&zip);
    return status;
}

annc_status annc_npy_table(struct annc_stream *stream, const char *labels_path, bool unlabelled, bool numbers,
                           bool maps, struct annc_table *table)
{
    annc_status status = ANNC_OK;
    struct annc_array x = {.rank = 0}, y = {.rank = 0};
    memset(table, 0, sizeof *table);
    ANNC_TRY(maps ? map_npy(stream, &x) : read_npy(stream, &x));
    if (!labels_path && !unlabelled)
        ANNC_TRY(annc_fail(ANNC_INPUT,
                           "%s: is a single array; name the array of labels or targets with " ANNC_FIELD_LABELS_PATH,
                           x.name));
    if (labels_path)
        ANNC_TRY(read_lone_array(labels_path, &y));
    ANNC_TRY(make_table(&x, labels_path ? &y : NULL, numbers, table));
out:
    annc_array_free(&x);
    annc_array_free(&y);
    return status;
}

annc_status annc_npy_weights(const char *path, struct annc_table *table)
{
    annc_status status = ANNC_OK;
    struct annc_array weights;
    ANNC_TRY(read_lone_array(path, &weights));
    ANNC_TRY(take_weights(&weights, table));
out:
    annc_release(weights.elements);
    return status;
}

/* Pairs of names. */
static const struct {
    const char *x, *y, *x_test, *y_test;
} PAIRS[] = {{"x_train", "y_train", "x_test", "y_test"}, {"x", "y", NULL, NULL}, {"images", "labels", NULL, NULL}};
enum { PAIR_COUNT = sizeof PAIRS / sizeof *PAIRS };

/* Writes the labels file of "kmnist-train-imgs.npz": the same name with "labels". */
static bool labels_beside(const char *path, char *labels, size_t size)
{
    static const char *const words[] = {"imgs", "images"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *slash = strrchr(path, '/'), *word = strstr(slash ? slash : path, words[i]);
        if (word)
            return (size_t)snprintf(labels, size, "%.*slabels%s", (int)(word - path), path, word + strlen(words[i])) <
                   size;
    }
    return false;
}

/* Finds the members x and y of a part; UINT32_MAX if missing. */
static void find_pair(const struct annc_zip *zip, bool test, uint32_t *x, uint32_t *y)
{
    *x = *y = UINT32_MAX;
    for (size_t i = 0; i < PAIR_COUNT && *x == UINT32_MAX; i++) {
        *x = find_array(zip, test && PAIRS[i].x_test ? PAIRS[i].x_test : PAIRS[i].x);
        *y = find_array(zip, test && PAIRS[i].x_test ? PAIRS[i].y_test : PAIRS[i].y);
    }
    uint32_t last = 0;
    if (*x == UINT32_MAX && count_arrays(zip, &last) == 1)
        *x = last;
    if (*x == UINT32_MAX) {
        *x = find_array(zip, "arr_0");
        *y = find_array(zip, "arr_1");
    }
}

static annc_status refuse_names(const struct annc_zip *zip, const char *lacking)
{
    char list[1024];
    uint32_t last;
    if (count_arrays(zip, &last) == 0)
        return annc_fail(ANNC_INPUT, "%s: is a zip archive without arrays; unpack it first", zip->name);
    list_arrays(zip, list, sizeof list);
    return annc_fail(ANNC_INPUT,
                     "%s: cannot tell which array holds %s; name the arrays with " ANNC_FIELD_X_NAME
                     " and " ANNC_FIELD_Y_NAME "; it has %s",
                     zip->name, lacking, list);
}

/* Reads the labels or targets: a member, or a separate file. */
static annc_status read_learnt(const struct annc_zip *zip, const char *path, const char *labels_path, uint32_t y_member,
                               struct annc_array *y)
{
    char beside[ANNC_PATH];
    if (labels_path)
        return read_lone_array(labels_path, y);
    if (y_member != UINT32_MAX)
        return annc_zip_read_array(zip, y_member, y);
    if (zip->count == 1 && labels_beside(path, beside, sizeof beside))
        return read_lone_array(beside, y);
    return refuse_names(zip, "the labels or targets");
}

/* Reads the array of weights, if it is there: for a test set the one whose name ends with "_test"
 * instead of "_train". */
static annc_status read_weights(const struct annc_zip *zip, const struct annc_npz_names *names,
                                struct annc_table *table)
{
    static const char TRAIN[] = "_train";
    annc_status status = ANNC_OK;
    struct annc_array weights = {.rank = 0};
    char name[ANNC_ARRAY_NAME], list[1024];
    const size_t length = strlen(names->weight);
    snprintf(name, sizeof name, "%s", names->weight);
    if (names->test && !names->needs_weight && length < sizeof name && length >= strlen(TRAIN) &&
        annc_compare_any_case(names->weight + length - strlen(TRAIN), TRAIN, SIZE_MAX) == 0)
        snprintf(name + length - strlen(TRAIN), sizeof name - length + strlen(TRAIN), "_test");
    const uint32_t member = find_array(zip, name);
    if (member == UINT32_MAX && !names->needs_weight)
        return ANNC_OK;
    if (member == UINT32_MAX) {
        list_arrays(zip, list, sizeof list);
        return annc_fail(ANNC_INPUT, "%s: has no array '%s' for " ANNC_FIELD_WEIGHT "; it has %s", zip->name, name,
                         list);
    }
    ANNC_TRY(annc_zip_read_array(zip, member, &weights));
    ANNC_TRY(take_weights(&weights, table));
    snprintf(table->weight_name, sizeof table->weight_name, "%s", names->weight);
out:
    annc_release(weights.elements);
    return status;
}

annc_status annc_npz_table(const char *path, const char *labels_path, const struct annc_npz_names *names,
                           bool unlabelled, bool numbers, struct annc_table *table, bool *has_test)
{
    annc_status status = ANNC_OK;
    struct annc_zip zip = {.descriptor = -1};
    struct annc_array x = {.rank = 0}, y = {.rank = 0};
    uint32_t x_member, y_member;
    memset(table, 0, sizeof *table);
    ANNC_TRY(annc_zip_open(path, &zip));
    find_pair(&zip, names->test, &x_member, &y_member);
    *has_test = find_array(&zip, "x_test") != UINT32_MAX;
    if (names->x)
        x_member = find_array(&zip, names->x);
    if (names->y)
        y_member = find_array(&zip, names->y);
    if (x_member == UINT32_MAX)
        ANNC_TRY(refuse_names(&zip, "the inputs"));
    if (names->y && y_member == UINT32_MAX)
        ANNC_TRY(refuse_names(&zip, "the labels or targets"));
    ANNC_TRY(annc_zip_read_array(&zip, x_member, &x));
    if (!unlabelled)
        ANNC_TRY(read_learnt(&zip, path, labels_path, y_member, &y));
    ANNC_TRY(make_table(&x, unlabelled ? NULL : &y, numbers, table));
    if (names->weight && !unlabelled)
        ANNC_TRY(read_weights(&zip, names, table));
out:
    annc_release(x.elements);
    annc_release(y.elements);
    annc_zip_close(&zip);
    if (status != ANNC_OK)
        annc_table_free(table);
    return status;
}
