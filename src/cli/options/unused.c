/* unused.c - warns about options that have no effect. */
#include "cli/options/unused.h"
#include "cli/options/note.h"
#include "cli/options/option_table.h"
#include "cli/options/option_types.h"
#include "cli/options/options.h"

#include <stdio.h>
#include <string.h>

static void tell(const struct options *options, enum option_id id, const char *why)
{
    note(options, "note: --%s has no effect: %s", OPTIONS[id].name, why);
}

/* ---------------------------------------------------------------- training */

/* The condition for an option to have an effect. */
enum cause { OPTIMISER, SCHEDULE, CHECKPOINT, SPLIT, MODEL, COST };

static const struct {
    enum option_id id;
    enum cause cause;
} OF_TRAINING[] = {
    {OPTION_MOMENTUM, OPTIMISER},       {OPTION_BETA2, OPTIMISER},          {OPTION_EPSILON, OPTIMISER},
    {OPTION_SCHEDULE_FACTOR, SCHEDULE}, {OPTION_SCHEDULE_PERIOD, SCHEDULE}, {OPTION_CHECKPOINT_EVERY, CHECKPOINT},
    {OPTION_SPLIT_SEED, SPLIT},         {OPTION_ENSEMBLE, MODEL},           {OPTION_QUANTILE, COST}};
enum { OF_TRAINING_COUNT = sizeof OF_TRAINING / sizeof *OF_TRAINING };

/* Returns whether validation uses a share of the training set. */
static bool is_split(const struct options *options)
{
    const struct option_value *value = options->value;
    double share;
    return value[OPTION_FOLDS].given ||
           (value[OPTION_VALIDATION].text && is_share(value[OPTION_VALIDATION].text, &share));
}

void unused_add(struct unused *unused, const struct options *options, const annc_training_options *training)
{
    const struct option_value *value = options->value;
    const annc_optimiser optimiser = training->optimiser;
    const annc_schedule_kind schedule = (annc_schedule_kind)value[OPTION_SCHEDULE].choice;
    /* Parameters that an optimiser lacks are 0. */
    const annc_training_options own = annc_training_defaults(optimiser);
    const bool by_period = schedule == ANNC_STEP_DECAY || schedule == ANNC_PLATEAU;
    const struct {
        enum option_id id;
        bool used;
    } uses[] = {{OPTION_MOMENTUM, own.mu > 0},
                {OPTION_BETA2, own.rho > 0},
                {OPTION_EPSILON, own.epsilon > 0},
                {OPTION_SCHEDULE_FACTOR, by_period || schedule == ANNC_EXPONENTIAL},
                {OPTION_SCHEDULE_PERIOD, by_period},
                {OPTION_CHECKPOINT_EVERY, value[OPTION_CHECKPOINT].given},
                {OPTION_SPLIT_SEED, is_split(options)},
                {OPTION_ENSEMBLE, value[OPTION_SAVE].given},
                {OPTION_QUANTILE, value[OPTION_COST].choice == ANNC_QUANTILE}};
    for (int id = 0; id < OPTION_COUNT; id++)
        unused->typed[id] |= value[id].typed;
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        unused->used[uses[i].id] |= uses[i].used;
    if (!unused->has_training) {
        unused->optimiser = optimiser;
        unused->schedule = schedule;
        unused->has_training = true;
    }
    unused->many_optimisers |= unused->optimiser != optimiser;
    unused->many_schedules |= unused->schedule != schedule;
}

static void explain(const struct unused *unused, enum cause cause, char *why, size_t size)
{
    switch (cause) {
    case OPTIMISER:
        snprintf(why, size, "%s%s", unused->many_optimisers ? "none of the optimizers uses it" : "the optimizer is ",
                 unused->many_optimisers ? "" : annc_optimiser_name(unused->optimiser));
        break;
    case SCHEDULE:
        snprintf(why, size, "%s%s", unused->many_schedules ? "none of the schedules uses it" : "the schedule is ",
                 unused->many_schedules ? "" : annc_schedule_name(unused->schedule));
        break;
    case CHECKPOINT:
        snprintf(why, size, "--checkpoint is not given");
        break;
    case SPLIT:
        snprintf(why, size, "no part of the training set is held out");
        break;
    case COST:
        snprintf(why, size, "the cost is not quantile");
        break;
    case MODEL:
        snprintf(why, size, "--save is not given");
        break;
    }
}

void warn_unused_options(const struct unused *unused, const struct options *options)
{
    char why[80];
    for (int i = 0; i < OF_TRAINING_COUNT; i++) {
        const enum option_id id = OF_TRAINING[i].id;
        if (!unused->typed[id] || unused->used[id])
            continue;
        explain(unused, OF_TRAINING[i].cause, why, sizeof why);
        tell(options, id, why);
    }
}

/* ---------------------------------------------------------------- data */

/* Kinds of data, as bits. */
enum { DRAWN = 1, IMAGES = 2, TEXT_TABLE = 4, ARRAY = 8, ARRAYS = 16 };

/* The kinds of data that an option applies to. */
static const struct {
    enum option_id id;
    unsigned kinds;
} OF_DATA[] = {{OPTION_LABEL, TEXT_TABLE},
               {OPTION_TARGET, TEXT_TABLE | ARRAY | ARRAYS},
               {OPTION_LABEL_SEPARATOR, TEXT_TABLE},
               {OPTION_DROP, TEXT_TABLE},
               {OPTION_CATEGORICAL, TEXT_TABLE},
               {OPTION_NUMERIC, TEXT_TABLE},
               {OPTION_DELIMITER, TEXT_TABLE},
               {OPTION_DECIMAL, TEXT_TABLE},
               {OPTION_THOUSANDS, TEXT_TABLE},
               {OPTION_HEADER, TEXT_TABLE},
               {OPTION_SKIP, TEXT_TABLE},
               {OPTION_X, ARRAYS},
               {OPTION_Y, ARRAYS},
               {OPTION_LABELS, IMAGES | ARRAY | ARRAYS},
               {OPTION_TRANSPOSE, IMAGES}};

static unsigned kind_of(const annc_data_options *source, const annc_data *data, const char **name)
{
    static const struct {
        unsigned kind;
        const char *name;
    } kinds[] = {[ANNC_FORMAT_IDX] = {IMAGES, "the data are IDX images"},
                 [ANNC_FORMAT_TEXT] = {TEXT_TABLE, "the data are a text table"},
                 [ANNC_FORMAT_NPY] = {ARRAY, "the data are an NPY array"},
                 [ANNC_FORMAT_NPZ] = {ARRAYS, "the data are NPZ arrays"},
                 [ANNC_FORMAT_PNG] = {IMAGES, "the data are a picture"},
                 [ANNC_FORMAT_JPEG] = {IMAGES, "the data are a picture"}};
    *name = source->source == ANNC_SOURCE_DIGITS ? "the data are the built-in digits" : kinds[data->format].name;
    return source->source == ANNC_SOURCE_DIGITS ? DRAWN : kinds[data->format].kind;
}

/* Returns whether a list "a,b" has an item. */
static bool has_item(const char *list, const char *item, size_t length)
{
    for (; *list; list += strcspn(list, ",") + (list[strcspn(list, ",")] != '\0'))
        if (strcspn(list, ",") == length && strncmp(list, item, length) == 0)
            return true;
    return false;
}

/* Warns that --drop keeps the label or target columns. */
static void tell_kept(const struct options *options)
{
    const struct option_value *value = options->value;
    const enum option_id learnt = value[OPTION_TARGET].text ? OPTION_TARGET : OPTION_LABEL;
    const char *item = value[learnt].text, *drop = value[OPTION_DROP].text;
    while (item && *item && drop) {
        const size_t length = strcspn(item, ",");
        if (has_item(drop, item, length))
            note(options, "note: --drop has no effect on %.*s: --%s names the same column",
                 length < 100 ? (int)length : 100, item, OPTIONS[learnt].name);
        item += length + (item[length] != '\0');
    }
}

void warn_unused_data_options(const struct options *options, const annc_data_options *source, const annc_data *data)
{
    const char *name;
    const unsigned kind = kind_of(source, data, &name);
    /* The other files may be of another kind. */
    const bool several = source->test_path || source->validation_path;
    for (size_t i = 0; i < sizeof OF_DATA / sizeof *OF_DATA && !several; i++)
        if (options->value[OF_DATA[i].id].typed && !(OF_DATA[i].kinds & kind))
            tell(options, OF_DATA[i].id, name);
    if (options->value[OPTION_TEST_LABELS].typed && !source->test_path)
        tell(options, OPTION_TEST_LABELS, "--test is not given");
    if (options->value[OPTION_DROP].typed && kind == TEXT_TABLE)
        tell_kept(options);
}

void warn_unused_example_options(const struct options *options)
{
    static const enum option_id used[] = {OPTION_LR,  OPTION_EXAMPLE, OPTION_EDGES,  OPTION_STEP,  OPTION_SALIENCY,
                                          OPTION_OUT, OPTION_FORCE,   OPTION_CONFIG, OPTION_QUIET, OPTION_HELP};
    for (int id = 0; id < OPTION_COUNT; id++) {
        bool has_effect = !options->value[id].typed;
        for (size_t i = 0; i < sizeof used / sizeof *used; i++)
            has_effect |= used[i] == (enum option_id)id;
        if (!has_effect)
            tell(options, (enum option_id)id,
                 "it does not apply to the worked example; give a model, --layers or --data");
    }
}
