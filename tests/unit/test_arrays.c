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

TEST_MAIN(TEST(as_from_a_file), TEST(bytes), TEST(weights), TEST(missing_values), TEST(validation_rows), TEST(targets),
          TEST(large_numbers), TEST(moved_rows), TEST(refused), TEST(struct_sizes), TEST(stop_flag))
