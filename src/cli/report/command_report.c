/* command_report.c - annc-gpu report */
#include "cli/report/command_report.h"
#include "base/status.h"
#include "cli/charts/curves.h"
#include "cli/log/run.h"
#include "cli/log/run_log.h"
#include "cli/log/run_model.h"
#include "cli/options/argument_order.h"
#include "cli/options/note.h"
#include "cli/options/option_table.h"
#include "cli/options/option_types.h"
#include "cli/options/options.h"
#include "cli/options/overwriting.h"
#include "cli/options/setup.h"
#include "cli/report/page.h"
#include "cli/report/report_folds.h"
#include "cli/report/report_log.h"
#include "cli/report/report_model.h"
#include "cli/report/report_subject.h"
#include "cli/report/report_sweep.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/output.h"
#include "cli/terminal/process.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_RUNS = 32 };

enum { NAME_TEXT = 61, NUMBER_TEXT = 32 }; /* of a name in bytes, and of " (2)" after it */

/* Runs and their names on the page. */
struct report {
    const struct options *options;
    struct run runs[MOST_RUNS];
    char names[MOST_RUNS][NAME_TEXT + NUMBER_TEXT];
    size_t count;
};

/* Names a run after its log file, with a number if the name is not unique. */
static void name_run(struct report *report, size_t i)
{
    const char *path = report->runs[i].path, *slash = strrchr(path, '/');
    char *name = report->names[i];
    snprintf(name, NAME_TEXT, "%s", slash && slash[1] ? slash + 1 : path);
    for (size_t other = 0; other < i; other++)
        if (strcmp(report->names[other], name) == 0) {
            snprintf(name + strlen(name), NUMBER_TEXT, " (%zu)", i + 1);
            return;
        }
}

/* ---------------------------------------------------------------- comparison */

/* Prints a row of the comparison: one value of each run. */
static void print_texts(FILE *out, const struct report *report, const char *name,
                        const char *(*find)(const struct run *, const char *key), const char *key)
{
    fputs("<tr>", out);
    page_row_head(out, "%s", name);
    for (size_t i = 0; i < report->count; i++) {
        const char *text = find(&report->runs[i], key);
        page_element(out, "td", " class=\"v\"", "%s", text && strcmp(text, "null") != 0 ? text : "\xE2\x80\x93");
    }
    fputs("</tr>\n", out);
}

static bool differs(const struct report *report, const char *(*find)(const struct run *, const char *key),
                    const char *key)
{
    const char *first = find(&report->runs[0], key);
    for (size_t i = 1; i < report->count; i++) {
        const char *text = find(&report->runs[i], key);
        if (!first != !text || (text && strcmp(text, first) != 0))
            return true;
    }
    return false;
}

static void print_numbers(FILE *out, const struct report *report, const char *key, const char *name, bool is_share)
{
    bool any = false;
    for (size_t i = 0; i < report->count; i++)
        any = any || !isnan(run_number(&report->runs[i], key));
    if (!any)
        return;
    fputs("<tr>", out);
    page_row_head(out, "%s", name);
    for (size_t i = 0; i < report->count; i++) {
        const double number = run_number(&report->runs[i], key);
        if (isnan(number))
            page_number(out, "\xE2\x80\x93");
        else if (is_share)
            page_number(out, "%.2f%%", 100 * number);
        else
            page_number(out, number == floor(number) && fabs(number) < 1e9 ? "%.0f" : "%.4g", number);
    }
    fputs("</tr>\n", out);
}

/* Prints the results of the runs, also of a single one. */
static void print_results(FILE *out, const struct report *report)
{
    static const struct {
        const char *key, *name;
        bool is_share;
    } shown[] = {{"folds", "folds", false},
                 {"accuracy_mean", "validation accuracy, mean of the folds", true},
                 {"accuracy_sd", "its standard deviation", true},
                 {"r2_mean", "validation R\xC2\xB2, mean of the folds", false},
                 {"r2_sd", "its standard deviation", false},
                 {"rmse_mean", "validation RMSE, mean of the folds", false},
                 {"rmse_sd", "its standard deviation", false},
                 {"loss_mean", "validation loss per example, mean of the folds", false},
                 {"loss_sd", "its standard deviation", false},
                 {"epochs", "epochs", false},
                 {"best_epoch", "epoch that was kept", false},
                 {"accuracy", "test accuracy", true},
                 {"label_accuracy", "test label accuracy", true},
                 {"pinball", "test pinball loss", false},
                 {"poisson_deviance", "test Poisson deviance", false},
                 {"r2", "test R\xC2\xB2", false},
                 {"rmse", "test RMSE", false},
                 {"mae", "test MAE", false},
                 {"validation_accuracy", "validation accuracy", true},
                 {"validation_label_accuracy", "validation label accuracy", true},
                 {"validation_pinball", "validation pinball loss", false},
                 {"validation_poisson_deviance", "validation Poisson deviance", false},
                 {"validation_r2", "validation R\xC2\xB2", false},
                 {"validation_rmse", "validation RMSE", false},
                 {"validation_loss", "validation loss per example", false},
                 {"training_accuracy", "training accuracy", true},
                 {"mean_loss", "training loss", false},
                 {"parameters", "parameters", false},
                 {"seconds", "training seconds", false},
                 {"wall_seconds", "total seconds", false}};
    page_table(out, report->count > 1 ? "Summary of the trainings." : "Summary.");
    fputs("<thead><tr><td></td>", out);
    for (size_t i = 0; i < report->count; i++)
        page_element(out, "th", " scope=\"col\" class=\"n\"", "%s", report->names[i]);
    fputs("</tr></thead>\n<tbody>\n", out);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        print_numbers(out, report, shown[i].key, shown[i].name, shown[i].is_share);
    page_table_end(out);
}

/* Prints the options that differ between the runs. */
static void print_differences(FILE *out, const struct report *report)
{
    static const char *const keys[] = {"data", "lr", "device_name", "engine", "commit"};
    static const char *const names[] = {"data", "learning rate", "device", "engine", "commit"};
    size_t count = 0;
    page_element(out, "h2", "", "Options that differ");
    for (int id = 0; id < OPTION_COUNT; id++)
        count += differs(report, run_option, OPTIONS[id].name);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        count += differs(report, run_text, keys[i]);
    for (size_t i = 0; i < report->count; i++)
        if (report->runs[i].result.option_count == 0)
            print_missing(out, "%s does not record its options.", report->names[i]);
    if (count == 0) {
        page_element(out, "p", "", "All recorded options are the same.");
        return;
    }
    page_table(out, "Options and settings that differ between the runs.");
    fputs("<thead><tr><td></td>", out);
    for (size_t i = 0; i < report->count; i++)
        page_head(out, report->names[i]);
    fputs("</tr></thead>\n<tbody>\n", out);
    for (int id = 0; id < OPTION_COUNT; id++)
        if (differs(report, run_option, OPTIONS[id].name) && strcmp(OPTIONS[id].name, "lr") != 0)
            print_texts(out, report, OPTIONS[id].name, run_option, OPTIONS[id].name);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (differs(report, run_text, keys[i]))
            print_texts(out, report, names[i], run_text, keys[i]);
    page_table_end(out);
}

/* ---------------------------------------------------------------- the page */

static void print_curves(FILE *out, const struct report *report)
{
    struct named_history runs[MOST_RUNS];
    struct chart chart;
    bool any = false;
    for (size_t i = 0; i < report->count; i++)
        runs[i] = (struct named_history){report->names[i], &report->runs[i].history, run_kept_epoch(&report->runs[i]),
                                         report->runs[i].folds, report->runs[i].fold_count};
    page_element(out, "h2", "", "Curves");
    for (int which = 0; which < MOST_CHARTS - 1 && chart_of(runs, report->count, which, &chart); which++) {
        if (chart.count == 0)
            continue;
        any = true;
        fputs("<figure>\n", out);
        chart_print(&chart, out);
        fputs("</figure>\n", out);
    }
    if (!any)
        print_missing(out, "There are no curves: no epoch was completed.");
}

static void print_contents(FILE *out, const struct report *report)
{
    fputs("<nav aria-label=\"Runs\"><ul>\n", out);
    for (size_t i = 0; i < report->count; i++) {
        fprintf(out, "<li><a href=\"#run-%zu\">", i + 1);
        page_element(out, "span", "", "%s", report->names[i]);
        fputs("</a></li>\n", out);
    }
    fputs("</ul></nav>\n", out);
}

static void print_head(FILE *out, const struct report *report)
{
    const struct run *run = &report->runs[0];
    const char *layers = run_text(run, "layers"), *data = run_text(run, "data");
    char title[400];
    if (report->count > 1)
        snprintf(title, sizeof title, "%zu trainings", report->count);
    else
        snprintf(title, sizeof title, "%s of %.150s%s%.150s", run->is_model ? "Model" : "Training",
                 layers ? layers : report->names[0], data ? " on " : "", data ? data : "");
    page_begin(out, title);
    fputs("<header>\n", out);
    page_element(out, "h1", "", "%s", title);
    page_element(out, "p", " class=\"said\"", "Written by annc-gpu %s from %s%s.", annc_build_info().version,
                 report->count > 1 ? "the logs of the runs" : report->names[0], report->count > 1 ? " below" : "");
    if (report->count > 1)
        print_contents(out, report);
    fputs("</header>\n<main>\n", out);
}

static void print_run(FILE *out, const struct report *report, size_t i)
{
    struct subject subject;
    subject_open(report->options, &report->runs[i], report->names[i], report->count > 1 ? i + 1 : 0, &subject);
    if (report->count > 1) {
        fprintf(out, "<section id=\"run-%zu\">\n", i + 1);
        page_element(out, "h2", "", "%s", report->names[i]);
        print_ending(out, &report->runs[i]);
    }
    if (subject.run->folds)
        print_folds_section(out, &subject);
    else
        print_model_sections(out, &subject);
    if (!subject.run->is_model)
        print_log_sections(out, &subject);
    print_circumstances(out, &subject);
    fputs(report->count > 1 ? "</section>\n" : "", out);
    subject_close(&subject);
}

static void print_page(FILE *out, const struct report *report)
{
    bool has_log = false;
    if (report->runs[0].networks) {
        print_sweep_page(out, &report->runs[0], report->names[0]);
        return;
    }
    print_head(out, report);
    page_element(out, "h2", "", "Results");
    if (report->count == 1)
        print_ending(out, &report->runs[0]);
    print_results(out, report);
    if (report->count > 1)
        print_differences(out, report);
    for (size_t i = 0; i < report->count; i++)
        has_log = has_log || !report->runs[i].is_model;
    if (has_log)
        print_curves(out, report);
    for (size_t i = 0; i < report->count; i++)
        print_run(out, report, i);
    fputs("</main>\n", out);
    page_end(out);
}

/* Rejects a page that would overwrite the model or data of a run. */
static annc_status check_run(const struct options *options, const struct run *run)
{
    const char *model = run_text(run, "model");
    if (model)
        ANNC_RETURN_IF_FAILED(overwriting_check(REPORT, options, "the model that the log names", model));
    for (int id = 0; id < OPTION_COUNT; id++) {
        const char *text = run_option(run, OPTIONS[id].name);
        if (text && !(OPTIONS[id].commands & WRITES) && option_names_file((enum option_id)id, text))
            ANNC_RETURN_IF_FAILED(overwriting_check(REPORT, options, "data that the log names", text));
    }
    return ANNC_OK;
}

static annc_status save_page(const struct report *report)
{
    const char *path = report->options->value[OPTION_OUT].text;
    struct annc_buffer text = {.bytes = NULL};
    FILE *out = text_stream(&text);
    print_page(out, report);
    fclose(out);
    set_stop_policy(END_WHEN_ASKED); /* complete every started file */
    const annc_status status = annc_file_save(output_path(path), text.bytes, text.length);
    text_free(&text);
    if (status == ANNC_OK && !is_standard_output(path))
        note(report->options, "wrote %s (report)", path);
    return status;
}

static annc_status read_log(const char *path, struct run *run)
{
    struct annc_kept_error kept;
    const annc_status status = run_read(path, run);
    annc_error_keep(&kept);
    if (status == ANNC_INPUT && is_model(path)) {
        run_free(run);
        return run_of_model(path, run);
    }
    return status == ANNC_INPUT ? annc_fail_again(ANNC_INPUT, &kept) : status;
}

annc_status run_report(const struct options *options)
{
    static struct report report; /* too large for the stack */
    const char *path = options->value[OPTION_OUT].text;
    annc_device_options device;
    if (options->positional_count == 0)
        return annc_fail(ANNC_USAGE, "report needs a log, which `annc-gpu train --log FILE` writes, or a model");
    if (options->positional_count > MOST_RUNS)
        return annc_fail(ANNC_USAGE, "report takes at most %d logs and models", MOST_RUNS);
    if (!path)
        return annc_fail(ANNC_USAGE, "report needs --out FILE, the page to write");
    report = (struct report){.options = options};
    annc_status status = ANNC_OK;
    ANNC_TRY(device_options_from(options, &device));
    ANNC_TRY(annc_model_can_save(output_path(path)));
    for (int i = 0; i < options->positional_count; i++) {
        report.count++; /* freed with the others, even if incomplete */
        ANNC_TRY(read_log(options->positional[i], &report.runs[i]));
        name_run(&report, (size_t)i);
        ANNC_TRY(check_run(options, &report.runs[i]));
    }
    for (size_t i = 0; i < report.count && report.count > 1; i++)
        if (report.runs[i].networks)
            ANNC_TRY(annc_fail(ANNC_USAGE,
                               "%.300s is the log of a sweep, which needs a page of its own: give no other log",
                               report.runs[i].path));
    ANNC_TRY(save_page(&report));
out:
    for (size_t i = 0; i < report.count; i++)
        run_free(&report.runs[i]);
    return status;
}
