/* source.c - data sets from where people have them. */
#include "source.h"
#include "allocate.h"
#include "classes.h"
#include "config.h"
#include "dataset.h"
#include "digits.h"
#include "idx.h"
#include "status.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { SHOWN = 300 };

static const float BYTE_DIVISOR = 255;

/* ---------------------------------------------------------------- one part: images and labels */

/* What was read of one part, before its labels become classes. */
struct part {
    char images_name[SHOWN], labels_name[SHOWN]; /* printable */
    struct annc_idx images;
    double *labels;
    uint32_t count;
};

static void free_part(struct part *part)
{
    annc_release(part->images.elements);
    annc_release(part->labels);
}

static annc_status read_labels(const char *path, struct part *part)
{
    annc_status status = ANNC_OK;
    struct annc_idx idx;
    annc_printable(path, part->labels_name, sizeof part->labels_name);
    ANNC_TRY(annc_idx_read(path, &idx));
    if (idx.count != idx.size[0]) {
        status = annc_fail(ANNC_INPUT, "%s: has %zu elements for %u examples; labels are one number an example",
                           part->labels_name, idx.count, idx.size[0]);
        goto out;
    }
    if (idx.size[0] != part->images.size[0]) {
        status = annc_fail(ANNC_INPUT, "%s has %u labels, and %s has %u images; they are not of one set",
                           part->labels_name, idx.size[0], part->images_name, part->images.size[0]);
        goto out;
    }
    part->count = idx.size[0];
    ANNC_TRY(annc_allocate(part->count, sizeof *part->labels, "the labels", (void **)&part->labels));
    for (uint32_t i = 0; i < part->count; i++)
        part->labels[i] =
            idx.type == ANNC_BYTES ? ((const uint8_t *)idx.elements)[i] : (double)((const float *)idx.elements)[i];
out:
    annc_release(idx.elements);
    return status;
}

static annc_status read_part(const char *images, const char *labels, struct part *part)
{
    annc_status status = ANNC_OK;
    memset(part, 0, sizeof *part);
    annc_printable(images, part->images_name, sizeof part->images_name);
    ANNC_TRY(annc_idx_read(images, &part->images));
    if (part->images.rank < 2)
        return annc_fail(ANNC_INPUT, "%s: holds one number an example, not images; are these the labels?",
                         part->images_name);
    if (part->images.count / part->images.size[0] > ANNC_MAX_WIDTH)
        return annc_fail(ANNC_INPUT, "%s: has %zu inputs an example; at most %d can be used", part->images_name,
                         part->images.count / part->images.size[0], ANNC_MAX_WIDTH);
    ANNC_TRY(read_labels(labels, part));
out:
    return status;
}

/* Rows become columns, in place, one image after another. */
static annc_status transpose(struct annc_idx *images)
{
    annc_status status = ANNC_OK;
    const size_t rows = images->size[1], columns = images->rank > 2 ? images->size[2] : 1, pixels = rows * columns;
    const size_t element = images->type == ANNC_BYTES ? 1 : sizeof(float);
    char *turned = NULL;
    ANNC_TRY(annc_allocate(pixels, element, "an image", (void **)&turned));
    for (size_t i = 0; i < images->size[0]; i++) {
        char *image = (char *)images->elements + i * pixels * element;
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < columns; c++)
                memcpy(turned + (c * rows + r) * element, image + (r * columns + c) * element, element);
        memcpy(image, turned, pixels * element);
    }
    if (images->rank > 2) {
        images->size[1] = (uint32_t)columns;
        images->size[2] = (uint32_t)rows;
    }
out:
    annc_release(turned);
    return status;
}

/* Makes a data set of a part, whose arrays it takes over. */
static annc_status finish_part(struct part *part, const struct annc_classes *classes, uint32_t outputs, bool turn,
                               annc_dataset **dataset)
{
    annc_status status = ANNC_OK;
    int32_t *labels = NULL;
    if (turn && part->images.rank == 3)
        ANNC_TRY(transpose(&part->images));
    ANNC_TRY(annc_allocate(part->count, sizeof *labels, "the labels", (void **)&labels));
    ANNC_TRY(annc_classes_apply(classes, part->labels_name, part->labels, part->count, labels));
    const annc_examples examples = {
        .count = part->count,
        .inputs = (uint32_t)(part->images.count / part->images.size[0]),
        .outputs = outputs == 1 ? 1 : classes->count,
        .type = part->images.type,
        .divisor = part->images.type == ANNC_BYTES ? BYTE_DIVISOR : 1,
        .x = part->images.elements,
        .labels = labels,
    };
    const bool image = part->images.rank == 3;
    ANNC_TRY(annc_dataset_adopt(&examples, image ? part->images.size[1] : examples.inputs,
                                image ? part->images.size[2] : 1, dataset));
    labels = NULL;
    part->images.elements = NULL;
    for (uint32_t c = 0; c < (*dataset)->classes; c++)
        snprintf((*dataset)->class_names[c], sizeof(*dataset)->class_names[c], "%.0f", classes->value[c]);
out:
    annc_release(labels);
    return status;
}

static void describe_part(const struct part *part, const annc_data_options *options, annc_data *data)
{
    if (part->images.gzip_layers > 0 && !strstr(part->images_name, ".gz"))
        annc_note(data->notes, sizeof data->notes, "%s is gzip, whatever its name says", part->images_name);
    if (part->images.gzip_layers > 1)
        annc_note(data->notes, sizeof data->notes, "%s is gzip in gzip", part->images_name);
    if (strcasestr(part->images_name, "emnist") && !options->transpose)
        annc_note(data->notes, sizeof data->notes,
                  "EMNIST's files hold their images turned on the side; --transpose turns them back");
}

/* ---------------------------------------------------------------- files */

/* Reads the parts that there are and makes data sets of them, the classes learnt from the training part. */
static annc_status load_files(const struct annc_idx_files *files, const annc_data_options *options, annc_data *data)
{
    annc_status status = ANNC_OK;
    struct part parts[ANNC_PARTS];
    struct annc_classes classes = {0};
    annc_dataset **const results[ANNC_PARTS] = {&data->train, &data->test};
    const bool needed[ANNC_PARTS] = {options->need_train, options->need_test};
    bool first = true;
    memset(parts, 0, sizeof parts);
    if (options->classes)
        ANNC_TRY(annc_classes_parse(options->classes, &classes));
    for (int p = 0; p < ANNC_PARTS; p++) {
        /* A training part that nobody asked for is not read. */
        if (!files->images[p][0] || (p == ANNC_PART_TRAIN && !needed[p]))
            continue;
        ANNC_TRY(read_part(files->images[p], files->labels[p], &parts[p]));
        describe_part(&parts[p], options, data);
        if (classes.count == 0)
            ANNC_TRY(annc_classes_learn(parts[p].labels_name, parts[p].labels, parts[p].count, options->outputs,
                                        &classes, data->notes, sizeof data->notes));
        ANNC_TRY(finish_part(&parts[p], &classes, options->outputs, options->transpose, results[p]));
        const annc_dataset *set = *results[p];
        if (first && set->examples.type == ANNC_BYTES)
            annc_note(data->notes, sizeof data->notes, "inputs are bytes, divided by %g",
                      (double)set->examples.divisor);
        first = false;
    }
    if (data->train && data->test && data->train->examples.inputs != data->test->examples.inputs)
        status = annc_fail(ANNC_INPUT, "%s has %u inputs an example, and %s has %u", parts[0].images_name,
                           data->train->examples.inputs, parts[1].images_name, data->test->examples.inputs);
out:
    for (int p = 0; p < ANNC_PARTS; p++)
        free_part(&parts[p]);
    annc_classes_free(&classes);
    return status;
}

static annc_status load_folder(const char *folder, const annc_data_options *options, annc_data *data)
{
    static const char *const names[ANNC_PARTS] = {"training", "test"};
    annc_status status = ANNC_OK;
    struct annc_idx_files files;
    char shown[SHOWN];
    const bool needed[ANNC_PARTS] = {options->need_train, options->need_test};
    annc_printable(folder, shown, sizeof shown);
    ANNC_TRY(annc_idx_find(folder, &files));
    for (int p = 0; p < ANNC_PARTS; p++) {
        if (p == ANNC_PART_TRAIN && options->labels_path)
            snprintf(files.labels[p], sizeof files.labels[p], "%s", options->labels_path);
        if (needed[p] && !files.images[p][0])
            return annc_fail(ANNC_INPUT,
                             "%s: no %s images are here: no file named like %s-images-idx3-ubyte or with .gz after it",
                             shown, names[p], p == ANNC_PART_TRAIN ? "train" : "t10k");
        if (files.images[p][0] && !files.labels[p][0] && (needed[p] || p == ANNC_PART_TEST))
            return annc_fail(ANNC_INPUT,
                             "%s: no %s labels are here: no file named like %s-labels-idx1-ubyte or with .gz after it",
                             shown, names[p], p == ANNC_PART_TRAIN ? "train" : "t10k");
    }
    snprintf(data->description, sizeof data->description, "%s", shown);
    ANNC_TRY(load_files(&files, options, data));
out:
    return status;
}

/* An images file by itself: the training set, or the test set where no training set is asked for. */
static annc_status load_images_file(const char *path, const annc_data_options *options, annc_data *data)
{
    annc_status status = ANNC_OK;
    struct annc_idx_files files;
    const int p = options->need_train ? ANNC_PART_TRAIN : ANNC_PART_TEST;
    memset(&files, 0, sizeof files);
    if (options->need_train && options->need_test)
        return annc_fail(ANNC_INPUT, "a single images file is no training and test set; name the folder");
    snprintf(files.images[p], sizeof files.images[p], "%s", path);
    if (options->labels_path)
        snprintf(files.labels[p], sizeof files.labels[p], "%s", options->labels_path);
    else
        ANNC_TRY(annc_idx_find_labels(path, files.labels[p], sizeof files.labels[p]));
    annc_printable(path, data->description, sizeof data->description);
    ANNC_TRY(load_files(&files, options, data));
out:
    return status;
}

static annc_status load_path(const annc_data_options *options, annc_data *data)
{
    struct stat there;
    if (stat(options->path, &there) == 0 && !S_ISDIR(there.st_mode))
        return load_images_file(options->path, options, data);
    return load_folder(options->path, options, data);
}

/* ---------------------------------------------------------------- MNIST and the built-in digits */

/* Whether a file was found that this build can read. */
static bool is_usable(const char *path)
{
    const size_t length = strlen(path);
    return length > 0 && (ANNC_ZLIB_FOUND || length < 3 || strcmp(path + length - 3, ".gz") != 0);
}

static bool holds_mnist(const char *folder)
{
    struct annc_idx_files files;
    struct stat there;
    if (stat(folder, &there) != 0 || !S_ISDIR(there.st_mode) || annc_idx_find(folder, &files) != ANNC_OK)
        return false;
    for (int p = 0; p < ANNC_PARTS; p++)
        if (!is_usable(files.images[p]) || !is_usable(files.labels[p]))
            return false;
    return true;
}

bool annc_mnist_cache_folder(char *path, size_t size)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && cache[0] == '/')
        return (size_t)snprintf(path, size, "%s/annc/mnist", cache) < size;
    return home && home[0] && (size_t)snprintf(path, size, "%s/.cache/annc/mnist", home) < size;
}

bool annc_mnist_find(char *path, size_t size)
{
    const char *chosen = getenv("ANNC_DATA");
    if (chosen && chosen[0])
        return (size_t)snprintf(path, size, "%s", chosen) < size && holds_mnist(path);
    if ((size_t)snprintf(path, size, "data/mnist") < size && holds_mnist(path))
        return true;
    return annc_mnist_cache_folder(path, size) && holds_mnist(path);
}

static annc_status load_mnist(const annc_data_options *options, annc_data *data)
{
    char folder[ANNC_PATH];
    if (!annc_mnist_find(folder, sizeof folder))
        return annc_fail(ANNC_INPUT,
                         "MNIST is not on disk: neither in $ANNC_DATA nor in data/mnist nor in the cache folder; "
                         "`annc-gpu fetch` downloads it");
    return load_folder(folder, options, data);
}

static annc_status draw_part(uint32_t count, uint64_t first, annc_dataset **dataset)
{
    annc_status status = ANNC_OK;
    uint8_t *images = NULL;
    int32_t *labels = NULL;
    ANNC_TRY(annc_allocate(count, ANNC_DIGITS_PIXELS, "the digits", (void **)&images));
    ANNC_TRY(annc_allocate(count, sizeof *labels, "the labels", (void **)&labels));
    annc_digits_draw(count, first, images, labels);
    const annc_examples examples = {.count = count,
                                    .inputs = ANNC_DIGITS_PIXELS,
                                    .outputs = ANNC_DIGITS_CLASSES,
                                    .type = ANNC_BYTES,
                                    .divisor = BYTE_DIVISOR,
                                    .x = images,
                                    .labels = labels};
    ANNC_TRY(annc_dataset_adopt(&examples, ANNC_DIGITS_SIDE, ANNC_DIGITS_SIDE, dataset));
    images = NULL;
    labels = NULL;
out:
    annc_release(images);
    annc_release(labels);
    return status;
}

static annc_status load_digits(const annc_data_options *options, annc_data *data)
{
    annc_status status = ANNC_OK;
    if (options->outputs != 0 && options->outputs != ANNC_DIGITS_CLASSES)
        return annc_fail(ANNC_INPUT,
                         "the built-in digits have %d classes, and the network has %u outputs; end --layers with %d",
                         ANNC_DIGITS_CLASSES, options->outputs, ANNC_DIGITS_CLASSES);
    snprintf(data->description, sizeof data->description, "built-in digits (drawn by this program, not MNIST)");
    if (options->need_train)
        ANNC_TRY(draw_part(ANNC_DIGITS_TRAIN, 0, &data->train));
    ANNC_TRY(draw_part(ANNC_DIGITS_TEST, ANNC_DIGITS_TRAIN, &data->test));
out:
    return status;
}

annc_status annc_data_load(const annc_data_options *options, annc_data *data)
{
    annc_status status = ANNC_USAGE;
    memset(data, 0, sizeof *data);
    switch (options->source) {
    case ANNC_SOURCE_PATH:
        status = load_path(options, data);
        break;
    case ANNC_SOURCE_MNIST:
        status = load_mnist(options, data);
        break;
    case ANNC_SOURCE_DIGITS:
        status = load_digits(options, data);
        break;
    }
    if (status != ANNC_OK)
        annc_data_free(data);
    return status;
}

void annc_data_free(annc_data *data)
{
    annc_dataset_free(data->train);
    annc_dataset_free(data->test);
    data->train = data->test = NULL;
}
