/* setup.c - makes shapes, devices and data from options. */
#include "cli/options/setup.h"
#include "base/number.h"
#include "base/status.h"
#include "base/text.h"
#include "cli/options/argument_order.h"
#include "cli/options/note.h"
#include "cli/options/option_table.h"
#include "cli/options/option_types.h"
#include "cli/options/options.h"
#include "cli/options/unused.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/process.h"
#include "cli/terminal/ranks.h"
#include "cli/terminal/screen.h"
#include "cli/terminal/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---------------------------------------------------------------- shapes */

void print_layers(const annc_shape *shape, char *text, size_t size)
{
    size_t used = 0;
    for (uint32_t l = 0; l <= shape->layers && used < size; l++)
        used += (size_t)snprintf(text + used, size - used, "%s%u", l ? "-" : "", shape->width[l]);
}

void print_activations(const annc_shape *shape, char *text, size_t size)
{
    size_t used = 0;
    for (uint32_t l = 0; l < shape->layers && used < size; l++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", l ? "-" : "",
                                 annc_activation_name(shape->activation[l]));
}

static const char *activation_at(int i)
{
    return annc_activation_name((annc_activation)i);
}

static const char *activation_name(int i, unsigned command)
{
    (void)command;
    return activation_at(i);
}

/* Parses ":relu" or ":leaky-relu" after a width; *text moves past it. A name ends with the text, or
 * before '-' and a digit. */
static annc_status parse_layer_activation(const char **text, annc_activation *activation)
{
    size_t length = 0;
    char name[64];
    while ((*text)[length] && !((*text)[length] == '-' && (*text)[length + 1] >= '0' && (*text)[length + 1] <= '9'))
        length++;
    snprintf(name, sizeof name, "%.*s", length < sizeof name ? (int)length : (int)sizeof name - 1, *text);
    const int f = choice_named(activation_at, name);
    if (f >= 0) {
        *activation = (annc_activation)f;
        *text += length;
        return ANNC_OK;
    }
    const char *meant = closest(name, activation_name, 0);
    return annc_fail(ANNC_USAGE, "--layers: unknown activation '%s'%s%s%s", name, meant ? "; did you mean " : "",
                     meant ? meant : "", meant ? "?" : "");
}

/* Parses "784-128:relu-10": widths, and activations if named. */
static annc_status parse_layers(const char *text, annc_shape *shape, bool *named)
{
    const char *const whole = text;
    uint32_t count = 0;
    for (;; text++) {
        char *end;
        const unsigned long width = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;
        if (width < 1 || width > ANNC_MAX_WIDTH)
            return annc_fail(ANNC_USAGE,
                             "--layers takes widths from 1 to %d with '-' between them, like 784-32-10; not '%.64s'; "
                             "for the hidden widths alone use --hidden 64,32",
                             ANNC_MAX_WIDTH, whole);
        if (count > ANNC_MAX_LAYERS)
            return annc_fail(ANNC_USAGE, "--layers takes at most %d layers after the inputs", ANNC_MAX_LAYERS);
        shape->width[count] = (uint32_t)width;
        text = end;
        if (*text == ':' && count > 0) {
            text++;
            ANNC_RETURN_IF_FAILED(parse_layer_activation(&text, &shape->activation[count - 1]));
            named[count - 1] = true;
        }
        count++;
        if (*text != '-')
            break;
    }
    if (*text != '\0' || count < 2)
        return annc_fail(ANNC_USAGE,
                         "--layers takes two or more widths with '-' between them, inputs and outputs too, like "
                         "784-32-10; not '%.64s'; for the hidden widths alone use --hidden 64,32",
                         whole);
    shape->layers = count - 1;
    return ANNC_OK;
}

/* Checks that the given options agree with the model. */
static annc_status agree_with_model(const struct options *options, const annc_shape *model, const annc_shape *shape)
{
    char ours[1024], theirs[1024];
    print_layers(shape, ours, sizeof ours);
    print_layers(model, theirs, sizeof theirs);
    if (strcmp(ours, theirs) != 0)
        return annc_fail(ANNC_USAGE, "--layers is %s, but the model has %s", ours, theirs);
    print_activations(shape, ours, sizeof ours);
    print_activations(model, theirs, sizeof theirs);
    if (strcmp(ours, theirs) != 0)
        return annc_fail(ANNC_USAGE, "the options select activations %s, but the model has %s", ours, theirs);
    if (options->value[OPTION_COST].given && shape->cost != model->cost)
        return annc_fail(ANNC_USAGE, "--cost is %s, but the model has %s", annc_cost_name(shape->cost),
                         annc_cost_name(model->cost));
    if (options->value[OPTION_QUANTILE].given && model->cost == ANNC_QUANTILE && shape->quantile != model->quantile)
        return annc_fail(ANNC_USAGE, "--quantile is %g, but the model has %g", shape->quantile, model->quantile);
    return ANNC_OK;
}

annc_status shape_from_options(const struct options *options, const annc_shape *model, annc_shape *shape)
{
    const struct option_value *value = options->value;
    bool named[ANNC_MAX_LAYERS + 1] = {false};
    memset(shape, 0, sizeof *shape);
    if (model && value[OPTION_HIDDEN].given)
        return annc_fail(ANNC_USAGE, "--hidden has no place beside a model, which has its hidden layers");
    if (model)
        *shape = *model;
    if (!model || value[OPTION_LAYERS].given)
        ANNC_RETURN_IF_FAILED(parse_layers(value[OPTION_LAYERS].text, shape, named));
    for (uint32_t l = 0; l < shape->layers; l++) {
        const enum option_id id = l + 1 == shape->layers ? OPTION_OUTPUT_ACTIVATION : OPTION_ACTIVATION;
        if (!named[l] && (!model || value[id].given))
            shape->activation[l] = (annc_activation)value[id].choice;
    }
    if (!model || value[OPTION_COST].given)
        shape->cost = (annc_cost)value[OPTION_COST].choice;
    if (!model || value[OPTION_QUANTILE].given)
        shape->quantile = value[OPTION_QUANTILE].given ? value[OPTION_QUANTILE].number : 0.5;
    if (model)
        return agree_with_model(options, model, shape);
    return annc_shape_check(shape);
}

annc_status load_model(const struct options *options, const char *path, annc_network **network)
{
    annc_shape assumed;
    char activations[1024];
    const annc_status status = annc_model_load(path, NULL, network);
    if (status == ANNC_INPUT && path == options->positional[0])
        ANNC_RETURN_IF_FAILED(check_model_first(options));
    if (status != ANNC_INPUT || !options->value[OPTION_LAYERS].given)
        return status;
    ANNC_RETURN_IF_FAILED(shape_from_options(options, NULL, &assumed));
    ANNC_RETURN_IF_FAILED(annc_model_load(path, &assumed, network));
    print_activations(annc_network_shape(*network), activations, sizeof activations);
    note(options, "%s does not record how it was trained; assumed: %s, %s cost", path, activations,
         annc_cost_name(annc_network_shape(*network)->cost));
    note(options, "  its layers in order: %s", annc_network_metadata(*network, "annc.layer_names"));
    return ANNC_OK;
}

/* ---------------------------------------------------------------- devices */

annc_status device_options_from(const struct options *options, annc_device_options *device)
{
    const char *text = options->value[OPTION_DEVICE].text, *colon = strchr(text, ':');
    const size_t length = colon ? (size_t)(colon - text) : strlen(text);
    char *end = "";
    *device = (annc_device_options){.kind = ANNC_DEVICE_COUNT, .threads = (int)options->value[OPTION_THREADS].whole};
    if (device->threads == 0)
        device->threads = annc_group_threads(ranks_group());
    for (int kind = 0; kind < ANNC_DEVICE_COUNT; kind++)
        if (strlen(annc_device_kind_name((annc_device_kind)kind)) == length &&
            strncasecmp(text, annc_device_kind_name((annc_device_kind)kind), length) == 0)
            device->kind = (annc_device_kind)kind;
    if (colon && device->kind == ANNC_DEVICE_CUDA && colon[1] >= '0' && colon[1] <= '9' && strlen(colon) < 6)
        device->index = (int)strtol(colon + 1, &end, 10);
    else if (colon)
        end = "?";
    if (device->kind == ANNC_DEVICE_COUNT || *end != '\0')
        return annc_fail(ANNC_USAGE, "--device takes auto, cpu, cuda or cuda:N; not '%.64s'", text);
    return ANNC_OK;
}

/* cuBLAS has a variable that changes the precision of products behind the program's back. */
static void warn_of_override(const struct options *options, const annc_device_info *info,
                             const annc_training_options *training)
{
    const char *override = getenv("NVIDIA_TF32_OVERRIDE");
    const annc_precision precision = training ? training->precision : ANNC_FP32;
    if (!override || info->compute_capability == 0)
        return;
    if (strcmp(override, "0") == 0 && precision == ANNC_TF32)
        note(options, "warning: NVIDIA_TF32_OVERRIDE=0: products are fp32 instead of tf32");
    else if (strcmp(override, "0") != 0 && precision == ANNC_FP32)
        note(options, "warning: NVIDIA_TF32_OVERRIDE=%.8s: cuBLAS may round factors of fp32 products to tf32; unset it",
             override);
}

annc_status device_from_options(const struct options *options, const annc_shape *shape,
                                const annc_training_options *training, const annc_dataset *train, annc_device **device)
{
    annc_device_options chosen;
    ANNC_RETURN_IF_FAILED(device_options_from(options, &chosen));
    ANNC_RETURN_IF_FAILED(annc_device_open_for(&chosen, shape, training, train,
                                               training ? (uint32_t)options->value[OPTION_EPOCHS].whole : 0, device));
    const annc_device_info *info = annc_device_describe(*device);
    note(options, "device: %s: %s", info->kind, info->name);
    note(options, "  (%s)", info->why);
    warn_of_override(options, info, training);
    return ANNC_OK;
}

/* ---------------------------------------------------------------- data */

static void tell_progress(void *context, const char *line)
{
    note(context, "fetch: %s", line);
}

/* Tries once to download MNIST, with short time limits. On failure `why` has the reason. */
static annc_status fetch_mnist(const struct options *options, char *why, size_t size)
{
    const char *offline = getenv("ANNC_OFFLINE");
    char folder[4096];
    const annc_fetch_options fetch = {
        .connect_seconds = 5, .progress = tell_progress, .stop = should_stop, .context = (void *)options};
    if (options->value[OPTION_OFFLINE].given || (offline && strcmp(offline, "1") == 0)) {
        snprintf(why, size, "downloading is off");
        return ANNC_INPUT;
    }
    note(options, "MNIST is not on disk; downloading it");
    const enum stop_policy before = set_stop_policy(END_SOON);
    const annc_status status = annc_mnist_fetch(&fetch, folder, sizeof folder);
    set_stop_policy(before);
    snprintf(why, size, "%s", error_text());
    return status;
}

/* Chooses the data. ANNC_STOPPED if a signal stopped a download; otherwise the digits are the last
 * resort. */
static annc_status choose_source(const struct options *options, const char *what, bool may_fetch,
                                 annc_data_options *source)
{
    char folder[4096], why[2048] = "it is not on disk; `annc-gpu fetch` downloads it";
    source->source = ANNC_SOURCE_MNIST;
    if (what && strcmp(what, "digits") == 0) {
        source->source = ANNC_SOURCE_DIGITS;
    } else if (what && strcmp(what, "mnist") != 0) {
        source->source = ANNC_SOURCE_PATH;
        source->path = what;
    } else if (!what) {
        const annc_status found = annc_mnist_find(folder, sizeof folder);
        end_if_out_of_memory(found);
        if (found == ANNC_OK)
            return ANNC_OK;
        /* Ranks that each downloaded the files would be in each other's way. */
        const annc_status fetched =
            may_fetch && ranks_count() == 1 ? fetch_mnist(options, why, sizeof why) : ANNC_INPUT;
        if (fetched == ANNC_OK || fetched == ANNC_STOPPED)
            return fetched;
        source->source = ANNC_SOURCE_DIGITS;
        note(options, "MNIST is not available: %s", why);
        note(options, "Running on built-in digits instead. They are drawn by this program; they are not MNIST.");
    }
    return ANNC_OK;
}

/* ---------------------------------------------------------------- reading of data */

/* Parses a mark, one of two characters; 0 if the option is not given. */
static annc_status mark_from(const struct options *options, enum option_id id, const char *allowed, char *mark)
{
    const char *text = options->value[id].text;
    *mark = text ? text[0] : '\0';
    if (text && (strlen(text) != 1 || !strchr(allowed, text[0])))
        return annc_fail(ANNC_USAGE, "--%s takes '%c' or '%c'; not '%.64s'", OPTIONS[id].name, allowed[0], allowed[1],
                         text);
    return ANNC_OK;
}

static annc_status separator_from(const struct options *options, enum option_id id, char *separator)
{
    const char *text = options->value[id].text;
    *separator = '\0';
    if (!text)
        return ANNC_OK;
    *separator = strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0 ? '\t'
                 : strcmp(text, "blanks") == 0                        ? ' '
                                                                      : text[0];
    if (*separator == text[0] && (strlen(text) != 1 || strchr("\"\r\n", text[0])))
        return annc_fail(ANNC_USAGE, "--%s takes one character, 'tab' or 'blanks'; not '%.64s'", OPTIONS[id].name,
                         text);
    return ANNC_OK;
}

/* Parses a share, or else a file. */
static annc_status validation_from(const struct options *options, annc_data_options *source)
{
    const char *text = options->value[OPTION_VALIDATION].text;
    double share;
    if (!text)
        return ANNC_OK;
    if (!is_share(text, &share)) {
        source->validation_path = text;
        return ANNC_OK;
    }
    source->validation = share;
    if (!(share > 0 && share < 1))
        return annc_fail(ANNC_USAGE, "--validation takes a share between 0 and 1, or a file; not '%.64s'", text);
    return ANNC_OK;
}

/* Parses "1" for all files, or "0,1" and "0,1,2" for those of --data, --test and --validation. */
static annc_status skips_from(const char *text, annc_data_options *source)
{
    static const double MOST = 1e9;
    uint32_t *const skip[] = {&source->text.skip, &source->test_skip, &source->validation_skip};
    uint32_t count = 0;
    for (const char *at = text; at; at++) {
        const size_t length = strspn(at, "0123456789");
        double number;
        if (count == 3 || !annc_number_parse(at, length, '.', '\0', &number) || number > MOST ||
            (at[length] != '\0' && at[length] != ','))
            return annc_fail(ANNC_USAGE,
                             "--skip takes a whole number from 0 to %.0f, or one for each of --data, --test and "
                             "--validation, as in 0,1; not '%.64s'",
                             MOST, text);
        *skip[count++] = (uint32_t)number;
        at += length;
        if (*at == '\0')
            break;
    }
    if (count == 1)
        source->test_skip = source->validation_skip = source->text.skip;
    return ANNC_OK;
}

/* Returns the scaling of targets for a network of a shape, or, with NULL, for one that is chosen by
 * the data and has the output activation and cost that are given, if any. */
static annc_scale target_scale_for(const struct options *options, const annc_shape *shape)
{
    const struct option_value *output = &options->value[OPTION_OUTPUT_ACTIVATION], *cost = &options->value[OPTION_COST];
    const annc_shape outputs = {.layers = 1,
                                .width = {1, 1},
                                .activation = {output->given ? (annc_activation)output->choice : ANNC_IDENTITY},
                                .cost = cost->given ? (annc_cost)cost->choice : ANNC_QUADRATIC};
    if (!shape && !output->given && !cost->given)
        return ANNC_SCALE_AUTO;
    return annc_shape_takes_any_target(shape ? shape : &outputs) ? ANNC_SCALE_STANDARDISE : ANNC_SCALE_NONE;
}

annc_status data_options_from(const struct options *options, const annc_shape *shape, annc_data_options *source)
{
    const struct option_value *value = options->value;
    memset(source, 0, sizeof *source);
    source->labels_path = value[OPTION_LABELS].text;
    source->test_path = value[OPTION_TEST].text;
    source->test_labels_path = value[OPTION_TEST_LABELS].text;
    source->weights_path = value[OPTION_WEIGHTS].text;
    source->x_name = value[OPTION_X].text;
    source->y_name = value[OPTION_Y].text;
    source->transpose = value[OPTION_TRANSPOSE].given;
    source->scale = (annc_scale)value[OPTION_SCALE].choice;
    source->target_scale = (annc_scale)value[OPTION_TARGET_SCALE].choice;
    if (source->target_scale == ANNC_SCALE_AUTO)
        source->target_scale = target_scale_for(options, shape);
    source->outputs = shape ? shape->width[shape->layers] : 0;
    source->seed = value[value[OPTION_SPLIT_SEED].given ? OPTION_SPLIT_SEED : OPTION_SEED].whole;
    source->folds = (uint32_t)value[OPTION_FOLDS].whole;
    if (ranks_count() > 1) /* a process alone trains on all shards */
        source->shards = (uint32_t)value[OPTION_SHARDS].whole;
    source->shard = own_rank();
    source->threads = (int)value[OPTION_THREADS].whole;
    source->text = (annc_text_options){.header = (annc_choice)value[OPTION_HEADER].choice,
                                       .missing = (annc_missing)value[OPTION_MISSING].choice,
                                       .label = value[OPTION_LABEL].text,
                                       .target = value[OPTION_TARGET].text,
                                       .weight = value[OPTION_WEIGHT].text,
                                       .drop = value[OPTION_DROP].text,
                                       .categorical = value[OPTION_CATEGORICAL].text,
                                       .numeric = value[OPTION_NUMERIC].text};
    ANNC_RETURN_IF_FAILED(skips_from(value[OPTION_SKIP].text, source));
    if (source->text.label && source->text.target)
        return annc_fail(ANNC_USAGE,
                         "--label and --target cannot be combined: one predicts classes, the other numbers");
    if (source->shards > 1 && source->shards != ranks_count())
        return annc_fail(ANNC_USAGE, "--shards is %u, but there are %u ranks: each holds one shard", source->shards,
                         ranks_count());
    if (value[OPTION_FOLDS].given && value[OPTION_SHARDS].given)
        return annc_fail(ANNC_USAGE, "--folds and --shards cannot be combined: folds are distributed whole");
    if (value[OPTION_FOLDS].given && value[OPTION_VALIDATION].given)
        return annc_fail(ANNC_USAGE,
                         "--folds and --validation cannot be combined: each fold holds out its own validation set");
    ANNC_RETURN_IF_FAILED(separator_from(options, OPTION_DELIMITER, &source->text.separator));
    ANNC_RETURN_IF_FAILED(separator_from(options, OPTION_LABEL_SEPARATOR, &source->text.label_separator));
    ANNC_RETURN_IF_FAILED(mark_from(options, OPTION_DECIMAL, ".,", &source->text.decimal));
    ANNC_RETURN_IF_FAILED(mark_from(options, OPTION_THOUSANDS, ",.", &source->text.thousands));
    if (source->text.thousands && source->text.thousands == source->text.decimal)
        return annc_fail(ANNC_USAGE, "--decimal and --thousands cannot be the same mark");
    if (source->text.thousands && !source->text.decimal)
        source->text.decimal = source->text.thousands == ',' ? '.' : ',';
    return validation_from(options, source);
}

annc_status load_file(const struct options *options, annc_data_options *source, annc_data *data)
{
    char text[1024];
    ANNC_RETURN_IF_FAILED(annc_data_load(source, data));
    if (source->fold > 0) /* earlier folds have printed the same notes */
        return ANNC_OK;
    note(options, "data: %s", data->description);
    for (const char *line = data->notes; *line; line += strcspn(line, "\n") + 1)
        note(options, "  %s", note_naming_options(line, text, sizeof text));
    warn_unused_data_options(options, source, data);
    return ANNC_OK;
}

/* Rejects a model that does not fit MNIST if no option names data. */
static annc_status check_model(const char *what, const annc_network *model)
{
    enum { MNIST_INPUTS = 28 * 28 };
    const uint32_t inputs = model ? annc_network_shape(model)->width[0] : MNIST_INPUTS;
    const char *trained = model ? annc_network_metadata(model, "annc.data") : NULL;
    if (what || inputs == MNIST_INPUTS)
        return ANNC_OK;
    return annc_fail(ANNC_INPUT,
                     "the model has %u input%s, but MNIST, the default data, has %d; name the model's data with --data "
                     "FILE%s%.200s%s",
                     inputs, annc_plural(inputs), MNIST_INPUTS, trained ? " (it was trained on " : "",
                     trained ? trained : "", trained ? ")" : "");
}

annc_status load_data(const struct options *options, const char *what, annc_data_options *source, bool may_fetch,
                      annc_data *data)
{
    ANNC_RETURN_IF_FAILED(check_model(what, source->model));
    ANNC_RETURN_IF_FAILED(choose_source(options, what, may_fetch, source));
    return load_file(options, source, data);
}
