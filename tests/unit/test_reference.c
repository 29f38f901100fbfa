/* The equations, one example at a time: the worked example, and finite differences over a matrix of shapes. */
#include "base/functions.h"
#include "support/problem.h"
#include "support/test.h"

/* One sigmoid neuron, quadratic cost: w = (2, -3), x = (-1, -2), b = -3, y = 1. */
static void worked_example(void)
{
    const annc_shape shape = problem_shape("2-1", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    const float x[] = {-1, -2}, y[] = {1};
    const annc_examples examples = {
        .count = 1, .inputs = 2, .outputs = 1, .type = ANNC_FLOATS, .divisor = 1, .x = x, .targets = y};
    annc_dataset *data = NULL;
    double theta[] = {2, -3, -3}, gradient[3] = {0}, cost;
    REQUIRE_OK(annc_dataset_create(&examples, &data));
    REQUIRE_OK(annc_reference_gradient(&shape, theta, data, 0, gradient, &cost));
    CHECK_NEAR(1 - sqrt(2 * cost), 0.7310585786, 5e-11); /* a, from C = (a - 1)^2 / 2 */
    CHECK_NEAR(gradient[0], 0.0528770928, 5e-11);
    CHECK_NEAR(gradient[1], 0.1057541856, 5e-11);
    CHECK_NEAR(gradient[2], -0.0528770928, 5e-11);
    for (int i = 0; i < 3; i++)
        theta[i] -= gradient[i]; /* one step, eta = 1 */
    CHECK_NEAR(theta[0], 1.9471229072, 5e-11);
    CHECK_NEAR(theta[1], -3.1057541856, 5e-11);
    CHECK_NEAR(theta[2], -2.9471229072, 5e-11);
    REQUIRE_OK(annc_reference_gradient(&shape, theta, data, 0, gradient, &cost));
    CHECK_NEAR(1 - sqrt(2 * cost), 0.7887259068, 5e-11);
    annc_dataset_free(data);
}

/* The reference's gradient of one example against central differences of its cost, all parameters. */
static void check_differences(const struct problem *problem, const double *start, bool piecewise)
{
    const size_t parameters = annc_shape_parameters(&problem->shape);
    double *gradient = calloc(parameters, sizeof *gradient), *unused = calloc(parameters, sizeof *unused);
    double *theta = malloc(parameters * sizeof *theta), cost, above, below;
    const double h = 1e-5, relative = piecewise ? 1e-5 : 1e-6;
    memcpy(theta, start, parameters * sizeof *theta);
    CHECK(annc_reference_gradient(&problem->shape, theta, problem->data, 0, gradient, &cost) == ANNC_OK);
    for (size_t i = 0; i < parameters; i++) {
        const double value = theta[i];
        theta[i] = value + h;
        CHECK(annc_reference_gradient(&problem->shape, theta, problem->data, 0, unused, &above) == ANNC_OK);
        theta[i] = value - h;
        CHECK(annc_reference_gradient(&problem->shape, theta, problem->data, 0, unused, &below) == ANNC_OK);
        theta[i] = value;
        const double numeric = (above - below) / (2 * h);
        const double bound = 1e-9 + relative * fmax(fabs(gradient[i]), fabs(numeric));
        CHECK_MSG(fabs(gradient[i] - numeric) <= bound, "%s: parameter %zu: analytic %.12g, numeric %.12g",
                  problem->name, i, gradient[i], numeric);
    }
    free(gradient);
    free(unused);
    free(theta);
}

/* Every activation and cost over shapes without a hidden layer, one wide, deep and wide. Weights are of fixed size and no input is zero, so
 * that no unit sits on a kink. */
static void finite_differences(void)
{
    static const char *const shapes[] = {"3-2", "1-1-1", "4-7-3", "2-3-2-3-2-3", "3-33-4"};
    annc_activation output;
    annc_cost cost;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int hidden = 0; hidden < ANNC_ACTIVATION_COUNT; hidden++)
            for (size_t o = 0; problem_output(o, &output, &cost); o++) {
                annc_shape shape = problem_shape(shapes[s], (annc_activation)hidden, output, cost);
                struct problem problem;
                if (annc_activation_kind_of((annc_activation)hidden) >= OF_OUTPUTS ||
                    annc_shape_check(&shape) != ANNC_OK)
                    continue; /* softmax inside, or of a single output */
                CHECK(problem_make(&problem, &shape, ANNC_FLOATS, false, 1, ANNC_INIT_XAVIER, 5 + s));
                snprintf(problem.name, sizeof problem.name, "%s %s %s %s", shapes[s],
                         annc_activation_name((annc_activation)hidden), annc_activation_name(output),
                         annc_cost_name(cost));
                const size_t parameters = annc_shape_parameters(&shape);
                double *theta = malloc(parameters * sizeof *theta);
                for (size_t i = 0; i < parameters; i++)
                    theta[i] = (double)annc_network_parameters(problem.network)[i] + (i % 2 ? 0.11 : -0.07);
                check_differences(&problem, theta,
                                  annc_activation_kind_of((annc_activation)hidden) == PIECEWISE ||
                                      annc_activation_kind_of(output) == PIECEWISE);
                free(theta);
                problem_free(&problem);
            }
}

/* A trace has the reference's numbers, and dC/da, f' and dC/dz belong together. */
static void traces(void)
{
    annc_activation output;
    annc_cost cost;
    for (size_t o = 0; problem_output(o, &output, &cost); o++) {
        const annc_shape shape = problem_shape("3-4-2", ANNC_TANH, output, cost);
        struct problem problem;
        annc_trace *trace = NULL;
        double theta[26], gradient[26] = {0}, C;
        CHECK(problem_make(&problem, &shape, ANNC_FLOATS, false, 2, ANNC_INIT_XAVIER, o));
        for (int i = 0; i < 26; i++)
            theta[i] = (double)annc_network_parameters(problem.network)[i];
        REQUIRE_OK(annc_reference_gradient(&shape, theta, problem.data, 1, gradient, &C));
        REQUIRE_OK(annc_trace_create(&shape, theta, problem.data, 1, &trace));
        CHECK_NEAR(trace->cost, C, 0);
        for (int i = 0; i < 26; i++) {
            CHECK_NEAR(trace->gradient[i], gradient[i], 0);
            CHECK_NEAR(trace->theta[i], theta[i], 0);
        }
        for (uint32_t l = 1; l <= 2; l++)
            for (uint32_t j = 0; j < shape.width[l]; j++) {
                double z = theta[annc_shape_biases_at(&shape, l) + j];
                for (uint32_t k = 0; k < shape.width[l - 1]; k++)
                    z += theta[annc_shape_weights_at(&shape, l) + j * shape.width[l - 1] + k] * trace->a[l - 1][k];
                CHECK_NEAR(trace->z[l][j], z, 1e-14);
                CHECK_NEAR(trace->delta[l][j], gradient[annc_shape_biases_at(&shape, l) + j], 0);
                if (l == 1 || (!isnan(trace->slope[l][j]) && output != ANNC_SOFTMAX))
                    CHECK_NEAR(trace->slope[l][j] * trace->derivative[l][j], trace->delta[l][j], 1e-15);
            }
        annc_trace_free(trace);
        CHECK(annc_trace_create(&shape, theta, problem.data, 2, &trace) == ANNC_USAGE);
        CHECK(trace == NULL);
        problem_free(&problem);
    }
    annc_trace_free(NULL);
}

/* A saturated output keeps a finite cost and the right gradient. */
static void saturation(void)
{
    static const struct {
        annc_activation output;
        annc_cost cost;
    } ends[] = {{ANNC_SIGMOID, ANNC_CROSS_ENTROPY}, {ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY}};
    const float x[] = {1}, y[] = {1, 0};
    for (size_t e = 0; e < 2; e++) {
        const annc_shape shape = problem_shape("1-2", ANNC_SIGMOID, ends[e].output, ends[e].cost);
        const annc_examples examples = {
            .count = 1, .inputs = 1, .outputs = 2, .type = ANNC_FLOATS, .divisor = 1, .x = x, .targets = y};
        annc_dataset *data = NULL;
        const double theta[] = {-1e4, 1e4, 0, 0};
        double gradient[4] = {0}, cost;
        REQUIRE_OK(annc_dataset_create(&examples, &data));
        REQUIRE_OK(annc_reference_gradient(&shape, theta, data, 0, gradient, &cost));
        CHECK_NEAR(cost, 2e4, 1e-6);
        CHECK_NEAR(gradient[2], -1, 1e-12);
        CHECK_NEAR(gradient[3], 1, 1e-12);
        annc_dataset_free(data);
    }
}

TEST_MAIN(TEST(worked_example), TEST(finite_differences), TEST(traces), TEST(saturation))
