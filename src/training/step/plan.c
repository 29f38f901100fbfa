/* plan.c - chooses network, optimiser and length of a training from its data. */
#include "base/functions.h"
#include "base/status.h"
#include "dataset/prepare/dataset.h"

#include <math.h>
#include <string.h>

/* Hidden layers and training; bench/defaults.py measures them, and bench/results has its output. */
struct recipe {
    uint32_t width[2], hidden_count;
    annc_activation activation;
    annc_optimiser optimiser;
    double eta, decay, dropout, label_smoothing;
    annc_schedule_kind schedule;
    uint32_t batch, epochs;
    uint32_t least_steps; /* more epochs make up for few examples; 0: they do not */
};

static const struct recipe TUTORIAL = {.width = {32},
                                       .hidden_count = 1,
                                       .activation = ANNC_SIGMOID,
                                       .optimiser = ANNC_SGD,
                                       .eta = 3,
                                       .schedule = ANNC_CONSTANT,
                                       .batch = 16,
                                       .epochs = 30};
static const struct recipe CLASSES = {.width = {128, 64},
                                      .hidden_count = 2,
                                      .activation = ANNC_SILU,
                                      .optimiser = ANNC_ADAMW,
                                      .eta = 0.003,
                                      .decay = 1,
                                      .dropout = 0.1,
                                      .label_smoothing = 0.1,
                                      .schedule = ANNC_COSINE,
                                      .batch = 32,
                                      .epochs = 50,
                                      .least_steps = 800};
static const struct recipe NUMBERS = {.width = {128, 64},
                                      .hidden_count = 2,
                                      .activation = ANNC_SILU,
                                      .optimiser = ANNC_ADAMW,
                                      .eta = 0.002,
                                      .decay = 1,
                                      .dropout = 0.2,
                                      .schedule = ANNC_COSINE,
                                      .batch = 32,
                                      .epochs = 60,
                                      .least_steps = 500};
static const struct recipe IMAGES = {.width = {256, 128},
                                     .hidden_count = 2,
                                     .activation = ANNC_SILU,
                                     .optimiser = ANNC_ADAMW,
                                     .eta = 0.002,
                                     .decay = 0.1,
                                     .dropout = 0.2,
                                     .schedule = ANNC_COSINE,
                                     .batch = 128,
                                     .epochs = 15};

static const struct recipe *recipe_for(const annc_dataset *train)
{
    enum { SIDE = 28, DIGITS = 10 };
    const annc_examples *examples = annc_dataset_examples(train);
    if (examples->type != ANNC_BYTES)
        return examples->labels ? &CLASSES : &NUMBERS;
    return examples->inputs == SIDE * SIDE && annc_dataset_class_count(train) == DIGITS ? &TUTORIAL : &IMAGES;
}

/* ---------------------------------------------------------------- shape */

/* Returns the output activation for a cost, or the cost of the kind of data if there is no wish. */
static annc_activation output_for(const annc_dataset *train, const annc_cost *cost)
{
    const annc_examples *examples = annc_dataset_examples(train);
    if (cost && annc_cost_name(*cost) && annc_cost_partner(*cost) != ANY_OUTPUT)
        return (annc_activation)annc_cost_partner(*cost);
    if (cost && *cost == ANNC_HINGE)
        return ANNC_IDENTITY;
    if (examples->labels)
        return cost || examples->outputs == 1 ? ANNC_SIGMOID : ANNC_SOFTMAX;
    return train->are_answers ? ANNC_SIGMOID : ANNC_IDENTITY;
}

/* Returns the cost for an output activation. */
static annc_cost cost_for(const annc_dataset *train, annc_activation output)
{
    const annc_examples *examples = annc_dataset_examples(train);
    if (output == ANNC_SOFTMAX)
        return ANNC_CATEGORICAL_CROSS_ENTROPY;
    if (output == ANNC_EXP)
        return ANNC_POISSON;
    return output == ANNC_SIGMOID && (examples->labels || train->are_answers) ? ANNC_CROSS_ENTROPY : ANNC_QUADRATIC;
}

static annc_status make_shape(const annc_dataset *train, const struct recipe *recipe, const annc_wishes *wishes,
                              annc_shape *shape)
{
    const annc_examples *examples = annc_dataset_examples(train);
    const uint32_t hidden = wishes->hidden ? wishes->hidden_count : recipe->hidden_count;
    /* The tutorial learns classes by the quadratic cost. */
    const annc_cost quadratic = ANNC_QUADRATIC;
    const annc_cost *cost =
        wishes->cost || wishes->output_activation || recipe != &TUTORIAL ? wishes->cost : &quadratic;
    if (hidden >= ANNC_MAX_LAYERS)
        return annc_fail(ANNC_USAGE, "a network has at most %d hidden layers, not %u", ANNC_MAX_LAYERS - 1, hidden);
    shape->layers = hidden + 1;
    shape->width[0] = examples->inputs;
    for (uint32_t l = 1; l <= hidden; l++) {
        shape->width[l] = (wishes->hidden ? wishes->hidden : recipe->width)[l - 1];
        shape->activation[l - 1] = wishes->activation ? *wishes->activation : recipe->activation;
    }
    shape->width[hidden + 1] = examples->outputs;
    shape->activation[hidden] = wishes->output_activation ? *wishes->output_activation : output_for(train, cost);
    shape->quantile = wishes->quantile > 0 ? wishes->quantile : 0.5;
    shape->cost = cost ? *cost : cost_for(train, shape->activation[hidden]);
    return annc_shape_check(shape);
}

/* ---------------------------------------------------------------- training */

/* Returns a minibatch that grows with the data, so that an epoch has at most some thousand steps. */
static uint32_t batch_for(const struct recipe *recipe, uint32_t count)
{
    enum { STEPS = 2000, MOST = 1024 };
    uint32_t batch = recipe->batch;
    while (recipe != &TUTORIAL && batch < MOST && count / batch > STEPS)
        batch *= 2;
    return batch;
}

/* Returns the epochs of the recipe, but more for few examples, which would have too few steps, and
 * fewer for many. */
static uint32_t epochs_for(const struct recipe *recipe, uint32_t count, uint32_t batch)
{
    enum { MOST_STEPS = 20000, LEAST = 10 };
    const uint32_t steps = count / batch + (count % batch > 0), most = MOST_STEPS / steps;
    if (recipe->least_steps == 0)
        return recipe->epochs;
    const uint32_t epochs = recipe->epochs * steps < recipe->least_steps ? recipe->least_steps / steps : recipe->epochs;
    return epochs <= most ? epochs : most > LEAST ? most : LEAST;
}

static void make_training(const struct recipe *recipe, const annc_wishes *wishes, uint32_t count,
                          const annc_shape *shape, annc_training_options *training)
{
    const double gentle_rate = 0.1; /* of plain SGD: its default, 3, is the tutorial's */
    const bool own = wishes->optimiser && *wishes->optimiser != recipe->optimiser;
    *training = annc_training_defaults(own ? *wishes->optimiser : recipe->optimiser);
    if (!own) {
        training->eta = recipe->eta;
        training->decay = recipe->decay;
    } else if (training->optimiser == ANNC_SGD) {
        training->eta = gentle_rate;
    }
    if (shape->layers > 1)
        training->objective.dropout = recipe->dropout;
    if (shape->cost == ANNC_CATEGORICAL_CROSS_ENTROPY || shape->cost == ANNC_CROSS_ENTROPY)
        training->objective.label_smoothing = recipe->label_smoothing;
    training->schedule.kind = recipe->schedule;
    training->batch = wishes->batch > 0 ? wishes->batch : batch_for(recipe, count);
}

annc_status annc_plan_make(const annc_dataset *train, const annc_wishes *wishes, annc_plan *plan)
{
    static const annc_wishes none = {.hidden = NULL};
    ANNC_REQUIRE(train, "train");
    ANNC_REQUIRE(plan, "plan");
    const struct recipe *recipe = recipe_for(train);
    memset(plan, 0, sizeof *plan);
    wishes = wishes ? wishes : &none;
    ANNC_RETURN_IF_FAILED(make_shape(train, recipe, wishes, &plan->shape));
    if (wishes->optimiser && !annc_optimiser_name(*wishes->optimiser))
        return annc_fail(ANNC_USAGE, ANNC_FIELD("optimiser") " %d does not exist; valid values are 0 to %d",
                         (int)*wishes->optimiser, ANNC_OPTIMISER_COUNT - 1);
    make_training(recipe, wishes, train->total, &plan->shape, &plan->training);
    plan->epochs = wishes->epochs > 0 ? wishes->epochs : epochs_for(recipe, train->total, plan->training.batch);
    plan->training.schedule.epochs = plan->epochs;
    return annc_training_check(&plan->training, &plan->shape);
}
