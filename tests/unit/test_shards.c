/* Shards: the order that takes rows from each of them, and data of which only one is kept. */
#include "base/order.h"
#include "dataset/prepare/dataset.h"
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---------------------------------------------------------------- the order */

/* The rows of one step as a process with all examples finds them, and as the ranks do that have one
 * shard each: every shard gives its part, and the ranks find the same rows. */
static void check_step(const struct annc_cursor *all, uint32_t step, uint32_t m, bool *seen)
{
    const uint32_t n = all->order.n, shards = all->order.shards;
    uint32_t r = 0;
    for (uint32_t s = 0; s < shards; s++) {
        const struct annc_share rows = annc_share_of(m, shards, s), held = annc_share_of(n, shards, s);
        struct annc_cursor own = *all;
        own.row = rows.first;
        own.held = held.first;
        CHECK(rows.first == r);
        for (uint32_t i = 0; i < rows.count; i++, r++) {
            const uint32_t example = annc_cursor_held(all, step, r);
            CHECK_MSG(example >= held.first && example < held.first + held.count, "example %u of shard %u", example, s);
            CHECK(example < n && !seen[example]);
            CHECK(annc_cursor_held(&own, step, i) == example - held.first);
            if (example < n)
                seen[example] = true;
        }
    }
    CHECK(r == m);
}

static void check_epoch(uint32_t n, uint32_t shards, uint32_t batch)
{
    struct annc_cursor cursor = {.order = annc_order_shuffled(n, 7, 2), .batch = batch};
    bool *seen = calloc(n, sizeof *seen);
    cursor.order.shards = shards;
    for (uint32_t step = 0; step * batch < n; step++)
        check_step(&cursor, step, n - step * batch < batch ? n - step * batch : batch, seen);
    for (uint32_t i = 0; i < n; i++)
        CHECK_MSG(seen[i], "%u of %u in %u shards", i, n, shards);
    free(seen);
}

static void orders(void)
{
    for (uint32_t n = 5; n < 60; n++)
        for (uint32_t shards = 1; shards <= 5; shards++) {
            check_epoch(n, shards, shards);
            check_epoch(n, shards, 3 * shards);
            check_epoch(n, shards, n); /* one minibatch, which need not be a multiple */
        }
    check_epoch(100003, 4, 512);
}

/* Shards have different orders: otherwise the same rows of all would always come together. */
static void orders_differ(void)
{
    struct annc_order order = annc_order_shuffled(4000, 7, 2);
    uint32_t equal = 0;
    order.shards = 2;
    const struct annc_order one = annc_order_of_shard(&order, 0), other = annc_order_of_shard(&order, 1);
    for (uint32_t i = 0; i < 2000; i++)
        equal += annc_order_at(&one, i) == annc_order_at(&other, i);
    CHECK_MSG(equal < 20, "%u of 2000", equal);
}

/* ---------------------------------------------------------------- loading */

enum { ROWS = 1001, INPUTS = 5 };

/* Writes an NPY file. */
static void write_array(const char *name, const char *type, bool fortran_order, const char *shape, const void *elements,
                        size_t bytes)
{
    char header[118] = "";
    FILE *file = fopen(name, "wb");
    const int length = snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", type,
                                fortran_order ? "True" : "False", shape);
    memset(header + length, ' ', sizeof header - (size_t)length);
    header[sizeof header - 1] = '\n';
    CHECK(file && fwrite("\x93NUMPY\1\0\x76\0", 1, 10, file) == 10);
    CHECK(fwrite(header, 1, sizeof header, file) == sizeof header && fwrite(elements, 1, bytes, file) == bytes);
    fclose(file);
}

static void write_files(void)
{
    static float floats[ROWS][INPUTS];
    static double doubles[ROWS][INPUTS];
    static uint8_t bytes[ROWS][INPUTS], labels[ROWS];
    static float answers[ROWS][2];
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < INPUTS; j++) {
            bytes[i][j] = (uint8_t)((i * 37 + j * 101) % 251);
            floats[i][j] = (float)bytes[i][j] / 3 - (float)i;
            doubles[i][j] = (double)floats[i][j] + 1e-9 * i;
        }
        labels[i] = (uint8_t)(3 * i / ROWS); /* the first shard has no rows of the last class */
        answers[i][i % 2] = 1;
        answers[i][1] = i == ROWS - 1 ? 0.5F : answers[i][1]; /* one row is not one-hot */
    }
    write_array("floats.npy", "<f4", false, "(1001, 5)", floats, sizeof floats);
    write_array("turned.npy", "<f4", true, "(1001, 5)", floats, sizeof floats);
    write_array("doubles.npy", "<f8", false, "(1001, 5)", doubles, sizeof doubles);
    write_array("bytes.npy", "|u1", false, "(1001, 5)", bytes, sizeof bytes);
    write_array("labels.npy", "|u1", false, "(1001,)", labels, sizeof labels);
    write_array("answers.npy", "<f4", false, "(1001, 2)", answers, sizeof answers);
    floats[900][2] = INFINITY;
    write_array("infinite.npy", "<f4", false, "(1001, 5)", floats, sizeof floats);
}

/* Checks that the shards of a file are the parts of its data set, scaled alike and with the classes
 * of all. */
static void check_shards(annc_data_options options)
{
    annc_data whole, part;
    uint32_t first = 0;
    options.source = ANNC_SOURCE_PATH;
    options.need_train = true;
    options.shards = 0;
    REQUIRE_OK(annc_data_load(&options, &whole));
    const annc_examples *all = annc_dataset_examples(whole.train);
    const size_t row = all->inputs * (all->type == ANNC_BYTES ? 1 : sizeof(float));
    options.shards = 3;
    for (options.shard = 0; options.shard < options.shards; options.shard++) {
        REQUIRE_OK(annc_data_load(&options, &part));
        const annc_examples *own = annc_dataset_examples(part.train);
        uint32_t counts[8] = {0}, of_all[8] = {0};
        CHECK(part.train->first == first && annc_dataset_total(part.train) == all->count);
        CHECK(own->type == all->type && own->outputs == all->outputs);
        CHECK_MSG(memcmp(own->x, (const char *)all->x + first * row, own->count * row) == 0, "%s", options.path);
        if (own->labels)
            CHECK(memcmp(own->labels, all->labels + first, own->count * sizeof *own->labels) == 0);
        else
            CHECK(memcmp(own->targets, all->targets + first * all->outputs,
                         own->count * all->outputs * sizeof(float)) == 0);
        CHECK(annc_dataset_class_count(part.train) == annc_dataset_class_count(whole.train));
        annc_dataset_count_classes(part.train, counts);
        annc_dataset_count_classes(whole.train, of_all);
        CHECK(memcmp(counts, of_all, sizeof counts) == 0);
        CHECK(part.train->are_answers == whole.train->are_answers);
        CHECK(annc_dataset_row(part.train, 0) == annc_dataset_row(whole.train, first));
        CHECK(annc_dataset_part_fingerprint(whole.train, first, own->count) == annc_dataset_fingerprint(part.train));
        first += own->count;
        annc_data_free(&part);
    }
    CHECK(first == all->count);
    annc_data_free(&whole);
}

static void loading(void)
{
    static const char *const files[] = {"floats.npy", "turned.npy", "doubles.npy", "bytes.npy"};
    static const annc_scale scales[] = {ANNC_SCALE_AUTO, ANNC_SCALE_STANDARDISE, ANNC_SCALE_NONE};
    for (size_t f = 0; f < sizeof files / sizeof *files; f++)
        for (size_t s = 0; s < sizeof scales / sizeof *scales; s++)
            check_shards((annc_data_options){.path = files[f], .labels_path = "labels.npy", .scale = scales[s]});
    check_shards((annc_data_options){
        .path = "floats.npy", .labels_path = "labels.npy", .validation = 0.25, .text.missing = ANNC_MISSING_DROP});
    check_shards((annc_data_options){.path = "floats.npy", .labels_path = "answers.npy", .text.target = "2"});
    check_shards((annc_data_options){.path = "bytes.npy", .labels_path = "floats.npy", .text.target = "5"});
}

/* A shard's scaling is that of every row of a long file, not of some of them. */
static void long_file(void)
{
    enum { MANY = 20000 };
    static float floats[MANY][1];
    static uint8_t labels[MANY];
    for (int i = 0; i < MANY; i++) {
        floats[i][0] = (float)(i % 10);
        labels[i] = (uint8_t)(i % 2);
    }
    floats[MANY - 1][0] = 1e6F;
    write_array("long.npy", "<f4", false, "(20000, 1)", floats, sizeof floats);
    write_array("long-labels.npy", "|u1", false, "(20000,)", labels, sizeof labels);
    check_shards(
        (annc_data_options){.path = "long.npy", .labels_path = "long-labels.npy", .scale = ANNC_SCALE_STANDARDISE});
}

static void refusals(void)
{
    annc_data data;
    annc_data_options options = {.source = ANNC_SOURCE_PATH,
                                 .path = "infinite.npy",
                                 .labels_path = "labels.npy",
                                 .need_train = true,
                                 .shards = 3};
    CHECK(annc_data_load(&options, &data) == ANNC_INPUT);
    CHECK_MSG(strstr(annc_last_error(), "row 901, input 3 is inf"), "%s", annc_last_error());
    options.path = "floats.npy";
    options.weights_path = "labels.npy"; /* weights 0, 1 and 2 */
    CHECK(annc_data_load(&options, &data) == ANNC_USAGE);
    CHECK_MSG(strstr(annc_last_error(), "has weights of rows"), "%s", annc_last_error());
    options.weights_path = NULL;
    options.shards = ROWS + 1;
    CHECK(annc_data_load(&options, &data) == ANNC_INPUT);
    CHECK_MSG(strstr(annc_last_error(), "has 1001 rows for training, fewer than 'shards', 1002"), "%s",
              annc_last_error());
    options.shards = options.shard = 2;
    CHECK(annc_data_load(&options, &data) == ANNC_USAGE);
    options.shard = 1;
    options.folds = 2;
    CHECK(annc_data_load(&options, &data) == ANNC_USAGE);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(orders), TEST(orders_differ), TEST(loading), TEST(long_file),
                                        TEST(refusals)};
    char folder[] = "/tmp/annc-test-shards-XXXXXX", command[128];
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return 1;
    write_files();
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) == 0 ? result : 1;
}
