/* The reader of what is to be predicted: a table comes to the same examples whole and in pieces of every size, and what is wrong is told after the
 * same rows and in the same words. */
#include "annc.h"
#include "base/config.h"
#include "dataset/prepare/dataset.h"
#include "dataset/reader.h"
#include "support/test.h"

#include <stdio.h>
#include <unistd.h>

enum { MOST_VALUES = 4096, MOST_MESSAGE = 512 };

static char folder[] = "/tmp/annc-test-reader-XXXXXX";
static annc_network *model; /* of columns a and b, and classes; and of bytes */

static const char *write_text(const char *name, const char *text, size_t size)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    CHECK(file && fwrite(text, 1, size, file) == size && fclose(file) == 0);
    return path;
}

/* A model of two inputs and two classes that knows how a table was prepared. */
static annc_network *model_of(const char *text, annc_scale scale)
{
    const annc_shape shape = {.layers = 1, .width = {2, 2}};
    const char *path = write_text("train.csv", text, strlen(text));
    annc_network *made = NULL;
    annc_data data;
    if (annc_data_load(&(annc_data_options){.path = path, .need_train = true, .scale = scale}, &data) != ANNC_OK ||
        annc_network_create(&shape, &made) != ANNC_OK || annc_data_describe(&data, made) != ANNC_OK) {
        printf("%s\n", annc_last_error());
        exit(1);
    }
    annc_data_free(&data);
    return made;
}

/* All that a reader gives. */
struct outcome {
    annc_status status;
    char message[MOST_MESSAGE];
    size_t pieces, count; /* of values */
    float value[MOST_VALUES];
};

static void take(const annc_examples *examples, struct outcome *outcome)
{
    const size_t count = (size_t)examples->count * examples->inputs;
    for (size_t i = 0; i < count && outcome->count < MOST_VALUES; i++)
        outcome->value[outcome->count++] = examples->type == ANNC_BYTES
                                               ? (float)((const uint8_t *)examples->x)[i] * (1 / examples->divisor)
                                               : ((const float *)examples->x)[i];
}

static void end(annc_status status, struct outcome *outcome)
{
    outcome->status = status;
    snprintf(outcome->message, sizeof outcome->message, "%s", status == ANNC_OK ? "" : annc_last_error());
}

static void read_whole(const annc_data_options *options, struct outcome *outcome)
{
    annc_data_options all = *options;
    annc_data data;
    memset(outcome, 0, sizeof *outcome);
    all.unlabelled = all.need_test = true;
    end(annc_data_load(&all, &data), outcome);
    if (outcome->status != ANNC_OK)
        return;
    take(annc_dataset_examples(data.test), outcome);
    annc_data_free(&data);
}

static void read_pieces(const annc_data_options *options, size_t beginning, size_t step, size_t cells,
                        struct outcome *outcome)
{
    const struct annc_reader_sizes sizes = {{.beginning = beginning, .step = step, .records = 2}, cells};
    annc_reader *reader = NULL;
    annc_dataset *piece = NULL;
    memset(outcome, 0, sizeof *outcome);
    annc_status status = annc_reader_open_sized(options, &sizes, &reader);
    while (status == ANNC_OK) {
        status = annc_reader_next(reader, &piece);
        if (!piece)
            break;
        take(annc_dataset_examples(piece), outcome);
        outcome->pieces++;
        annc_dataset_free(piece);
    }
    end(status, outcome);
    annc_reader_close(reader);
}

static void compare(const char *name, size_t beginning, size_t step, const struct outcome *got,
                    const struct outcome *want)
{
    CHECK_MSG(got->status == want->status && strcmp(got->message, want->message) == 0,
              "%s, beginning %zu, step %zu: %d '%s', not %d '%s'", name, beginning, step, got->status, got->message,
              want->status, want->message);
    CHECK_MSG(got->count == want->count && memcmp(got->value, want->value, want->count * sizeof *want->value) == 0,
              "%s, beginning %zu, step %zu: %zu values, not the %zu that there are", name, beginning, step, got->count,
              want->count);
}

struct table {
    const char *name, *text;
    size_t enough; /* bytes of it, by which all can be decided; 0: any */
    annc_missing missing;
    uint32_t skip;
    bool empty; /* there is nothing to predict */
};

#define ROWS "1,2,x\n3,4,y\n5,6,x\n7,8,y\n9.5,-1e-2,x\n"

static const struct table TABLES[] = {
    {.name = "plain", .text = "a,b,kind\n" ROWS},
    {.name = "no end", .text = "a,b,kind\n1,2,x\n3,4,y\n5,6,x"},
    {.name = "CRLF", .text = "a,b,kind\r\n1,2,x\r\n3,4,y\r\n\r\n5,6,x\r\n"},
    {.name = "CR", .text = "a,b,kind\r1,2,x\r3,4,y\r5,6,x\r"},
    {.name = "no header", .text = "1,2\n3,4\n5.25,6\n7,8\n"},
    {.name = "byte order mark",
     .text = "\xEF\xBB\xBF"
             "a,b,kind\n" ROWS},
    {.name = "quotes",
     .text = "a,note,b\n1,\"one\ntwo, \"\"three\"\"\",2\n3,\"\r\n\r\n\",4\n\"5\",\"a\rb\",\"6\" \n7,\"\"\"\",8\n"},
    {.name = "blank lines", .text = "\n\na,b\n\n1,2\n  \n\n3,4\n,\n5,6\n\n\n"},
    {.name = "order of columns", .text = "b;rest;a\n2;;1\n4;text;3\n6;\"a;b\";5\n"},
    {.name = "decimal comma", .text = "a;b\n1,25;2\n3;4,5\n0,001;-1,5e3\n"},
    {.name = "UTF-8", .text = "a,caf\xC3\xA9,b\n1,\xC3\xA9\xE2\x82\xAC,2\n3,\xF0\x9F\x98\x80,4\n5,\xC3\xA9,6\n"},
    {.name = "Latin-1 at last", .text = "a,note,b\n1,x,2\n3,y,4\n5,caf\xE9,6\n7,\xFC\xFC\xFC,8\n"},
    {.name = "blanks", .text = "  a  b\n 1   2\n3\t4  \n 5 6\n"},
    {.name = "skipped", .text = "# made by \"hand\nat noon\r\na,b,kind\n" ROWS, .skip = 2},
    {.name = "skipped beyond the beginning",
     .text = "#\n# one\r\n# two\r\n#\n"
             "a,b,kind\n" ROWS,
     .skip = 4},
    {.name = "skipped whole", .text = "a,b\r\n1,2\r\n3,4\r\n", .skip = 4, .empty = true},
    {.name = "dropped", .text = "a,b\n1,2\nNA,3\n4,5\n6,\n7,8\n?,NaN\n", .missing = ANNC_MISSING_DROP},
    {.name = "row names", .text = "a,b\nr1,1,2\nr2,3,4\nr3,5,6\n", .enough = 18},
    {.name = "only rows that miss something",
     .text = "a,b\n1,NA\nNA,3\n,5\n",
     .missing = ANNC_MISSING_DROP,
     .empty = true},
};

/* Every beginning, every step, and pieces of one row, of four, and of all. */
static void test_pieces(void)
{
    static struct outcome got, want;
    for (size_t t = 0; t < sizeof TABLES / sizeof *TABLES; t++) {
        const struct table *table = &TABLES[t];
        const size_t size = strlen(table->text);
        annc_data_options options = {.path = write_text("t.csv", table->text, size), .model = model, .outputs = 2};
        options.text.missing = table->missing;
        options.text.skip = table->skip;
        read_whole(&options, &want);
        CHECK_MSG(table->empty ? want.status == ANNC_INPUT : want.count > 0, "%s: %s", table->name, want.message);
        for (size_t beginning = table->enough; beginning <= size + 1; beginning++)
            for (size_t step = 1; step <= size; step += step < 20 ? 1 : size / 2)
                for (size_t cells = 2; cells <= 128; cells *= 4) {
                    read_pieces(&options, beginning, step, cells, &got);
                    compare(table->name, beginning, step, &got, &want);
                }
        read_pieces(&options, SIZE_MAX, 1 << 16, 2, &got);
        CHECK_MSG(got.pieces == want.count / 2, "%s: %zu pieces", table->name, got.pieces);
    }
}

/* What is wrong beyond the beginning: the rows before it come first, and the line is the file's. */
static void test_errors(void)
{
    static const struct {
        const char *text, *message;
        size_t rows;
        annc_missing missing;
    } wrong[] = {
        {"a,b\n1,2\n3,4\n5,6\n7,oops\n9,10\n", "line 5, column 'b': 'oops' is not a number", 3, ANNC_MISSING_ERROR},
        {"a,b\r\n1,2\r\n3,4\r\n5,6\r\n7,x\r\n", "line 5, column 'b': 'x' is not a number", 3, ANNC_MISSING_ERROR},
        {"a,b\n1,2\n3,4\n5\n", "line 4 has 1 field, but other lines have 2", 2, ANNC_MISSING_ERROR},
        {"a,b\n1,2\n3,4\n5,6,7\n", "line 4 has 3 fields, but other lines have 2", 2, ANNC_MISSING_ERROR},
        {"a;b\n1.5;2\n3;4\n5,5;6\n", "line 4, column 'a': '5,5' is not a number with the marks of the rows before", 2,
         ANNC_MISSING_ERROR},
        {"a;b\n1,5;2\n3;4\n5.5;6\n", "line 4, column 'a': '5.5' is not a number with the marks of the rows before", 2,
         ANNC_MISSING_ERROR},
        {"a,b\n1,2\n\n3,\"4\"\n5,\n", "line 5, column 'b': the value is missing", 2, ANNC_MISSING_ERROR},
        {"a,b\n1,2\n3,4\n1e39,5\n", "line 4, column 'a': '1e39' is too large for single precision", 2,
         ANNC_MISSING_ERROR},
        {"a,b\n1,2\n3,4\n5,6\n3e38,5\n7,8\n", "row 4, input 1 is not finite", 3, ANNC_MISSING_ERROR},
        {"a,note,b\n1,\"\n\",2\n3,x,4\n5,\"6,7\n8,9\n", "line 5: a quote opens here and is never closed", 2,
         ANNC_MISSING_ERROR},
        {"a,note,b\n1,x,2\n3,x,4\n5,\"y\"z,6\n", "line 4: text follows a closing quote", 2, ANNC_MISSING_ERROR},
        {"a,note,b\n1,x,2\n3,x,4\n5,\1,6\n", "line 4: has a NUL byte", 2, ANNC_MISSING_ERROR},
        {"a,b\n1,2,\n9,8,\n3,4,\n5,6,7\n", "line 5: the last field has a value, but the header", 3, ANNC_MISSING_DROP},
    };
    static struct outcome got, first;
    for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++) {
        char text[256];
        const size_t size = strlen(wrong[w].text);
        for (size_t i = 0; i <= size; i++)
            text[i] = (char)(wrong[w].text[i] == '\1' ? '\0' : wrong[w].text[i]);
        annc_data_options options = {.path = write_text("t.csv", text, size), .model = model, .outputs = 2};
        options.text.missing = wrong[w].missing;
        const size_t beginning = (size_t)(strstr(wrong[w].text, "\n3") + 1 - wrong[w].text); /* what is decided by */
        read_pieces(&options, beginning, 1, 2, &first);
        CHECK_MSG(first.status == ANNC_INPUT && strstr(first.message, wrong[w].message), "%zu: %d %s, not %s", w,
                  first.status, first.message, wrong[w].message);
        CHECK_MSG(first.count == 2 * wrong[w].rows, "%s: %zu values", wrong[w].message, first.count);
        for (size_t step = 1; step < size; step++)
            for (size_t cells = 2; cells <= 128; cells *= 4) {
                read_pieces(&options, beginning, step, cells, &got);
                compare(wrong[w].message, beginning, step, &got, &first);
            }
    }
}

/* A record that is longer than what is read at once, by far or just so. */
static void test_long_field(void)
{
    static struct outcome got, want;
    static const size_t steps[] = {1, 3000, 5000, 20000};
    static char text[10000];
    const int used = snprintf(text, sizeof text, "a,note,b\n1,x,2\n3,y,4\n5,");
    memset(text + used, 'n', 9000);
    snprintf(text + used + 9000, sizeof text - (size_t)used - 9000, ",6\n7,z,8\n");
    const annc_data_options options = {.path = write_text("t.csv", text, strlen(text)), .model = model, .outputs = 2};
    read_whole(&options, &want);
    CHECK(want.count == 8);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        read_pieces(&options, 16, steps[i], 2, &got);
        compare("a long field", 16, steps[i], &got, &want);
    }
}

/* A packed table, not compressed, with a wrong checksum: it is damaged, wherever its end is come to. */
static void test_packed(void)
{
    static struct outcome got, want;
    static const char text[] = "#\n#\n#\na,b\n1,2\n3,4\n5,6\n";
    enum { LENGTH = sizeof text - 1 };
    char file[10 + 5 + LENGTH + 8] = "\x1F\x8B\x08";
    file[10] = 1; /* the last block, stored */
    file[11] = LENGTH;
    file[13] = (char)~LENGTH;
    file[14] = (char)0xFF;
    memcpy(file + 15, text, LENGTH);
    file[15 + LENGTH + 4] = LENGTH;
    annc_data_options options = {.path = write_text("t.csv", file, sizeof file), .model = model, .outputs = 2};
    for (uint32_t skip = 2; skip <= 9; skip++) {
        options.text.skip = skip;
        read_whole(&options, &want);
        for (size_t beginning = 1; beginning <= LENGTH; beginning++) {
            read_pieces(&options, beginning, 1, 2, &got);
            CHECK_MSG(got.status == ANNC_INPUT && strcmp(got.message, want.message) == 0,
                      "skip %u, beginning %zu: '%s', not '%s'", skip, beginning, got.message, want.message);
        }
    }
}

/* The damage is told where all that is unpacked at once has been read and was right: while lines are passed over, after them, and of a pipe. */
static void test_packed_beyond(void)
{
    static struct outcome got;
    enum { AT_ONCE = 1 << 16, LENGTH = AT_ONCE + 1, LINE = 1 << 10, LINES = AT_ONCE / LINE, TRAILER = 8 };
    static const char *const wrong = ANNC_ZLIB_FOUND ? "has damaged gzip" : "no zlib";
    static char text[LENGTH];
    char command[160];
    memset(text, '#', LENGTH);
    for (int i = 1; i < LINES; i++)
        text[LINE * i - 1] = '\n';
    memcpy(text + LENGTH - 13, "\na,b\n1,2\n3,4\n", 13);
    annc_data_options options = {.path = write_text("t.csv", text, LENGTH), .model = model, .outputs = 2};
    snprintf(command, sizeof command, "gzip -f %s && mv %s.gz %s", options.path, options.path, options.path);
    CHECK(system(command) == 0);
    FILE *file = fopen(options.path, "r+b");
    CHECK(file && fseek(file, -TRAILER, SEEK_END) == 0 && fputs("none", file) >= 0 && fclose(file) == 0);
    snprintf(command, sizeof command, "cat %s", options.path);
    for (options.text.skip = LINES; options.text.skip <= 2 * LINES; options.text.skip += LINES)
        for (size_t beginning = LINE; beginning < LENGTH; beginning += beginning < LENGTH - LINE ? LINE : 1) {
            read_pieces(&options, beginning, LENGTH - beginning, 2, &got);
            CHECK_MSG(got.status == ANNC_INPUT && strstr(got.message, wrong), "skip %u, beginning %zu: '%s'",
                      options.text.skip, beginning, got.message);
        }
    options.text.skip = LINES;
    FILE *pipe = popen(command, "r");
    CHECK(pipe && dup2(fileno(pipe), STDIN_FILENO) >= 0);
    options.path = "-";
    read_whole(&options, &got);
    CHECK_MSG(got.status == ANNC_INPUT && strstr(got.message, wrong), "'%s'", got.message);
    close(STDIN_FILENO);
    pclose(pipe);
}

/* Whole pixels have the same bits whatever stands in their piece. */
static void test_bytes(void)
{
    static struct outcome got, want;
    char text[4096] = "a,b\n0.5,1\n";
    annc_network *bytes = model_of("a,b,kind\n1,2,x\n255,4,y\n", ANNC_SCALE_255);
    for (int i = 0; i < 256; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d,%d\n", i, 255 - i);
    const annc_data_options options = {.path = write_text("t.csv", text, strlen(text)), .model = bytes, .outputs = 2};
    read_whole(&options, &want);
    for (size_t cells = 2; cells <= 1024; cells *= 2) {
        read_pieces(&options, SIZE_MAX, 1 << 16, cells, &got);
        compare("bytes", 0, cells, &got, &want);
    }
    annc_network_free(bytes);
}

/* Other files come at once, and a reader wants a model. */
static void test_others(void)
{
    static struct outcome got, want;
    annc_reader *reader = NULL;
    unsigned char idx[8 + 4 + 6] = {0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6};
    annc_data_options options = {
        .path = write_text("t.idx", (const char *)idx, sizeof idx), .model = model, .outputs = 2};
    read_whole(&options, &want);
    read_pieces(&options, 1, 1, 2, &got);
    CHECK(want.count == 6 && got.pieces == 1);
    compare("IDX", 1, 1, &got, &want);
    options.path = "/nowhere/at/all";
    CHECK(annc_reader_open(&options, &reader) == ANNC_INPUT && !reader);
    options.source = ANNC_SOURCE_DIGITS;
    CHECK(annc_reader_open(&options, &reader) == ANNC_USAGE && !reader);
    options.source = ANNC_SOURCE_PATH;
    options.model = NULL;
    CHECK(annc_reader_open(&options, &reader) == ANNC_USAGE && !reader);
    annc_reader_close(NULL);
}

/* A test set alone, without a model: it is scaled by itself, what is missing becomes the mean, and a file to validate with goes with it. */
static void test_alone(void)
{
    static const char text[] = "a,b,kind\n1,10,x\n3,,y\n";
    const char *path = write_text("t.csv", text, sizeof text - 1);
    annc_data_options options = {.path = path, .validation_path = path, .need_test = true};
    annc_data data;
    options.text.missing = ANNC_MISSING_MEAN;
    REQUIRE_OK(annc_data_load(&options, &data));
    const float *x = annc_dataset_examples(data.test)->x, *same = annc_dataset_examples(data.validation)->x;
    CHECK(!data.train && x[0] == -1 && x[1] == 0 && x[2] == 1 && x[3] == 0);
    CHECK(memcmp(x, same, 4 * sizeof *x) == 0);
    annc_data_free(&data);
}

static void test_names(void)
{
    annc_reader *reader = NULL;
    annc_dataset *piece = NULL;
    annc_data_options options = {.path = write_text("t.csv", "a,b\n1,2\n3,\n", 11), .model = model, .outputs = 2};
    options.text.missing = ANNC_MISSING_DROP;
    REQUIRE_OK(annc_reader_open(&options, &reader));
    CHECK(strstr(annc_reader_notes(reader), "2 rows of 2 columns separated by commas, with a header"));
    CHECK(strcmp(annc_reader_description(reader), options.path) == 0);
    REQUIRE_OK(annc_reader_next(reader, &piece));
    CHECK(annc_dataset_examples(piece)->count == 1);
    CHECK(strcmp(annc_dataset_class_name(piece, 1), "y") == 0 && !annc_dataset_target_name(piece, 0));
    annc_dataset_free(piece);
    for (int i = 0; i < 2; i++) {
        REQUIRE_OK(annc_reader_next(reader, &piece));
        CHECK(!piece);
    }
    CHECK(strstr(annc_reader_notes(reader), "1 row with missing values is left out"));
    annc_reader_close(reader);
}

static void begin(void)
{
    static bool begun;
    if (begun)
        return;
    begun = true;
    if (!mkdtemp(folder))
        exit(1);
    model = model_of("a,b,kind\n1,2,x\n1.5,4,y\n1.25,3,y\n", ANNC_SCALE_STANDARDISE);
}

static void test_end(void)
{
    char command[128];
    annc_network_free(model);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    CHECK(system(command) == 0);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(test_pieces), TEST(test_errors),        TEST(test_long_field),
                                        TEST(test_packed), TEST(test_packed_beyond), TEST(test_bytes),
                                        TEST(test_others), TEST(test_alone),         TEST(test_names)};
    begin();
    const int code = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    test_end();
    return code;
}
