/* IDX files: found by their names, in whatever order a folder lists them; larger than memory, turned, in pieces. What is wrong inside of them is in
 * test_dataset.c. */
#include "dataset/array_files/idx_table.h"
#include "dataset/idx/idx.h"
#include "dataset/idx/idx_find.h"
#include "dataset/pictures/image_style.h"
#include "support/test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static void write_file(const char *name, const void *bytes, size_t count)
{
    FILE *file = fopen(name, "wb");
    CHECK(file && fwrite(bytes, 1, count, file) == count && fclose(file) == 0);
}

/* A file of an IDX header, and nothing behind it but a hole. */
static void write_hole(const char *name, const unsigned char *header, size_t count, uint64_t size)
{
    write_file(name, header, count);
    CHECK(truncate(name, (off_t)size) == 0);
}

static void put_size(unsigned char *bytes, uint32_t size)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(size >> (24 - 8 * i));
}

/* ---------------------------------------------------------------- names */

/* The folder's order goes by sums of the names, so there are many of them: plain ones come before gzip ones, and otherwise the first by name. */
static void order_of_names(void)
{
    static const char *const ends[] = {"images.idx3-ubyte.gz", "images-idx3-ubyte.gz", "images.idx3-ubyte",
                                       "images-idx3-ubyte"};
    static struct annc_idx_files files;
    char name[64];
    for (char letter = 'a'; letter <= 'z'; letter++)
        for (size_t kept = 1; kept <= 4; kept++) { /* the last of them is the best */
            CHECK(mkdir("set", 0700) == 0);
            for (size_t e = 0; e < kept; e++) {
                snprintf(name, sizeof name, "set/%c-train-%s", letter, ends[e]);
                write_file(name, "", 0);
            }
            REQUIRE_OK(annc_idx_find("set", &files));
            CHECK_MSG(strcmp(files.images[ANNC_PART_TRAIN], name) == 0, "%s, not %s", files.images[ANNC_PART_TRAIN],
                      name);
            CHECK(system("rm -r set") == 0);
        }
}

static void many_sets(void)
{
    static struct annc_idx_files files;
    char name[64];
    CHECK(mkdir("sets", 0700) == 0);
    write_file("sets/a-train-labels-idx1-ubyte", "", 0); /* labels alone make no set */
    write_file("sets/b-train-labels-idx1-ubyte", "", 0);
    write_file("sets/b-train-images-idx3-ubyte", "", 0);
    REQUIRE_OK(annc_idx_find("sets", &files));
    CHECK(strcmp(files.labels[ANNC_PART_TRAIN], "sets/b-train-labels-idx1-ubyte") == 0);
    for (char letter = 'a'; letter <= 'k'; letter++) {
        snprintf(name, sizeof name, "sets/%c-train-images-idx3-ubyte", letter);
        write_file(name, "", 0);
    }
    CHECK(annc_idx_find("sets", &files) == ANNC_INPUT && strstr(annc_last_error(), "has several data sets"));
    int named = 0;
    for (const char *at = annc_last_error(); (at = strstr(at, "-'")); at++)
        named++;
    CHECK_MSG(named == 8, "%s", annc_last_error()); /* which are enough */
}

static void labels_by_name(void)
{
    char labels[ANNC_PATH], name[400];
    CHECK(mkdir("pair", 0700) == 0);
    write_file("pair/train-images-idx3-ubyte", "", 0);
    write_file("pair/train-labels-idx1-ubyte", "", 0);
    REQUIRE_OK(annc_idx_find_labels("pair/train-images-idx3-ubyte", labels, sizeof labels));
    CHECK(strcmp(labels, "pair/train-labels-idx1-ubyte") == 0);
    /* What are labels themselves, has a name beyond all file systems, or lies in the root, has none. */
    CHECK(annc_idx_find_labels("pair/train-labels-idx1-ubyte", labels, sizeof labels) == ANNC_INPUT && !labels[0]);
    memset(name, 'n', sizeof name);
    strcpy(name + 300, "train-images-idx3-ubyte");
    CHECK(annc_idx_find_labels(name, labels, sizeof labels) == ANNC_INPUT);
    CHECK(strstr(annc_last_error(), "no matching labels file found"));
    CHECK(annc_idx_find_labels("/no-such-train-images-idx3-ubyte", labels, sizeof labels) == ANNC_INPUT);
    CHECK(strstr(annc_last_error(), "no matching labels file found")); /* the root could be read */
    CHECK(annc_idx_find_labels("nowhere/train-images-idx3-ubyte", labels, sizeof labels) == ANNC_INPUT);
    CHECK(strstr(annc_last_error(), "nowhere: No such file"));
}

/* A file whose path no call takes is not there. */
static void paths_that_are_too_long(void)
{
    static struct annc_idx_files files;
    char path[ANNC_PATH] = "pair/";
    while (strlen(path) < ANNC_PATH - 20)
        strcat(path, "./");
    REQUIRE_OK(annc_idx_find(path, &files));
    CHECK(files.images[ANNC_PART_TRAIN][0] == '\0');
    path[ANNC_PATH - 40] = '\0'; /* and one that ends in time is */
    REQUIRE_OK(annc_idx_find(path, &files));
    CHECK(strstr(files.images[ANNC_PART_TRAIN], "/train-images-idx3-ubyte") != NULL);
}

/* ---------------------------------------------------------------- contents */

static annc_status read_images(const char *name, bool turn, struct annc_table *table)
{
    annc_status status;
    struct annc_stream *stream = NULL;
    char notes[512] = "";
    status = annc_stream_open(name, &stream);
    if (status == ANNC_OK)
        status = annc_idx_table(stream, "", turn, false, table, notes, sizeof notes);
    annc_stream_close(stream);
    return status;
}

/* A raw file of twice the memory that there is, read without taking it. */
static void larger_than_memory(void)
{
    enum { SIDE = 1000 };
    unsigned char header[17] = {0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 3, 232, 0, 0, 3, 232, 77};
    uint64_t total, available;
    struct annc_table table;
    annc_machine_memory(&total, &available);
    const uint32_t n = (uint32_t)(2 * available / (SIDE * SIDE));
    put_size(header + 4, n);
    write_hole("huge", header, sizeof header, 16 + (uint64_t)n * SIDE * SIDE);
    REQUIRE_OK(read_images("huge", false, &table));
    const uint8_t *x = table.x;
    CHECK(table.mapping.base && table.rows == n && table.inputs == SIDE * SIDE && table.type == ANNC_BYTES);
    CHECK(x[0] == 77 && x[1] == 0 && x[(size_t)n * SIDE * SIDE - 1] == 0);
    annc_table_free(&table);
    CHECK(!table.x && !table.mapping.base);
    CHECK(read_images("huge", true, &table) == ANNC_INPUT && !table.x);
    CHECK(strstr(annc_last_error(), "is too large for 'transpose'"));
    unlink("huge");
}

static void too_wide(void)
{
    unsigned char header[12] = {0, 0, 8, 2, 0, 0, 0, 1};
    struct annc_table table;
    for (uint32_t more = 0; more < 2; more++) {
        put_size(header + 8, ANNC_MAX_WIDTH + more);
        write_hole("wide", header, sizeof header, sizeof header + ANNC_MAX_WIDTH + more);
        const annc_status status = read_images("wide", false, &table);
        CHECK(status == (more ? ANNC_INPUT : ANNC_OK));
        CHECK(more ? strstr(annc_last_error(), "has 16777217 inputs per example") != NULL
                   : table.inputs == ANNC_MAX_WIDTH);
        if (status == ANNC_OK)
            annc_table_free(&table);
    }
    unlink("wide");
}

/* Numbers come in pieces, into room that grows, and each to its place. */
static void many_numbers(void)
{
    enum { ROWS = 100, COLUMNS = 1500 };
    static unsigned char file[12 + 2 * ROWS * COLUMNS] = {
        0, 0, 0x0B, 2, 0, 0, 0, ROWS, 0, 0, COLUMNS >> 8, COLUMNS & 255};
    struct annc_table table;
    for (size_t i = 0; i < ROWS * COLUMNS; i++) {
        file[12 + 2 * i] = (unsigned char)(i >> 8);
        file[13 + 2 * i] = (unsigned char)i;
    }
    write_file("numbers", file, sizeof file);
    REQUIRE_OK(read_images("numbers", true, &table)); /* rows of numbers have nothing to be turned */
    CHECK(table.rows == ROWS && table.inputs == COLUMNS && table.type == ANNC_FLOATS && table.image_rows == 0);
    size_t wrong = 0;
    for (size_t i = 0; i < ROWS * COLUMNS; i++)
        wrong += ((const float *)table.x)[i] != (float)(int16_t)i;
    CHECK(wrong == 0);
    annc_table_free(&table);
}

/* Images of any type and shape: rows become columns. */
static void turned(void)
{
    static const unsigned char bytes[] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6},
                               shorts[] = {0, 0, 0x0B, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0,
                                           0, 3, 0,    1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6};
    static const double want[] = {1, 4, 2, 5, 3, 6};
    struct annc_table table;
    write_file("bytes", bytes, sizeof bytes);
    write_file("shorts", shorts, sizeof shorts);
    for (int kind = 0; kind < 2; kind++) {
        REQUIRE_OK(read_images(kind ? "shorts" : "bytes", true, &table));
        CHECK(table.image_rows == 3 && table.image_columns == 2);
        for (uint32_t i = 0; i < 6; i++)
            CHECK(annc_table_value(&table, 0, i) == want[i]);
        annc_table_free(&table);
    }
}

/* Of what comes through a pipe nobody knows how much it is before it is read, nor whose labels go with it. */
static void standard_input(void)
{
    static const unsigned char bytes[] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4};
    const annc_data_options options = {.source = ANNC_SOURCE_PATH, .path = "-", .need_train = true};
    for (size_t more = 0; more < 2; more++) {
        struct annc_table table;
        write_file("input", bytes, sizeof bytes - 1 + more);
        CHECK(freopen("input", "r", stdin) != NULL);
        const annc_status status = read_images("-", false, &table);
        CHECK(status == (more ? ANNC_INPUT : ANNC_OK) &&
              (more ? strstr(annc_last_error(), "is too long") != NULL : ((const uint8_t *)table.x)[2] == 3));
        annc_table_free(&table);
    }
    annc_data data;
    CHECK(freopen("input", "r", stdin) != NULL && annc_data_load(&options, &data) == ANNC_INPUT);
    CHECK_MSG(strstr(annc_last_error(), "standard input: has images but no labels"), "%s", annc_last_error());
}

/* ---------------------------------------------------------------- what MNIST looks like */

/* A block of ink. */
static bool is_like(uint32_t side, uint32_t top, uint32_t left, uint32_t height, uint32_t width)
{
    uint8_t grey[28 * 28] = {0};
    for (uint32_t r = 0; r < height; r++)
        memset(grey + (top + r) * side + left, 200, width);
    return annc_is_mnist_like(grey, 28, side);
}

static void like_mnist(void)
{
    CHECK(is_like(28, 4, 4, 20, 20) && is_like(28, 13, 4, 2, 20)); /* its middle within half a pixel of 14 */
    CHECK(!is_like(28, 0, 0, 0, 0));                               /* nothing */
    CHECK(!is_like(27, 4, 4, 20, 20));                             /* another shape */
    CHECK(!is_like(28, 3, 4, 21, 20) && !is_like(28, 4, 3, 20, 21));
    CHECK(!is_like(28, 3, 4, 20, 20) && !is_like(28, 6, 4, 20, 20)); /* above and below the middle */
    CHECK(!is_like(28, 4, 3, 20, 20) && !is_like(28, 4, 6, 20, 20));
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(order_of_names),     TEST(many_sets), TEST(labels_by_name), TEST(paths_that_are_too_long),
        TEST(larger_than_memory), TEST(too_wide),  TEST(many_numbers),   TEST(turned),
        TEST(standard_input),     TEST(like_mnist)};
    char command[128];
    snprintf(folder, sizeof folder, "/tmp/annc-test-idx-XXXXXX");
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return 1;
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) == 0 ? result : 1;
}
