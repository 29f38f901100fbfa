/* report_log.c - the sections of a report that need only the log. */
#include "cli/report/report_log.h"
#include "base/text.h"
#include "cli/charts/curves.h"
#include "cli/log/history.h"
#include "cli/log/log_record.h"
#include "cli/log/run.h"
#include "cli/options/configuration.h"
#include "cli/report/page.h"
#include "cli/report/report_subject.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/screen.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_EPOCHS = 60 };

/* ---------------------------------------------------------------- headings and sentences */

void print_section(FILE *out, const struct subject *subject, const char *title)
{
    page_element(out, subject->number ? "h3" : "h2", "", "%s", title);
}

void print_missing(FILE *out, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    page_element(out, "p", " class=\"missing\"", "%s", text);
}

void print_ending(FILE *out, const struct run *run)
{
    const char *ended = run_text(run, "ended_by"), *message = run_text(run, "message");
    const double kept = run_number(run, "best_epoch");
    const size_t count = run->history.count;
    if (!run->has_result && run->folds)
        print_missing(out, "The log has no result, so the training was interrupted before all folds were finished.");
    else if (!run->has_result)
        print_missing(out, "The log has no result, so the training was interrupted; it completed %zu epoch%s.", count,
                      annc_plural(count));
    else if (ended && strcmp(ended, "divergence") == 0)
        print_missing(out, "The training %s.", message ? message : "diverged");
    else if (ended && strcmp(ended, "signal") == 0)
        print_missing(out, "The training was stopped by a signal after %zu complete epoch%s.", count,
                      annc_plural(count));
    else if (ended && strcmp(ended, "epochs") != 0)
        page_element(out, "p", "", "The training was stopped after %zu epoch%s by --%s.", count, annc_plural(count),
                     ended);
    if (run->is_model && !isnan(run_number(run, "epochs")))
        page_element(out, "p", "", "The model has the parameters of epoch %.0f.", run_number(run, "epochs"));
    else if (!isnan(kept))
        page_element(out, "p", "", "The parameters of epoch %.0f, the best by validation loss, were kept.", kept);
    else if (run_text(run, "model") && !isnan(run_number(run, "epochs")))
        page_element(out, "p", "", "The saved model has the parameters of the last epoch, %.0f.",
                     run_number(run, "epochs"));
}

/* ---------------------------------------------------------------- epochs */

enum { PERCENT = 0, WHOLE_NUMBER = -1 };

/* Columns of the table of epochs; a run shows those with values. */
static const struct {
    enum epoch_column column;
    const char *name;
    int digits; /* or: */
} SHOWN[] = {{TRAINING_LOSS, ">training loss", 6},
             {TRAINING_ACCURACY, ">training accuracy", PERCENT},
             {VALIDATION_LOSS, ">validation loss", 6},
             {VALIDATION_ACCURACY, ">validation accuracy", PERCENT},
             {VALIDATION_R2, ">validation R\xC2\xB2", 4},
             {VALIDATION_RMSE, ">validation RMSE", 4},
             {TEST_LOSS, ">test loss", 6},
             {TEST_ACCURACY, ">test accuracy", PERCENT},
             {TEST_R2, ">test R\xC2\xB2", 4},
             {TEST_RMSE, ">test RMSE", 4},
             {RATE, ">learning rate", 4},
             {SPEED, ">examples per second", WHOLE_NUMBER}};
enum { SHOWN_COUNT = sizeof SHOWN / sizeof *SHOWN };

static void print_cell(FILE *out, double value, int digits)
{
    if (isnan(value))
        page_number(out, "\xE2\x80\x93");
    else if (digits == PERCENT)
        page_number(out, "%.2f%%", 100 * value);
    else if (digits == WHOLE_NUMBER)
        page_number(out, "%.0f", value);
    else
        page_number(out, "%.*g", digits, value);
}

static void print_epochs(FILE *out, const struct subject *subject)
{
    const struct history *history = &subject->run->history;
    const size_t width = history_width(history), every = (history->count + MOST_EPOCHS - 1) / MOST_EPOCHS;
    const double *best = history_best(history, run_kept_epoch(subject->run));
    print_section(out, subject, "Epochs");
    if (history->count == 0) {
        print_missing(out, "No epoch was completed.");
        return;
    }
    const char *what =
        subject->run->folds
            ? " Means over the folds, for the epochs that all of them have; the best epoch has the smallest "
              "validation loss."
            : "";
    if (every > 1)
        page_table(out, "Epochs in steps of %zu, with the last and the best (bold).%s", every, what);
    else
        page_table(out, "All epochs; the best is bold.%s", what);
    fputs("<thead><tr><th scope=\"col\" class=\"n\">epoch</th>", out);
    for (int i = 0; i < SHOWN_COUNT; i++)
        if (history_column(history, SHOWN[i].column))
            page_head(out, SHOWN[i].name);
    fputs("</tr></thead>\n<tbody>\n", out);
    for (size_t e = 0; e < history->count; e++) {
        const double *row = history->rows + e * width;
        if ((e + 1) % every != 0 && e + 1 != history->count && row != best)
            continue;
        fputs(row == best ? "<tr class=\"best\">" : "<tr>", out);
        page_row_head(out, "%.0f", row[EPOCH]);
        for (int i = 0; i < SHOWN_COUNT; i++)
            if (history_column(history, SHOWN[i].column))
                print_cell(out, row[SHOWN[i].column], SHOWN[i].digits);
        fputs("</tr>\n", out);
    }
    page_table_end(out);
}

/* ---------------------------------------------------------------- saturation */

static void print_saturation(FILE *out, const struct subject *subject)
{
    const struct history *history = &subject->run->history;
    const double *row = history_row(history, run_number(subject->run, "best_epoch"));
    const struct named_history run = {.name = subject->name, .history = history, .kept_epoch = NAN};
    struct chart chart;
    char id[64];
    print_section(out, subject, "Saturation");
    if (history->layers == 0 || history->count == 0) {
        print_missing(out, "The log does not record saturation.");
        return;
    }
    row = row ? row : history->rows + (history->count - 1) * history_width(history);
    page_element(
        out, "p", "",
        "A unit is saturated where its slope f\xE2\x80\xB2 is near 0: it passes no error back. A unit is dead if it "
        "is saturated for every example. Measured on up to 256 training examples.");
    chart_of(&run, 1, MOST_CHARTS - 1, &chart);
    snprintf(id, sizeof id, "saturation-%zu", subject->number);
    chart.id = id;
    fputs("<figure>\n", out);
    chart_print(&chart, out);
    fputs("</figure>\n", out);
    page_table(out, "Layers after epoch %.0f.", row[EPOCH]);
    PAGE_HEADS(out, "layer", ">saturated", ">dead units");
    for (uint32_t l = 0; l < history->layers; l++) {
        fputs("<tr>", out);
        page_row_head(out, "%u", l + 1);
        page_number(out, "%.1f%%", 100 * row[EPOCH_COLUMNS + l]);
        page_number(out, "%.0f", row[EPOCH_COLUMNS + history->layers + l]);
        fputs("</tr>\n", out);
    }
    page_table_end(out);
}

void print_log_sections(FILE *out, const struct subject *subject)
{
    print_epochs(out, subject);
    if (!subject->run->folds)
        print_saturation(out, subject);
}

/* ---------------------------------------------------------------- circumstances */

static void print_pair(FILE *out, const char *name, const char *text)
{
    fputs("<tr>", out);
    page_row_head(out, "%s", name);
    page_element(out, "td", " class=\"v\"", "%s", text);
    fputs("</tr>\n", out);
}

/* Prints the members of the result's line under these keys, if present. */
static void print_entries(FILE *out, const struct subject *subject, const char *const *keys, const char *const *names,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *text = run_text(subject->run, keys[i]);
        if (text && strcmp(text, "null") != 0)
            print_pair(out, names[i], text);
    }
}

static double sum_of(const struct history *history, enum epoch_column column, double *least, double *most)
{
    const size_t width = history_width(history);
    double sum = 0;
    *least = INFINITY;
    *most = 0;
    for (size_t i = 0; i < history->count; i++) {
        const double value = history->rows[i * width + column];
        if (isnan(value))
            continue;
        sum += value;
        *least = fmin(*least, value);
        *most = fmax(*most, value);
    }
    return sum;
}

static void print_seconds(FILE *out, const char *name, double seconds)
{
    char text[64];
    snprintf(text, sizeof text, "%.4g s", seconds);
    if (isfinite(seconds))
        print_pair(out, name, text);
}

/* Returns the training time from the log, or else from the epochs; for folds the sum. */
static double training_seconds(const struct run *run, double epochs)
{
    const double said = run_number(run, "seconds");
    double sum = 0;
    for (size_t f = 0; f < run->fold_count; f++)
        sum += record_number(&run->folds[f].end, "seconds");
    return run->folds ? sum : isnan(said) ? epochs : said;
}

static void print_timing(FILE *out, const struct subject *subject)
{
    const struct history *history = &subject->run->history;
    double least, most, ignored, fewest;
    const double seconds = sum_of(history, SECONDS, &least, &most),
                 examples = sum_of(history, TRAINING_COUNT, &fewest, &ignored);
    char text[64];
    print_section(out, subject, "Timing");
    page_table(out, "Timing.");
    fputs("<tbody>\n", out);
    print_seconds(out, subject->run->folds ? "training, all folds" : "training",
                  training_seconds(subject->run, seconds));
    print_seconds(out, "evaluation", run_number(subject->run, "test_seconds"));
    print_seconds(out, "whole process", run_number(subject->run, "wall_seconds"));
    if (history->count > 0 && seconds > 0) {
        print_seconds(out, "mean per epoch", seconds / (double)history->count);
        if (!subject->run->folds) { /* epochs of folds are means */
            print_seconds(out, "fastest epoch", least);
            print_seconds(out, "slowest epoch", most);
        }
        snprintf(text, sizeof text, "%.0f a second", examples / seconds);
        print_pair(out, "examples trained", text);
    }
    page_table_end(out);
}

static void print_machine(FILE *out, const struct subject *subject)
{
    static const char *const keys[] = {"device", "device_name", "engine", "threads", "version", "commit"};
    static const char *const names[] = {"device", "device name", "engine", "threads", "version of annc-gpu", "commit"};
    print_section(out, subject, "Machine");
    if (!run_text(subject->run, "device")) {
        print_missing(out, "The log has no result, so the machine is unknown.");
        return;
    }
    page_table(out, "Machine and program of the training.");
    fputs("<tbody>\n", out);
    print_entries(out, subject, keys, names, sizeof keys / sizeof *keys);
    page_table_end(out);
}

static void print_configuration(FILE *out, const struct subject *subject)
{
    static const char *const keys[] = {"layers", "activations", "cost", "parameters", "lr", "seed", "data", "model"};
    static const char *const names[] = {"layers",        "activations", "cost", "parameters",
                                        "learning rate", "seed",        "data", "model"};
    const struct run *run = subject->run;
    const char *config = subject->network ? annc_network_metadata(subject->network, "annc.config") : NULL;
    print_section(out, subject, "Configuration");
    if (run_text(run, "layers")) {
        page_table(out, "The network and its data.");
        fputs("<tbody>\n", out);
        print_entries(out, subject, keys, names, sizeof keys / sizeof *keys);
        page_table_end(out);
    }
    if (run->result.option_count == 0 && !config) {
        print_missing(out, "Neither the log nor a model records the other options.");
        return;
    }
    page_table(out, "Options of the training, as --config reads them.");
    fputs("<tbody>\n", out);
    for (size_t i = 0; i < run->result.option_count; i++)
        print_pair(out, run->result.options[i].key, run->result.options[i].text);
    if (run->result.option_count == 0) {
        char *const text = take_copy(config, "a configuration"), *rest = text;
        const char *name, *value;
        while (configuration_next(&rest, &name, &value))
            print_pair(out, name, value);
        free(text);
    }
    page_table_end(out);
}

void print_circumstances(FILE *out, const struct subject *subject)
{
    if (!subject->run->is_model)
        print_timing(out, subject);
    print_configuration(out, subject);
    if (!subject->run->is_model)
        print_machine(out, subject);
}
