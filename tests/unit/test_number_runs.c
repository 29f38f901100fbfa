/* Tables read with the processor's vectors (dataset/text/number_run.h) and field by field, and in two
 * shards, whose rows are read again from the text: random tables of numbers, words, dates, quotes,
 * blanks, empty cells, all line ends and mistakes give the same examples, notes and messages. */
#include "support/test.h"

#include "annc.h"
#include "base/number.h"
#include "dataset/prepare/dataset.h"
#include "dataset/tables/csv.h"
#include "dataset/text/number_run.h"
#include "dataset/text/records.h"

#include <unistd.h>

enum { MOST_TEXT = 1 << 16, CASES = 3000, DIVIDED = 1000 };

static uint64_t state = 1;

static uint32_t draw(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

/* ---------------------------------------------------------------- tables */

struct text {
    char bytes[MOST_TEXT];
    size_t size;
};

static void add(struct text *text, const char *bytes)
{
    const size_t length = strlen(bytes);
    if (text->size + length > MOST_TEXT)
        return;
    memcpy(text->bytes + text->size, bytes, length);
    text->size += length;
}

static void add_number(struct text *text, uint32_t kind)
{
    char number[64];
    const char *const sign = (const char *const[]){"", "-", "", "+"}[draw(4)];
    const uint32_t a = draw(1u << (draw(31))), b = draw(1000000000), c = draw(1000000000);
    switch (kind) {
    case 0:
        snprintf(number, sizeof number, "%s%u", sign, a);
        break;
    case 1:
        snprintf(number, sizeof number, "%s%u.%0*u", sign, a, 1 + (int)draw(9), b % 10);
        break;
    case 2: /* 16 to 20 digits, as a double has */
        snprintf(number, sizeof number, "%s%u.%09u%0*u", sign, draw(100), b, 1 + (int)draw(9), c % 10);
        break;
    default:
        snprintf(number, sizeof number, "%s.%u", sign, b);
        break;
    }
    add(text, number);
}

/* `wild`: how many of 1000 cells are anything. */
static void add_cell(struct text *text, uint32_t column, uint32_t kind, uint32_t wild)
{
    static const char *const any[] = {"",
                                      "?",
                                      "NA",
                                      "\"7\"",
                                      "\"a \"\"b\"\", c\"",
                                      " 5",
                                      "6 ",
                                      "1e5",
                                      "-",
                                      "+",
                                      ".",
                                      "1.2.3",
                                      "1-2",
                                      "--1",
                                      "true",
                                      "no",
                                      "1,5",
                                      "0x1",
                                      "#1",
                                      "\"x",
                                      "1\"2\"",
                                      "1234567890123456789012345678901234567890123456789012345678901234567890",
                                      "00012",
                                      "1.",
                                      "+.5",
                                      "red\xE9",
                                      "\"1\n2\"",
                                      "5}",
                                      "1;2",
                                      "1\t2",
                                      "1\r2",
                                      "99999999999999999999"};
    static const char *const words[] = {"red", "green", "blue", "a longer word"};
    static const char *const dates[] = {"2024-03-31", "2023-01-02 12:30", "1999-12-31T23:59:59Z"};
    if (draw(1000) < wild)
        add(text, any[draw(sizeof any / sizeof *any)]);
    else if (kind == 4)
        add(text, words[draw(4)]);
    else if (kind == 5)
        add(text, dates[draw(3)]);
    else if (kind == 6)
        add(text, draw(2) ? "1" : "0");
    else
        add_number(text, column % 4 == 3 ? draw(4) : kind);
}

/* Adds a text in which "%u" stands for a number. */
static void add_numbered(struct text *text, const char *form, uint32_t number)
{
    char filled[16];
    snprintf(filled, sizeof filled, form, number);
    add(text, filled);
}

static void make_table(struct text *text)
{
    static const char separators[] = ",,,,;\t|";
    static const char *const line_ends[] = {"\n", "\n", "\r\n", "\r"};
    const char separator[2] = {separators[draw(sizeof separators - 1)], '\0'};
    const char *const line_end = line_ends[draw(4)];
    const uint32_t columns = 2 + draw(draw(8) == 0 ? 90 : 8), rows = 1 + draw(60);
    const uint32_t wild = draw(3) ? 0 : 1 + draw(30), kinds = draw(2) ? 4 : 7;
    const bool counts = draw(4) == 0, has_header = draw(4) != 0;
    uint32_t kind[100];
    text->size = 0;
    for (uint32_t c = 0; c < columns; c++)
        kind[c] = draw(kinds);
    for (uint32_t r = 0; r <= rows; r++) {
        const size_t begin = text->size;
        for (uint32_t c = 0; c < columns; c++) {
            const bool is_count = c == 0 && counts; /* of the rows, in a column without a name */
            add(text, c > 0 ? separator : "");
            if (r == 0 && (has_header || is_count))
                add_numbered(text, is_count ? "" : c + 1 == columns ? "label" : "x%u", c);
            else if (is_count)
                add_numbered(text, "%u", r - 1);
            else if (c + 1 == columns)
                add(text, draw(2) ? "1" : "0");
            else
                add_cell(text, c, kind[c], wild);
        }
        if (wild && draw(200) == 0)
            add(text, separator);
        if (r + 1 < rows && draw(100) == 0 && text->size - begin < 1000) { /* the same line again */
            struct text line = {.size = 0};
            memcpy(line.bytes, text->bytes + begin, text->size - begin);
            line.bytes[text->size - begin] = '\0';
            add(text, line_end);
            add(text, line.bytes);
        }
        if (r < rows || draw(2))
            add(text, wild && draw(300) == 0 ? "\n\n" : line_end);
    }
}

/* ---------------------------------------------------------------- comparison */

struct outcome {
    annc_status status;
    char message[2048], notes[2048];
    uint32_t rows;
    size_t row; /* bytes of inputs */
    char *x;
    int32_t *labels;
};

/* Adds the examples of a file to an outcome, which is zeros at first. */
static void load(const char *path, const annc_data_options *options, struct outcome *outcome)
{
    annc_data data;
    annc_data_options own = *options;
    own.path = path;
    outcome->status = annc_data_load(&own, &data);
    snprintf(outcome->message, sizeof outcome->message, "%s", outcome->status == ANNC_OK ? "" : annc_last_error());
    if (outcome->status != ANNC_OK)
        return;
    const annc_examples *examples = annc_dataset_examples(data.train);
    const uint32_t before = outcome->rows;
    memcpy(outcome->notes, data.notes, sizeof outcome->notes);
    outcome->rows += examples->count;
    outcome->row = examples->inputs * (examples->type == ANNC_BYTES ? 1 : sizeof(float));
    outcome->x = realloc(outcome->x, outcome->rows * outcome->row);
    outcome->labels = realloc(outcome->labels, outcome->rows * sizeof *outcome->labels);
    memcpy(outcome->x + before * outcome->row, examples->x, examples->count * outcome->row);
    for (uint32_t i = 0; i < examples->count; i++)
        outcome->labels[before + i] = examples->labels ? examples->labels[i] : -1;
    annc_data_free(&data);
}

static void load_with(const char *path, const annc_data_options *options, const char *kernels, struct outcome *outcome)
{
    memset(outcome, 0, sizeof *outcome);
    setenv("ANNC_CPU_KERNELS", kernels, 1);
    load(path, options, outcome);
    unsetenv("ANNC_CPU_KERNELS");
}

/* Loads one of two shards after the other. */
static void load_shards(const char *path, const annc_data_options *options, struct outcome *outcome)
{
    annc_data_options own = *options;
    memset(outcome, 0, sizeof *outcome);
    own.shards = 2;
    for (own.shard = 0; own.shard < own.shards; own.shard++)
        load(path, &own, outcome);
}

static bool are_equal(const struct outcome *a, const struct outcome *b)
{
    return a->status == b->status && strcmp(a->message, b->message) == 0 && strcmp(a->notes, b->notes) == 0 &&
           a->rows == b->rows && a->row == b->row &&
           (!a->x || (memcmp(a->x, b->x, a->rows * a->row) == 0 &&
                      memcmp(a->labels, b->labels, a->rows * sizeof *a->labels) == 0));
}

static void check_equal(int i, const struct text *text, const struct outcome *a, const char *how,
                        const struct outcome *b)
{
    CHECK_MSG(are_equal(a, b), "table %d: %d '%s' '%s', %s %d '%s' '%s':\n%.*s", i, (int)a->status, a->message,
              a->notes, how, (int)b->status, b->message, b->notes, (int)text->size, text->bytes);
}

static void free_outcome(struct outcome *outcome)
{
    free(outcome->x);
    free(outcome->labels);
}

static void tables(void)
{
    static struct text text;
    char path[] = "/tmp/annc-test-runs-XXXXXX";
    const int descriptor = mkstemp(path);
    uint32_t taken = 0;
    CHECK(descriptor >= 0);
    for (int i = 0; i < CASES; i++) {
        struct outcome vectors = {.rows = 0}, single, shards;
        const annc_data_options options = {.need_train = true,
                                           .scale = draw(2) ? ANNC_SCALE_NONE : ANNC_SCALE_AUTO,
                                           .validation = draw(2) * 0.25,
                                           .text = {.missing = (annc_missing)draw(3),
                                                    .label = draw(2) ? "label" : NULL,
                                                    .header = (annc_choice)(draw(8) == 0 ? 1 + draw(2) : 0)}};
        make_table(&text);
        CHECK(ftruncate(descriptor, 0) == 0 && pwrite(descriptor, text.bytes, text.size, 0) == (ssize_t)text.size);
        load(path, &options, &vectors);
        load_with(path, &options, "portable", &single);
        load_shards(path, &options, &shards);
        taken += vectors.status == ANNC_OK;
        check_equal(i, &text, &vectors, "field by field", &single);
        if (vectors.rows != 1) /* of which there are no two shards */
            check_equal(i, &text, &vectors, "in shards", &shards);
        free_outcome(&vectors);
        free_outcome(&single);
        free_outcome(&shards);
    }
    CHECK_MSG(taken > CASES / 4 && taken < CASES * 9 / 10, "%u of %d tables are taken", taken, CASES);
    close(descriptor);
    unlink(path);
}

/* A header that counts, which is plain numbers, too, is found again among the rows. */
static void repeated_header(void)
{
    static struct text text;
    char path[] = "/tmp/annc-test-runs-XXXXXX";
    const int descriptor = mkstemp(path);
    const annc_data_options options = {.need_train = true, .text = {.label = "4"}};
    struct outcome outcome = {.rows = 0};
    text.size = 0;
    for (int i = 0; i < 81; i++)
        add(&text, i % 40 == 0 ? "0,1,2,3\n" : i % 2 ? "5.5,6,7,1\n" : "4,2.5,9,0\n");
    add(&text, "4,2.5,9,0\n5.5,6,7,1\n4,2.5,9,0\n5.5,6,7,1\n4,2.5,9,0\n5.5,6,7,1\n4,2.5,9,0\n5.5,6,7,1\n");
    CHECK(descriptor >= 0 && pwrite(descriptor, text.bytes, text.size, 0) == (ssize_t)text.size);
    load(path, &options, &outcome);
    CHECK_MSG(outcome.status == ANNC_INPUT && strstr(outcome.message, "line 41 repeats the header (2 such lines)"),
              "%s", outcome.message);
    close(descriptor);
    unlink(path);
}

/* ---------------------------------------------------------------- texts in parts */

/* What a reader makes of a text, with all that it says. */
struct reading {
    annc_status status;
    char message[2048], notes[2048];
    struct annc_table table;
};

static void read_text(const char *path, const annc_text_options *options, int threads, const struct annc_table *like,
                      struct reading *reading)
{
    const struct annc_intake intake = {.beginning = SIZE_MAX, .step = 1 << 16, .threads = threads, .part = 1};
    struct annc_stream *stream = NULL;
    memset(reading, 0, sizeof *reading);
    REQUIRE_OK(annc_stream_open(path, &stream));
    reading->status =
        annc_csv_read(stream, options, &intake, like, !like, &reading->table, reading->notes, sizeof reading->notes);
    if (reading->status != ANNC_OK)
        snprintf(reading->message, sizeof reading->message, "%s", annc_last_error());
    annc_stream_close(stream);
}

static bool same_bytes(const void *a, const void *b, size_t count)
{
    return a && b ? memcmp(a, b, count) == 0 : !a && !b;
}

static bool same_remainders(const struct annc_remainders *a, const struct annc_remainders *b, uint32_t columns,
                            uint32_t rows)
{
    for (uint32_t j = 0; j < columns; j++)
        if (!same_bytes(a->column ? a->column[j] : NULL, b->column ? b->column[j] : NULL, rows * sizeof(int32_t)))
            return false;
    return true;
}

static bool same_texts(const struct annc_texts *a, const struct annc_texts *b)
{
    for (uint32_t i = 0; i < a->count && a->count == b->count; i++)
        if (strcmp(a->text[i], b->text[i]) != 0)
            return false;
    return a->count == b->count;
}

static bool same_tables(const struct annc_table *a, const struct annc_table *b)
{
    const uint32_t n = a->rows;
    return a->rows == b->rows && a->inputs == b->inputs && a->outputs == b->outputs && a->label_at == b->label_at &&
           same_bytes(a->x, b->x, (size_t)n * a->inputs * sizeof(float)) &&
           same_remainders(&a->remainders, &b->remainders, a->inputs, n) &&
           same_bytes(a->targets, b->targets, (size_t)n * a->outputs * sizeof(float)) &&
           same_remainders(&a->target_remainders, &b->target_remainders, a->outputs, n) &&
           same_bytes(a->weights, b->weights, n * sizeof(float)) &&
           same_bytes(a->lines, b->lines, n * sizeof *a->lines) &&
           same_bytes(a->number, b->number, n * sizeof *a->number) &&
           same_bytes(a->labels.index, b->labels.index, n * sizeof *a->labels.index) &&
           same_texts(&a->labels.distinct, &b->labels.distinct) && same_texts(&a->input_names, &b->input_names);
}

/* Reads the text with one thread and with several: the same table, notes and message. */
static void check_parts(const char *path, const annc_text_options *options, int threads, const struct annc_table *like,
                        struct reading *one)
{
    struct reading several;
    read_text(path, options, 1, like, one);
    read_text(path, options, threads, like, &several);
    CHECK_MSG(one->status == several.status && strcmp(one->message, several.message) == 0 &&
                  strcmp(one->notes, several.notes) == 0,
              "one thread: %d '%s' '%s', %d threads: %d '%s' '%s'", (int)one->status, one->message, one->notes, threads,
              (int)several.status, several.message, several.notes);
    CHECK_MSG(same_tables(&one->table, &several.table), "%d threads read another table", threads);
    annc_table_free(&several.table);
}

/* Makes other words of some. */
static void change_words(struct text *text)
{
    for (char *at = text->bytes; (at = memchr(at, 'd', (size_t)(text->bytes + text->size - at))) != NULL; at++)
        *at = "ddde"[draw(4)]; /* red, ree */
}

static void write_text(int descriptor, const struct text *text)
{
    CHECK(ftruncate(descriptor, 0) == 0 && pwrite(descriptor, text->bytes, text->size, 0) == (ssize_t)text->size);
}

/* Random tables are divided among 2 to 9 threads; some are tables for a model of the one before. */
static void parts(void)
{
    static struct text text;
    static const char *const labels[] = {NULL, "label", NULL}, *const targets[] = {NULL, NULL, "label"};
    static const char *const weights[] = {NULL, NULL, NULL, "x1"};
    char path[] = "/tmp/annc-test-runs-XXXXXX";
    const int descriptor = mkstemp(path);
    uint32_t taken = 0, dropped = 0, refused = 0, exact = 0;
    CHECK(descriptor >= 0);
    for (int i = 0; i < DIVIDED; i++) {
        const uint32_t kind = draw(3);
        const annc_text_options options = {.missing = (annc_missing)draw(3),
                                           .label = labels[kind],
                                           .target = targets[kind],
                                           .weight = weights[draw(4)],
                                           .header = (annc_choice)(draw(8) == 0 ? 1 + draw(2) : 0)};
        struct reading first, second;
        make_table(&text);
        write_text(descriptor, &text);
        check_parts(path, &options, 2 + (int)draw(8), NULL, &first);
        refused += first.status != ANNC_OK;
        if (first.status == ANNC_OK) {
            taken++;
            dropped += first.table.number && first.table.number[first.table.rows - 1] > first.table.rows;
            exact += first.table.remainders.column != NULL;
            text.size -= text.size / 3; /* in the middle of a line */
            change_words(&text);
            write_text(descriptor, &text);
            check_parts(path, &options, 2 + (int)draw(8), &first.table, &second);
            annc_table_free(&second.table);
        }
        annc_table_free(&first.table);
    }
    CHECK_MSG(taken > DIVIDED / 8 && refused > DIVIDED / 8 && dropped > 5 && exact > 20,
              "of %d tables %u are taken, %u refused, %u lose rows, %u have all digits of doubles", DIVIDED, taken,
              refused, dropped, exact);
    close(descriptor);
    unlink(path);
}

/* Every line end is a border between parts, and every byte the place where one is looked for. */
static void borders(void)
{
    static const char *const rows[] = {"3,red,2024-01-02,1.5,a",        "\n \n\n4,green,2024-01-03,,b\n",
                                       "5,red,2024-01-04,0.1,c\r\n",    "6,blue,,1e3,b\r",
                                       "7,red,2024-01-06,16777217,a\n", "8,,2024-01-07,-3,c\n\n",
                                       "9,green,2024-01-08,NA,d\n",     "10,green,2024-01-09,-.25,a"};
    static struct text text;
    char path[] = "/tmp/annc-test-runs-XXXXXX";
    const int descriptor = mkstemp(path);
    CHECK(descriptor >= 0);
    for (int wide = 0; wide < 24; wide++)
        for (int threads = 2; threads < 12; threads++) {
            const annc_text_options options = {.missing = wide % 3 ? ANNC_MISSING_MEAN : ANNC_MISSING_DROP,
                                               .label = "e"};
            const uint32_t kind = (uint32_t)wide % 4, most = kind == 1 || kind == 2 ? 11 : 10;
            struct reading one;
            text.size = 0;
            add(&text, ",b,c,d,e\n1,blue,2024-01-01,");
            for (int digit = 0; digit < wide; digit++)
                add(&text, "0");
            add(&text, "1,a\n2,red,2024-01-01,4,a\n");
            for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                add(&text, rows[i]);
            if (kind == 1)
                add(&text, "\n11,\"red\nor not\",2024-01-10,2,a"); /* is not divided */
            if (kind == 2)
                add(&text, "\n21,red,2024-01-10,2,a"); /* the first column does not count */
            write_text(descriptor, &text);
            check_parts(path, &options, threads, NULL, &one);
            CHECK_MSG(one.status == ANNC_OK && one.table.rows == (wide % 3 ? most : most - 3) &&
                          one.table.inputs == most - 4 && one.table.labels.distinct.count == (wide % 3 ? 4 : 2),
                      "%d '%s' '%s' %u rows of %u", (int)one.status, one.message, one.notes, one.table.rows,
                      one.table.inputs);
            annc_table_free(&one.table);
        }
    close(descriptor);
    unlink(path);
}

/* ---------------------------------------------------------------- texts that change */

static void write_lines(const char *path, const char *line, int lines)
{
    FILE *file = fopen(path, "r+b");
    for (int i = 0; file && i < lines; i++)
        fputs(line, file);
    fclose(file);
}

/* A text that changes between two passes is noticed. */
static void changed_text(void)
{
    char path[] = "/tmp/annc-test-runs-XXXXXX", notes[2048] = "";
    const int descriptor = mkstemp(path);
    const annc_text_options options = {.header = ANNC_NO, .label = "3"};
    const struct annc_intake intake = {.beginning = SIZE_MAX, .step = 1 << 16, .maps = true};
    struct annc_stream *stream = NULL;
    struct annc_table table;
    double values[2] = {0, 0};
    CHECK(descriptor >= 0);
    write_lines(path, "1.5,22,0\n3.5,44,1\n", 500);
    REQUIRE_OK(annc_stream_open(path, &stream));
    REQUIRE_OK(annc_csv_read(stream, &options, &intake, NULL, true, &table, notes, sizeof notes));
    CHECK(table.rows == 1000 && table.text && !table.x);
    CHECK(annc_table_read(&table, 901, values) == ANNC_OK && values[0] == 3.5 && values[1] == 44);
    CHECK(annc_table_read(&table, 16, values) == ANNC_OK && values[0] == 1.5 && values[1] == 22);
    write_lines(path, "77\n", 3000);
    CHECK(annc_table_read(&table, 16, values) == ANNC_INPUT);
    CHECK_MSG(strstr(annc_last_error(), "has 1 field, but other lines have 3"), "%s", annc_last_error());
    write_lines(path, "\n\n\n", 3000);
    CHECK(annc_table_read(&table, 16, values) == ANNC_INPUT);
    CHECK_MSG(strstr(annc_last_error(), "changed while it was read"), "%s", annc_last_error());
    annc_table_free(&table);
    close(descriptor);
    unlink(path);
}

/* ---------------------------------------------------------------- numbers */

/* Each number of a run is that of strtod; the run ends where it has to, and reads no byte of others' memory. */
static void numbers(void)
{
    const struct annc_number_runs *runs = annc_number_runs_choose();
    if (!runs)
        return;
    for (int i = 0; i < 20000; i++) {
        static struct text text;
        struct annc_field fields[8];
        bool ended;
        text.size = 0;
        for (int k = 0; k < ANNC_RUN_BEFORE; k++)
            add(&text, "7");
        add(&text, ",");
        for (uint32_t k = 0; k < 6; k++) {
            add_number(&text, draw(4));
            add(&text, k < 5 ? "," : "\n");
        }
        for (int k = 0; k < ANNC_RUN_AHEAD; k++)
            add(&text, "x");
        char *copy = malloc(text.size), number[80];
        memcpy(copy, text.bytes, text.size);
        const char *at = copy + ANNC_RUN_BEFORE + 1;
        const size_t count = runs->read(&at, copy + text.size, ',', fields, 8, &ended);
        CHECK((count == 6) == ended && (!ended || *at == '\n') && (ended || at[-1] == ','));
        for (size_t k = 0; k < count; k++) {
            snprintf(number, sizeof number, "%.*s", (int)fields[k].length, fields[k].text);
            CHECK_MSG(memcmp(&fields[k].number, &(double){strtod(number, NULL)}, sizeof(double)) == 0, "'%s' is %.17g",
                      number, fields[k].number);
            CHECK(fields[k].is_number && fields[k].has_point == (strchr(number, '.') != NULL));
        }
        free(copy);
    }
}

TEST_MAIN(TEST(tables), TEST(repeated_header), TEST(parts), TEST(borders), TEST(changed_text), TEST(numbers))
