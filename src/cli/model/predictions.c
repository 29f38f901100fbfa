/* predictions.c - predictions as lines, JSON or CSV; a million take about as long as reading
 * them. */
#include "cli/model/predictions.h"
#include "cli/model/target_table.h"
#include "cli/options/option_types.h"
#include "cli/terminal/output.h"
#include "cli/terminal/screen.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_TOP = 1000, SHOWN_NAME = 256 };

/* ---------------------------------------------------------------- classes */

/* Returns the number of classes with an output. A single output that is not a probability describes
 * only the predicted class. */
static uint32_t known_classes(const struct predictions *predictions)
{
    const uint32_t outputs = annc_dataset_examples(predictions->data)->outputs;
    return outputs > 1 ? outputs : predictions->is_probability ? 2 : 1;
}

/* Returns the probability of class c of a row, or the network's output if it is not a
 * probability. */
static double class_output(const struct predictions *predictions, const double *outputs, uint32_t c)
{
    if (annc_dataset_examples(predictions->data)->outputs > 1)
        return outputs[c];
    return predictions->is_probability && c == 0 ? 1 - outputs[0] : outputs[0];
}

/* Finds the most probable classes of a row, the earlier of equals first. Returns their number. */
static uint32_t find_top(const struct predictions *predictions, uint32_t i, const double *outputs, uint32_t *top)
{
    const uint32_t classes = known_classes(predictions);
    const uint64_t wanted = predictions->options->value[OPTION_TOP_CLASSES].whole;
    uint32_t count = 0;
    if (classes == 1) {
        top[0] = (uint32_t)predictions->classes[i];
        return 1;
    }
    for (uint32_t c = 0; c < classes; c++) {
        uint32_t at = count;
        while (at > 0 && class_output(predictions, outputs, c) > class_output(predictions, outputs, top[at - 1]))
            at--;
        if (at == wanted)
            continue;
        count += count < wanted;
        memmove(top + at + 1, top + at, (count - 1 - at) * sizeof *top);
        top[at] = c;
    }
    return count;
}

/* Prints like "%.4f", which takes four times as long and is used only if the fifth digit is near a
 * half. */
static void print_four_places(double value)
{
    char text[32];
    const double scaled = value * 1e4, whole = floor(scaled);
    int at = sizeof text;
    if (signbit(value) || !(scaled < 1e15) || fabs(scaled - whole - 0.5) < 1e-3) {
        printf("%.4f", value);
        return;
    }
    uint64_t number = (uint64_t)(scaled - whole > 0.5 ? whole + 1 : whole);
    for (int digit = 0; digit < 5 || number > 0; digit++) {
        if (digit == 4)
            text[--at] = '.';
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    }
    fwrite(text + at, 1, sizeof text - (size_t)at, stdout);
}

/* ---------------------------------------------------------------- several labels per row */

static bool has_label(const struct predictions *predictions, const double *outputs, uint32_t j)
{
    return outputs[j] > predictions->middle;
}

static void print_labels(const struct predictions *predictions, const double *outputs)
{
    bool any = false;
    for (uint32_t j = 0; j < annc_dataset_examples(predictions->data)->outputs; j++) {
        if (!has_label(predictions, outputs, j))
            continue;
        const char *name = annc_dataset_target_name(predictions->data, j);
        fputs(any ? "  " : "", stdout);
        print_plain(stdout, name, strlen(name));
        fputs(predictions->is_probability ? " " : " output ", stdout);
        print_four_places(outputs[j]);
        any = true;
    }
    if (!any)
        fputs("(none)", stdout);
}

static void add_labels(const struct predictions *predictions, const double *outputs, struct json *json)
{
    json_open(json, "labels", '[');
    for (uint32_t j = 0; j < annc_dataset_examples(predictions->data)->outputs; j++)
        if (has_label(predictions, outputs, j))
            json_text(json, NULL, annc_dataset_target_name(predictions->data, j));
    json_close(json, ']');
}

/* ---------------------------------------------------------------- lines */

static void print_class(const struct predictions *predictions, uint32_t c, const double *outputs)
{
    const char *name = annc_dataset_class_name(predictions->data, c);
    print_plain(stdout, name, strlen(name));
    fputs(predictions->is_probability ? " " : " output ", stdout);
    print_four_places(class_output(predictions, outputs, c));
}

/* "setosa 0.9871", "mine.png: setosa 0.9871", "setosa 0.9871  virginica 0.0102",
 * "setosa output -0.3520", "big 0.9029  red 0.8812" (several labels), "3.25 17.1". */
static void print_line(const struct predictions *predictions, uint32_t i, const double *outputs)
{
    uint32_t top[MOST_TOP + 1], count = 1;
    char shown[SHOWN_NAME];
    if (predictions->has_names)
        printf("%s: ", plain_text(predictions->input, shown, sizeof shown));
    if (predictions->classes) {
        top[0] = (uint32_t)predictions->classes[i];
        if (predictions->options->value[OPTION_TOP_CLASSES].given)
            count = find_top(predictions, i, outputs, top);
        for (uint32_t k = 0; k < count; k++) {
            if (k > 0)
                fputs("  ", stdout);
            print_class(predictions, top[k], outputs);
        }
    }
    if (predictions->has_label_sets)
        print_labels(predictions, outputs);
    const uint32_t n = annc_dataset_examples(predictions->data)->outputs;
    for (uint32_t j = 0; !predictions->classes && !predictions->has_label_sets && j < n; j++) {
        fputs(j ? " " : "", stdout);
        print_target_value(stdout, predictions->data, j, outputs[j]);
    }
    putchar('\n');
}

/* ---------------------------------------------------------------- JSON */

static void add_top(const struct predictions *predictions, uint32_t i, const double *outputs, struct json *json)
{
    uint32_t top[MOST_TOP + 1];
    const uint32_t count = find_top(predictions, i, outputs, top);
    json_open(json, "top", '[');
    for (uint32_t k = 0; k < count; k++) {
        json_open(json, NULL, '{');
        json_text(json, "label", annc_dataset_class_name(predictions->data, top[k]));
        json_number(json, "probability", class_output(predictions, outputs, top[k]));
        if (!predictions->is_probability)
            json_number(json, "output", class_output(predictions, outputs, top[k]));
        json_close(json, '}');
    }
    json_close(json, ']');
}

/* Adds the outputs of all classes that have one, in the order of the classes. */
static void add_classes(const struct predictions *predictions, const char *key, const double *outputs,
                        struct json *json)
{
    json_open(json, key, '[');
    for (uint32_t c = 0; c < known_classes(predictions); c++)
        json_number(json, NULL, class_output(predictions, outputs, c));
    json_close(json, ']');
}

static void add_values(const struct predictions *predictions, const double *outputs, struct json *json)
{
    json_open(json, "values", '[');
    for (uint32_t j = 0; j < annc_dataset_examples(predictions->data)->outputs; j++)
        json_number(json, NULL, outputs[j]);
    json_close(json, ']');
}

/* Outputs that are not probabilities have their own key, and remain under "probabilities", too, for
 * compatibility with the schema. */
static void print_json(const struct predictions *predictions, uint32_t i, const double *outputs)
{
    struct json json;
    json_begin(&json, "annc.prediction/1");
    json_text(&json, "input", predictions->input);
    json_whole(&json, "row", annc_dataset_row(predictions->data, i));
    if (predictions->classes)
        json_text(&json, "label", annc_dataset_class_name(predictions->data, (uint32_t)predictions->classes[i]));
    if (predictions->has_label_sets)
        add_labels(predictions, outputs, &json);
    if (predictions->classes)
        add_classes(predictions, "probabilities", outputs, &json);
    else
        add_values(predictions, outputs, &json);
    if (predictions->classes && !predictions->is_probability)
        add_classes(predictions, "outputs", outputs, &json);
    if (predictions->options->value[OPTION_TOP_CLASSES].given)
        add_top(predictions, i, outputs, &json);
    json_print(&json, stdout);
}

/* ---------------------------------------------------------------- CSV */

/* Prints a name unchanged, for other programs, or, on a terminal, in printable form. */
static void print_name(const struct predictions *predictions, const char *prefix, const char *name)
{
    char shown[SHOWN_NAME];
    print_csv_field(stdout, prefix, predictions->on_terminal ? plain_text(name, shown, sizeof shown) : name);
}

static void print_target_name(const struct predictions *predictions, uint32_t j)
{
    const char *name = annc_dataset_target_name(predictions->data, j);
    putchar(',');
    if (name)
        print_name(predictions, "", name);
    else
        printf("target%u", j + 1);
}

static void print_csv_header(const struct predictions *predictions)
{
    const annc_examples *examples = annc_dataset_examples(predictions->data);
    const uint32_t classes = predictions->classes ? known_classes(predictions) : 0;
    const uint64_t wanted = predictions->options->value[OPTION_TOP_CLASSES].whole;
    fputs(classes ? "input,row,label" : "input,row", stdout);
    for (uint32_t c = 0; c < classes; c++) {
        putchar(',');
        print_name(predictions, predictions->is_probability ? "p_" : "output_",
                   annc_dataset_class_name(predictions->data, classes == 1 ? 1 : c));
    }
    for (uint32_t j = 0; !classes && j < examples->outputs; j++)
        print_target_name(predictions, j);
    for (uint32_t k = 1; k <= wanted && k <= classes; k++)
        printf(",top%u,top%u_%s", k, k, predictions->is_probability ? "probability" : "output");
    putchar('\n');
}

static void print_csv(const struct predictions *predictions, uint32_t i, const double *outputs)
{
    const uint32_t n = annc_dataset_examples(predictions->data)->outputs;
    const uint32_t classes = predictions->classes ? known_classes(predictions) : 0;
    uint32_t top[MOST_TOP + 1];
    print_name(predictions, "", predictions->input);
    printf(",%llu", (unsigned long long)annc_dataset_row(predictions->data, i));
    if (classes) {
        putchar(',');
        print_name(predictions, "", annc_dataset_class_name(predictions->data, (uint32_t)predictions->classes[i]));
    }
    for (uint32_t c = 0; c < classes; c++) {
        putchar(',');
        print_float(stdout, class_output(predictions, outputs, classes == 1 ? 1 : c));
    }
    for (uint32_t j = 0; !classes && j < n; j++) {
        putchar(',');
        print_target_value(stdout, predictions->data, j, outputs[j]);
    }
    const bool with_top = predictions->options->value[OPTION_TOP_CLASSES].given;
    const uint32_t count = classes && with_top ? find_top(predictions, i, outputs, top) : 0;
    for (uint32_t k = 0; k < count; k++) {
        putchar(',');
        print_name(predictions, "", annc_dataset_class_name(predictions->data, top[k]));
        putchar(',');
        print_float(stdout, class_output(predictions, outputs, top[k]));
    }
    putchar('\n');
}

/* ---------------------------------------------------------------- all formats */

annc_status print_predictions(struct predictions *predictions)
{
    const annc_examples *examples = annc_dataset_examples(predictions->data);
    const bool csv = predictions->options->value[OPTION_CSV].given;
    if (csv && !predictions->has_header)
        print_csv_header(predictions);
    predictions->has_header = true;
    for (uint32_t i = 0; i < examples->count; i++) {
        const double *outputs = predictions->outputs + (size_t)i * examples->outputs;
        if (csv)
            print_csv(predictions, i, outputs);
        else if (predictions->options->value[OPTION_JSON].given)
            print_json(predictions, i, outputs);
        else
            print_line(predictions, i, outputs);
    }
    return flush(stdout, "standard output");
}
