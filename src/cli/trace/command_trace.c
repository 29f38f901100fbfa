/* command_trace.c - annc-gpu trace */
#include "cli/trace/command_trace.h"
#include "base/status.h"
#include "base/text.h"
#include "cli/options/inferred.h"
#include "cli/options/known_data.h"
#include "cli/options/note.h"
#include "cli/options/option_types.h"
#include "cli/options/setup.h"
#include "cli/options/unused.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/output.h"
#include "cli/terminal/process.h"
#include "cli/terminal/screen.h"
#include "cli/trace/graph.h"
#include "cli/trace/graph_svg.h"
#include "cli/trace/graph_text.h"
#include "cli/trace/saliency.h"
#include "cli/trace/trace_graph.h"
#include "cli/trace/trace_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { SHOWN_NAME = 41 };

/* The subject of a trace: a network's parameters in double, and an example. */
struct subject {
    const struct options *options;
    struct inferred inferred;
    annc_network *network; /* the model, or NULL */
    annc_shape shape;
    double *theta;
    annc_data data;
    annc_dataset *own; /* the worked example */
    const annc_dataset *examples;
    uint32_t example; /* from 0 */
    double eta;
    char title[200];
};

/* ---------------------------------------------------------------- the worked example */

/* The worked example: one sigmoid neuron, quadratic cost: w = (2, -3), b = -3, x = (-1, -2), y =
 * 1. */
static annc_status take_worked_example(struct subject *subject)
{
    static const float x[] = {-1, -2}, y[] = {1};
    static const double theta[] = {2, -3, -3};
    const annc_examples examples = {
        .count = 1, .inputs = 2, .outputs = 1, .type = ANNC_FLOATS, .divisor = 1, .x = x, .targets = y};
    subject->shape = (annc_shape){.layers = 1, .width = {2, 1}, .activation = {ANNC_SIGMOID}, .cost = ANNC_QUADRATIC};
    subject->theta = take_memory(1, sizeof theta, "a neuron");
    memcpy(subject->theta, theta, sizeof theta);
    snprintf(subject->title, sizeof subject->title,
             "a sigmoid neuron, quadratic cost: w = (2, -3), b = -3, x = (-1, -2), y = 1");
    warn_unused_example_options(subject->options);
    const annc_status status = annc_dataset_create(&examples, &subject->own);
    subject->examples = subject->own;
    return status;
}

/* ---------------------------------------------------------------- any network and example */

/* Makes a network with its initial parameters. */
static annc_status make_network(struct subject *subject)
{
    annc_status status = ANNC_OK;
    const struct option_value *value = subject->options->value;
    const annc_device_options cpu = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    annc_device *device = NULL;
    ANNC_TRY(annc_device_open(&cpu, &device));
    ANNC_TRY(annc_network_create(&subject->shape, &subject->network));
    ANNC_TRY(annc_network_initialise(subject->network, device, (annc_init)value[OPTION_INIT].choice,
                                     value[OPTION_SEED].whole));
out:
    annc_device_close(device);
    return status;
}

/* Loads the model, or makes a network with its initial parameters. */
static annc_status take_network(struct subject *subject)
{
    if (!subject->network)
        ANNC_RETURN_IF_FAILED(make_network(subject));
    const size_t parameters = annc_shape_parameters(&subject->shape);
    const float *theta = annc_network_parameters_const(subject->network);
    subject->theta = take_memory(parameters, sizeof *subject->theta, "the parameters");
    for (size_t i = 0; i < parameters; i++)
        subject->theta[i] = (double)theta[i];
    return ANNC_OK;
}

/* Loads the data, unless the network was chosen by them. */
static annc_status load_examples(struct subject *subject)
{
    annc_data_options source;
    struct known_data known;
    annc_status status = ANNC_OK;
    ANNC_TRY(known_data_open(TRACE, subject->options, subject->network, &known));
    ANNC_TRY(data_options_from(&known.options, &subject->shape, &source));
    source.model = subject->network;
    source.need_test = subject->network != NULL;
    source.need_train = !source.need_test;
    if (!subject->data.train)
        ANNC_TRY(load_data(subject->options, known.options.value[OPTION_DATA].text, &source, false, &subject->data));
    subject->examples = source.need_test ? subject->data.test : subject->data.train;
out:
    known_data_close(&known);
    return status;
}

static annc_status take_data(struct subject *subject)
{
    char layers[100];
    ANNC_RETURN_IF_FAILED(load_examples(subject));
    const annc_examples *examples = annc_dataset_examples(subject->examples);
    if (subject->example >= examples->count)
        return annc_fail(ANNC_INPUT, "--example %u: the data have %u example%s", subject->example + 1, examples->count,
                         annc_plural(examples->count));
    print_layers(&subject->shape, layers, sizeof layers);
    snprintf(subject->title, sizeof subject->title, "%.60s, %s cost, example %u", layers,
             annc_cost_name(subject->shape.cost), subject->example + 1);
    if (examples->labels) {
        const size_t used = strlen(subject->title);
        const char *name = annc_dataset_class_name(subject->examples, (uint32_t)examples->labels[subject->example]);
        char shown[SHOWN_NAME];
        snprintf(subject->title + used, sizeof subject->title - used, " of class %s",
                 plain_text(name, shown, sizeof shown));
    }
    return ANNC_OK;
}

/* Loads the model, or chooses what the options leave open by the data, which stay loaded. */
static annc_status take_model_or_infer(struct subject *subject)
{
    annc_data_options source;
    if (subject->options->positional_count > 0)
        return load_model(subject->options, subject->options->positional[0], &subject->network);
    ANNC_RETURN_IF_FAILED(data_options_from(subject->options, NULL, &source));
    ANNC_RETURN_IF_FAILED(options_infer(TRACE, subject->options, &source, &subject->inferred, &subject->data));
    subject->options = &subject->inferred.options;
    return ANNC_OK;
}

static annc_status take_subject(struct subject *subject)
{
    const struct options *options = subject->options;
    const struct option_value *value = options->value;
    subject->eta = value[OPTION_LR].given ? value[OPTION_LR].number : 1;
    subject->example = (uint32_t)value[OPTION_EXAMPLE].whole - 1;
    if (options->positional_count == 0 && !value[OPTION_LAYERS].given && !value[OPTION_HIDDEN].given &&
        !value[OPTION_DATA].text)
        return take_worked_example(subject);
    ANNC_RETURN_IF_FAILED(take_model_or_infer(subject));
    ANNC_RETURN_IF_FAILED(shape_from_options(
        subject->options, subject->network ? annc_network_shape(subject->network) : NULL, &subject->shape));
    ANNC_RETURN_IF_FAILED(take_data(subject));
    return take_network(subject);
}

/* ---------------------------------------------------------------- selection and output */

/* Names the layers of the network, or the units of a layer. */
static annc_status refuse_neuron(const annc_shape *shape, const char *text, unsigned layer)
{
    if (layer < 1 || layer > shape->layers)
        return annc_fail(ANNC_USAGE, "--neuron %.20s does not exist: layers are 1 to %u, after the inputs", text,
                         shape->layers);
    return annc_fail(ANNC_USAGE, "--neuron %.20s does not exist: layer %u has units 1 to %u", text, layer,
                     shape->width[layer]);
}

/* Parses "--neuron 2:3": unit 3 of layer 2. */
static annc_status find_neuron(const struct subject *subject, uint32_t *l, uint32_t *j)
{
    const char *text = subject->options->value[OPTION_NEURON].text;
    unsigned layer, unit;
    char end;
    *l = *j = 0;
    if (!text)
        return ANNC_OK;
    if (strspn(text, "0123456789:") != strlen(text) || sscanf(text, "%9u:%9u%c", &layer, &unit, &end) != 2)
        return annc_fail(ANNC_USAGE,
                         "--neuron takes a layer and one of its units, both counted from 1, like 2:3; not '%.64s'",
                         text);
    if (layer < 1 || layer > subject->shape.layers || unit < 1 || unit > subject->shape.width[layer])
        return refuse_neuron(&subject->shape, text, layer);
    *l = layer;
    *j = unit - 1;
    return ANNC_OK;
}

/* Traces the example after one step of gradient descent. */
static annc_status step(const struct subject *subject, const annc_trace *trace, annc_trace **after)
{
    const size_t parameters = annc_shape_parameters(&subject->shape);
    double *theta = take_memory(parameters, sizeof *theta, "the parameters after a step");
    for (size_t i = 0; i < parameters; i++)
        theta[i] = trace->theta[i] - subject->eta * trace->gradient[i];
    const annc_status status = annc_trace_create(&subject->shape, theta, subject->examples, subject->example, after);
    free(theta);
    return status;
}

static void print_text(const struct graph *graph, FILE *out)
{
    graph_print_text(graph, true, out);
}

/* Returns the printer for a file name's extension; NULL if unknown. */
static void (*printer_for(const char *path))(const struct graph *graph, FILE *out)
{
    static const struct {
        const char *ending;
        void (*print)(const struct graph *graph, FILE *out);
    } known[] = {{".svg", graph_print_svg}, {".dot", graph_print_dot}, {".gv", graph_print_dot}, {".txt", print_text}};
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *ending = strrchr(name, '.');
    if (!ending || ending == name)
        return print_text;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcasecmp(ending, known[i].ending) == 0)
            return known[i].print;
    return NULL;
}

static annc_status save_graph(const struct options *options, const struct graph *graph)
{
    const char *path = options->value[OPTION_OUT].text;
    struct annc_buffer text = {.bytes = NULL};
    FILE *out = text_stream(&text);
    printer_for(path)(graph, out);
    fclose(out);
    set_stop_policy(END_WHEN_ASKED); /* complete every started file */
    const annc_status status = annc_file_save(output_path(path), text.bytes, text.length);
    text_free(&text);
    if (status == ANNC_OK && !is_standard_output(path))
        note(options, "wrote %s (graph)", path);
    return status;
}

static annc_status show_trace(const struct subject *subject, const annc_trace *trace, const annc_trace *after,
                              const struct view *view)
{
    const struct option_value *value = subject->options->value;
    struct graph graph;
    if (value[OPTION_SALIENCY].given) {
        if (!value[OPTION_OUT].text)
            printf("%s\n", subject->title);
        return saliency_show(subject->options, trace, subject->network, subject->examples, subject->example);
    }
    if (value[OPTION_STEP].given) {
        printf("%s\n", subject->title);
        print_steps(trace, after, view, subject->eta, isatty(STDIN_FILENO) && isatty(STDOUT_FILENO), stdout);
        return ANNC_OK;
    }
    const bool gates = view_is_neuron(view) || (value[OPTION_OUT].text && view_is_small(trace, view));
    annc_status status = ANNC_OK;
    graph_open(trace, view, gates, &graph);
    snprintf(graph.title, sizeof graph.title, "%s", subject->title);
    if (value[OPTION_OUT].text) {
        status = save_graph(subject->options, &graph);
    } else {
        printf("%s\nabove an edge: the value that flows forward; below: dC/d of that value\n\n", subject->title);
        graph_print_text(&graph, use_unicode(stdout), stdout);
        print_update(trace, after, view, subject->eta, stdout);
    }
    graph_close(&graph);
    return status;
}

static annc_status show(const struct subject *subject)
{
    annc_trace *trace = NULL, *after = NULL;
    struct view view = {.first = 0};
    uint32_t l, j;
    annc_status status = ANNC_OK;
    ANNC_TRY(find_neuron(subject, &l, &j));
    ANNC_TRY(annc_trace_create(&subject->shape, subject->theta, subject->examples, subject->example, &trace));
    ANNC_TRY(step(subject, trace, &after));
    view_open(trace, (uint32_t)subject->options->value[OPTION_EDGES].whole, l, j, &view);
    ANNC_TRY(show_trace(subject, trace, after, &view));
out:
    view_close(&view);
    annc_trace_free(after);
    annc_trace_free(trace);
    return status;
}

annc_status run_trace(const struct options *options)
{
    struct subject subject = {.options = options};
    const char *path = options->value[OPTION_OUT].text;
    if (path && options->value[OPTION_STEP].given)
        return annc_fail(ANNC_USAGE,
                         "--step and --out cannot be combined: --step prints equations, --out writes a graph");
    if (options->value[OPTION_STEP].given && options->value[OPTION_SALIENCY].given)
        return annc_fail(ANNC_USAGE, "--step and --saliency cannot be combined: give one of them");
    if (path && !options->value[OPTION_SALIENCY].given && !printer_for(path))
        return annc_fail(
            ANNC_USAGE,
            "--out takes a name that ends in .svg, .dot, .gv or .txt, or a name without an ending; not '%.64s'", path);
    annc_status status = ANNC_OK;
    ANNC_TRY(take_subject(&subject));
    ANNC_TRY(show(&subject));
out:
    annc_network_free(subject.network);
    annc_dataset_free(subject.own);
    annc_data_free(&subject.data);
    free(subject.theta);
    return status;
}
