/* training_from_options.c - makes the objective and the training options from options. */
#include "cli/options/training_from_options.h"
#include "base/status.h"
#include "base/text.h"
#include "cli/options/option_types.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/screen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

annc_status objective_from_options(const struct options *options, annc_objective *objective)
{
    const struct option_value *value = options->value;
    *objective = (annc_objective){.label_smoothing = value[OPTION_LABEL_SMOOTHING].number,
                                  .l2 = value[OPTION_L2].number,
                                  .l1 = value[OPTION_L1].number,
                                  .dropout = value[OPTION_DROPOUT].number,
                                  .input_dropout = value[OPTION_INPUT_DROPOUT].number,
                                  .input_noise = value[OPTION_INPUT_NOISE].number};
    const char *text = value[OPTION_CLASS_WEIGHTS].text;
    if (text && strcmp(text, "balanced") != 0 && strspn(text, "0123456789.eE+-,") != strlen(text))
        return annc_fail(ANNC_USAGE,
                         "--class-weights takes 'balanced', or one number per class like 1,1,2.5; not '%.64s'", text);
    return ANNC_OK;
}

annc_status augmentation_from_options(const struct options *options, annc_augmentation *augmentation)
{
    const struct option_value *value = options->value;
    *augmentation = (annc_augmentation){.shift = value[OPTION_SHIFT].number,
                                        .rotation = value[OPTION_ROTATE].number,
                                        .elastic = value[OPTION_ELASTIC].number,
                                        .elastic_sigma = value[OPTION_ELASTIC_SIGMA].number,
                                        .zoom = value[OPTION_ZOOM].number};
    if (augmentation->rotation > 180)
        return annc_fail(ANNC_USAGE, "--rotate takes degrees from 0 to 180, not '%.64s'", value[OPTION_ROTATE].text);
    if (augmentation->elastic_sigma < 0.5 || augmentation->elastic_sigma > 32)
        return annc_fail(ANNC_USAGE, "--elastic-sigma takes pixels from 0.5 to 32, not '%.64s'",
                         value[OPTION_ELASTIC_SIGMA].text);
    return ANNC_OK;
}

annc_status training_from_options(const struct options *options, const annc_shape *shape,
                                  annc_training_options *training)
{
    const struct option_value *value = options->value;
    const struct {
        enum option_id id;
        double *number;
    } own[] = {{OPTION_LR, &training->eta},
               {OPTION_MOMENTUM, &training->mu},
               {OPTION_BETA2, &training->rho},
               {OPTION_EPSILON, &training->epsilon},
               {OPTION_WEIGHT_DECAY, &training->decay}};
    *training = annc_training_defaults((annc_optimiser)value[OPTION_OPTIMIZER].choice);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (value[own[i].id].given)
            *own[i].number = value[own[i].id].number;
    training->clip = value[OPTION_CLIP].number;
    training->max_norm = value[OPTION_MAX_NORM].number;
    training->batch = (uint32_t)value[OPTION_BATCH].whole;
    training->shards = (uint32_t)value[OPTION_SHARDS].whole;
    training->seed = value[OPTION_SEED].whole;
    training->engine = (annc_engine)value[OPTION_ENGINE].choice;
    training->precision = (annc_precision)value[OPTION_PRECISION].choice;
    training->schedule = (annc_schedule){.kind = (annc_schedule_kind)value[OPTION_SCHEDULE].choice,
                                         .warmup = value[OPTION_WARMUP].number,
                                         .factor = value[OPTION_SCHEDULE_FACTOR].number,
                                         .period = (uint32_t)value[OPTION_SCHEDULE_PERIOD].whole,
                                         .epochs = (uint32_t)value[OPTION_EPOCHS].whole};
    if (training->schedule.epochs == 0)
        training->schedule.kind = ANNC_CONSTANT; /* no training, so a schedule has no length */
    ANNC_RETURN_IF_FAILED(augmentation_from_options(options, &training->augmentation));
    ANNC_RETURN_IF_FAILED(objective_from_options(options, &training->objective));
    return annc_training_check(training, shape);
}

static annc_status read_weights(const char *text, uint32_t classes, float *weights)
{
    uint32_t count = 1;
    for (const char *c = text; *c; c++)
        count += *c == ',';
    if (count != classes)
        return annc_fail(ANNC_USAGE, "--class-weights has %u number%s, but there are %u classes", count,
                         annc_plural(count), classes);
    for (uint32_t c = 0; c < classes; c++) {
        char *end;
        const double weight = strtod(text, &end);
        if (end == text || (*end != ',' && *end != '\0') || !isfinite(weight) || weight < 0)
            return annc_fail(ANNC_USAGE, "--class-weights takes numbers, 0 or more, like 1,1,2.5; not '%.64s'", text);
        weights[c] = (float)weight;
        text = end + 1;
    }
    return ANNC_OK;
}

annc_status weigh_classes(const struct options *options, const annc_dataset *dataset, float **weights)
{
    const char *text = options->value[OPTION_CLASS_WEIGHTS].text;
    const uint32_t classes = annc_dataset_class_count(dataset);
    *weights = NULL;
    if (!text)
        return ANNC_OK;
    if (classes == 0)
        return annc_fail(ANNC_USAGE, "--class-weights needs classes, but the data have targets");
    *weights = take_memory(classes, sizeof **weights, "the weights of the classes");
    if (strcmp(text, "balanced") != 0)
        return read_weights(text, classes, *weights);
    return annc_class_weights_balanced(dataset, *weights);
}
