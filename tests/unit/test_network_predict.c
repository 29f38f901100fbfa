/* Rows of numbers through a network and back: what it says of them is what an evaluation of the same data says, in the units of the data. */
#include "support/problem.h"
#include "support/test.h"

#include <unistd.h>

enum { ROWS = 12 };

static char path[64];

static void write_table(const char *header, const char *(*last)(int i, char *room))
{
    FILE *file = fopen(path, "w");
    char room[32];
    CHECK(file != NULL);
    if (!file)
        return;
    fprintf(file, "%s\n", header);
    for (int i = 0; i < ROWS; i++)
        fprintf(file, "%d,%.2f,%s\n", 100 + 7 * i % 5, 0.01 * i, last(i, room));
    fclose(file);
}

static const char *kind(int i, char *room)
{
    static const char *const kinds[] = {"rose", "fern", "moss"};
    (void)room;
    return kinds[i % 3];
}

static const char *height(int i, char *room)
{
    snprintf(room, 32, "%d", 1000 + 50 * i);
    return room;
}

/* A network with notes on a table, and what an evaluation of that table says. */
struct evaluated {
    annc_data data;
    annc_network *network;
    int32_t classes[ROWS];
    float outputs[ROWS * 3];
};

static annc_status evaluate(const annc_shape *shape, const annc_text_options *text, annc_device *device,
                            struct evaluated *evaluated)
{
    const annc_data_options options = {.path = path, .text = *text, .need_train = true};
    annc_evaluator *evaluator = NULL;
    annc_evaluation evaluation;
    annc_status status = annc_data_load(&options, &evaluated->data);
    evaluated->network = NULL;
    if (status == ANNC_OK)
        status = annc_network_create(shape, &evaluated->network);
    if (status == ANNC_OK)
        status = annc_network_initialise(evaluated->network, device, ANNC_INIT_AUTO, 3);
    if (status == ANNC_OK)
        status = annc_data_describe(&evaluated->data, evaluated->network);
    if (status == ANNC_OK)
        status = annc_evaluator_create(device, evaluated->network, evaluated->data.train, &evaluator);
    if (status == ANNC_OK)
        status = annc_evaluator_run(evaluator, NULL, evaluated->classes, evaluated->outputs, &evaluation);
    annc_evaluator_free(evaluator);
    return status;
}

static void forget(struct evaluated *evaluated)
{
    annc_network_free(evaluated->network);
    annc_data_free(&evaluated->data);
    unlink(path);
}

/* The inputs as the file has them. */
static void raw_inputs(double *x)
{
    for (int i = 0; i < ROWS; i++) {
        x[2 * i] = 100 + 7 * i % 5;
        x[2 * i + 1] = i / 100.0;
    }
}

static void as_floats(const double *x, float *narrow)
{
    for (int i = 0; i < 2 * ROWS; i++)
        narrow[i] = (float)x[i];
}

/* Returns whether doubles are what these floats are in the units of the data. */
static bool are_unscaled(const annc_dataset *dataset, const float *outputs, const double *got, size_t count)
{
    double want[3 * ROWS];
    annc_dataset_unscale_f64(dataset, ROWS, outputs, want);
    return memcmp(got, want, count * sizeof *want) == 0;
}

static void classes_by_name(void)
{
    const annc_shape shape = problem_shape("2-4-3", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    annc_device *device = problem_device();
    struct evaluated want;
    int32_t classes[ROWS];
    double x[2 * ROWS], outputs[3 * ROWS], one[3];
    float narrow[2 * ROWS], nearly[3 * ROWS];
    char name[8], shorter[3];
    write_table("a,b,kind", kind);
    REQUIRE_OK(evaluate(&shape, &(annc_text_options){.label = "kind"}, device, &want));
    raw_inputs(x);
    REQUIRE_OK(annc_network_predict_f64(want.network, device, ROWS, x, classes, outputs));
    CHECK(memcmp(classes, want.classes, sizeof classes) == 0);
    CHECK(are_unscaled(want.data.train, want.outputs, outputs, 3 * ROWS));
    CHECK(fabs(outputs[0] - outputs[3]) > 1e-4);
    REQUIRE_OK(annc_network_predict_f64(want.network, NULL, 1, x + 2, NULL, one));
    for (int j = 0; j < 3; j++)
        CHECK(one[j] == outputs[3 + j]);
    REQUIRE_OK(annc_network_predict_f64(want.network, NULL, ROWS, x, classes, NULL));
    CHECK(memcmp(classes, want.classes, sizeof classes) == 0);
    as_floats(x, narrow);
    memset(classes, -1, sizeof classes);
    REQUIRE_OK(annc_network_predict(want.network, device, ROWS, narrow, classes, nearly));
    CHECK(memcmp(classes, want.classes, sizeof classes) == 0);
    for (int i = 0; i < 3 * ROWS; i++)
        CHECK_NEAR((double)nearly[i], outputs[i], 1e-5);
    CHECK(annc_network_class_name(want.network, 0, name, sizeof name) && strcmp(name, "fern") == 0);
    CHECK(annc_network_class_name(want.network, 2, name, sizeof name) && strcmp(name, "rose") == 0);
    CHECK(annc_network_class_name(want.network, 1, shorter, sizeof shorter) && strcmp(shorter, "mo") == 0);
    CHECK(!annc_network_class_name(want.network, 3, name, sizeof name));
    forget(&want);
    annc_device_close(device);
}

/* Targets come back in the units of the file, which were scaled for the network. */
static void targets_in_their_units(void)
{
    const annc_shape shape = problem_shape("2-4-1", ANNC_TANH, ANNC_IDENTITY, ANNC_QUADRATIC);
    annc_device *device = problem_device();
    struct evaluated want;
    double x[2 * ROWS], outputs[ROWS];
    float narrow[2 * ROWS], nearly[ROWS];
    char name[8];
    double sum = 0;
    write_table("a,b,height", height);
    REQUIRE_OK(evaluate(&shape, &(annc_text_options){.target = "height"}, device, &want));
    raw_inputs(x);
    as_floats(x, narrow);
    REQUIRE_OK(annc_network_predict_f64(want.network, device, ROWS, x, NULL, outputs));
    CHECK(are_unscaled(want.data.train, want.outputs, outputs, ROWS));
    REQUIRE_OK(annc_network_predict(want.network, device, ROWS, narrow, NULL, nearly));
    for (int i = 0; i < ROWS; i++) {
        CHECK_NEAR((double)nearly[i], outputs[i], 1e-2);
        sum += outputs[i];
    }
    CHECK(sum / ROWS > 600 && sum / ROWS < 2200); /* heights are 1000 to 1550 */
    CHECK(!annc_network_class_name(want.network, 0, name, sizeof name));
    forget(&want);
    annc_device_close(device);
}

/* NaN is a missing value: the mean of the training rows where the notes have it, and refused where there are none. */
static void missing_values(void)
{
    const annc_shape shape = problem_shape("2-4-3", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    annc_device *device = problem_device();
    struct evaluated model;
    double x[2 * ROWS], missing[3], filled[3];
    double sum = 0;
    write_table("a,b,kind", kind);
    REQUIRE_OK(evaluate(&shape, &(annc_text_options){.label = "kind"}, device, &model));
    raw_inputs(x);
    for (int i = 0; i < ROWS; i++)
        sum += x[2 * i];
    x[0] = sum / ROWS;
    REQUIRE_OK(annc_network_predict_f64(model.network, device, 1, x, NULL, filled));
    x[0] = NAN;
    REQUIRE_OK(annc_network_predict_f64(model.network, device, 1, x, NULL, missing));
    for (int j = 0; j < 3; j++)
        CHECK_NEAR(missing[j], filled[j], 1e-5);
    x[3] = INFINITY;
    CHECK(annc_network_predict_f64(model.network, device, 2, x, NULL, missing) == ANNC_INPUT);
    CHECK_MSG(strstr(annc_last_error(), "row 2"), "%s", annc_last_error());
    forget(&model);
    annc_device_close(device);
}

/* A network without notes takes numbers as they are, whatever cost it was trained with. */
static void without_notes(void)
{
    const annc_shape two = problem_shape("3-2-2", ANNC_SIGMOID, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    const annc_shape one = problem_shape("3-1", ANNC_SIGMOID, ANNC_IDENTITY, ANNC_HINGE);
    const float x[] = {0.5f, -1, 2, NAN, 0, 0};
    annc_network *network = NULL;
    float y[2];
    int32_t class_index = -1;
    char name[8];
    REQUIRE_OK(annc_network_create(&two, &network));
    annc_network_parameters(network)[annc_shape_biases_at(&two, 2) + 1] = 1;
    REQUIRE_OK(annc_network_predict(network, NULL, 1, x, &class_index, y));
    CHECK(class_index == 1);
    CHECK_NEAR((double)y[1], 1 / (1 + exp(-1.0)), 1e-6);
    CHECK(annc_network_class_name(network, 1, name, sizeof name) && strcmp(name, "1") == 0);
    CHECK(!annc_network_class_name(network, 2, name, sizeof name));
    CHECK(annc_network_predict(network, NULL, 2, x, NULL, y) == ANNC_INPUT);
    CHECK_MSG(strstr(annc_last_error(), "missing in row 2"), "%s", annc_last_error());
    CHECK(annc_network_predict(network, NULL, 0, x, NULL, y) == ANNC_INPUT);
    annc_network_free(network);
    REQUIRE_OK(annc_network_create(&one, &network));
    annc_network_parameters(network)[annc_shape_biases_at(&one, 1)] = 0.25f;
    REQUIRE_OK(annc_network_predict(network, NULL, 1, x, &class_index, y));
    CHECK(class_index == 1 && y[0] == 0.25f); /* with the hinge cost the boundary is 0 */
    CHECK(annc_network_class_name(network, 1, name, sizeof name) && strcmp(name, "1") == 0);
    annc_network_free(network);
}

static const char *colour(int i, char *room)
{
    snprintf(room, 32, "%s,%s", i % 3 ? "red" : "blue", i % 2 ? "yes" : "no");
    return room;
}

/* Columns are found by their names, words among them; a level that is not known is noted. */
static void columns_by_name(void)
{
    static const char *const names[] = {"colour", "b", "a"}, *const texts[] = {"red", "blue", "pink"};
    const annc_shape shape = problem_shape("4-3-2", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    annc_device *device = problem_device();
    struct evaluated want;
    uint32_t cells[ROWS];
    double x[3 * ROWS];
    int32_t classes[ROWS];
    double outputs[2 * ROWS];
    char notes[256] = "before";
    write_table("a,b,colour,kind", colour);
    REQUIRE_OK(evaluate(&shape, &(annc_text_options){.label = "kind"}, device, &want));
    for (int i = 0; i < ROWS; i++) {
        cells[i] = i % 3 == 0;
        x[3 * i + 1] = 0.01 * i;
        x[3 * i + 2] = 100 + 7 * i % 5;
    }
    const annc_text_column text = {.cells = cells, .texts = texts, .text_count = 3};
    const annc_arrays rows = {.count = ROWS,
                              .inputs = 3,
                              .type = ANNC_NUMBER_FLOAT64,
                              .x = x,
                              .input_names = names,
                              .texts = &text,
                              .text_count = 1};
    REQUIRE_OK(annc_network_predict_arrays(want.network, device, &rows, classes, outputs, notes, sizeof notes));
    CHECK(memcmp(classes, want.classes, sizeof classes) == 0);
    for (int i = 0; i < 2 * ROWS; i++)
        CHECK((float)outputs[i] == want.outputs[i]);
    CHECK_MSG(notes[0] == '\0', "%s", notes);
    cells[4] = 2;
    REQUIRE_OK(annc_network_predict_arrays(want.network, NULL, &rows, NULL, outputs, notes, sizeof notes));
    CHECK_MSG(
        strstr(notes,
               "1 cell of column 'colour' has a level that is rare or absent in the training data ('pink' in row 5)"),
        "%s", notes);
    CHECK((float)outputs[2 * 3] == want.outputs[2 * 3] && (float)outputs[2 * 4] != want.outputs[2 * 4]);
    forget(&want);
    annc_device_close(device);
}

/* Notes that make no sense are an error, not a wrong answer. */
static void hostile_notes(void)
{
    static const char *const notes[][2] = {{"annc.classes", "[\"a\"]"},
                                           {"annc.input_shift", "[\"0x1p+0\"]"},
                                           {"annc.classes", "no list"},
                                           {"annc.target_shift", "[\"0x1p+0\"]"},
                                           {"annc.input_factor", "[\"x\"]"}};
    const annc_shape shape = problem_shape("3-2", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    const float x[] = {1, 2, 3};
    float y[2];
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        annc_network *network = NULL;
        REQUIRE_OK(annc_network_create(&shape, &network));
        REQUIRE_OK(annc_network_set_metadata(network, notes[i][0], notes[i][1]));
        CHECK_MSG(annc_network_predict(network, NULL, 1, x, NULL, y) == ANNC_INPUT, "%s", notes[i][0]);
        annc_network_free(network);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(classes_by_name), TEST(targets_in_their_units), TEST(missing_values),
                                        TEST(columns_by_name), TEST(without_notes),          TEST(hostile_notes)};
    snprintf(path, sizeof path, "predict.%ld.csv", (long)getpid());
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
