/* A prediction depends on its row alone: its bits are the same in any group of rows, at any place
 * among them and with any number of threads, and an evaluation has them, too. The device under test
 * is problem_device()'s. */
#include "backend/backend.h"
#include "support/problem.h"
#include "support/test.h"

enum { ROWS = 131, MANY_ROWS = 2500, MOST_THREADS = 4, MOST_CALLS = 2 };

/* A network, its rows, and the outputs that an evaluation has for them. */
struct expected {
    struct problem problem;
    uint32_t rows, inputs, outputs;
    const float *x;
    float *want, *got, *moved;
};

static annc_status open_expected(annc_device *device, const char *widths, annc_activation hidden, annc_cost cost,
                                 uint32_t rows, struct expected *expected)
{
    const annc_activation output = cost == ANNC_QUADRATIC ? ANNC_IDENTITY : ANNC_SOFTMAX;
    const annc_shape shape = problem_shape(widths, hidden, output, cost);
    annc_evaluator *evaluator = NULL;
    annc_evaluation ignored;
    expected->rows = rows;
    expected->inputs = shape.width[0];
    expected->outputs = shape.width[shape.layers];
    if (!problem_make(&expected->problem, &shape, ANNC_FLOATS, cost != ANNC_QUADRATIC, rows, ANNC_INIT_XAVIER, 5))
        return ANNC_FAILURE;
    expected->x = annc_dataset_examples(expected->problem.data)->x;
    expected->want = malloc(rows * expected->outputs * sizeof(float));
    expected->got = malloc(rows * expected->outputs * sizeof(float));
    expected->moved = malloc(rows * expected->inputs * sizeof(float));
    annc_status status = annc_evaluator_create(device, expected->problem.network, expected->problem.data, &evaluator);
    if (status == ANNC_OK)
        status = annc_evaluator_run(evaluator, NULL, NULL, expected->want, &ignored);
    annc_evaluator_free(evaluator);
    return status;
}

static void close_expected(struct expected *expected)
{
    free(expected->want);
    free(expected->got);
    free(expected->moved);
    problem_free(&expected->problem);
}

static bool has_bits(const struct expected *expected, const float *got, uint32_t row, uint32_t count)
{
    const size_t n = expected->outputs;
    return memcmp(got, expected->want + row * n, count * n * sizeof *got) == 0;
}

/* Predicts the rows in groups. A device other than the CPU computes whole chunks, so it gets only
 * the first groups. */
static bool groups_have_bits(struct expected *expected, annc_device *device, uint32_t group)
{
    const uint32_t most = device->backend->host_memory ? expected->rows : MOST_CALLS * group;
    for (uint32_t first = 0; first < expected->rows && first < most; first += group) {
        const uint32_t count = expected->rows - first < group ? expected->rows - first : group;
        if (annc_network_predict(expected->problem.network, device, count, expected->x + first * expected->inputs, NULL,
                                 expected->got) != ANNC_OK ||
            !has_bits(expected, expected->got, first, count))
            return false;
    }
    return true;
}

/* Predicts the rows in the opposite order, or one row in every place. */
static bool places_have_bits(struct expected *expected, annc_device *device, bool one_row)
{
    bool equal = true;
    const uint32_t rows = expected->rows;
    for (uint32_t i = 0; i < rows; i++)
        memcpy(expected->moved + i * expected->inputs, expected->x + (one_row ? 7 : rows - 1 - i) * expected->inputs,
               expected->inputs * sizeof(float));
    if (annc_network_predict(expected->problem.network, device, rows, expected->moved, NULL, expected->got) != ANNC_OK)
        return false;
    for (uint32_t i = 0; equal && i < rows; i++)
        equal = has_bits(expected, expected->got + i * expected->outputs, one_row ? 7 : rows - 1 - i, 1);
    return equal;
}

static void check_rows(const char *widths, annc_activation hidden, annc_cost cost, uint32_t rows,
                       const uint32_t *groups, size_t group_count)
{
    annc_device *first = problem_device();
    struct expected expected;
    REQUIRE_OK(open_expected(first, widths, hidden, cost, rows, &expected));
    for (int threads = 0; threads <= (first->backend->host_memory ? MOST_THREADS : 0); threads++) {
        const annc_device_options options = {.kind = first->backend->kind, .threads = threads};
        annc_device *device = NULL;
        REQUIRE_OK(annc_device_open(&options, &device));
        for (size_t g = 0; g < group_count; g++)
            CHECK_MSG(groups_have_bits(&expected, device, groups[g]), "%s in groups of %u, %d threads", widths,
                      groups[g], threads);
        CHECK_MSG(places_have_bits(&expected, device, false), "%s in opposite order, %d threads", widths, threads);
        CHECK_MSG(places_have_bits(&expected, device, true), "%s, one row everywhere, %d threads", widths, threads);
        annc_device_close(device);
    }
    close_expected(&expected);
    annc_device_close(first);
}

static void check_network(const char *widths, annc_activation hidden, annc_cost cost)
{
    static const uint32_t groups[] = {1, 2, 3, 7, 16, 39, 64, 100, ROWS};
    check_rows(widths, hidden, cost, ROWS, groups, sizeof groups / sizeof *groups);
}

static void narrow_networks(void)
{
    check_network("4-8-3", ANNC_TANH, ANNC_CATEGORICAL_CROSS_ENTROPY);
    check_network("5-1", ANNC_SIGMOID, ANNC_QUADRATIC);
    check_network("33-30-37-5", ANNC_RELU, ANNC_CATEGORICAL_CROSS_ENTROPY);
}

static void images(void)
{
    check_network("784-32-10", ANNC_SIGMOID, ANNC_CATEGORICAL_CROSS_ENTROPY);
}

/* Its products are shared by threads. */
static void wide_network(void)
{
    annc_device *device = problem_device();
    const bool is_cpu = device->backend->host_memory;
    annc_device_close(device);
    if (!is_cpu)
        SKIP("the CPU shares products");
    check_network("300-1100-7", ANNC_TANH, ANNC_QUADRATIC);
}

/* More rows than a product has on a GPU, and on a small one than a chunk has. */
static void many_rows(void)
{
    static const uint32_t groups[] = {1, 1000, 1024, 1025, MANY_ROWS};
    check_rows("40-470-3", ANNC_TANH, ANNC_CATEGORICAL_CROSS_ENTROPY, MANY_ROWS, groups,
               sizeof groups / sizeof *groups);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(narrow_networks), TEST(images), TEST(wide_network), TEST(many_rows)};
    annc_device *device = problem_device();
    if (!device)
        return 77;
    annc_device_close(device);
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
