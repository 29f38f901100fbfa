/* Data sets: IDX files as people have them, and what is refused. The sets are of bars: image i of class i mod 10 is 28 x 28, background 0,
 * with a bar over rows 4...23 whose column and brightness tell the class. */
#include "support/problem.h"
#include "support/test.h"

#include "annc.h"
#include "base/safe_file.h"
#include "dataset/prepare/dataset.h"
#include "formats/zip_write.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"

static char folder[64];

/* ---------------------------------------------------------------- files */

static const char *in_folder(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, 256, "%s/%s", folder, name);
    return path;
}

static void begin(void)
{
    snprintf(folder, sizeof folder, "/tmp/annc-test-data-XXXXXX");
    if (!mkdtemp(folder))
        exit(1);
}

static void end(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    CHECK(system(command) == 0);
}

static void write_bytes(const char *name, const void *bytes, size_t count)
{
    FILE *file = fopen(in_folder(name), "wb");
    CHECK(file && fwrite(bytes, 1, count, file) == count);
    if (file)
        fclose(file);
}

/* Wraps a file in gzip, in place, under the same name. */
static void gzip_in_place(const char *name)
{
    char command[640];
    snprintf(command, sizeof command, "gzip -c %s > %s.tmp && mv %s.tmp %s", in_folder(name), in_folder(name),
             in_folder(name), in_folder(name));
    CHECK(system(command) == 0);
}

static void put_size(unsigned char *bytes, uint32_t size)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(size >> (24 - 8 * i));
}

/* Images of bars: `classes` bars, `width` columns each, the first at column `first`. */
static void write_bars(const char *name, uint32_t n, uint32_t classes, uint32_t width, uint32_t first, bool lying)
{
    const size_t bytes = 16 + (size_t)n * 784;
    unsigned char *file = calloc(bytes, 1);
    memcpy(file, "\0\0\x08\x03", 4);
    put_size(file + 4, n);
    put_size(file + 8, 28);
    put_size(file + 12, 28);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t r = 4; r < 24; r++)
            for (uint32_t w = 0; w < width; w++) {
                const uint32_t c = first + (i % classes) * width + w;
                file[16 + (size_t)i * 784 + (lying ? c * 28 + r : r * 28 + c)] = (unsigned char)(255 - 13 * i % 50);
            }
    write_bytes(name, file, bytes);
    free(file);
}

static void write_labels(const char *name, uint32_t n, uint32_t classes, uint32_t offset)
{
    unsigned char *file = calloc(8 + n, 1);
    memcpy(file, "\0\0\x08\x01", 4);
    put_size(file + 4, n);
    for (uint32_t i = 0; i < n; i++)
        file[8 + i] = (unsigned char)(i % classes + offset);
    write_bytes(name, file, 8 + n);
    free(file);
}

static void write_standard_set(uint32_t train, uint32_t test)
{
    write_bars("train-images-idx3-ubyte", train, 10, 2, 4, false);
    write_labels("train-labels-idx1-ubyte", train, 10, 0);
    write_bars("t10k-images-idx3-ubyte", test, 10, 2, 4, false);
    write_labels("t10k-labels-idx1-ubyte", test, 10, 0);
}

/* ---------------------------------------------------------------- what loading should come to */

static annc_data_options options_for(const char *path)
{
    const annc_data_options options = {.source = ANNC_SOURCE_PATH, .path = path, .outputs = 10, .need_train = true};
    return options;
}

/* Loads, and trains a network on what came: every class of bars is learnt. */
static void trains(const annc_data_options *options, uint32_t train, uint32_t test, const char *note)
{
    annc_data data;
    annc_network *network = NULL;
    annc_device *device = NULL;
    annc_trainer *trainer = NULL;
    annc_epoch epoch;
    REQUIRE_OK(annc_data_load(options, &data));
    CHECK(annc_dataset_examples(data.train)->count == train);
    CHECK(test == 0 ? !data.test : data.test && annc_dataset_examples(data.test)->count == test);
    CHECK_MSG(!note || strstr(data.notes, note), "notes: %s", data.notes);
    const uint32_t outputs = annc_dataset_examples(data.train)->outputs;
    const annc_shape shape = {2, {784, 16, outputs}, {ANNC_TANH, ANNC_SOFTMAX}, ANNC_CATEGORICAL_CROSS_ENTROPY, 0};
    const annc_device_options cpu = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    const annc_training_options training = {.eta = 0.3, .batch = 8, .seed = 1};
    REQUIRE_OK(annc_network_create(&shape, &network));
    REQUIRE_OK(annc_device_open(&cpu, &device));
    REQUIRE_OK(annc_network_initialise(network, device, ANNC_INIT_AUTO, 1));
    REQUIRE_OK(annc_trainer_create(device, network, data.train, &training, &trainer));
    for (int i = 0; i < 40; i++)
        REQUIRE_OK(annc_trainer_epoch(trainer, NULL, NULL, &epoch));
    CHECK_MSG(epoch.correct >= 0.98 * train, "%u of %u learnt", epoch.correct, train);
    annc_trainer_free(trainer);
    annc_device_close(device);
    annc_network_free(network);
    annc_data_free(&data);
}

static void refused(const annc_data_options *options, const char *first, const char *second)
{
    annc_data data;
    CHECK(annc_data_load(options, &data) == ANNC_INPUT && !data.train && !data.test);
    CHECK_MSG(strstr(annc_last_error(), first) && strstr(annc_last_error(), second), "'%s' says neither '%s' nor '%s'",
              annc_last_error(), first, second);
}

#define NEEDS_ZLIB()                                                                                                   \
    if (!ANNC_ZLIB_FOUND)                                                                                              \
    SKIP("this build has no zlib")

/* ---------------------------------------------------------------- the cases */

static void standard_files(void)
{
    begin();
    write_standard_set(200, 50);
    const annc_data_options options = options_for(folder);
    trains(&options, 200, 50, "divided by 255");
    end();
}

/* A mirror's error page, an empty file, and half a file under the data's name. */
static void error_pages(void)
{
    NEEDS_ZLIB();
    begin();
    write_standard_set(100, 100);
    unlink(in_folder("train-images-idx3-ubyte"));
    const char *name = "train-images-idx3-ubyte.gz";
    char page[700];
    memset(page, ' ', sizeof page);
    memcpy(page, "<!DOCTYPE html><html>503", 24);
    const annc_data_options options = options_for(folder);
    write_bytes(name, page, sizeof page);
    refused(&options, "a web page", "download it again");
    write_bytes(name, page, 0);
    refused(&options, "is empty", "train-images-idx3-ubyte.gz");
    write_bars(name, 100, 10, 2, 4, false);
    gzip_in_place(name);
    struct stat there;
    CHECK(stat(in_folder(name), &there) == 0 && truncate(in_folder(name), there.st_size / 2) == 0);
    refused(&options, "cut short", "download it again");
    write_bytes(name, "PK\3\4 and so on", 14);
    refused(&options, "a damaged zip archive", "unpack");
    end();
}

/* Dots for hyphens, mixed with the usual spelling; then one file alone. */
static void mixed_spellings(void)
{
    NEEDS_ZLIB();
    begin();
    write_bars("train-images.idx3-ubyte", 200, 10, 2, 4, false);
    write_labels("train-labels.idx1-ubyte", 200, 10, 0);
    write_bars("t10k-images.idx3-ubyte.gz", 50, 10, 2, 4, false);
    gzip_in_place("t10k-images.idx3-ubyte.gz");
    write_labels("t10k-labels-idx1-ubyte", 50, 10, 0);
    annc_data_options options = options_for(folder);
    trains(&options, 200, 50, NULL);
    char alone[256];
    snprintf(alone, sizeof alone, "%s", in_folder("train-images.idx3-ubyte"));
    options.path = alone;
    trains(&options, 200, 0, NULL);
    CHECK(rename(in_folder("train-labels.idx1-ubyte"), in_folder("elsewhere")) == 0);
    refused(&options, "no matching labels file", "'labels_path'");
    char labels[256];
    snprintf(labels, sizeof labels, "%s", in_folder("elsewhere"));
    options.labels_path = labels;
    trains(&options, 200, 0, NULL);
    end();
}

/* Still gzip, called raw; gzip in gzip; three layers; several members; something after the end. */
static void gzip_layers(void)
{
    NEEDS_ZLIB();
    begin();
    write_standard_set(200, 50);
    const annc_data_options options = options_for(folder);
    gzip_in_place("train-images-idx3-ubyte");
    gzip_in_place("train-labels-idx1-ubyte");
    trains(&options, 200, 50, "although its name");
    gzip_in_place("train-images-idx3-ubyte");
    trains(&options, 200, 50, "compressed with gzip twice");
    gzip_in_place("train-images-idx3-ubyte");
    refused(&options, "gzip three times", "gunzip");
    write_bars("whole", 200, 10, 2, 4, false);
    char command[1200];
    snprintf(command, sizeof command,
             "cd %s && { head -c 5000 whole | gzip; tail -c +5001 whole | gzip; } > train-images-idx3-ubyte", folder);
    CHECK(system(command) == 0);
    trains(&options, 200, 50, NULL);
    snprintf(command, sizeof command, "cd %s && printf junk >> train-images-idx3-ubyte", folder);
    CHECK(system(command) == 0);
    refused(&options, "that are not gzip", "train-images");
    end();
}

/* Letters numbered 1 to 26: with 26 outputs, with 27, with 25. */
static void letters(void)
{
    begin();
    write_bars("emnist-letters-train-images-idx3-ubyte", 260, 26, 1, 1, false);
    write_labels("emnist-letters-train-labels-idx1-ubyte", 260, 26, 1);
    annc_data_options options = options_for(folder);
    annc_data data;
    options.outputs = 26;
    trains(&options, 260, 0, "label 1 is class 0");
    REQUIRE_OK(annc_data_load(&options, &data));
    CHECK(strcmp(annc_dataset_class_name(data.train, 0), "1") == 0 &&
          strcmp(annc_dataset_class_name(data.train, 25), "26") == 0);
    CHECK(!annc_dataset_class_name(data.train, 26) && strstr(data.notes, "EMNIST"));
    annc_data_free(&data);
    options.outputs = 27;
    trains(&options, 260, 0, "class 0 has no training examples");
    options.outputs = 25;
    refused(&options, "26 different labels", "25 outputs");
    options.outputs = 0;
    trains(&options, 260, 0, NULL);
    end();
}

/* EMNIST lies on its side: a note unless they are transposed, upright otherwise. */
static void lying_images(void)
{
    begin();
    write_bars("emnist-digits-train-images-idx3-ubyte", 200, 10, 2, 4, true);
    write_labels("emnist-digits-train-labels-idx1-ubyte", 200, 10, 0);
    annc_data_options options = options_for(folder);
    annc_data data;
    trains(&options, 200, 0, "set 'transpose'");
    options.transpose = true;
    REQUIRE_OK(annc_data_load(&options, &data));
    const uint8_t *image = annc_dataset_examples(data.train)->x; /* class 0: rows 4...23, columns 4 and 5 */
    CHECK(image[4 * 28 + 4] == 255 && image[23 * 28 + 5] == 255 && image[4 * 28 + 6] == 0 && image[3 * 28 + 4] == 0);
    CHECK(!strstr(data.notes, "transpose"));
    annc_data_free(&data);
    end();
}

static void several_sets(void)
{
    begin();
    write_standard_set(20, 20);
    write_bars("fashion-train-images-idx3-ubyte", 20, 10, 2, 4, false);
    write_labels("fashion-train-labels-idx1-ubyte", 20, 10, 0);
    const annc_data_options options = options_for(folder);
    refused(&options, "several data sets", "'fashion-'");
    const annc_data_options one = options_for(in_folder("fashion-train-images-idx3-ubyte"));
    trains(&one, 20, 0, NULL);
    end();
}

/* ---------------------------------------------------------------- headers */

/* One images file of these bytes, with good labels for `n`. */
static void images_refused(const char *bytes, size_t count, const char *expected)
{
    const annc_data_options options = options_for(folder);
    write_bytes("train-images-idx3-ubyte", bytes, count);
    refused(&options, expected, "train-images-idx3-ubyte");
}

static void malformed_headers(void)
{
    begin();
    write_labels("train-labels-idx1-ubyte", 2, 2, 0);
    images_refused("\0\0\x08\x03", 4, "cut short");
    images_refused("\0\0", 2, "cut short");
    images_refused("\0\0\x07\x03\0\0\0\x02\0\0\0\x01\0\0\0\x01..", 18, "not an IDX file");
    images_refused("\x03\x08\0\0\x02\0\0\0\x01\0\0\0\x01\0\0\0..", 18, "little-endian header");
    images_refused("\0\0\x08\x03\x02\0\0\0\x01\0\0\0\x01\0\0\0..", 18, "little-endian sizes");
    images_refused("\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x01.", 17, "cut short");
    images_refused("\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x01...", 19, "too long");
    images_refused("\0\0\x08\x03\0\0\0\0\0\0\0\x01\0\0\0\x01", 16, "no examples");
    images_refused("\0\0\x08\x03\0\0\0\x03\0\0\0\x01\0\0\0\x01...", 19, "3 images");
    images_refused("\0\0\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff..", 18, "cut short");
    images_refused("\0\0\x08\x01\0\0\0\x02..", 10, "instead of images");
    images_refused("\0\0\x0d\x02\0\0\0\x02\0\0\0\x01\x7f\x80\0\0\0\0\0\0", 20, "not finite");
    images_refused("\0\0\x08\x09........................................", 40, "dimensions");
    end();
}

/* A gzip of a few bytes that claims 4 GB must be refused without the memory for it: more than it can hold, or cut short after what it has. */
static void false_claims(void)
{
    NEEDS_ZLIB();
    begin();
    const annc_data_options options = options_for(folder);
    write_labels("train-labels-idx1-ubyte", 2, 2, 0);
    write_bytes("train-images-idx3-ubyte", "\0\0\x08\x03\xff\xff\xff\xff\0\0\0\x01\0\0\0\x01..", 18);
    gzip_in_place("train-images-idx3-ubyte");
    refused(&options, "more than its", "gzip can hold");
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    write_bytes("train-images-idx3-ubyte", "\0\0\x08\x03\0\0\x10\0\0\0\0\x04\0\0\0\x01..",
                18); /* 16 kB claimed, 2 bytes there */
    gzip_in_place("train-images-idx3-ubyte");
    refused(&options, "cut short", "missing");
    getrusage(RUSAGE_SELF, &after);
    CHECK(after.ru_maxrss - before.ru_maxrss < 4096);
    end();
}

static void not_files(void)
{
    begin();
    write_labels("train-labels-idx1-ubyte", 2, 2, 0);
    const annc_data_options options = options_for(folder);
    CHECK(mkfifo(in_folder("train-images-idx3-ubyte"), 0600) == 0);
    refused(&options, "not a regular file", "train-images");
    unlink(in_folder("train-images-idx3-ubyte"));
    CHECK(mkdir(in_folder("train-images-idx3-ubyte"), 0700) == 0);
    refused(&options, "a folder, not a file", "train-images");
    rmdir(in_folder("train-images-idx3-ubyte"));
    refused(&options, "no training images", "train-images-idx3-ubyte");
    annc_data_options nowhere = options_for("/nowhere\n/at all");
    refused(&nowhere, "/nowhere\\x0a/at all", "No such file");
    end();
}

/* Element types: shorts, ints, floats and doubles of both signs become floats. */
static void element_types(void)
{
    static const struct {
        const char *bytes;
        size_t count;
        float first, second;
    } files[] = {{"\0\0\x09\x02\0\0\0\x02\0\0\0\x01\xff\x7f", 14, -1, 127},
                 {"\0\0\x0b\x02\0\0\0\x02\0\0\0\x01\xff\xfe\x01\0", 16, -2, 256},
                 {"\0\0\x0c\x02\0\0\0\x02\0\0\0\x01\xff\xff\xff\xfd\0\x01\0\0", 20, -3, 65536},
                 {"\0\0\x0d\x02\0\0\0\x02\0\0\0\x01\xbf\x80\0\0\x40\x20\0\0", 20, -1, 2.5f},
                 {"\0\0\x0e\x02\0\0\0\x02\0\0\0\x01\xbf\xf0\0\0\0\0\0\0\x40\x04\0\0\0\0\0\0", 28, -1, 2.5f}};
    begin();
    write_labels("train-labels-idx1-ubyte", 2, 2, 0);
    annc_data_options options = options_for(folder);
    options.outputs = 2;
    options.scale = ANNC_SCALE_NONE;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        annc_data data;
        write_bytes("train-images-idx3-ubyte", files[i].bytes, files[i].count);
        REQUIRE_OK(annc_data_load(&options, &data));
        const annc_examples *examples = annc_dataset_examples(data.train);
        CHECK(examples->type == ANNC_FLOATS && examples->inputs == 1);
        CHECK(((const float *)examples->x)[0] == files[i].first && ((const float *)examples->x)[1] == files[i].second);
        annc_data_free(&data);
    }
    end();
}

/* ---------------------------------------------------------------- classes */

static void labels_of_both_sets(void)
{
    begin();
    write_standard_set(50, 20);
    write_labels("t10k-labels-idx1-ubyte", 20, 10, 3); /* 3...12 */
    annc_data_options options = options_for(folder);
    refused(&options, "example 8 has the label '10'", "not a class of the training data");
    write_labels("train-labels-idx1-ubyte", 50, 5, 0);
    write_labels("t10k-labels-idx1-ubyte", 20, 6, 0);
    refused(&options, "label '5'", "no training example has");
    write_labels("t10k-labels-idx1-ubyte", 19, 5, 0);
    refused(&options, "19 labels", "20 images");
    /* One output takes two classes, the second is positive. */
    write_labels("train-labels-idx1-ubyte", 50, 2, 4);
    write_labels("t10k-labels-idx1-ubyte", 20, 2, 4);
    options.outputs = 1;
    annc_data data;
    REQUIRE_OK(annc_data_load(&options, &data));
    CHECK(annc_dataset_examples(data.train)->outputs == 1 && annc_dataset_examples(data.train)->labels[1] == 1);
    CHECK(strcmp(annc_dataset_class_name(data.train, 1), "5") == 0);
    annc_data_free(&data);
    write_labels("train-labels-idx1-ubyte", 50, 3, 0);
    refused(&options, "3 different labels", "takes two classes");
    end();
}

/* A model's classes decide what the labels of a test set alone mean. */
static void classes_of_a_model(void)
{
    begin();
    write_bars("t10k-images-idx3-ubyte", 20, 10, 2, 4, false);
    write_labels("t10k-labels-idx1-ubyte", 20, 3, 2); /* 2...4 of 1...26 */
    const annc_shape shape = problem_shape("784-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    annc_network *network = NULL;
    annc_data data;
    REQUIRE_OK(annc_network_create(&shape, &network));
    const annc_data_options options = {
        .source = ANNC_SOURCE_PATH, .path = folder, .outputs = 3, .need_test = true, .model = network};
    REQUIRE_OK(annc_network_set_metadata(network, "annc.classes", "[\"2\", \"3\", \"4\"]"));
    REQUIRE_OK(annc_data_load(&options, &data));
    CHECK(!data.train && annc_dataset_examples(data.test)->labels[0] == 0 &&
          annc_dataset_examples(data.test)->labels[2] == 2);
    annc_data_free(&data);
    REQUIRE_OK(annc_network_set_metadata(network, "annc.classes", "[\"2\", \"3\""));
    refused(&options, "annc.classes", "JSON");
    REQUIRE_OK(annc_network_set_metadata(network, "annc.classes", "[]"));
    refused(&options, "annc.classes", "are empty");
    REQUIRE_OK(annc_network_set_metadata(network, "annc.classes", "[\"cat\"]"));
    refused(&options, "'2'", "not a class of the training data");
    annc_network_free(network);
    end();
}

static void mnist_by_name(void)
{
    char found[256];
    const annc_data_options options = {.source = ANNC_SOURCE_MNIST, .outputs = 10, .need_train = true};
    begin();
    CHECK(setenv("ANNC_DATA", folder, 1) == 0);
    CHECK(annc_mnist_find(found, sizeof found) == ANNC_INPUT);
    refused(&options, "MNIST is not on disk", "'annc_mnist_fetch'");
    write_standard_set(20, 20);
    CHECK(annc_mnist_find(found, sizeof found) == ANNC_OK && strcmp(found, folder) == 0);
    trains(&options, 20, 20, NULL);
    CHECK(truncate(in_folder("t10k-images-idx3-ubyte"), 20) == 0);
    refused(&options, "t10k-images-idx3-ubyte", "is cut short");
    unlink(in_folder("t10k-labels-idx1-ubyte"));
    CHECK(annc_mnist_find(found, sizeof found) == ANNC_INPUT);
    unsetenv("ANNC_DATA");
    end();
}

/* Arrays given to the library are checked like files. */
static void arrays(void)
{
    float x[4] = {1, 2, 3, 4}, y[2] = {0.5f, 0.25f};
    int32_t labels[2] = {0, 2};
    annc_dataset *data = NULL;
    annc_examples examples = {
        .count = 2, .inputs = 2, .outputs = 3, .type = ANNC_FLOATS, .divisor = 1, .x = x, .labels = labels};
    REQUIRE_OK(annc_dataset_create(&examples, &data));
    x[0] = 9; /* the data set has a copy */
    CHECK(((const float *)annc_dataset_examples(data)->x)[0] == 1);
    annc_dataset_free(data);
    labels[1] = 3;
    CHECK(annc_dataset_create(&examples, &data) == ANNC_INPUT && strstr(annc_last_error(), "row 2 has label 3"));
    labels[1] = -1;
    CHECK(annc_dataset_create(&examples, &data) == ANNC_INPUT && strstr(annc_last_error(), "label -1"));
    labels[1] = 2;
    x[3] = NAN;
    CHECK(annc_dataset_create(&examples, &data) == ANNC_INPUT && strstr(annc_last_error(), "row 2, input 2"));
    x[3] = 4;
    examples.targets = y;
    CHECK(annc_dataset_create(&examples, &data) == ANNC_USAGE);
    examples.labels = NULL;
    examples.outputs = 1;
    y[1] = INFINITY;
    CHECK(annc_dataset_create(&examples, &data) == ANNC_INPUT && strstr(annc_last_error(), "row 2, target 1"));
    examples.count = 0;
    CHECK(annc_dataset_create(&examples, &data) == ANNC_INPUT && !data);
    examples.count = UINT32_MAX;
    CHECK(annc_dataset_create(&examples, &data) == ANNC_INPUT && !data);
    examples.count = 2;
    examples.inputs = 0;
    CHECK(annc_dataset_create(&examples, &data) == ANNC_INPUT && !data);
    examples.inputs = 2;
    examples.outputs = 0;
    CHECK(annc_dataset_create(&examples, &data) == ANNC_INPUT && !data);
    examples.outputs = 1;
    examples.x = NULL;
    CHECK(annc_dataset_create(&examples, &data) == ANNC_USAGE && !data);
    for (int i = 0; i < 2; i++) {
        const uint8_t bytes[4] = {0};
        examples.type = ANNC_BYTES;
        examples.x = bytes;
        examples.divisor = i ? INFINITY : 0;
        CHECK(annc_dataset_create(&examples, &data) == ANNC_USAGE && strstr(annc_last_error(), "the divisor of bytes"));
    }
}

/* Images of floats are drawn from their least to their largest value, and at least from 0 to 1. */
static void images_of_floats(void)
{
    static const float x[] = {0, 0.5F, 1, 0.25F, -1, 3, 1, 0};
    static const uint8_t drawn[] = {0, 128, 255, 64, 0, 255, 128, 64};
    const int32_t labels[2] = {0, 1};
    const annc_examples examples = {
        .count = 2, .inputs = 4, .outputs = 2, .type = ANNC_FLOATS, .divisor = 1, .x = x, .labels = labels};
    annc_dataset *data = NULL;
    uint8_t grey[8];
    REQUIRE_OK(annc_dataset_create(&examples, &data));
    for (uint32_t i = 0; i < 2; i++)
        annc_dataset_image(data, i, grey + 4 * i);
    CHECK(memcmp(grey, drawn, sizeof drawn) == 0);
    annc_dataset_free(data);
}

/* ---------------------------------------------------------------- parts that do not go together */

static void write_text(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

static void parts_that_lack(void)
{
    begin();
    write_bars("train-images-idx3-ubyte", 20, 10, 2, 4, false);
    annc_data_options options = options_for(folder);
    refused(&options, "has no training labels", "train-labels-idx1-ubyte");
    write_labels("elsewhere", 20, 10, 0);
    options.labels_path = in_folder("elsewhere");
    trains(&options, 20, 0, NULL);
    options.labels_path = NULL;
    write_labels("train-labels-idx1-ubyte", 20, 10, 0);
    write_bars("t10k-images-idx3-ubyte", 20, 10, 2, 4, false);
    refused(&options, "has no test labels", "t10k-labels-idx1-ubyte"); /* not asked for, but there */
    options.need_train = false;
    unlink(in_folder("train-labels-idx1-ubyte"));
    options.need_test = true;
    write_labels("t10k-labels-idx1-ubyte", 20, 10, 0);
    annc_data data;
    REQUIRE_OK(annc_data_load(&options, &data)); /* training images without labels are nobody's business here */
    annc_data_free(&data);
    options.path = in_folder("t10k-images-idx3-ubyte");
    options.need_train = true;
    refused(&options, "one file cannot be both training and test set", "'test_path'");
    end();
}

static void parts_that_differ(void)
{
    begin();
    write_text("a.csv", "p,q,y\n1,2,0\n2,3,1\n3,4,0\n");
    write_bytes("rows", "\0\0\x08\x02\0\0\0\2\0\0\0\2\1\2\3\4", 16);
    write_bytes("long-rows", "\0\0\x08\x02\0\0\0\2\0\0\0\3\1\2\3\4\5\6", 18);
    write_labels("labels", 2, 2, 0);
    annc_data_options options = options_for(in_folder("a.csv"));
    options.outputs = 0;
    options.need_test = true;
    options.test_path = in_folder("long-rows");
    options.test_labels_path = in_folder("labels");
    refused(&options, "2 inputs per example", "has 3");
    options.text.target = "y";
    options.test_path = in_folder("rows");
    refused(&options, "has targets", "has labels");
    write_text("gaps.csv", "p,q,y\n1,,0\n,3,1\n");
    options.path = in_folder("gaps.csv");
    options.text.missing = ANNC_MISSING_DROP;
    refused(&options, "has missing values in every row", "gaps.csv");
    options = (annc_data_options){.source = ANNC_SOURCE_DIGITS, .outputs = 3, .need_test = true};
    refused(&options, "the built-in digits have 10 classes", "3 outputs");
    end();
}

/* What a download may leave inside a gzip file. */
static void strangers_in_gzip(void)
{
    NEEDS_ZLIB();
    static const struct {
        const char *content, *says;
    } cases[] = {{"", "is empty inside its gzip"},
                 {"PK\3\4 and more", "is a zip archive"},
                 {" \n<html>", "is a web page"},
                 {"\xEF\xBB\xBF<!DOCTYPE html>", "is a web page"},
                 {"<htm", "which column"}};
    begin();
    const annc_data_options options = options_for(in_folder("file"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        annc_data data;
        write_text("file", cases[i].content);
        gzip_in_place("file");
        CHECK(annc_data_load(&options, &data) == ANNC_INPUT);
        CHECK_MSG(i == 4 || strstr(annc_last_error(), cases[i].says), "%zu: %s", i, annc_last_error());
    }
    end();
}

static void plain_before_gzip(void)
{
    NEEDS_ZLIB();
    static const char *const names[][2] = {{"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
                                           {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"}};
    begin();
    for (int order = 0; order < 2; order++) { /* which of them the folder lists first may go by their age */
        for (int turn = 0; turn < 2; turn++) {
            const bool packed = turn != order;
            write_bars(names[packed][0], packed ? 50 : 200, 10, 2, 4, false);
            write_labels(names[packed][1], packed ? 50 : 200, 10, 0);
            for (int i = 0; packed && i < 2; i++)
                gzip_in_place(names[packed][i]);
        }
        const annc_data_options options = options_for(folder);
        trains(&options, 200, 0, NULL);
        end();
        begin();
    }
    end();
}

/* Quotes that are doubled within quotes are one, and what is no UTF-8 is Latin-1. */
static void names_of_classes(void)
{
    static const char *const cases[][2] = {{"\"he said \"\"hi\"\"\"", "he said \"hi\""},
                                           {"gr\xfc\xdf \xa1", "gr\xC3\xBC\xC3\x9F \xC2\xA1"},
                                           {"gr\xC3\xBC", "gr\xC3\xBC"}};
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        annc_data data;
        snprintf(text, sizeof text, "1,a\n2,%s\n3,a\n4,%s\n", cases[i][0], cases[i][0]);
        write_text("t.csv", text);
        annc_data_options options = options_for(in_folder("t.csv"));
        options.outputs = 2;
        REQUIRE_OK(annc_data_load(&options, &data));
        CHECK_MSG(strcmp(annc_dataset_class_name(data.train, 1), cases[i][1]) == 0, "'%s', not '%s'",
                  annc_dataset_class_name(data.train, 1), cases[i][1]);
        annc_data_free(&data);
    }
    end();
}

/* Labels beyond all numbers are words: each is a class of its own, in the order of their bytes. */
static void labels_beyond_numbers(void)
{
    annc_data data;
    begin();
    write_text("t.csv", "x,y\n1,5\n2,1e999\n3,2e999\n4,5\n");
    annc_data_options options = options_for(in_folder("t.csv"));
    options.outputs = 3;
    options.text.label = "y";
    REQUIRE_OK(annc_data_load(&options, &data));
    for (uint32_t c = 0; c < 3; c++)
        CHECK(strcmp(annc_dataset_class_name(data.train, c), (const char *[]){"1e999", "2e999", "5"}[c]) == 0);
    annc_data_free(&data);
    end();
}

/* A label of another file that is none of the classes, but nearly one, is told so; one of dots alone is near to none. */
static void labels_that_are_near(void)
{
    static const char *const cases[][2] = {{"Cat", "did you mean 'cat'"},
                                           {" cat .", "did you mean 'cat'"},
                                           {"dog.", "did you mean 'Dog'"},
                                           {"...", NULL},
                                           {"cats", NULL},
                                           {"cow", NULL}};
    begin();
    write_text("t.csv", "x,y\n1,cat\n2,Dog\n3,cat\n4,Dog\n");
    char train[256], test[256]; /* in_folder's own are soon others' */
    snprintf(train, sizeof train, "%s", in_folder("t.csv"));
    snprintf(test, sizeof test, "%s", in_folder("test.csv"));
    annc_data_options options = options_for(train);
    options.outputs = 2;
    options.test_path = test;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        snprintf(text, sizeof text, "x,y\n1,cat\n2,\"%s\"\n", cases[i][0]);
        write_text("test.csv", text);
        refused(&options, "test.csv: line 3 has the label '", "which is not a class of the training data");
        CHECK_MSG(cases[i][1] ? strstr(annc_last_error(), cases[i][1]) != NULL
                              : !strstr(annc_last_error(), "did you mean"),
                  "'%s': %s", cases[i][0], annc_last_error());
    }
    end();
}

/* Commas before three digits may be thousands marks; where one has more than three digits before it, it is none. */
static void commas_before_three_digits(void)
{
    static const struct {
        const char *second;
        float value; /* 0: it may be either */
    } cases[] = {{"123,456", 0}, {"-123,456", 0}, {"12345,678", 12345.678F}, {"1,5", 1.5F}};
    begin();
    annc_data_options options = options_for(in_folder("t.csv"));
    options.outputs = 2;
    options.scale = ANNC_SCALE_NONE;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        annc_data data;
        snprintf(text, sizeof text, "1,234;a\n%s;b\n", cases[i].second);
        write_text("t.csv", text);
        if (cases[i].value == 0) {
            refused(&options, "all commas in numbers stand before three digits", "'thousands' ,");
            continue;
        }
        REQUIRE_OK(annc_data_load(&options, &data));
        CHECK(((const float *)annc_dataset_examples(data.train)->x)[1] == cases[i].value);
        CHECK(strstr(data.notes, "numbers have a decimal comma"));
        annc_data_free(&data);
    }
    end();
}

/* Headers by what is below them: words above numbers, truths or gaps, or numbers that count. */
static void headers(void)
{
    static const struct {
        const char *text;
        bool has;
    } cases[] = {{"a,b\n1,x\n2,y\n", true},
                 {"1,b\n1,x\n2,y\n", false},
                 {"true,z\n1,x\n2,y\n", false},
                 {"?,z\n1,x\n2,y\n", false},
                 {"\"1,500\",z\n1,x\n2,y\n", false},
                 {",0,1,2\n5,1,2,x\n6,2,3,y\n", false},
                 {",0,1,2,3\n5,1,2,3,x\n6,2,3,4,y\n", true},
                 {",0,1,2,3,k\n5,1,2,3,4,x\n6,2,3,4,5,y\n", true},
                 {",1,2,3,5,k\n5,1,2,3,4,x\n6,2,3,4,5,y\n", false},
                 {"1,2,3,4,k\n1,2,3,4,x\n2,3,4,5,y\n", true},
                 {"2,3,4,5,k\n1,2,3,4,x\n2,3,4,5,y\n", false}};
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        annc_data data;
        char label[2] = "1";
        const char *line_end = strchr(cases[i].text, '\n');
        for (const char *at = strrchr(cases[i].text, '"') ? strrchr(cases[i].text, '"') : cases[i].text; at < line_end;
             at++)
            label[0] = (char)(label[0] + (*at == ','));
        write_text("t.csv", cases[i].text);
        annc_data_options options = options_for(in_folder("t.csv"));
        options.outputs = 0;
        options.text.label = label;
        options.text.missing = ANNC_MISSING_MEAN;
        options.text.thousands = ',';
        const annc_status status = annc_data_load(&options, &data);
        CHECK_MSG(status == ANNC_OK && strstr(data.notes, cases[i].has ? ", with a header" : ", without a header"),
                  "number %zu: %s", i, status == ANNC_OK ? data.notes : annc_last_error());
        if (status == ANNC_OK)
            annc_data_free(&data);
    }
    end();
}

/* In gzip nothing tells how many elements there are before they are read. */
static void gzip_of_another_length(void)
{
    NEEDS_ZLIB();
    static const char file[] = "\0\0\x08\x03\0\0\0\1\0\0\0\2\0\0\0\2\1\2\3\4";
    static const char shorts[] = "\0\0\x0b\x03\0\0\0\1\0\0\0\1\0\0\0\2\0\1\0\2";
    begin();
    const annc_data_options options = options_for(in_folder("t-train-images-idx3-ubyte"));
    write_labels("t-train-labels-idx1-ubyte", 1, 1, 0);
    for (int i = 0; i < 4; i++) {
        write_bytes("t-train-images-idx3-ubyte", i % 2 ? shorts : file, 20 + (i < 2 ? 1 : -1));
        gzip_in_place("t-train-images-idx3-ubyte");
        refused(&options, i < 2 ? "is too long" : "is cut short", "download it again");
    }
    end();
}

/* ---------------------------------------------------------------- arrays in files */

struct member {
    const char *name;
    size_t rows, columns;
    const float *values;
};

static void write_npz(const char *name, const struct member *members, size_t count)
{
    struct annc_safe_file file;
    struct annc_zip_writer writer;
    REQUIRE_OK(annc_safe_open(in_folder(name), &file));
    annc_zip_write_begin(&file, &writer);
    for (size_t i = 0; i < count; i++)
        REQUIRE_OK(
            annc_zip_write_floats(&writer, members[i].name, members[i].rows, members[i].columns, members[i].values));
    REQUIRE_OK(annc_zip_write_end(&writer, true));
    REQUIRE_OK(annc_safe_commit(&file));
}

static void archives(void)
{
    static const float x[] = {1, 2, 3, 4, 5, 7, 7, 8}, y[] = {0, 1, 0, 1}, gaps[] = {NAN, 2, 3, NAN, NAN, 6, 7, NAN},
                       not_finite[] = {0, INFINITY, 0, 1};
    const struct member labelled[] = {{"x", 4, 2, x}, {"y", 4, 0, y}}, alone = {"x", 4, 2, x}, others = {"y", 4, 0, y},
                        missing[] = {{"x", 4, 2, gaps}, {"y", 4, 0, y}},
                        wrong[] = {{"x", 4, 2, x}, {"y", 4, 0, not_finite}},
                        short_labels[] = {{"x", 4, 2, x}, {"y", 3, 0, y}};
    annc_data data;
    begin();
    write_npz("x.npz", &alone, 1);
    write_npz("y.npz", &others, 1);
    write_npz("both.npz", labelled, 2);
    annc_data_options options = options_for(in_folder("x.npz"));
    options.outputs = 2;
    options.labels_path = in_folder("y.npz");
    REQUIRE_OK(annc_data_load(&options, &data));
    CHECK(annc_dataset_examples(data.train)->labels[1] == 1 && annc_dataset_examples(data.train)->inputs == 2);
    annc_data_free(&data);
    options.labels_path = in_folder("both.npz");
    refused(&options, "has several arrays, but a labels file must have one", "x (4x2)");
    options.labels_path = NULL;
    options.path = in_folder("other.npz");
    write_npz("other.npz", wrong, 2);
    refused(&options, "row 2 is not finite", "y");
    write_npz("other.npz", short_labels, 2);
    refused(&options, "has shape 3", "has 4 examples");
    write_npz("other.npz", missing, 2);
    refused(&options, "row 1, column 1: the value is missing (4 in all)", "'missing'");
    options.text.missing = ANNC_MISSING_DROP;
    refused(&options, "has missing values in every row", "other.npz");
    /* A single number, as NumPy saves it, is no table. */
    write_bytes("number.npy",
                "\x93NUMPY\1\0\x3a\0{'descr': '<f4', 'fortran_order': False, 'shape': (), }  \n\0\0\x80\x3f", 72);
    options.path = in_folder("number.npy");
    options.labels_path = in_folder("y.npz");
    refused(&options, "number.npy", "");
    options.path = in_folder("x.npz");
    options.labels_path = in_folder("number.npy");
    refused(&options, "a single number", "4 examples");
    end();
}

static void shapes_of_arrays(void)
{
    static const struct {
        const char *shape, *says;
    } cases[] = {{"(2, 1)", NULL},
                 {"(2L, 1L)", NULL},
                 {"(-2, 1)", "has an invalid shape in its header"},
                 {"(two, 1)", "has an invalid shape in its header"},
                 {"(1, 1, 1, 1, 1, 1, 1, 1, 2)", "has an invalid shape in its header"},
                 {"2", "has a header without a shape"},
                 {"(99999999999999999999, 9)", "is cut short"},
                 {"(0, 1)", "is empty"}};
    static const float y[] = {0, 1};
    const struct member labels = {"y", 2, 0, y};
    begin();
    write_npz("y.npz", &labels, 1);
    annc_data_options options = options_for(in_folder("x.npy"));
    options.outputs = 2;
    options.labels_path = in_folder("y.npz");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char file[256] = "\x93NUMPY\1\0";
        annc_data data;
        const int length =
            snprintf(file + 10, 200, "{'descr': '|u1', 'fortran_order': False, 'shape': %s, }\n", cases[i].shape);
        file[8] = (char)length;
        file[9] = '\0';
        file[10 + length] = 7;
        file[11 + length] = 9;
        write_bytes("x.npy", file, 12 + (size_t)length);
        if (cases[i].says) {
            refused(&options, cases[i].says, "x.npy");
            continue;
        }
        REQUIRE_OK(annc_data_load(&options, &data));
        CHECK(annc_dataset_examples(data.train)->count == 2 && annc_dataset_examples(data.train)->inputs == 1);
        annc_data_free(&data);
    }
    end();
}

/* An archive's own test part is not wanted where the arrays are named, or another file is the test set. */
static void test_part_of_an_archive(void)
{
    static const float x[] = {1, 2, 3, 4}, y[] = {0, 1, 0, 1};
    const struct member members[] = {
        {"x_train", 4, 1, x}, {"y_train", 4, 0, y}, {"x_test", 2, 1, x}, {"y_test", 2, 0, y}};
    const struct member plain[] = {{"x", 4, 1, x}, {"y", 4, 0, y}};
    annc_data data;
    char test[256];
    begin();
    write_npz("all.npz", members, 4);
    write_npz("plain.npz", plain, 2);
    snprintf(test, sizeof test, "%s", in_folder("plain.npz"));
    annc_data_options options = options_for(in_folder("all.npz"));
    options.outputs = 2;
    static const uint32_t wanted[] = {2, 0, 4};
    for (int turn = 0; turn < 3; turn++) {
        options.x_name = turn == 1 ? "x_train" : NULL;
        options.y_name = turn == 1 ? "y_train" : NULL;
        options.test_path = turn == 2 ? test : NULL;
        REQUIRE_OK(annc_data_load(&options, &data));
        const uint32_t count = data.test ? annc_dataset_examples(data.test)->count : 0;
        CHECK_MSG(count == wanted[turn], "turn %d: %u", turn, count);
        annc_data_free(&data);
    }
    end();
}

/* A float and its remainder are the double that was read, whatever its size and its last digits; a
 * row that takes another's place takes its remainders with it. */
static void tables_keep_doubles(void)
{
    static const double special[] = {
        0x1p24 + 1,  0x1.fffffffffffffp+30, -0x1.fffffep+5, 0x1.0000010000001p-3,  0x1.0000008p0,
        -1e9 - 1e-6, 0x1.ffffffp0,          0x1p-126,       0x1.123456789abcdp-126};
    enum { SPECIAL = sizeof special / sizeof *special, COUNT = 4000 };
    float x[2 * 2];
    struct annc_table table = {.rows = 2, .inputs = 2, .type = ANNC_FLOATS, .x = x, .borrowed = true};
    for (uint32_t i = 0; i < COUNT; i++) {
        const double number = i < SPECIAL ? special[i] : ldexp(sin(i), (int)(i % 220) - 100);
        REQUIRE_OK(annc_table_set_value(&table, 2, 0, 1, number));
        CHECK_MSG(annc_table_value(&table, 0, 1) == number, "%a became %a", number, annc_table_value(&table, 0, 1));
        REQUIRE_OK(annc_table_set_value(&table, 2, 1, 1, (double)(float)number));
        CHECK(annc_table_value(&table, 1, 1) == (double)(float)number);
        annc_remainders_move(&table.remainders, 0, 1);
        x[1 + 2] = x[1];
        CHECK(annc_table_value(&table, 1, 1) == number);
    }
    REQUIRE_OK(annc_table_set_value(&table, 2, 1, 1, NAN));
    CHECK(isnan(annc_table_value(&table, 1, 1)));
    CHECK(!table.remainders.column[0]); /* only where it is needed */
    REQUIRE_OK(annc_table_set_value(&table, 2, 0, 0, 0.3 * 0x1p-140));
    CHECK(!table.remainders.column[0] && annc_table_value(&table, 0, 0) == (double)(float)(0.3 * 0x1p-140));
    annc_table_free(&table);
}

/* Targets in the units of the file, scaled or not, one of them constant. */
static void targets_unscaled(void)
{
    begin();
    write_text("t.csv", "x,p,q\n1,10,7\n2,20,7\n3,60,7\n");
    annc_data_options options = options_for(in_folder("t.csv"));
    options.outputs = 2;
    options.text.target = "p,q";
    for (int scaled = 0; scaled < 2; scaled++) {
        annc_data data;
        options.target_scale = scaled ? ANNC_SCALE_STANDARDISE : ANNC_SCALE_NONE;
        REQUIRE_OK(annc_data_load(&options, &data));
        float targets[6];
        memcpy(targets, annc_dataset_examples(data.train)->targets, sizeof targets);
        CHECK(scaled ? fabsf(targets[0]) < 2 && targets[1] == 0 : targets[0] == 10 && targets[1] == 7);
        annc_dataset_unscale(data.train, 3, targets);
        for (size_t i = 0; i < 6; i++)
            CHECK_NEAR(targets[i], ((double[]){10, 7, 20, 7, 60, 7})[i], 1e-4);
        CHECK(annc_dataset_target(data.train, 2, 1) == 7);
        CHECK(strcmp(annc_dataset_target_name(data.train, 1), "q") == 0 && !annc_dataset_target_name(data.train, 2));
        annc_data_free(&data);
    }
    end();
}

/* A model that knows no classes learns them from what it is tried on, if they can be its outputs; and pictures have no labels to try it on. */
static void models_without_notes(void)
{
    const annc_shape shape = problem_shape("1-2", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    annc_network *network = NULL;
    annc_data data;
    begin();
    write_text("t.csv", "x,y\n1,a\n2,b\n3,c\n");
    REQUIRE_OK(annc_network_create(&shape, &network));
    annc_data_options options = options_for(in_folder("t.csv"));
    options.need_train = false;
    options.need_test = true;
    options.outputs = 2;
    options.model = network;
    refused(&options, "3 different labels from a to c", "2 outputs");
    write_text("t.csv", "x,y\n1,a\n2,b\n3,a\n");
    REQUIRE_OK(annc_data_load(&options, &data));
    CHECK(strcmp(annc_dataset_class_name(data.test, 1), "b") == 0);
    annc_data_free(&data);
    if (ANNC_PNG_FOUND) {
        static const uint8_t pixels[3 * 64] = {255};
        const annc_gallery gallery = {.count = 1, .rows = 8, .columns = 8, .pixels = pixels, .title = "one"};
        REQUIRE_OK(annc_gallery_draw(&gallery, in_folder("one.png")));
        options.path = in_folder("one.png");
        refused(&options, "is a picture, which has no labels", "one.png");
        options.model = NULL;
        refused(&options, "is a picture, which has no labels", "one.png");
    }
    annc_network_free(network);
    end();
}

/* Both orders of UTF-16 are told by their mark, and nothing else is taken for it. */
static void utf_16(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        bool is;
    } cases[] = {{"\xFF\xFE"
                  "1\0,\0"
                  "2\0",
                  8, true},
                 {"\xFE\xFF\0"
                  "1\0,\0"
                  "2",
                  8, true},
                 {"\xFF"
                  "1,2\n",
                  5, false},
                 {"\xFE"
                  "1,2\n",
                  5, false},
                 {"\xFF", 1, false},
                 {"7", 1, false}};
    begin();
    const annc_data_options options = options_for(in_folder("t.csv"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        annc_data data;
        write_bytes("t.csv", cases[i].bytes, cases[i].size);
        CHECK(annc_data_load(&options, &data) == ANNC_INPUT);
        CHECK_MSG(!strstr(annc_last_error(), "UTF-16") == !cases[i].is, "number %zu: %s", i, annc_last_error());
    }
    end();
}

static void columns_that_are_none(void)
{
    static const char *const none[] = {"0", "1.5", "4", "-1", "x"};
    annc_data data;
    begin();
    write_text("t.csv", "a,b,c\n1,2,3\n4,5,6\n");
    annc_data_options options = options_for(in_folder("t.csv"));
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        options.text.target = none[i];
        refused(&options, "has no column", "3 columns: a, b, c");
    }
    options.text.target = "b,2";
    CHECK(annc_data_load(&options, &data) == ANNC_USAGE && strstr(annc_last_error(), "names column 2 twice"));
    end();
}

/* What is hidden, or not yet whole, is nobody's data. */
static void unfinished_files(void)
{
    static const char *const names[] = {".train-images-idx3-ubyte", "a-train-images-idx3-ubyte.tmp",
                                        "b-train-images-idx3-ubyte.part", "c-images-idx3-ubyte"};
    begin();
    write_standard_set(20, 20);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        write_text(names[i], "x");
    const annc_data_options options = options_for(folder);
    trains(&options, 20, 20, NULL);
    end();
}

/* ---------------------------------------------------------------- what a model says of its data */

static void metadata_that_make_no_sense(void)
{
    static const char *const cases[][2] = {{"annc.images", "[1,2,3]"},
                                           {"annc.images", "[28,28,1,0,0,4294967296]"},
                                           {"annc.images", "[28,28,1,\"x\",0,0]"},
                                           {"annc.images", "[28,28,255,9,0,0]"},
                                           {"annc.images", "[27,28,255,0,0,0]"},
                                           {"annc.images", "[28,28,7,0,0,0]"},
                                           {"annc.images", "[0,0,0,0,0,1]"},
                                           {"annc.images", "[14,56,255,0,0,1]"},
                                           {"annc.images", "[28,28,255,0,0"},
                                           {"annc.inputs", "[7"},
                                           {"annc.inputs", "[\"one\"]"},
                                           {"annc.targets", "{}"},
                                           {"annc.table", "[]"},
                                           {"annc.input_shift", "[\"z\"]"},
                                           {"annc.input_factor", "[\"0x1p0\"]"},
                                           {"annc.target_factor", "[\"0x1p0\"]"}};
    const annc_shape shape = problem_shape("784-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    annc_data_options options = {.source = ANNC_SOURCE_PATH, .path = folder, .outputs = 3, .need_test = true};
    annc_network *network = NULL;
    annc_data data;
    begin();
    write_bars("t10k-images-idx3-ubyte", 20, 3, 2, 4, false);
    write_labels("t10k-labels-idx1-ubyte", 20, 3, 0);
    write_text("t10k-images.txt", "of another kind");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        REQUIRE_OK(annc_network_create(&shape, &network));
        REQUIRE_OK(annc_network_set_metadata(network, cases[i][0], cases[i][1]));
        options.model = network;
        refused(&options, cases[i][0], "is malformed");
        annc_network_free(network);
    }
    REQUIRE_OK(annc_network_create(&shape, &network));
    options.model = network;
    for (int key = 0; key < 3; key++)
        REQUIRE_OK(annc_network_set_metadata(
            network, (const char *[]){"annc.input_shift", "annc.input_factor", "annc.input_fill"}[key], "[\"0x1p0\"]"));
    refused(&options, "annc.input_shift", "is malformed");
    for (int key = 0; key < 3; key++)
        REQUIRE_OK(annc_network_set_metadata(
            network, (const char *[]){"annc.input_shift", "annc.input_factor", "annc.input_fill"}[key], NULL));
    REQUIRE_OK(annc_network_set_metadata(network, "annc.transpose", "false"));
    refused(&options, "annc.transpose", "is malformed");
    REQUIRE_OK(annc_network_set_metadata(network, "annc.transpose", "true"));
    REQUIRE_OK(annc_data_load(&options, &data));
    annc_data_free(&data);
    write_bytes("t10k-labels-idx1-ubyte", "\0\0\x08\x02\0\0\0\x0a\0\0\0\2................................", 12 + 20);
    refused(&options, "has 20 elements for 10 examples", "a labels file has one number per example");
    annc_network_free(network);
    end();
}

/* A model that knows no means cannot fill gaps. */
static void gaps_without_means(void)
{
    static const float x[] = {1, NAN, 3, 4}, y[] = {0, 1};
    const struct member members[] = {{"x", 2, 2, x}, {"y", 2, 0, y}};
    const annc_shape shape = problem_shape("2-2", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    annc_network *network = NULL;
    begin();
    write_npz("x.npz", members, 2);
    REQUIRE_OK(annc_network_create(&shape, &network));
    annc_data_options options = {
        .source = ANNC_SOURCE_PATH, .path = in_folder("x.npz"), .outputs = 2, .need_test = true, .model = network};
    options.text.missing = ANNC_MISSING_MEAN;
    refused(&options, "a value is missing in row 1", "'missing' drop");
    annc_network_free(network);
    end();
}

/* ---------------------------------------------------------------- pictures that are drawn */

/* Names in an SVG cannot end its tags, and are text whatever they are; what is no picture is refused. */
static void galleries(void)
{
    static const uint8_t pixels[3 * 600] = {255};
    const char *const captions[] = {"<&>\xff\x01\xC3\xA4"};
    annc_gallery gallery = {
        .count = 1, .rows = 2, .columns = 2, .pixels = pixels, .title = "a<b", .captions = captions};
    char svg[2048] = "";
    begin();
    REQUIRE_OK(annc_gallery_draw(&gallery, in_folder("one.SVG")));
    FILE *file = fopen(in_folder("one.SVG"), "r");
    CHECK(file && fread(svg, 1, sizeof svg - 1, file) > 0 && fclose(file) == 0);
    CHECK_MSG(strstr(svg, ">&lt;&amp;&gt;\xEF\xBF\xBD\xEF\xBF\xBD\xC3\xA4</text>") &&
                  strstr(svg, "<title>a&lt;b</title>"),
              "%s", svg);
    for (uint32_t tall = 0; ANNC_PNG_FOUND && tall < 2; tall++) { /* too long to be enlarged */
        gallery.rows = tall ? 600 : 1;
        gallery.columns = tall ? 1 : 600;
        REQUIRE_OK(annc_gallery_draw(&gallery, in_folder("long.png")));
    }
    for (uint32_t i = 0; ANNC_PNG_FOUND && i < 3; i++) { /* in a PNG as wide as they are, up to 40 letters */
        static const char *const texts[] = {"", "\xC3\xA4 ab", "more than forty letters, of which it has forty"};
        static const uint8_t widths[] = {6, 4 * 6, 40 * 6};
        uint8_t bytes[24] = {0};
        gallery =
            (annc_gallery){.count = 1, .rows = 600, .columns = 1, .pixels = pixels, .captions = texts + i, .title = ""};
        REQUIRE_OK(annc_gallery_draw(&gallery, in_folder("text.png")));
        file = fopen(in_folder("text.png"), "r");
        CHECK(file && fread(bytes, 1, sizeof bytes, file) == sizeof bytes && fclose(file) == 0);
        CHECK(bytes[19] == widths[i] + 4);                         /* gaps of 2 */
        CHECK(bytes[22] == 613 >> 8 && bytes[23] == (613 & 0xFF)); /* 600, gaps of 2, letters of 7 below a gap of 2 */
    }
    CHECK(annc_gallery_draw(&gallery, "p") == ANNC_USAGE && strstr(annc_last_error(), ".png or .svg"));
    gallery.rows = gallery.columns = 1 << 15;
    CHECK(annc_gallery_draw(&gallery, in_folder("large.png")) == ANNC_USAGE &&
          strstr(annc_last_error(), "do not make a picture"));
    gallery.count = 0;
    CHECK(annc_gallery_draw(&gallery, in_folder("none.png")) == ANNC_USAGE &&
          strstr(annc_last_error(), "do not make a picture"));
    end();
}

/* Where MNIST is looked for: beside the work, then in the cache, which may be named in two ways. */
static void places_of_mnist(void)
{
    char before[512], found[512], command[700], cache[128];
    begin();
    CHECK(getcwd(before, sizeof before) && chdir(folder) == 0);
    unsetenv("ANNC_DATA");
    setenv("XDG_CACHE_HOME", "not/absolute", 1);
    unsetenv("HOME");
    CHECK(annc_mnist_find(found, sizeof found) == ANNC_INPUT);
    setenv("HOME", "", 1);
    CHECK(annc_mnist_find(found, sizeof found) == ANNC_INPUT);
    setenv("HOME", folder, 1);
    CHECK(annc_mnist_find(found, sizeof found) == ANNC_INPUT);
    write_standard_set(20, 20);
    snprintf(cache, sizeof cache, "%s/.cache/annc/mnist", folder);
    snprintf(command, sizeof command, "mkdir -p %s && mv *-ubyte %s", cache, cache);
    CHECK(system(command) == 0);
    CHECK(annc_mnist_find(found, sizeof found) == ANNC_OK && strcmp(found, cache) == 0);
    CHECK(annc_mnist_find(found, 12) == ANNC_INPUT); /* no room for the name */
    setenv("XDG_CACHE_HOME", in_folder(".cache"), 1);
    CHECK(annc_mnist_find(found, sizeof found) == ANNC_OK && strcmp(found, cache) == 0);
    CHECK(system("mkdir data && cp -r .cache/annc/mnist data/mnist") == 0);
    CHECK(annc_mnist_find(found, sizeof found) == ANNC_OK && strcmp(found, "data/mnist") == 0);
    setenv("XDG_CACHE_HOME", "", 1);
    CHECK(annc_mnist_find(found, 5) == ANNC_INPUT); /* no room for any name */
    setenv("ANNC_DATA", "data/mnist/train-images-idx3-ubyte", 1);
    CHECK(annc_mnist_find(found, sizeof found) == ANNC_INPUT); /* no folder */
    setenv("ANNC_DATA", "", 1);                                /* as good as not set */
    CHECK(annc_mnist_find(found, sizeof found) == ANNC_OK);
    unsetenv("ANNC_DATA");
    unsetenv("XDG_CACHE_HOME");
    CHECK(chdir(before) == 0);
    end();
}

TEST_MAIN(TEST(standard_files), TEST(error_pages), TEST(mixed_spellings), TEST(gzip_layers), TEST(letters),
          TEST(lying_images), TEST(several_sets), TEST(malformed_headers), TEST(false_claims), TEST(not_files),
          TEST(element_types), TEST(labels_of_both_sets), TEST(classes_of_a_model), TEST(mnist_by_name), TEST(arrays),
          TEST(images_of_floats), TEST(parts_that_lack), TEST(parts_that_differ), TEST(strangers_in_gzip),
          TEST(gzip_of_another_length), TEST(plain_before_gzip), TEST(names_of_classes), TEST(archives),
          TEST(places_of_mnist), TEST(utf_16), TEST(columns_that_are_none), TEST(unfinished_files), TEST(galleries),
          TEST(metadata_that_make_no_sense), TEST(labels_beyond_numbers), TEST(labels_that_are_near),
          TEST(commas_before_three_digits), TEST(headers), TEST(shapes_of_arrays), TEST(test_part_of_an_archive),
          TEST(targets_unscaled), TEST(tables_keep_doubles), TEST(models_without_notes), TEST(gaps_without_means))
