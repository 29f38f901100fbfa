/* inferred.c - options that follow from the data: the network and its training. */
#include "cli/options/inferred.h"
#include "base/status.h"
#include "cli/options/note.h"
#include "cli/options/option_table.h"
#include "cli/options/options.h"
#include "cli/options/setup.h"
#include "cli/terminal/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- hidden layers */

static annc_status refuse_hidden(const char *text)
{
    return annc_fail(ANNC_USAGE,
                     "--hidden takes the widths of the hidden layers, from 1 to %d, like 64,32, or 'none'; not '%.64s'",
                     ANNC_MAX_WIDTH, text);
}

/* The widths of --hidden. */
struct hidden {
    uint32_t count, width[ANNC_MAX_LAYERS];
};

/* Parses "64,32", or "none"; no widths without the option. */
static annc_status parse_hidden(const struct options *options, struct hidden *hidden)
{
    const char *text = options->value[OPTION_HIDDEN].text, *at = text;
    hidden->count = 0;
    if (!text || strcmp(text, "none") == 0)
        return ANNC_OK;
    for (;; at++) {
        char *end = NULL;
        const unsigned long width = *at >= '0' && *at <= '9' ? strtoul(at, &end, 10) : 0;
        if (width < 1 || width > ANNC_MAX_WIDTH || hidden->count + 1 >= ANNC_MAX_LAYERS)
            return refuse_hidden(text);
        hidden->width[hidden->count++] = (uint32_t)width;
        at = end;
        if (*at != ',')
            break;
    }
    return *at == '\0' ? ANNC_OK : refuse_hidden(text);
}

/* ---------------------------------------------------------------- options from a plan */

/* Sets an option of the command that the user has not set. */
static annc_status set(unsigned command, struct inferred *inferred, enum option_id id, const char *text)
{
    char *kept = id == OPTION_LAYERS ? inferred->layers : inferred->text[id];
    const size_t size = id == OPTION_LAYERS ? sizeof inferred->layers : sizeof inferred->text[id];
    if (inferred->options.value[id].given || !(OPTIONS[id].commands & command))
        return ANNC_OK;
    snprintf(kept, size, "%s", text);
    return option_set(id, kept, &inferred->options);
}

static annc_status set_whole(unsigned command, struct inferred *inferred, enum option_id id, uint32_t whole)
{
    char text[16];
    snprintf(text, sizeof text, "%u", whole);
    return set(command, inferred, id, text);
}

/* Sets an option to a number, unless it is 0, the default of such options. */
static annc_status set_number(unsigned command, struct inferred *inferred, enum option_id id, double number)
{
    char text[32];
    snprintf(text, sizeof text, "%g", number);
    return number > 0 ? set(command, inferred, id, text) : ANNC_OK;
}

/* Takes the options of a plan: all, or, for a model, those of its training. */
static annc_status take_plan(unsigned command, const annc_plan *plan, bool has_model, struct inferred *inferred)
{
    const annc_shape *shape = &plan->shape;
    const annc_training_options *training = &plan->training;
    char layers[sizeof inferred->layers];
    print_layers(shape, layers, sizeof layers);
    const struct {
        enum option_id id;
        const char *text;
    } names[] = {{OPTION_LAYERS, layers},
                 {OPTION_ACTIVATION, annc_activation_name(shape->activation[0])}, /* unused without hidden layers */
                 {OPTION_OUTPUT_ACTIVATION, annc_activation_name(shape->activation[shape->layers - 1])},
                 {OPTION_COST, annc_cost_name(shape->cost)},
                 {OPTION_OPTIMIZER, annc_optimiser_name(training->optimiser)},
                 {OPTION_SCHEDULE, annc_schedule_name(training->schedule.kind)}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (has_model ? names[i].id == OPTION_OPTIMIZER || names[i].id == OPTION_SCHEDULE
                      : names[i].id != OPTION_ACTIVATION || shape->layers > 1)
            ANNC_RETURN_IF_FAILED(set(command, inferred, names[i].id, names[i].text));
    if (OPTIONS[OPTION_OPTIMIZER].commands & command) /* trace takes another step */
        ANNC_RETURN_IF_FAILED(set_number(command, inferred, OPTION_LR, training->eta));
    ANNC_RETURN_IF_FAILED(set_number(command, inferred, OPTION_WEIGHT_DECAY, training->decay));
    ANNC_RETURN_IF_FAILED(set_number(command, inferred, OPTION_DROPOUT, training->objective.dropout));
    ANNC_RETURN_IF_FAILED(set_number(command, inferred, OPTION_LABEL_SMOOTHING, training->objective.label_smoothing));
    ANNC_RETURN_IF_FAILED(set_whole(command, inferred, OPTION_BATCH, training->batch));
    return set_whole(command, inferred, OPTION_EPOCHS, plan->epochs);
}

/* Appends " --NAME TEXT", unless the option was given or the command has no such option. */
static void append_choice(unsigned command, const struct options *given, enum option_id id, const char *text,
                          char *line, size_t size)
{
    const size_t used = strlen(line);
    if (!given->value[id].given && (OPTIONS[id].commands & OPTIONS[OPTION_EPOCHS].commands & command))
        snprintf(line + used, size - used, " --%s %s", OPTIONS[id].name, text);
}

static void append_number(unsigned command, const struct options *given, enum option_id id, double number, char *line,
                          size_t size)
{
    char text[32];
    snprintf(text, sizeof text, "%g", number);
    if (number > 0)
        append_choice(command, given, id, text, line, size);
}

/* What was chosen, as the options that change it. */
static void note_choices(unsigned command, const struct options *given, bool has_model, const annc_plan *plan)
{
    char line[200] = "", more[200] = "";
    size_t used = 0;
    const annc_training_options *training = &plan->training;
    if (!has_model && !given->value[OPTION_HIDDEN].given) {
        used = (size_t)snprintf(line, sizeof line, " --hidden ");
        for (uint32_t l = 1; l < plan->shape.layers; l++)
            used += (size_t)snprintf(line + used, sizeof line - used, "%s%u", l > 1 ? "," : "", plan->shape.width[l]);
    }
    append_number(command, given, OPTION_EPOCHS, plan->epochs, line, sizeof line);
    append_number(command, given, OPTION_BATCH, training->batch, line, sizeof line);
    append_number(command, given, OPTION_LR, training->eta, line, sizeof line);
    append_choice(command, given, OPTION_OPTIMIZER, annc_optimiser_name(training->optimiser), more, sizeof more);
    append_choice(command, given, OPTION_SCHEDULE, annc_schedule_name(training->schedule.kind), more, sizeof more);
    append_number(command, given, OPTION_WEIGHT_DECAY, training->decay, more, sizeof more);
    append_number(command, given, OPTION_DROPOUT, training->objective.dropout, more, sizeof more);
    append_number(command, given, OPTION_LABEL_SMOOTHING, training->objective.label_smoothing, more, sizeof more);
    if (line[0] || more[0])
        note(given, "chosen for these data (options change it):%s", line);
    if (more[0])
        note(given, " %s", more);
}

/* Labels of one class leave nothing to learn. */
static annc_status check_classes(const annc_dataset *train)
{
    const uint32_t classes = annc_dataset_class_count(train);
    uint32_t found = 0, *counts;
    if (!annc_dataset_has_classes(train))
        return ANNC_OK;
    counts = take_memory(classes, sizeof *counts, "the counts of the classes");
    annc_dataset_count_classes(train, counts);
    for (uint32_t c = 0; c < classes; c++)
        found += counts[c] > 0;
    free(counts);
    return found > 1 ? ANNC_OK : annc_fail(ANNC_INPUT, "the training data have one class only: nothing to tell apart");
}

/* Warns of labels that are likely numbers to predict: many, of few rows each. */
static void warn_many_classes(const struct options *given, const annc_dataset *train)
{
    enum { MANY = 20, ROWS = 4 };
    const uint32_t classes = annc_dataset_class_count(train), rows = annc_dataset_total(train);
    if (classes >= MANY && classes > rows / ROWS)
        note(given, "warning: %u classes in %u rows; if they are numbers to predict, name the column with --target",
             classes, rows);
}

/* What a plan is to respect: the options given, or, if there is one, the model that is trained on. */
struct wanted {
    struct hidden hidden;
    annc_activation activation, output;
    annc_cost cost;
    annc_optimiser optimiser;
    annc_wishes wishes; /* of pointers to the above */
};

static void want(const struct options *given, const struct hidden *hidden, const annc_shape *model,
                 struct wanted *wanted)
{
    const struct option_value *value = given->value;
    const bool has_activation = model ? model->layers > 1 : value[OPTION_ACTIVATION].given;
    *wanted = (struct wanted){.hidden = *hidden,
                              .activation = (annc_activation)value[OPTION_ACTIVATION].choice,
                              .output = (annc_activation)value[OPTION_OUTPUT_ACTIVATION].choice,
                              .cost = (annc_cost)value[OPTION_COST].choice,
                              .optimiser = (annc_optimiser)value[OPTION_OPTIMIZER].choice};
    if (model) {
        wanted->hidden.count = model->layers - 1;
        memcpy(wanted->hidden.width, model->width + 1, wanted->hidden.count * sizeof *model->width);
        wanted->activation = model->activation[0];
        wanted->output = model->activation[model->layers - 1];
        wanted->cost = model->cost;
    }
    wanted->wishes =
        (annc_wishes){.hidden = model || value[OPTION_HIDDEN].given ? wanted->hidden.width : NULL,
                      .hidden_count = wanted->hidden.count,
                      .activation = has_activation ? &wanted->activation : NULL,
                      .output_activation = model || value[OPTION_OUTPUT_ACTIVATION].given ? &wanted->output : NULL,
                      .cost = model || value[OPTION_COST].given ? &wanted->cost : NULL,
                      .quantile = model ? model->quantile : value[OPTION_QUANTILE].number,
                      .optimiser = value[OPTION_OPTIMIZER].given ? &wanted->optimiser : NULL,
                      .batch = value[OPTION_BATCH].given ? (uint32_t)value[OPTION_BATCH].whole : 0,
                      .epochs = value[OPTION_EPOCHS].given ? (uint32_t)value[OPTION_EPOCHS].whole : 0};
}

/* Makes the plan for the data. A model has its shape. */
static annc_status make_plan(const struct options *given, const struct hidden *hidden, const annc_shape *model,
                             const annc_dataset *train, annc_plan *plan)
{
    struct wanted wanted;
    want(given, hidden, model, &wanted);
    ANNC_RETURN_IF_FAILED(annc_plan_make(train, &wanted.wishes, plan));
    if (model)
        plan->shape = *model;
    return ANNC_OK;
}

annc_status options_infer_from(unsigned command, const struct options *given, const annc_dataset *train,
                               struct inferred *inferred)
{
    annc_plan plan;
    struct hidden hidden;
    memcpy(&inferred->options, given, sizeof *given);
    ANNC_RETURN_IF_FAILED(parse_hidden(given, &hidden));
    ANNC_RETURN_IF_FAILED(make_plan(given, &hidden, NULL, train, &plan));
    return take_plan(command, &plan, false, inferred);
}

static annc_status infer_from(unsigned command, const struct options *given, const struct hidden *hidden,
                              const annc_shape *model, const annc_dataset *train, struct inferred *inferred)
{
    annc_plan plan;
    ANNC_RETURN_IF_FAILED(check_classes(train));
    ANNC_RETURN_IF_FAILED(make_plan(given, hidden, model, train, &plan));
    warn_many_classes(given, train);
    note_choices(command, given, model != NULL, &plan);
    return take_plan(command, &plan, model != NULL, inferred);
}

/* ---------------------------------------------------------------- MNIST and the built-in digits */

/* Makes layers of --hidden; all else has its default, the tutorial's. */
static annc_status infer_for_digits(unsigned command, const struct hidden *hidden, struct inferred *inferred)
{
    annc_shape shape = {.layers = hidden->count + 1, .width = {28 * 28}};
    char layers[sizeof inferred->layers];
    if (!inferred->options.value[OPTION_HIDDEN].given)
        return ANNC_OK;
    memcpy(shape.width + 1, hidden->width, hidden->count * sizeof *hidden->width);
    shape.width[shape.layers] = 10;
    print_layers(&shape, layers, sizeof layers);
    return set(command, inferred, OPTION_LAYERS, layers);
}

/* Loads the data; if folds are to load them again, without notes, which the first fold prints. */
static annc_status load(const struct options *given, const char *what, annc_data_options *source, annc_data *data)
{
    struct options silent;
    source->need_train = true;
    if (source->folds == 0)
        return load_data(given, what, source, false, data);
    memcpy(&silent, given, sizeof silent);
    silent.value[OPTION_QUIET].given = true;
    source->folds = 0;
    return load_data(&silent, what, source, false, data);
}

annc_status options_infer(unsigned command, const struct options *given, annc_data_options *source,
                          struct inferred *inferred, annc_data *data)
{
    const struct option_value *value = given->value;
    const char *what = value[OPTION_DATA].text;
    const uint32_t folds = source->folds;
    struct hidden hidden;
    memset(data, 0, sizeof *data);
    memcpy(&inferred->options, given, sizeof *given);
    if (value[OPTION_LAYERS].given && value[OPTION_HIDDEN].given)
        return annc_fail(ANNC_USAGE, "--hidden and --layers cannot be combined: --layers has the hidden layers, too");
    if (value[OPTION_LAYERS].given)
        return ANNC_OK;
    ANNC_RETURN_IF_FAILED(parse_hidden(given, &hidden));
    if (!what || strcmp(what, "mnist") == 0 || strcmp(what, "digits") == 0) {
        if (!source->model)
            ANNC_RETURN_IF_FAILED(infer_for_digits(command, &hidden, inferred));
    } else {
        ANNC_RETURN_IF_FAILED(load(given, what, source, data));
        ANNC_RETURN_IF_FAILED(infer_from(
            command, given, &hidden, source->model ? annc_network_shape(source->model) : NULL, data->train, inferred));
        if (folds > 0)
            annc_data_free(data);
    }
    if (!source->model) /* --layers has them now, also in the model's configuration */
        inferred->options.value[OPTION_HIDDEN] = (struct option_value){.given = false};
    return ANNC_OK;
}
