/* Shapes, the parameter block, names and metadata. */
#include "network/network.h"
#include "network/shape.h"
#include "support/problem.h"
#include "support/test.h"

static void parameter_block(void)
{
    const annc_shape shape = problem_shape("784-32-10", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    CHECK(annc_shape_weights_at(&shape, 1) == 0 && annc_shape_biases_at(&shape, 1) == 25088);
    CHECK(annc_shape_weights_at(&shape, 2) == 25120 && annc_shape_biases_at(&shape, 2) == 25440);
    CHECK(annc_shape_parameters(&shape) == 25450);
}

static void names(void)
{
    CHECK(strcmp(annc_activation_name(ANNC_SIGMOID), "sigmoid") == 0 &&
          strcmp(annc_activation_name(ANNC_SOFTMAX), "softmax") == 0);
    CHECK(strcmp(annc_cost_name(ANNC_CATEGORICAL_CROSS_ENTROPY), "categorical-cross-entropy") == 0);
    CHECK(strcmp(annc_init_name(ANNC_INIT_XAVIER), "xavier") == 0 &&
          strcmp(annc_engine_name(ANNC_ENGINE_RECORDED), "recorded") == 0);
    CHECK(!annc_activation_name(ANNC_ACTIVATION_COUNT) && !annc_cost_name(ANNC_COST_COUNT));
    CHECK(!annc_init_name(ANNC_INIT_COUNT) && !annc_engine_name(ANNC_ENGINE_COUNT) &&
          !annc_activation_name((annc_activation)-1));
}

static void initialisers(void)
{
    const annc_shape sigmoid = problem_shape("4-3-2", ANNC_SIGMOID, ANNC_SOFTMAX, ANNC_QUADRATIC);
    const annc_shape none = problem_shape("4-2", ANNC_RELU, ANNC_RELU, ANNC_QUADRATIC);
    const annc_shape relu = problem_shape("4-3-2", ANNC_RELU, ANNC_SIGMOID, ANNC_QUADRATIC);
    const annc_shape tanh_shape = problem_shape("4-3-2", ANNC_TANH, ANNC_SIGMOID, ANNC_QUADRATIC);
    CHECK(annc_init_resolve(ANNC_INIT_AUTO, &sigmoid) == ANNC_INIT_NORMAL &&
          annc_init_resolve(ANNC_INIT_AUTO, &none) == ANNC_INIT_NORMAL);
    CHECK(annc_init_resolve(ANNC_INIT_AUTO, &relu) == ANNC_INIT_HE &&
          annc_init_resolve(ANNC_INIT_AUTO, &tanh_shape) == ANNC_INIT_XAVIER);
    CHECK(annc_init_resolve(ANNC_INIT_HE, &sigmoid) == ANNC_INIT_HE);
}

static void refused(const annc_shape *shape, const char *expected)
{
    annc_network *network = NULL;
    CHECK(annc_network_create(shape, &network) == ANNC_USAGE && !network);
    CHECK_MSG(strstr(annc_last_error(), expected), "%s", annc_last_error());
}

static void shapes_that_cannot_be(void)
{
    annc_shape shape = problem_shape("3-2", ANNC_SIGMOID, ANNC_TANH, ANNC_CROSS_ENTROPY);
    refused(&shape, "cross-entropy needs sigmoid outputs, not tanh");
    shape = problem_shape("3-2", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_CATEGORICAL_CROSS_ENTROPY);
    refused(&shape, "needs softmax outputs, not sigmoid");
    shape = problem_shape("3-4-2", ANNC_SOFTMAX, ANNC_SIGMOID, ANNC_QUADRATIC);
    refused(&shape, "softmax is an activation of the output layer only, not of layer 1");
    shape = problem_shape("3-1", ANNC_SIGMOID, ANNC_SOFTMAX, ANNC_QUADRATIC);
    refused(&shape, "single output");
    shape = problem_shape("3-0", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    refused(&shape, "units");
    shape = problem_shape("3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    refused(&shape, "layers");
    shape = problem_shape("3-2", ANNC_SIGMOID, (annc_activation)77, ANNC_QUADRATIC);
    refused(&shape, "layer 1: activation 77 does not exist");
    shape = problem_shape("3-2", ANNC_SIGMOID, ANNC_SIGMOID, (annc_cost)77);
    refused(&shape, "cost 77 does not exist");
    shape = problem_shape("3-16777217", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    refused(&shape, "units");
}

static void as_text(void)
{
    const annc_shape shape = problem_shape("7-5-3", ANNC_RELU, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    annc_shape back;
    char layers[64], activations[64];
    CHECK(annc_shape_format_layers(&shape, layers, sizeof layers) && strcmp(layers, "7-5-3") == 0);
    CHECK(annc_shape_format_activations(&shape, activations, sizeof activations) &&
          strcmp(activations, "relu-softmax") == 0);
    CHECK(!annc_shape_format_layers(&shape, layers, 3));
    CHECK(!annc_shape_parse("7-5-3", "relu-softmax", "categorical-cross-entropy", &back) &&
          memcmp(&shape, &back, sizeof shape) == 0);
    CHECK(annc_shape_parse("7-5-3", "relu", "quadratic", &back) &&
          annc_shape_parse("7-5-3", "relu-relu-relu", "quadratic", &back));
    CHECK(annc_shape_parse("7", "", "quadratic", &back) && annc_shape_parse("7-5x", "relu", "quadratic", &back));
    CHECK(annc_shape_parse("7-", "relu", "quadratic", &back) && annc_shape_parse("07-5", "relu", "quadratic", &back));
    CHECK(annc_shape_parse("7-5", "elephant", "quadratic", &back) && annc_shape_parse("7-5", "relu", "price", &back));
    CHECK(annc_shape_parse("99999999999-5", "relu", "quadratic", &back));
}

static void metadata(void)
{
    const annc_shape shape = problem_shape("3-2", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    annc_network *network = NULL;
    const char *key, *value, *before = "";
    size_t count = 0;
    REQUIRE_OK(annc_network_create(&shape, &network));
    CHECK(strcmp(annc_network_metadata(network, "annc.layers"), "3-2") == 0);
    REQUIRE_OK(annc_network_set_metadata(network, "z", "last"));
    REQUIRE_OK(annc_network_set_metadata(network, "a", "first"));
    REQUIRE_OK(annc_network_set_metadata(network, "m", "middle"));
    REQUIRE_OK(annc_network_set_metadata(network, "m", "changed"));
    CHECK(strcmp(annc_network_metadata(network, "m"), "changed") == 0 && !annc_network_metadata(network, "nothing"));
    for (; annc_network_metadata_at(network, count, &key, &value); count++) {
        CHECK(strcmp(before, key) < 0);
        before = key;
    }
    CHECK(count == 7);
    REQUIRE_OK(annc_network_set_metadata(network, "m", NULL));
    CHECK(!annc_network_metadata(network, "m") && strcmp(annc_network_metadata(network, "z"), "last") == 0);
    annc_network_free(network);
}

TEST_MAIN(TEST(parameter_block), TEST(names), TEST(initialisers), TEST(shapes_that_cannot_be), TEST(as_text),
          TEST(metadata))
