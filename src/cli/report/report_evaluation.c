/* report_evaluation.c - the sections of a report that need a model's outputs: measures, confusion,
 * mistakes. */
#include "cli/report/report_evaluation.h"
#include "cli/log/run.h"
#include "cli/report/page.h"
#include "cli/report/report_log.h"
#include "cli/report/report_subject.h"
#include "cli/terminal/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CLASSES = 30, MOST_MISTAKES = 24, MOST_PAIRS = 20, MOST_TARGETS = 4, MOST_IMPORTANT = 20 };
enum { HIDDEN_DIGITS = 3 }; /* of those of a prediction */

/* ---------------------------------------------------------------- classes */

/* Returns the largest count off the diagonal, at least 1. */
static uint32_t most_confused(const annc_confusion *confusion)
{
    annc_confusion_cell cell;
    return annc_confusion_pairs(confusion, 1, &cell) > 0 ? cell.count : 1;
}

/* The diagonal is coloured by its share of the row, other cells by their share of the largest. */
static void print_matrix(FILE *out, const struct subject *subject, const annc_confusion *confusion)
{
    const double most = most_confused(confusion);
    page_table(out, "Rows: true class, columns: predicted class; examples of the %s.", subject->set_name);
    fputs("<thead><tr><td></td>", out);
    for (uint32_t c = 0; c < confusion->classes; c++)
        page_element(out, "th", " scope=\"col\" class=\"n\"", "%s", annc_dataset_class_name(subject->set, c));
    fputs("</tr></thead>\n<tbody>\n", out);
    for (uint32_t r = 0; r < confusion->classes; r++) {
        const annc_class_measures measures = annc_confusion_class(confusion, r);
        fputs("<tr>", out);
        page_row_head(out, "%s", annc_dataset_class_name(subject->set, r));
        for (uint32_t c = 0; c < confusion->classes; c++) {
            const uint32_t count = annc_confusion_count(confusion, r, c);
            const double share = measures.support ? (double)count / measures.support : 0;
            fprintf(out, "<td class=\"n\" style=\"background:rgba(var(--%s),%.3f)\">%u</td>", r == c ? "good" : "bad",
                    r == c ? 0.45 * share : 0.6 * count / most, count);
        }
        fputs("</tr>\n", out);
    }
    page_table_end(out);
}

/* Prints the largest cells off the diagonal. */
static void print_pairs(FILE *out, const struct subject *subject, const annc_confusion *confusion)
{
    annc_confusion_cell pairs[MOST_PAIRS];
    const uint32_t count = annc_confusion_pairs(confusion, MOST_PAIRS, pairs);
    page_table(out, "The most frequent confusions; %u classes are too many for a table of all pairs.",
               confusion->classes);
    PAGE_HEADS(out, "class", "predicted as", ">examples");
    for (uint32_t i = 0; i < count; i++) {
        fputs("<tr>", out);
        page_row_head(out, "%s", annc_dataset_class_name(subject->set, pairs[i].label));
        page_element(out, "td", "", "%s", annc_dataset_class_name(subject->set, pairs[i].predicted));
        page_number(out, "%u", pairs[i].count);
        fputs("</tr>\n", out);
    }
    page_table_end(out);
}

static void print_classes(FILE *out, const struct subject *subject, const annc_confusion *confusion)
{
    page_table(out, "Each class of the %s.", subject->set_name);
    PAGE_HEADS(out, "class", ">support", ">precision", ">recall", ">F1");
    for (uint32_t c = 0; c < confusion->classes; c++) {
        const annc_class_measures measures = annc_confusion_class(confusion, c);
        fputs("<tr>", out);
        page_row_head(out, "%s", annc_dataset_class_name(subject->set, c));
        page_number(out, "%u", measures.support);
        page_number(out, "%.2f%%", 100 * measures.precision);
        page_number(out, "%.2f%%", 100 * measures.recall);
        page_number(out, "%.2f%%", 100 * measures.f1);
        fputs("</tr>\n", out);
    }
    page_table_end(out);
}

static void print_confusion(FILE *out, const struct subject *subject)
{
    annc_confusion *confusion;
    print_section(out, subject, "Confusion matrix");
    end_if_out_of_memory(annc_confusion_create(subject->set, subject->predictions, &confusion));
    if (confusion->classes <= MOST_CLASSES)
        print_matrix(out, subject, confusion);
    else
        print_pairs(out, subject, confusion);
    print_classes(out, subject, confusion);
    annc_confusion_free(confusion);
}

/* ---------------------------------------------------------------- mistakes */

/* Examples by size of the error, the worst first. */
struct mistakes {
    uint32_t example[MOST_MISTAKES];
    double size[MOST_MISTAKES];
    uint32_t count;
};

static void add_mistake(struct mistakes *mistakes, uint32_t example, double size)
{
    uint32_t at = mistakes->count < MOST_MISTAKES ? mistakes->count++ : MOST_MISTAKES;
    for (; at > 0 && mistakes->size[at - 1] < size; at--)
        if (at < MOST_MISTAKES) {
            mistakes->example[at] = mistakes->example[at - 1];
            mistakes->size[at] = mistakes->size[at - 1];
        }
    if (at < MOST_MISTAKES) {
        mistakes->example[at] = example;
        mistakes->size[at] = size;
    }
}

/* Returns the predicted class's output minus the true class's; for targets, the distance. */
static double size_of_mistake(const struct subject *subject, uint32_t i)
{
    const annc_examples *examples = annc_dataset_examples(subject->set);
    const uint32_t n = examples->outputs;
    const float *a = subject->outputs + (size_t)i * n;
    double squares = 0;
    if (examples->labels)
        return n == 1 ? fabs((double)a[0] - 0.5) : (double)a[subject->predictions[i]] - (double)a[examples->labels[i]];
    for (uint32_t j = 0; j < n; j++) {
        const double difference = (double)a[j] - (double)examples->targets[(size_t)i * n + j];
        squares += difference * difference;
    }
    return sqrt(squares);
}

static void find_mistakes(const struct subject *subject, struct mistakes *mistakes)
{
    const annc_examples *examples = annc_dataset_examples(subject->set);
    mistakes->count = 0;
    for (uint32_t i = 0; i < examples->count; i++)
        if (!examples->labels || subject->predictions[i] != examples->labels[i])
            add_mistake(mistakes, i, size_of_mistake(subject, i));
}

static double output_for(const struct subject *subject, uint32_t i, int32_t class_index)
{
    const uint32_t n = annc_dataset_examples(subject->set)->outputs;
    return (double)subject->outputs[(size_t)i * n + (n == 1 ? 0 : (uint32_t)class_index)];
}

static void print_images(FILE *out, const struct subject *subject, const struct mistakes *mistakes)
{
    const int32_t *labels = annc_dataset_examples(subject->set)->labels;
    uint32_t rows, columns;
    annc_dataset_image_size(subject->set, &rows, &columns);
    uint8_t *grey = take_memory(rows, columns, "an image");
    page_element(out, "p", "",
                 "Misclassified examples of the %s, with the outputs of the predicted and of the true class.",
                 subject->set_name);
    fputs("<ul class=\"images\">\n", out);
    for (uint32_t m = 0; m < mistakes->count; m++) {
        const uint32_t i = mistakes->example[m];
        const int32_t said = subject->predictions[i];
        char text[256];
        annc_dataset_image(subject->set, i, grey);
        snprintf(text, sizeof text, "example %u, a %.80s", i + 1,
                 annc_dataset_class_name(subject->set, (uint32_t)labels[i]));
        fputs("<li>", out);
        page_image(out, grey, rows, columns, GREYS, text);
        page_element(out, "span", "", "a %s, predicted as %s",
                     annc_dataset_class_name(subject->set, (uint32_t)labels[i]),
                     annc_dataset_class_name(subject->set, (uint32_t)said));
        page_element(out, "span", "", "%.3f vs %.3f", output_for(subject, i, said), output_for(subject, i, labels[i]));
        page_element(out, "span", " class=\"said\"", "example %u", i + 1);
        fputs("</li>\n", out);
    }
    fputs("</ul>\n", out);
    free(grey);
}

static void print_wrong_rows(FILE *out, const struct subject *subject, const struct mistakes *mistakes)
{
    const int32_t *labels = annc_dataset_examples(subject->set)->labels;
    page_table(out, "Misclassified examples of the %s, counted from 1.", subject->set_name);
    PAGE_HEADS(out, "example", "class", "predicted as", ">output of predicted class", ">output of true class");
    for (uint32_t m = 0; m < mistakes->count; m++) {
        const uint32_t i = mistakes->example[m];
        fputs("<tr>", out);
        page_row_head(out, "%u", i + 1);
        page_element(out, "td", "", "%s", annc_dataset_class_name(subject->set, (uint32_t)labels[i]));
        page_element(out, "td", "", "%s", annc_dataset_class_name(subject->set, (uint32_t)subject->predictions[i]));
        page_number(out, "%.4f", output_for(subject, i, subject->predictions[i]));
        page_number(out, "%.4f", output_for(subject, i, labels[i]));
        fputs("</tr>\n", out);
    }
    page_table_end(out);
}

/* Prints targets and predictions in the units of the file. */
static void print_far_rows(FILE *out, const struct subject *subject, const struct mistakes *mistakes)
{
    const annc_examples *examples = annc_dataset_examples(subject->set);
    const uint32_t n = examples->outputs, shown = n < MOST_TARGETS ? n : MOST_TARGETS;
    double *values = take_memory(2 * (size_t)n, sizeof *values, "the targets");
    page_table(out, "Examples of the %s with the largest errors, counted from 1%s.", subject->set_name,
               n > shown ? "; the first targets of each" : "");
    fputs("<thead><tr>", out);
    page_head(out, "example");
    for (uint32_t j = 0; j < shown; j++) {
        page_element(out, "th", " scope=\"col\" class=\"n\"", n > 1 ? "target %u" : "target", j + 1);
        page_element(out, "th", " scope=\"col\" class=\"n\"", n > 1 ? "prediction %u" : "prediction", j + 1);
    }
    fputs("</tr></thead>\n<tbody>\n", out);
    for (uint32_t m = 0; m < mistakes->count; m++) {
        const size_t at = (size_t)mistakes->example[m] * n;
        annc_dataset_unscale_f64(subject->set, 1, examples->targets + at, values);
        annc_dataset_unscale_f64(subject->set, 1, subject->outputs + at, values + n);
        fputs("<tr>", out);
        page_row_head(out, "%u", mistakes->example[m] + 1);
        for (uint32_t j = 0; j < shown; j++) {
            const int digits = annc_dataset_target_digits(subject->set, j) - HIDDEN_DIGITS;
            page_number(out, "%.*g", digits, values[j]);
            page_number(out, "%.*g", digits, values[n + j]);
        }
        fputs("</tr>\n", out);
    }
    page_table_end(out);
    free(values);
}

static void print_mistakes(FILE *out, const struct subject *subject)
{
    const bool are_classes = annc_dataset_has_classes(subject->set);
    struct mistakes mistakes;
    uint32_t rows, columns;
    find_mistakes(subject, &mistakes);
    annc_dataset_image_size(subject->set, &rows, &columns);
    print_section(out, subject, "Worst mistakes");
    if (mistakes.count == 0)
        page_element(out, "p", "", "None: every example of the %s is classified correctly.", subject->set_name);
    else if (!are_classes)
        print_far_rows(out, subject, &mistakes);
    else if (columns > 1)
        print_images(out, subject, &mistakes);
    else
        print_wrong_rows(out, subject, &mistakes);
}

/* ---------------------------------------------------------------- importance */

static void print_importance_image(FILE *out, const struct importance_list *list)
{
    uint8_t *grey = take_memory(list->count, 1, "an image");
    const double largest = annc_spread_mean(&list->ranked[0].importance.score);
    for (uint32_t i = 0; i < list->count; i++) {
        const double share = fmax(0, annc_spread_mean(&list->ranked[i].importance.score)) / largest;
        grey[list->ranked[i].column] = largest > 0 ? (uint8_t)lround(255 * share) : 0;
    }
    fputs("<ul class=\"images\">\n<li>", out);
    page_image(out, grey, list->count / list->image_columns, list->image_columns, GREYS,
               "importance of each pixel, white: the largest");
    page_element(out, "span", "", "white: the most important pixel");
    fputs("</li>\n</ul>\n", out);
    free(grey);
}

static void print_importance_table(FILE *out, const struct importance_list *list)
{
    const uint32_t shown = list->count < MOST_IMPORTANT ? list->count : MOST_IMPORTANT;
    char name[COLUMN_NAME];
    page_table(out,
               "How much worse the network does when the values of one input are shuffled: mean and standard "
               "deviation of %u times; %u of %u inputs.",
               list->repeats, shown, list->count);
    PAGE_HEADS(out, "input", list->are_classes ? ">accuracy lost" : ">R\xC2\xB2 lost", ">\xC2\xB1", ">loss gained");
    for (uint32_t i = 0; i < shown; i++) {
        const annc_importance *importance = &list->ranked[i].importance;
        fputs("<tr>", out);
        page_row_head(out, "%s", importance_name(list, i, name));
        page_number(out, "%.4f", annc_spread_mean(&importance->score));
        page_number(out, "%.4f", annc_spread_deviation(&importance->score));
        page_number(out, "%.4f", annc_spread_mean(&importance->loss));
        fputs("</tr>\n", out);
    }
    page_table_end(out);
}

static void print_importance(FILE *out, const struct subject *subject)
{
    const struct importance_list *list = &subject->importance;
    print_section(out, subject, "Importance of the inputs");
    print_importance_table(out, list);
    if (list->image_columns > 1)
        print_importance_image(out, list);
}

/* ---------------------------------------------------------------- evaluation */

/* Checks that the measured values agree with the log. */
static void compare_with_log(FILE *out, const struct subject *subject)
{
    const annc_evaluation *evaluation = &subject->evaluation;
    const bool are_classes = annc_dataset_has_classes(subject->set), is_test = subject->set == subject->data.test;
    const double here = are_classes ? annc_evaluation_accuracy(evaluation) : evaluation->r2;
    const char *key =
        is_test ? (are_classes ? "accuracy" : "r2") : (are_classes ? "validation_accuracy" : "validation_r2");
    const double there = subject->set == subject->data.train ? NAN : run_number(subject->run, key);
    if (!isnan(there) && fabs(here - there) > 1e-4 + 1e-9)
        print_missing(out,
                      "The log has %.6g, but the model gives %.6g here: the model or the data are not those of the "
                      "run, or were changed since.",
                      there, here);
}

static void print_evaluation(FILE *out, const struct subject *subject)
{
    const annc_evaluation *evaluation = &subject->evaluation;
    print_section(out, subject, "The model evaluated again");
    page_table(out, "On the %s of %.300s, computed by %.300s.", subject->set_name, subject->data.description,
               annc_device_describe(subject->device)->name);
    if (annc_dataset_has_classes(subject->set)) {
        PAGE_HEADS(out, ">correct", ">of", ">accuracy", ">loss per example");
        fputs("<tr>", out);
        page_number(out, "%u", evaluation->correct);
        page_number(out, "%u", evaluation->count);
        page_number(out, "%.2f%%", 100 * annc_evaluation_accuracy(evaluation));
    } else {
        PAGE_HEADS(out, ">examples", ">R\xC2\xB2", ">RMSE", ">MAE", ">loss per example");
        fputs("<tr>", out);
        page_number(out, "%u", evaluation->count);
        page_number(out, fabs(evaluation->r2) < 1e9 ? "%.6f" : "%.4g", evaluation->r2);
        page_number(out, "%.6g", evaluation->rmse);
        page_number(out, "%.6g", evaluation->mae);
    }
    page_number(out, "%.6g", evaluation->loss);
    fputs("</tr>\n", out);
    page_table_end(out);
    compare_with_log(out, subject);
}

void print_evaluation_sections(FILE *out, const struct subject *subject)
{
    print_evaluation(out, subject);
    if (annc_dataset_labels(subject->set))
        print_confusion(out, subject);
    print_mistakes(out, subject);
    if (subject->importance.count > 0)
        print_importance(out, subject);
}
