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

/* Makes a network of one layer that has the columns, classes and scaling of data. */
static annc_network *describe(const annc_data *data)
{
    annc_network *network = NULL;
    const annc_examples *examples = annc_dataset_examples(data->train);
    const annc_shape shape = {
        .layers = 1, .width = {examples->inputs, examples->outputs}, .activation = {ANNC_IDENTITY}};
    CHECK(annc_network_create(&shape, &network) == ANNC_OK && annc_data_describe(data, network) == ANNC_OK);
    return network;
}

/* Checks that what comes with a shard is what comes with all rows. */
static void check_beside(const annc_data *whole, const annc_data *part)
{
    annc_network *network = describe(whole), *other = describe(part);
    const char *key, *value;
    size_t count = 0;
    for (; annc_network_metadata_at(network, count, &key, &value); count++) {
        const char *own = annc_network_metadata(other, key);
        CHECK_MSG(own && strcmp(own, value) == 0, "%s: '%s', not '%s'", key, own ? own : "", value);
    }
    CHECK(count > 3 && !annc_network_metadata_at(other, count, &key, &value));
    annc_network_free(network);
    annc_network_free(other);
    CHECK_MSG(strcmp(whole->notes, part->notes) == 0, "'%s', not '%s'", part->notes, whole->notes);
    CHECK(!whole->validation == !part->validation);
    if (whole->validation)
        CHECK(annc_dataset_fingerprint(whole->validation) == annc_dataset_fingerprint(part->validation));
}

/* Checks that the shards of a file are the parts of its data set, scaled alike and with the classes
 * of all. */
static void check_shards(annc_data_options options)
{
    annc_data whole, part;
    uint32_t first = 0;
    uint64_t hash = 0;
    options.source = ANNC_SOURCE_PATH;
    options.need_train = true;
    options.shards = 0;
    REQUIRE_OK(annc_data_load(&options, &whole));
    CHECK(whole.train->hash_of_all == 0);
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
        check_beside(&whole, &part);
        CHECK(part.train->hash_of_all != 0 && (first == 0 || part.train->hash_of_all == hash));
        hash = part.train->hash_of_all;
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

/* ---------------------------------------------------------------- text tables */

/* Writes a text made of rows of `form`, a format of the row's number. */
static void write_rows(const char *name, const char *header, int rows, void (*write)(FILE *file, int row))
{
    FILE *file = fopen(name, "wb");
    CHECK(file && fputs(header, file) >= 0);
    for (int row = 0; file && row < rows; row++)
        write(file, row);
    if (file)
        fclose(file);
}

/* A number of 17 digits, one that is missing in some rows, one in quotes, and a label; the first
 * shard lacks one of the classes. */
static void write_numbers(FILE *file, int row)
{
    const char *const missing[] = {"", "NA", "?"};
    fprintf(file, "%.17g,", sin(row));
    fprintf(file, row % 7 == 3 ? "%s," : "%.4s,", row % 7 == 3 ? missing[row % 3] : "12.5");
    fprintf(file, "\"%d\",%c%s", row * row % 1013, 'a' + 3 * row / ROWS, row % 10 == 4 ? "\r\n\r\n" : "\n");
}

/* Words with line ends and doubled quotes in them, of which two rows each have the same, so that some
 * are held out; a date; a label. */
static void write_words(FILE *file, int row)
{
    fprintf(file, "\"w\"\"%d\n%d\",2024-%02d-%02dT%02d:30,%d,%s\n", row / 20, row % 10, 1 + row % 12, 1 + row % 28,
            row % 24, row, row % 3 ? "yes" : "no");
}

/* 64 whole numbers within 0...255, which may be images. */
static void write_pixels(FILE *file, int row)
{
    for (int j = 0; j < 64; j++)
        fprintf(file, "%d,", (row * 37 + j * 101) % 256);
    fprintf(file, "%d\n", row % 4);
}

static void write_brightness(FILE *file, int row)
{
    for (int j = 0; j < 64; j++)
        fprintf(file, "%.3f,", (row * 37 + j * 101) % 256 / 255.);
    fprintf(file, "%d\n", row % 4);
}

static void write_indices(FILE *file, int row)
{
    fprintf(file, "%d %d:%.6g 9:%d\n", row % 2, 1 + row % 5, row / 7., row);
}

static void write_braces(FILE *file, int row)
{
    fprintf(file, row % 3 ? "{0 %d, 1 red, 3 %s}\n" : "%d, blue, 7, %s\n", row, row % 2 ? "up" : "down");
}

static void write_targets(FILE *file, int row)
{
    fprintf(file, "%d;%d,25;%d,5\n", row, row % 90, row * row % 1000);
}

static void write_lists(FILE *file, int row)
{
    fprintf(file, "%d,%d,%s\n", row % 11, row % 13, (const char *const[]){"red;big", "red", "big ; old", ""}[row % 4]);
}

/* Floats that are near each other become equal. */
static void write_coarse(FILE *file, int row)
{
    fprintf(file, "%d,%d.5,%d\n", row, 1000000000 + row, row % 2);
}

static void write_latin_1(FILE *file, int row)
{
    fprintf(file, "%s,%d,%d\n", row % 2 ? "gr\xFCn" : "rot", row * row % 101, row % 3 > 0);
}

static void write_texts(void)
{
    write_rows("numbers.csv", "# a table\nx,gaps,quoted,label\n", ROWS, write_numbers);
    write_rows("words.csv", "word,date,n,label\n", ROWS, write_words);
    write_rows("pixels.csv", "", ROWS, write_pixels);
    write_rows("brightness.csv", "", ROWS, write_brightness);
    write_rows("indices.txt", "", ROWS, write_indices);
    write_rows("braces.arff",
               "@relation r\n@attribute n numeric\n@attribute c {red, blue}\n@attribute m real\n"
               "@attribute class {up, down}\n@data\n",
               ROWS, write_braces);
    write_rows("targets.csv", "a;p;q\n", ROWS, write_targets);
    write_rows("lists.csv", "a,b,label\n", ROWS, write_lists);
    write_rows("coarse.csv", "a,b,label\n", ROWS, write_coarse);
    write_rows("latin-1.csv", "colour,n,label\n", ROWS, write_latin_1);
}

/* Text tables, whose inputs stay in the text: what all rows decide and the rows of a shard, with and
 * without rows held out. */
static void text_tables(void)
{
    static const annc_data_options all[] = {
        {.path = "numbers.csv", .text.missing = ANNC_MISSING_MEAN},
        {.path = "numbers.csv", .text.missing = ANNC_MISSING_MEAN, .scale = ANNC_SCALE_MIN_MAX},
        {.path = "numbers.csv", .text.missing = ANNC_MISSING_DROP},
        {.path = "numbers.csv", .text.missing = ANNC_MISSING_MEAN, .scale = ANNC_SCALE_NONE},
        {.path = "words.csv"},
        {.path = "pixels.csv", .text.label = "65"},
        {.path = "pixels.csv", .text.label = "65", .scale = ANNC_SCALE_STANDARDISE},
        {.path = "brightness.csv", .text.label = "65", .scale = ANNC_SCALE_255},
        {.path = "brightness.csv", .text.label = "65", .scale = ANNC_SCALE_NONE},
        {.path = "indices.txt"},
        {.path = "braces.arff"},
        {.path = "targets.csv", .text.target = "p,q"},
        {.path = "lists.csv", .text.label_separator = ';'},
        {.path = "coarse.csv", .scale = ANNC_SCALE_NONE},
        {.path = "latin-1.csv"},
    };
    write_texts();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        annc_data_options options = all[i];
        check_shards(options);
        options.validation = 0.25;
        check_shards(options);
    }
}

/* A model's columns, levels and scaling, where they apply. */
static void text_of_model(void)
{
    annc_data data;
    annc_data_options options = {.path = "words.csv", .need_train = true, .validation = 0.25};
    write_rows("words.csv", "word,date,n,label\n", ROWS, write_words);
    REQUIRE_OK(annc_data_load(&options, &data));
    annc_network *network = describe(&data);
    annc_data_free(&data);
    write_rows("words.csv", "word,date,n,label\n", ROWS / 2, write_words); /* fewer rows */
    options.model = network;
    options.seed = 5; /* other levels are held out */
    check_shards(options);
    annc_network_free(network);
}

static void write_long_words(FILE *file, int row)
{
    for (int i = 0; i < 500; i++)
        fputs(row % 2 ? "\u00E9" : "\u00E8", file);
    fprintf(file, ",%d,%c\n", row % 10, 'a' + row % 3);
}

static void write_long_numbers(FILE *file, int row)
{
    for (int i = 0; i < 200; i++)
        fprintf(file, "%d,", row * i % 1000);
    fprintf(file, row < 9000 ? "1,2.5\n" : "2,2.5\n");
}

/* Texts of several blocks, which are given back one by one: a character between two of them, and
 * numbers that are passed over. */
static void long_texts(void)
{
    write_rows("long.csv", "w,x,lab\n", 4200, write_long_words);
    check_shards((annc_data_options){.path = "long.csv", .text.label = "lab"});
    write_rows("long.csv", "", 10000, write_long_numbers);
    check_shards((annc_data_options){.path = "long.csv", .text.label = "201"});
}

/* Writes a text table, and returns what a shard of it is refused for; "" if it is not. */
static const char *refusal(const char *text, size_t length, uint32_t shards, annc_status expected)
{
    annc_data data;
    FILE *file = fopen("refused.csv", "wb");
    const annc_data_options options = {.path = "refused.csv", .need_train = true, .shards = shards, .shard = 1};
    CHECK(file && fwrite(text, 1, length, file) == length);
    fclose(file);
    const annc_status status = annc_data_load(&options, &data);
    CHECK_MSG(status == expected, "%d", (int)status);
    if (status == ANNC_OK)
        annc_data_free(&data);
    return status == ANNC_OK ? "" : annc_last_error();
}

/* Mistakes in a text are those of a table that is held, in its words. */
static void text_refusals(void)
{
#define TEXT(text) text, sizeof text - 1
    static const struct {
        const char *text;
        size_t length;
    } texts[] = {{TEXT("a,b,label\n1,2,x\n3,4,y\n5,6\n")},
                 {TEXT("a,b,label\n1,2,x\n3,,y\n5,6,y\n")},
                 {TEXT("a,b,label\n1,2,x\n3,4,y\n5,inf,y\n")},
                 {TEXT("a,b,label\n1,2,x\n3,4,y\n5,1e99,y\n")},
                 {TEXT("a,b,label\n1,2,x\n3,4,y\n5,\0006,y\n")},
                 {TEXT("\377\376a\0,\0b\0\n\0")},
                 {TEXT("a,b,label\n1,2,x\n3,\"4,y\n5,6,y\n")},
                 {TEXT("a,b,label\n1,2,x\n3,4,y\na,b,label\n5,6,y\n")},
                 {TEXT("a,b,label\n")}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char whole[512];
        snprintf(whole, sizeof whole, "%s", refusal(texts[i].text, texts[i].length, 0, ANNC_INPUT));
        const char *shard = refusal(texts[i].text, texts[i].length, 2, ANNC_INPUT);
        CHECK_MSG(strcmp(shard, whole) == 0, "'%s', not '%s'", shard, whole);
    }
    CHECK(refusal(TEXT("a,b,label\n1,2,x\n3,4,y\n"), 2, ANNC_OK)[0] == '\0');
    CHECK(strstr(refusal(TEXT("a,b,label\n1,2,x\n3,4,y\n"), 3, ANNC_INPUT), "has 2 rows for training, fewer than"));
#undef TEXT
}

/* Returns the hash of all rows of a file in shards. */
static uint64_t hash_of(annc_data_options options)
{
    annc_data data;
    options.need_train = true;
    options.shards = 2;
    if (annc_data_load(&options, &data) != ANNC_OK) {
        CHECK_MSG(false, "%s", annc_last_error());
        return 0;
    }
    const uint64_t hash = data.train->hash_of_all;
    annc_data_free(&data);
    return hash;
}

static void write_plain(FILE *file, int row)
{
    fprintf(file, "%d,%d,%d\n", row % 5, row % 7, row % 2);
}

static void write_swapped(FILE *file, int row)
{
    write_plain(file, row == 35 ? 37 : row == 37 ? 35 : row); /* of one label */
}

static void write_label(FILE *file, int row)
{
    fprintf(file, "%d,%d,%d\n", row % 5, row % 7, row == 35 ? 0 : row % 2);
}

/* The hash of all rows is another with other inputs, labels, targets or held-out rows, in any shard. */
static void hashes(void)
{
    const annc_data_options options = {.path = "hashed.csv", .text.label = "3"},
                            numbers = {.path = "hashed.csv", .text.target = "3"},
                            held = {.path = "hashed.csv", .text.label = "3", .validation = 0.25, .seed = 1},
                            other_held = {.path = "hashed.csv", .text.label = "3", .validation = 0.25, .seed = 2};
    void (*const others[])(FILE *, int) = {write_swapped, write_label};
    write_rows("hashed.csv", "", 100, write_plain);
    const uint64_t classes = hash_of(options), targets = hash_of(numbers);
    CHECK(hash_of(options) == classes && hash_of(held) != classes && hash_of(other_held) != hash_of(held));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        write_rows("hashed.csv", "", 100, others[i]);
        CHECK(hash_of(options) != classes && hash_of(numbers) != targets);
    }
    const annc_data_options floats = {.path = "floats.npy", .labels_path = "labels.npy"},
                            turned = {.path = "turned.npy", .labels_path = "labels.npy"},
                            bytes = {.path = "bytes.npy", .labels_path = "labels.npy"};
    CHECK(hash_of(floats) != hash_of(turned) && hash_of(floats) != hash_of(bytes));
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
    options.weights_path = options.labels_path = NULL;
    options.path = "weighted.csv";
    options.text.weight = "a";
    write_rows("weighted.csv", "a,b,label\n", ROWS, write_coarse);
    CHECK(annc_data_load(&options, &data) == ANNC_USAGE);
    CHECK_MSG(strstr(annc_last_error(), "has weights of rows"), "%s", annc_last_error());
    options.path = "floats.npy";
    options.labels_path = "labels.npy";
    options.text.weight = NULL;
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
    static const struct test tests[] = {TEST(orders),      TEST(orders_differ), TEST(loading),    TEST(long_file),
                                        TEST(text_tables), TEST(text_of_model), TEST(long_texts), TEST(text_refusals),
                                        TEST(hashes),      TEST(refusals)};
    char folder[] = "/tmp/annc-test-shards-XXXXXX", command[128];
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return 1;
    write_files();
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) == 0 ? result : 1;
}
