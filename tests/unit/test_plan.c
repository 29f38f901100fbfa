/* test_plan.c - the network and the training that follow from the data, and from the wishes of the caller. */
#include "annc.h"
#include "support/test.h"

enum { MOST = 70000 };

static uint8_t bytes[16 * 784];
static float floats[2 * MOST], targets[2 * MOST];
static int32_t labels[MOST];

/* Makes a plan for `count` examples of some kind. */
static annc_status plan_for(annc_input_type type, uint32_t count, uint32_t inputs, uint32_t outputs, bool classes,
                            const annc_wishes *wishes, annc_plan *plan)
{
    const annc_examples examples = {.count = count,
                                    .inputs = inputs,
                                    .outputs = outputs,
                                    .type = type,
                                    .divisor = 1,
                                    .x = type == ANNC_BYTES ? (const void *)bytes : (const void *)floats,
                                    .labels = classes ? labels : NULL,
                                    .targets = classes ? NULL : targets};
    annc_dataset *data = NULL;
    CHECK(annc_dataset_create(&examples, &data) == ANNC_OK);
    const annc_status status = annc_plan_make(data, wishes, plan);
    annc_dataset_free(data);
    return status;
}

static bool ends_with(const annc_plan *plan, annc_activation output, annc_cost cost)
{
    return plan->shape.activation[plan->shape.layers - 1] == output && plan->shape.cost == cost;
}

/* The output layer and the cost follow from what is to be learnt. */
static void outputs(void)
{
    annc_plan plan;
    REQUIRE_OK(plan_for(ANNC_FLOATS, 10, 2, 3, true, NULL, &plan));
    CHECK(plan.shape.width[0] == 2 && plan.shape.width[plan.shape.layers] == 3 && plan.shape.layers > 1);
    CHECK(ends_with(&plan, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY));
    REQUIRE_OK(plan_for(ANNC_FLOATS, 10, 2, 2, true, NULL, &plan));
    CHECK(ends_with(&plan, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY));
    REQUIRE_OK(plan_for(ANNC_FLOATS, 10, 2, 1, true, NULL, &plan));
    CHECK(ends_with(&plan, ANNC_SIGMOID, ANNC_CROSS_ENTROPY));
    for (int i = 0; i < 20; i++)
        targets[i] = (float)(i % 3 == 0);
    REQUIRE_OK(plan_for(ANNC_FLOATS, 10, 2, 2, false, NULL, &plan));
    CHECK(ends_with(&plan, ANNC_SIGMOID, ANNC_CROSS_ENTROPY));
    REQUIRE_OK(plan_for(ANNC_FLOATS, 10, 2, 1, false, NULL, &plan));
    CHECK(ends_with(&plan, ANNC_IDENTITY, ANNC_QUADRATIC));
    targets[19] = 0.5f;
    REQUIRE_OK(plan_for(ANNC_FLOATS, 10, 2, 2, false, NULL, &plan));
    CHECK(ends_with(&plan, ANNC_IDENTITY, ANNC_QUADRATIC));
}

/* Images of MNIST's form get the tutorial's job; other images and tables do not. */
static void tutorial(void)
{
    annc_plan plan;
    REQUIRE_OK(plan_for(ANNC_BYTES, 16, 784, 10, true, NULL, &plan));
    CHECK(plan.shape.layers == 2 && plan.shape.width[1] == 32 && plan.shape.activation[0] == ANNC_SIGMOID);
    CHECK(ends_with(&plan, ANNC_SIGMOID, ANNC_QUADRATIC) && plan.epochs == 30);
    CHECK(plan.training.optimiser == ANNC_SGD && plan.training.eta == 3 && plan.training.batch == 16);
    CHECK(plan.training.schedule.kind == ANNC_CONSTANT && plan.training.objective.dropout == 0);
    REQUIRE_OK(plan_for(ANNC_BYTES, 16, 784, 26, true, NULL, &plan));
    CHECK(ends_with(&plan, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY) && plan.shape.width[1] > 32);
    REQUIRE_OK(plan_for(ANNC_BYTES, 16, 64, 10, true, NULL, &plan));
    CHECK(ends_with(&plan, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY));
}

/* What the caller has chosen stays, and the rest fits it. */
static void wishes(void)
{
    static const uint32_t hidden[] = {7, 5, 3};
    const annc_activation tanh = ANNC_TANH, sigmoid = ANNC_SIGMOID;
    const annc_cost cross_entropy = ANNC_CROSS_ENTROPY, hinge = ANNC_HINGE, quadratic = ANNC_QUADRATIC;
    const annc_optimiser momentum = ANNC_MOMENTUM, sgd = ANNC_SGD;
    annc_plan plan;
    REQUIRE_OK(plan_for(ANNC_FLOATS, 10, 2, 3, true,
                        &(annc_wishes){.hidden = hidden, .hidden_count = 3, .activation = &tanh, .epochs = 7}, &plan));
    CHECK(plan.shape.layers == 4 && memcmp(plan.shape.width + 1, hidden, sizeof hidden) == 0);
    CHECK(plan.shape.activation[0] == ANNC_TANH && plan.shape.activation[2] == ANNC_TANH);
    CHECK(plan.epochs == 7 && plan.training.schedule.epochs == 7);
    REQUIRE_OK(plan_for(ANNC_FLOATS, 10, 2, 3, true, &(annc_wishes){.hidden = hidden}, &plan));
    CHECK(plan.shape.layers == 1 && plan.shape.width[1] == 3);
    REQUIRE_OK(plan_for(ANNC_FLOATS, 10, 2, 3, true, &(annc_wishes){.cost = &cross_entropy}, &plan));
    CHECK(ends_with(&plan, ANNC_SIGMOID, ANNC_CROSS_ENTROPY));
    REQUIRE_OK(plan_for(ANNC_FLOATS, 10, 2, 3, true, &(annc_wishes){.cost = &hinge}, &plan));
    CHECK(ends_with(&plan, ANNC_IDENTITY, ANNC_HINGE));
    REQUIRE_OK(plan_for(ANNC_FLOATS, 10, 2, 3, true, &(annc_wishes){.cost = &quadratic}, &plan));
    CHECK(ends_with(&plan, ANNC_SIGMOID, ANNC_QUADRATIC));
    REQUIRE_OK(plan_for(ANNC_FLOATS, 10, 2, 3, true, &(annc_wishes){.output_activation = &sigmoid}, &plan));
    CHECK(ends_with(&plan, ANNC_SIGMOID, ANNC_CROSS_ENTROPY));
    REQUIRE_OK(plan_for(ANNC_BYTES, 16, 784, 10, true, &(annc_wishes){.cost = &cross_entropy}, &plan));
    CHECK(ends_with(&plan, ANNC_SIGMOID, ANNC_CROSS_ENTROPY) && plan.shape.width[1] == 32);
    REQUIRE_OK(plan_for(ANNC_FLOATS, 10, 2, 3, true, &(annc_wishes){.optimiser = &momentum, .batch = 9}, &plan));
    CHECK(plan.training.optimiser == ANNC_MOMENTUM && plan.training.mu == 0.9 && plan.training.decay == 0);
    CHECK(plan.training.eta == 0.1 && plan.training.batch == 9);
    REQUIRE_OK(plan_for(ANNC_FLOATS, 10, 2, 3, true, &(annc_wishes){.optimiser = &sgd}, &plan));
    CHECK(plan.training.eta == 0.1);
}

/* Minibatches and epochs follow from the number of examples: neither a few steps nor millions. */
static void sizes(void)
{
    annc_plan small, large;
    REQUIRE_OK(plan_for(ANNC_FLOATS, 30, 2, 3, true, NULL, &small));
    REQUIRE_OK(plan_for(ANNC_FLOATS, MOST, 2, 3, true, NULL, &large));
    CHECK(large.training.batch > small.training.batch && small.epochs > large.epochs);
    CHECK(small.epochs >= 100 && large.epochs * (MOST / large.training.batch) < 100000);
}

static void refusals(void)
{
    static const uint32_t hidden[ANNC_MAX_LAYERS] = {0};
    const annc_cost categorical = ANNC_CATEGORICAL_CROSS_ENTROPY, none = ANNC_COST_COUNT;
    const annc_activation sigmoid = ANNC_SIGMOID, softmax = ANNC_SOFTMAX, wrong = ANNC_ACTIVATION_COUNT;
    const annc_optimiser unknown = ANNC_OPTIMISER_COUNT;
    const annc_wishes refused[] = {{.hidden = hidden, .hidden_count = 1},
                                   {.hidden = hidden, .hidden_count = ANNC_MAX_LAYERS},
                                   {.activation = &softmax},
                                   {.activation = &wrong},
                                   {.output_activation = &wrong},
                                   {.cost = &none},
                                   {.optimiser = &unknown},
                                   {.output_activation = &sigmoid, .cost = &categorical}};
    annc_plan plan;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        CHECK_MSG(plan_for(ANNC_FLOATS, 10, 2, 3, true, &refused[i], &plan) == ANNC_USAGE, "%zu", i);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(outputs), TEST(tutorial), TEST(wishes), TEST(sizes), TEST(refusals)};
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
