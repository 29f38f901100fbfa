/* test_arrays.c - data sets of arrays in memory, and what bindings of other languages need: sizes of
 * structs and a flag that stops a training. */
#include "annc.h"
#include "support/problem.h"
#include "support/test.h"

enum { ROWS = 6, INPUTS = 2 };

static const double X[ROWS * INPUTS] = {1, 10, 2, 30, 3, 20, 4, 50, 5, 40, 6, 60};
static const uint32_t LABELS[ROWS] = {0, 1, 0, 1, 1, 0};
static const char *const NAMES[] = {"rose", "fern"};
static const double TARGETS[ROWS] = {1, 2, 3, 4, 5, 6};

static annc_arrays arrays_of(annc_number type, const void *x)
{
    return (annc_arrays){.count = ROWS,
                         .inputs = INPUTS,
                         .type = type,
                         .x = x,
                         .labels = LABELS,
                         .label_names = NAMES,
                         .label_count = 2};
}

static annc_status load(const annc_arrays *arrays, annc_data_options options, annc_data *data)
{
    options.source = ANNC_SOURCE_ARRAYS;
    options.arrays = arrays;
    options.need_train = true;
    return annc_data_load(&options, data);
}

/* The status and the message of a loading that must fail. */
static bool refuses(annc_status status, const char *text, const annc_arrays *arrays, annc_data_options options)
{
    annc_data data;
    const annc_status got = load(arrays, options, &data);
    if (got == status && strstr(annc_last_error(), text) && !data.train)
        return true;
    printf("%d: %s\n", (int)got, annc_last_error());
    annc_data_free(&data);
    return false;
}

static void write_table(const char *path, const double *x)
{
    FILE *file = fopen(path, "w");
    fprintf(file, "a,b,kind\n");
    for (int i = 0; i < ROWS; i++)
        fprintf(file, "%.9g,%.9g,%s\n", x[2 * i], x[2 * i + 1], NAMES[LABELS[i]]);
    fclose(file);
}

/* Arrays of doubles and floats give the data set, the classes and the metadata of a file with the
 * same numbers. */
static void as_from_a_file(void)
{
    static const char *const keys[] = {"annc.classes", "annc.scale",        "annc.input_shift",
                                       "annc.inputs",  "annc.input_factor", "annc.input_fill"};
    static const char *const columns[] = {"a", "b"};
    const char *path = "arrays.csv";
    const annc_data_options file_options = {.source = ANNC_SOURCE_PATH, .path = path, .need_train = true};
    const annc_shape shape = problem_shape("2-2", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    float x[ROWS * INPUTS];
    annc_network *network[2];
    for (int i = 0; i < ROWS * INPUTS; i++)
        x[i] = (float)X[i];
    write_table(path, X);
    annc_arrays arrays[] = {arrays_of(ANNC_NUMBER_FLOAT64, X), arrays_of(ANNC_NUMBER_FLOAT32, x)};
    for (int i = 0; i < 2; i++) {
        annc_data data[2];
        arrays[i].input_names = columns;
        REQUIRE_OK(annc_data_load(&file_options, &data[0]));
        REQUIRE_OK(load(&arrays[i], (annc_data_options){.outputs = 2}, &data[1]));
        CHECK(annc_dataset_fingerprint(data[0].train) == annc_dataset_fingerprint(data[1].train));
        for (int j = 0; j < 2; j++) {
            REQUIRE_OK(annc_network_create(&shape, &network[j]));
            REQUIRE_OK(annc_data_describe(&data[j], network[j]));
        }
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            const char *a = annc_network_metadata(network[0], keys[k]), *b = annc_network_metadata(network[1], keys[k]);
            CHECK_MSG(a && b && strcmp(a, b) == 0, "%s: %s, %s", keys[k], a ? a : "none", b ? b : "none");
        }
        CHECK(strcmp(annc_dataset_class_name(data[1].train, 0), "fern") == 0);
        for (int j = 0; j < 2; j++) {
            annc_network_free(network[j]);
            annc_data_free(&data[j]);
        }
    }
    remove(path);
}

/* Bytes are pixels, and the data set has a copy of the caller's. */
static void bytes(void)
{
    uint8_t x[ROWS * INPUTS] = {0, 255, 7};
    annc_arrays arrays = arrays_of(ANNC_NUMBER_UINT8, x);
    annc_data data;
    REQUIRE_OK(load(&arrays, (annc_data_options){.scale = ANNC_SCALE_AUTO}, &data));
    memset(x, 1, sizeof x);
    const annc_examples *examples = annc_dataset_examples(data.train);
    CHECK(examples->type == ANNC_BYTES && examples->divisor == 255);
    CHECK(((const uint8_t *)examples->x)[1] == 255 && ((const uint8_t *)examples->x)[2] == 7);
    annc_data_free(&data);
}

/* Rows are images where their size is given; then they may be moved. */
static void images(void)
{
    const annc_augmentation moves = {.shift = 1};
    const annc_training_options options = {.eta = 1, .batch = 2, .augmentation = moves};
    const annc_shape shape = {.layers = 1, .width = {INPUTS, 2}, .cost = ANNC_QUADRATIC};
    annc_arrays arrays = arrays_of(ANNC_NUMBER_FLOAT64, X);
    annc_data data;
    annc_device *device = NULL;
    annc_network *network = NULL;
    uint32_t rows, columns;
    REQUIRE_OK(annc_device_open(&(annc_device_options){.kind = ANNC_DEVICE_CPU}, &device));
    REQUIRE_OK(annc_network_create(&shape, &network));
    for (int is_image = 0; is_image < 2; is_image++) {
        annc_trainer *trainer = NULL;
        arrays.image_rows = is_image ? 1 : 0;
        arrays.image_columns = is_image ? INPUTS : 0;
        REQUIRE_OK(load(&arrays, (annc_data_options){.scale = ANNC_SCALE_NONE}, &data));
        annc_dataset_image_size(data.train, &rows, &columns);
        CHECK(rows == (is_image ? 1 : INPUTS) && columns == (is_image ? INPUTS : 1));
        CHECK(annc_trainer_create(device, network, data.train, &options, &trainer) ==
              (is_image ? ANNC_OK : ANNC_INPUT));
        annc_trainer_free(trainer);
        annc_data_free(&data);
    }
    annc_network_free(network);
    annc_device_close(device);
}

/* Rows of weight 0 are left out, whatever their values; the caller's array stays. */
static void weights(void)
{
    static const double some[ROWS] = {1, 0, 2, 1, 0, 0}, wrong[][ROWS] = {{1, -2}, {NAN}, {1, 1, 1e39}, {0}};
    static const char *const why[] = {"row 2 has the weight -2", "row 1 has the weight nan",
                                      "row 3 has the weight 1e+39", "the training rows: the weight of every row is 0"};
    uint8_t bytes[ROWS * INPUTS];
    float floats[ROWS * INPUTS];
    double doubles[ROWS * INPUTS];
    const void *const inputs[] = {bytes, floats, doubles};
    for (int i = 0; i < ROWS * INPUTS; i++) {
        bytes[i] = (uint8_t)X[i];
        floats[i] = (float)X[i];
        doubles[i] = X[i];
    }
    floats[2] = NAN; /* of row 2, whose weight is 0 */
    for (int type = 0; type < ANNC_NUMBER_COUNT; type++) {
        annc_data data;
        annc_arrays arrays = arrays_of((annc_number)type, inputs[type]);
        arrays.weights = some;
        REQUIRE_OK(load(&arrays, (annc_data_options){.scale = ANNC_SCALE_NONE}, &data));
        const annc_examples *examples = annc_dataset_examples(data.train);
        CHECK(examples->count == 3 && annc_dataset_row(data.train, 1) == 3 && annc_dataset_row(data.train, 2) == 4);
        CHECK(type == ANNC_NUMBER_UINT8 ? ((const uint8_t *)examples->x)[2] == 3
                                        : ((const float *)examples->x)[2] == 3);
        CHECK(examples->weights[0] == 0.75f && examples->weights[1] == 1.5f && examples->weights[2] == 0.75f);
        CHECK(strstr(data.notes, "3 rows of weight 0 are left out"));
        annc_data_free(&data);
        for (size_t i = 0; i < sizeof why / sizeof *why; i++) {
            arrays.weights = wrong[i];
            CHECK(refuses(ANNC_INPUT, why[i], &arrays, (annc_data_options){.scale = ANNC_SCALE_NONE}));
        }
        CHECK(refuses(ANNC_USAGE, "'weight' names a column of a text table", &arrays,
                      (annc_data_options){.text.weight = "w"}));
    }
    CHECK(bytes[2] == 2 && floats[4] == 3 && doubles[2] == 2);
}

/* Missing values are an error, dropped with their rows, or replaced; the caller's array stays. */
static void missing_values(void)
{
    float x[ROWS * INPUTS], before[ROWS * INPUTS];
    const annc_missing rules[] = {ANNC_MISSING_DROP, ANNC_MISSING_MEAN};
    for (int i = 0; i < ROWS * INPUTS; i++)
        x[i] = (float)X[i];
    x[2] = NAN;
    memcpy(before, x, sizeof x);
    annc_arrays arrays = arrays_of(ANNC_NUMBER_FLOAT32, x);
    CHECK(refuses(ANNC_INPUT, "the training rows: row 2, column 1: the value is missing", &arrays,
                  (annc_data_options){.scale = ANNC_SCALE_NONE}));
    for (int i = 0; i < 2; i++) {
        annc_data data;
        annc_data_options options = {.scale = ANNC_SCALE_NONE, .text = {.missing = rules[i]}};
        REQUIRE_OK(load(&arrays, options, &data));
        const annc_examples *examples = annc_dataset_examples(data.train);
        CHECK(examples->count == (i == 0 ? ROWS - 1 : ROWS));
        CHECK_NEAR(((const float *)examples->x)[2], i == 0 ? 3 : 19.0 / 5, 1e-6);
        CHECK(memcmp(x, before, sizeof x) == 0);
        annc_data_free(&data);
    }
}

/* Rows for validation are scaled as the training rows. */
static void validation_rows(void)
{
    annc_arrays train = arrays_of(ANNC_NUMBER_FLOAT64, X), held = train;
    held.count = 1;
    annc_data data;
    REQUIRE_OK(load(&train, (annc_data_options){.validation_arrays = &held, .scale = ANNC_SCALE_MIN_MAX}, &data));
    CHECK(annc_dataset_examples(data.validation)->count == 1 && annc_dataset_examples(data.train)->count == ROWS);
    CHECK(((const float *)annc_dataset_examples(data.validation)->x)[0] == 0);
    annc_data_free(&data);
    held.inputs = 1;
    CHECK(refuses(ANNC_INPUT, "has 2 inputs per example, but the validation rows has 1", &train,
                  (annc_data_options){.validation_arrays = &held}));
}

static void targets(void)
{
    annc_arrays arrays = arrays_of(ANNC_NUMBER_FLOAT64, X);
    annc_data data;
    float back = 1;
    arrays.labels = NULL;
    arrays.targets = TARGETS;
    arrays.outputs = 1;
    REQUIRE_OK(load(&arrays, (annc_data_options){.outputs = 1}, &data));
    CHECK_NEAR(annc_dataset_examples(data.train)->targets[0], -2.5 / sqrt(35.0 / 12), 1e-6);
    annc_dataset_unscale(data.train, 1, &back);
    CHECK_NEAR(back, 3.5 + sqrt(35.0 / 12), 1e-6);
    annc_data_free(&data);
}

/* Inputs and targets that differ by less than floats of their size do are read, scaled, predicted
 * and measured by their differences. */
static void large_numbers(void)
{
    static const double offset = 1.7e9;
    const annc_shape shape = problem_shape("2-1", ANNC_TANH, ANNC_IDENTITY, ANNC_QUADRATIC);
    double x[ROWS * INPUTS], y[ROWS], got[ROWS], sum = 0;
    float outputs[ROWS];
    annc_target_measures measures;
    annc_network *network = NULL;
    annc_data data;
    for (int i = 0; i < ROWS; i++) {
        x[2 * i] = offset + i / 8.0;
        x[2 * i + 1] = X[2 * i + 1];
        y[i] = -offset + i / 16.0;
        sum += (i - 2.5) * (i - 2.5) / ROWS;
    }
    const annc_arrays arrays = {
        .count = ROWS, .inputs = INPUTS, .type = ANNC_NUMBER_FLOAT64, .x = x, .targets = y, .outputs = 1};
    REQUIRE_OK(load(&arrays, (annc_data_options){.outputs = 1}, &data));
    CHECK_MSG(!strstr(data.notes, "warning"), "%s", data.notes);
    for (int i = 0; i < ROWS; i++) {
        const annc_examples *examples = annc_dataset_examples(data.train);
        CHECK_NEAR(((const float *)examples->x)[2 * i], (i - 2.5) / sqrt(sum), 1e-6);
        CHECK_NEAR(examples->targets[i], (i - 2.5) / sqrt(sum), 1e-6);
        outputs[i] = examples->targets[i] + (float)(1 / sqrt(sum)); /* 1/16 too large */
    }
    REQUIRE_OK(annc_target_measure(data.train, outputs, 0, &measures));
    CHECK_NEAR(measures.rmse, 1.0 / 16, 1e-6);
    CHECK(annc_dataset_target_digits(data.train, 0) == 17); /* 1.7e9 / 0.1 is a hundred times 1.7e8 */
    REQUIRE_OK(annc_network_create(&shape, &network));
    annc_network_parameters(network)[0] = 1;
    REQUIRE_OK(annc_data_describe(&data, network));
    REQUIRE_OK(annc_network_predict_f64(network, NULL, ROWS, x, NULL, got));
    for (int i = 0; i < ROWS; i++)
        CHECK_NEAR(got[i] - y[i], 0, 1e-6);
    annc_network_free(network);
    annc_data_free(&data);
    REQUIRE_OK(load(&arrays, (annc_data_options){.scale = ANNC_SCALE_NONE, .outputs = 1}, &data));
    CHECK_MSG(strstr(data.notes, "input 1 lies between 1700000000 and 1700000001, where single precision, in which "
                                 "networks compute, has steps of 128: of its 6 different values, 1 remain; "),
              "%s", data.notes);
    annc_data_free(&data);
}

/* Rows that move up, where others are left out, keep their last digits. */
static void moved_rows(void)
{
    const double x[ROWS * INPUTS] = {1, 1, NAN, 2, 1e9 + 0.125, 3, 1e9 + 0.375, 4, NAN, 5, 1e9, 6};
    const double y[ROWS] = {0, 0, 1e9 + 0.5, 1e9 + 0.75, 0, 1e9}, weights[ROWS] = {0, 1, 1, 1, 1, 1};
    const annc_arrays arrays = {.count = ROWS,
                                .inputs = INPUTS,
                                .type = ANNC_NUMBER_FLOAT64,
                                .x = x,
                                .outputs = 1,
                                .targets = y,
                                .weights = weights};
    annc_data_options options = {.scale = ANNC_SCALE_MIN_MAX, .target_scale = ANNC_SCALE_MIN_MAX, .outputs = 1};
    annc_data data;
    options.text.missing = ANNC_MISSING_DROP;
    REQUIRE_OK(load(&arrays, options, &data));
    const annc_examples *examples = annc_dataset_examples(data.train);
    CHECK(examples->count == 3);
    for (int i = 0; i < 3; i++) {
        CHECK_NEAR(((const float *)examples->x)[2 * i], ((double[]){1.0 / 3, 1, 0})[i], 1e-6);
        CHECK_NEAR(examples->targets[i], ((double[]){2.0 / 3, 1, 0})[i], 1e-6);
    }
    annc_data_free(&data);
}

/* ---------------------------------------------------------------- columns of text */

enum { WORDS = 8 };

static const char *const WORD_NAMES[] = {"size", "colour", "number", "kind"};
static const double WORD_X[WORDS * 4] = {[0] = 1, [4] = 4, [8] = 2, [12] = 8, [16] = 5, [20] = 7, [24] = 3, [28] = 9};
static const char *const COLOURS[] = {" red ", "blue", "grey", "NA"}, *const NUMBERS[] = {"1.5", "-2", "TRUE"},
                         *const KINDS[] = {"10", "9"};
static const uint32_t COLOUR_OF[WORDS] = {0, 1, 0, 2, 1, 3, 0, 1}, NUMBER_OF[WORDS] = {0, 1, 2, 0, 0, 1, 2, 1},
                      KIND_OF[WORDS] = {0, 1, 1, 0, 0, UINT32_MAX, 1, 0}, ANSWERS[WORDS] = {0, 1, 0, 0, 1, 1, 0, 1};

/* Columns: numbers; words, of which one is rare and one missing; numbers as text; words that look like
 * numbers. */
static annc_arrays words_of(const annc_text_column texts[3])
{
    return (annc_arrays){.count = WORDS,
                         .inputs = 4,
                         .type = ANNC_NUMBER_FLOAT64,
                         .x = WORD_X,
                         .input_names = WORD_NAMES,
                         .labels = ANSWERS,
                         .label_names = NAMES,
                         .label_count = 2,
                         .texts = texts,
                         .text_count = 3};
}

#define WORD_TEXTS                                                                                                     \
    {                                                                                                                  \
        {1, ANNC_AUTO, COLOUR_OF, COLOURS, 4}, {2, ANNC_AUTO, NUMBER_OF, NUMBERS, 3},                                  \
        {                                                                                                              \
            3, ANNC_YES, KIND_OF, KINDS, 2                                                                             \
        }                                                                                                              \
    }

static void write_words(const char *path)
{
    FILE *file = fopen(path, "w");
    fprintf(file, "size,colour,number,kind,answer\n");
    for (int i = 0; i < WORDS; i++)
        fprintf(file, "%g,%s,%s,%s,%s\n", WORD_X[4 * i], COLOURS[COLOUR_OF[i]], NUMBERS[NUMBER_OF[i]],
                KIND_OF[i] == UINT32_MAX ? "" : KINDS[KIND_OF[i]], NAMES[ANSWERS[i]]);
    fclose(file);
}

/* Columns of text give the data set and the levels of a file with the same cells. */
static void words_as_from_a_file(void)
{
    static const char *const keys[] = {"annc.categories", "annc.inputs", "annc.input_shift", "annc.input_factor"};
    const annc_data_options file_options = {
        .path = "words.csv", .need_train = true, .text = {.label = "answer", .categorical = "kind"}};
    const annc_text_column texts[3] = WORD_TEXTS;
    const annc_arrays arrays = words_of(texts);
    const annc_shape shape = problem_shape("8-2", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    annc_network *network[2];
    annc_data data[2];
    write_words(file_options.path);
    REQUIRE_OK(annc_data_load(&file_options, &data[0]));
    REQUIRE_OK(load(&arrays, (annc_data_options){.outputs = 2}, &data[1]));
    CHECK(annc_dataset_examples(data[1].train)->inputs == 9); /* 1 + (2 levels, other, missing) + 1 + (2, missing) */
    CHECK(annc_dataset_fingerprint(data[0].train) == annc_dataset_fingerprint(data[1].train));
    CHECK_MSG(strstr(data[1].notes, "2 columns of words become 7 inputs of 0 and 1: 'colour' (2 levels, 1 rare ones"),
              "%s", data[1].notes);
    for (int j = 0; j < 2; j++) {
        REQUIRE_OK(annc_network_create(&shape, &network[j]));
        REQUIRE_OK(annc_data_describe(&data[j], network[j]));
    }
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        const char *a = annc_network_metadata(network[0], keys[k]), *b = annc_network_metadata(network[1], keys[k]);
        CHECK_MSG(a && b && strcmp(a, b) == 0, "%s: %s, %s", keys[k], a ? a : "none", b ? b : "none");
    }
    for (int j = 0; j < 2; j++) {
        annc_network_free(network[j]);
        annc_data_free(&data[j]);
    }
    remove(file_options.path);
}

/* Rows for validation have the levels of the training rows, in columns found by their names. */
static void words_for_validation(void)
{
    static const char *const names[] = {"kind", "more", "number", "size", "colour"}, *const colours[] = {"pink",
                                                                                                         "blue"};
    static const double x[] = {0, 0, 7, 3, 0, 0, 0, 7, 4, 0};
    static const uint32_t index[] = {0, 1}, kinds[] = {1, UINT32_MAX};
    const annc_text_column texts[3] = WORD_TEXTS,
                           held_texts[] = {{0, ANNC_AUTO, kinds, KINDS, 2}, {4, ANNC_NO, index, colours, 2}};
    const annc_arrays arrays = words_of(texts);
    annc_arrays held = arrays;
    annc_data data;
    held.count = 2;
    held.inputs = 5;
    held.x = x;
    held.input_names = names;
    held.texts = held_texts;
    held.text_count = 2;
    REQUIRE_OK(load(&arrays, (annc_data_options){.validation_arrays = &held, .scale = ANNC_SCALE_NONE}, &data));
    static const float want[2][9] = {{3, 0, 0, 1, 0, 7, 0, 1, 0}, {4, 1, 0, 0, 0, 7, 0, 0, 1}};
    const float *got = annc_dataset_examples(data.validation)->x;
    for (int i = 0; i < 2 * 9; i++)
        CHECK_MSG(got[i] == want[i / 9][i % 9], "%d: %g", i, (double)got[i]);
    CHECK_MSG(strstr(data.notes,
                     "warning: the validation rows: 1 cell of column 'colour' has a level that "
                     "is rare or absent in the training data ('pink' in row 1); they count as colour=(other)"),
              "%s", data.notes);
    annc_data_free(&data);
    held.text_count = 1;
    CHECK(refuses(ANNC_INPUT, "the validation rows: column 'colour' has numbers, but words in the training data",
                  &arrays, (annc_data_options){.validation_arrays = &held}));
    held.input_names = WORD_NAMES;
    held.inputs = 3;
    CHECK(refuses(ANNC_INPUT, "the validation rows: has no column 'kind'", &arrays,
                  (annc_data_options){.validation_arrays = &held}));
    held.input_names = NULL;
    CHECK(refuses(ANNC_INPUT, "the validation rows has 3 columns, but the training data 4 input columns", &arrays,
                  (annc_data_options){.validation_arrays = &held}));
}

static void words_refused(void)
{
    static const char *const dates[] = {"5.1.2020", "1.2.2021", "12:30"}, *const different[] = {"a", "b", "c", "d",
                                                                                                "e", "f", "g", "h"},
                             *const large[] = {"1e39"}, *const twice[] = {"size", "colour", "size", "kind"};
    static const uint32_t all[WORDS] = {0, 1, 2, 3, 4, 5, 6, 7}, first[WORDS] = {0};
    const annc_data_options options = {.scale = ANNC_SCALE_NONE};
    const struct {
        annc_text_column text;
        annc_status status;
        const char *why;
    } cases[] = {
        {{4, ANNC_AUTO, first, large, 1}, ANNC_USAGE, "'column' is 4: columns of text must be below 'inputs', 4"},
        {{1, (annc_choice)3, first, large, 1}, ANNC_USAGE, "'categorical' is 3"},
        {{1, ANNC_AUTO, NULL, large, 1}, ANNC_USAGE, "'cells'"},
        {{1, ANNC_AUTO, first, NULL, 1}, ANNC_USAGE, "'texts'"},
        {{1, ANNC_AUTO, COLOUR_OF, COLOURS, 3}, ANNC_INPUT, "the training rows: row 6, input 2 has text 3 of 3 texts"},
        {{1, ANNC_AUTO, NUMBER_OF, dates, 3},
         ANNC_INPUT,
         "row 1, column 'colour': '5.1.2020' is a date or a time in a form that is not read (8 such cells)"},
        {{1, ANNC_AUTO, all, different, 8},
         ANNC_INPUT,
         "all 8 texts of the column are different, as identifiers are; leave it out, or"},
        {{1, ANNC_NO, COLOUR_OF, COLOURS, 4},
         ANNC_INPUT,
         "row 1, column 'colour': 'red' is not a number (7 of 8 cells)"},
        {{1, ANNC_AUTO, first, large, 1}, ANNC_INPUT, "row 1, column 'colour' is 1e+39, which is too large"},
    };
    annc_text_column texts[3] = WORD_TEXTS;
    annc_arrays arrays = words_of(texts);
    arrays.text_count = 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        texts[0] = cases[i].text;
        CHECK(refuses(cases[i].status, cases[i].why, &arrays, options));
    }
    texts[0] = (annc_text_column){1, ANNC_YES, all, different, 8}; /* words, as the caller says */
    annc_data data;
    REQUIRE_OK(load(&arrays, options, &data));
    CHECK(annc_dataset_examples(data.train)->inputs == 3 + 8);
    annc_data_free(&data);
    arrays.texts = NULL;
    CHECK(refuses(ANNC_USAGE, "'texts'", &arrays, options));
    arrays.texts = texts;
    arrays.text_count = 2;
    texts[1].column = 1;
    CHECK(refuses(ANNC_USAGE, "'column' is 1", &arrays, options));
    arrays.text_count = 1;
    arrays.input_names = twice;
    annc_arrays training = words_of(texts);
    training.text_count = 1;
    CHECK(refuses(ANNC_INPUT, "the validation rows: several columns have the name 'size'", &training,
                  (annc_data_options){.validation_arrays = &arrays}));
}

static void refused(void)
{
    const annc_data_options options = {.scale = ANNC_SCALE_NONE};
    const uint32_t beyond[ROWS] = {0, 1, 2};
    const double large[ROWS * INPUTS] = {0, 0, 0, 1e39};
    const annc_arrays good = arrays_of(ANNC_NUMBER_FLOAT64, X);
    annc_arrays arrays = good;
    CHECK(refuses(ANNC_USAGE, "'arrays'", NULL, options));
    arrays.x = NULL;
    CHECK(refuses(ANNC_USAGE, "'x'", &arrays, options));
    arrays.x = large;
    CHECK(refuses(ANNC_INPUT, "row 2, input 2 is 1e+39", &arrays, options));
    arrays = good;
    arrays.count = 0;
    CHECK(refuses(ANNC_INPUT, "has 0 rows of 2 inputs", &arrays, options));
    arrays = good;
    arrays.type = ANNC_NUMBER_COUNT;
    CHECK(refuses(ANNC_USAGE, "'type'", &arrays, options));
    arrays = good;
    arrays.targets = TARGETS;
    CHECK(refuses(ANNC_USAGE, "'labels' and 'targets'", &arrays, options));
    arrays.labels = NULL;
    CHECK(refuses(ANNC_USAGE, "'outputs'", &arrays, options));
    arrays.targets = NULL;
    CHECK(refuses(ANNC_USAGE, "'labels' or 'targets'", &arrays, options));
    arrays = good;
    arrays.label_names = NULL;
    CHECK(refuses(ANNC_USAGE, "'label_names'", &arrays, options));
    arrays = good;
    arrays.labels = beyond;
    CHECK(refuses(ANNC_INPUT, "row 3 has label 2 of 2 label names", &arrays, options));
    static const uint32_t wrong[][2] = {{1, 0}, {0, 2}, {2, 2}, {65536, 65536}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        arrays = good;
        arrays.image_rows = wrong[i][0];
        arrays.image_columns = wrong[i][1];
        CHECK(refuses(ANNC_USAGE, "their product must be the number of inputs, 2", &arrays, options));
    }
    const annc_text_column words = {.column = 1, .cells = LABELS, .texts = NAMES, .text_count = 2};
    arrays = good;
    arrays.image_rows = 1;
    arrays.image_columns = INPUTS;
    arrays.texts = &words;
    arrays.text_count = 1;
    CHECK(refuses(ANNC_USAGE, "images have no columns of text", &arrays, options));
}

static void struct_sizes(void)
{
    CHECK(annc_struct_size("annc_shape") == sizeof(annc_shape));
    CHECK(annc_struct_size("annc_run_options") == sizeof(annc_run_options));
    CHECK(annc_struct_size("annc_data") == sizeof(annc_data));
    CHECK(annc_struct_size("annc_network") == 0 && annc_struct_size("") == 0);
}

static void stop_flag(void)
{
    int set = 0;
    CHECK(!annc_stop_when_set(&set));
    set = 1;
    CHECK(annc_stop_when_set(&set));
}

TEST_MAIN(TEST(as_from_a_file), TEST(bytes), TEST(images), TEST(weights), TEST(missing_values), TEST(validation_rows),
          TEST(targets), TEST(large_numbers), TEST(moved_rows), TEST(words_as_from_a_file), TEST(words_for_validation),
          TEST(words_refused), TEST(refused), TEST(struct_sizes), TEST(stop_flag))
