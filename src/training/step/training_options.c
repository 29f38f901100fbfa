/* training_options.c - checks and defaults of training options. */
#include "training/step/training_options.h"
#include "backend/augmentation.h"
#include "base/functions.h"
#include "base/status.h"

#include <math.h>

#define NAME(enumerator, name, ...) [enumerator] = name,

const char *annc_optimiser_name(annc_optimiser optimiser)
{
    static const char *const names[ANNC_OPTIMISER_COUNT] = {ANNC_OPTIMISERS(NAME)};
    return (unsigned)optimiser < ANNC_OPTIMISER_COUNT ? names[optimiser] : NULL;
}

#define DEFAULTS(enumerator, name, first, second, step, states, rate, mu_, rho_, epsilon_, decay_)                     \
    [enumerator] = {.optimiser = enumerator,                                                                           \
                    .eta = rate,                                                                                       \
                    .mu = mu_,                                                                                         \
                    .rho = rho_,                                                                                       \
                    .epsilon = epsilon_,                                                                               \
                    .decay = decay_,                                                                                   \
                    .batch = 16},

annc_training_options annc_training_defaults(annc_optimiser optimiser)
{
    static const annc_training_options defaults[ANNC_OPTIMISER_COUNT] = {ANNC_OPTIMISERS(DEFAULTS)};
    return defaults[(unsigned)optimiser < ANNC_OPTIMISER_COUNT ? optimiser : ANNC_SGD];
}

/* ---------------------------------------------------------------- checks */

static annc_status finite_from_0(const char *what, double value)
{
    return isfinite(value) && value >= 0
               ? ANNC_OK
               : annc_fail(ANNC_USAGE, "%s is %g: it must be finite and not below 0", what, value);
}

/* Checks a share: 0 <= value < 1. */
static annc_status part_of_1(const char *what, double value)
{
    return value >= 0 && value < 1
               ? ANNC_OK
               : annc_fail(ANNC_USAGE, "%s is %g: it must be 0 or more and less than 1", what, value);
}

annc_status annc_objective_check(const annc_objective *objective, const annc_shape *shape)
{
    annc_status status = ANNC_OK;
    const uint32_t outputs = shape->width[shape->layers], classes = outputs == 1 ? 2 : outputs;
    ANNC_TRY(part_of_1("label smoothing", objective->label_smoothing));
    ANNC_TRY(part_of_1("dropout", objective->dropout));
    ANNC_TRY(part_of_1("the input dropout", objective->input_dropout));
    ANNC_TRY(finite_from_0("the L2 penalty", objective->l2));
    ANNC_TRY(finite_from_0("the L1 penalty", objective->l1));
    ANNC_TRY(finite_from_0("the input noise", objective->input_noise));
    for (uint32_t c = 0; objective->class_weights && c < classes; c++)
        ANNC_TRY(finite_from_0("the weight of a class", (double)objective->class_weights[c]));
out:
    return status;
}

annc_status annc_rate_check(double eta)
{
    return isfinite(eta) && eta > 0
               ? ANNC_OK
               : annc_fail(ANNC_USAGE, "the learning rate is %g: it must be finite and above 0", eta);
}

static annc_status check_schedule(const annc_schedule *schedule)
{
    annc_status status = ANNC_OK;
    if (!annc_schedule_name(schedule->kind))
        return annc_fail(ANNC_USAGE, "schedule %d does not exist; valid values are 0 to %d", (int)schedule->kind,
                         ANNC_SCHEDULE_COUNT - 1);
    ANNC_TRY(finite_from_0("the warm-up", schedule->warmup));
    ANNC_TRY(part_of_1("the schedule's factor", schedule->factor));
    if ((schedule->kind == ANNC_COSINE || schedule->kind == ANNC_ONE_CYCLE) && schedule->epochs == 0)
        return annc_fail(ANNC_USAGE, "the schedule %s needs its length in epochs", annc_schedule_name(schedule->kind));
out:
    return status;
}

annc_status annc_augmentation_check(const annc_augmentation *augmentation)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(finite_from_0("the shift of images", augmentation->shift));
    ANNC_TRY(finite_from_0("the elastic distortion of images", augmentation->elastic));
    ANNC_TRY(part_of_1("the zoom of images", augmentation->zoom));
    if (augmentation->elastic_sigma != 0 && !(augmentation->elastic_sigma >= ANNC_ELASTIC_LEAST_SIGMA &&
                                              augmentation->elastic_sigma <= ANNC_ELASTIC_MOST_SIGMA))
        return annc_fail(ANNC_USAGE, "elastic_sigma is %g: it must be within %g to %g pixels",
                         augmentation->elastic_sigma, ANNC_ELASTIC_LEAST_SIGMA, ANNC_ELASTIC_MOST_SIGMA);
    if (!(augmentation->rotation >= 0 && augmentation->rotation <= 180))
        return annc_fail(ANNC_USAGE, "the rotation of images is %g: it must be within 0 to 180 degrees",
                         augmentation->rotation);
out:
    return status;
}

annc_status annc_training_check(const annc_training_options *options, const annc_shape *shape)
{
    ANNC_REQUIRE(options, "options");
    ANNC_REQUIRE(shape, "shape");
    annc_status status = ANNC_OK;
    if (!annc_optimiser_name(options->optimiser))
        return annc_fail(ANNC_USAGE, "optimiser %d does not exist; valid values are 0 to %d", (int)options->optimiser,
                         ANNC_OPTIMISER_COUNT - 1);
    if (!annc_engine_name(options->engine))
        return annc_fail(ANNC_USAGE, "engine %d does not exist; valid values are 0 to %d", (int)options->engine,
                         ANNC_ENGINE_COUNT - 1);
    if (!annc_precision_name(options->precision))
        return annc_fail(ANNC_USAGE, "precision %d does not exist; valid values are 0 to %d", (int)options->precision,
                         ANNC_PRECISION_COUNT - 1);
    ANNC_TRY(annc_shape_check(shape));
    ANNC_TRY(annc_rate_check(options->eta));
    if (options->batch == 0)
        return annc_fail(ANNC_USAGE, "the minibatch has no examples: it must have 1 or more");
    if (options->shards > 1 && options->batch % options->shards != 0)
        return annc_fail(
            ANNC_USAGE,
            "a minibatch of %u examples cannot take equal numbers of rows from %u shards: " ANNC_FIELD_BATCH
            " must be a multiple of " ANNC_FIELD_SHARDS,
            options->batch, options->shards);
    ANNC_TRY(part_of_1("the momentum", options->mu));
    ANNC_TRY(part_of_1("the decay of squares", options->rho));
    ANNC_TRY(finite_from_0("epsilon", options->epsilon));
    ANNC_TRY(finite_from_0("the weight decay", options->decay));
    ANNC_TRY(finite_from_0("the limit of the gradient's norm", options->clip));
    ANNC_TRY(finite_from_0("the limit of a unit's weights", options->max_norm));
    ANNC_TRY(check_schedule(&options->schedule));
    ANNC_TRY(annc_augmentation_check(&options->augmentation));
    ANNC_TRY(annc_objective_check(&options->objective, shape));
out:
    return status;
}
