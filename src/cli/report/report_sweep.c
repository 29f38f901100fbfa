/* report_sweep.c - the page of a sweep: its networks, best first. */
#include "cli/report/report_sweep.h"
#include "base/text.h"
#include "cli/log/log_record.h"
#include "cli/log/run.h"
#include "cli/options/options.h"
#include "cli/report/page.h"
#include "cli/report/report_log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SHOWN = 500 };

/* The results of a network; all other members of its line are the options that differ. */
static const struct {
    const char *key, *name;
    bool is_share;
    int digits; /* of other values */
} OUTCOMES[] = {{"validation_accuracy", ">validation accuracy", true, 0},
                {"validation_r2", ">validation R\xC2\xB2", false, 6},
                {"validation_rmse", ">validation RMSE", false, 6},
                {"validation_loss", ">validation loss", false, 6},
                {"epochs_done", ">epochs", false, 10},
                {"best_epoch", ">epoch kept", false, 10},
                {"seconds", ">seconds", false, 3}};
enum { OUTCOME_COUNT = sizeof OUTCOMES / sizeof *OUTCOMES, REASON = OUTCOME_COUNT, COLUMNS };

static bool is_option(const char *key)
{
    static const char *const others[] = {"schema", "network", "error"};
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        if (strcmp(key, OUTCOMES[i].key) == 0)
            return false;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(key, others[i]) == 0)
            return false;
    return true;
}

/* Returns accuracy or R2; networks without a result rank last. */
static double merit_of(const struct log_record *network)
{
    const double accuracy = record_number(network, "validation_accuracy"),
                 merit = isnan(accuracy) ? record_number(network, "validation_r2") : accuracy;
    return isnan(merit) ? -INFINITY : merit;
}

/* As annc_sweep_rank: the largest merit first, of equals the smallest loss, then the earlier network. */
static int by_merit(const void *left, const void *right)
{
    const struct log_record *a = left, *b = right;
    const double merit = merit_of(b) - merit_of(a),
                 loss = record_number(a, "validation_loss") - record_number(b, "validation_loss"),
                 order = record_number(a, "network") - record_number(b, "network");
    return merit != 0 && !isnan(merit) ? (merit < 0 ? -1 : 1)
           : loss != 0 && !isnan(loss) ? (loss < 0 ? -1 : 1)
           : order < 0                 ? -1
                                       : order > 0;
}

static void print_heads(FILE *out, const struct log_record *first, const bool *is_there)
{
    fputs("<thead><tr>", out);
    page_head(out, ">network");
    for (size_t i = 0; i < first->count; i++)
        if (is_option(first->entries[i].key))
            page_element(out, "th", " scope=\"col\" class=\"n\"", "%s", first->entries[i].key);
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        if (is_there[i])
            page_head(out, OUTCOMES[i].name);
    if (is_there[REASON])
        page_head(out, "error");
    fputs("</tr></thead>\n<tbody>\n", out);
}

static void print_network(FILE *out, const struct log_record *first, const struct log_record *network,
                          const bool *is_there)
{
    const char *error = record_text(network, "error");
    fputs(network == first && !error ? "<tr class=\"best\">" : "<tr>", out);
    page_element(out, "th", " scope=\"row\" class=\"n\"", "%.0f", record_number(network, "network"));
    for (size_t i = 0; i < first->count; i++) {
        const char *key = first->entries[i].key, *text = is_option(key) ? record_text(network, key) : NULL;
        if (is_option(key))
            page_number(out, "%s", text ? text : "\xE2\x80\x93");
    }
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        const double value = record_number(network, OUTCOMES[i].key);
        if (is_there[i] && isnan(value))
            page_number(out, "\xE2\x80\x93");
        else if (is_there[i] && OUTCOMES[i].is_share)
            page_number(out, "%.2f%%", 100 * value);
        else if (is_there[i])
            page_number(out, "%.*g", OUTCOMES[i].digits, value);
    }
    if (is_there[REASON])
        page_element(out, "td", " class=\"why\"", "%s", error ? error : "");
    fputs("</tr>\n", out);
}

static void print_table(FILE *out, const struct run *run)
{
    const struct log_record *first = &run->networks[0];
    const size_t shown = run->network_count < MOST_SHOWN ? run->network_count : MOST_SHOWN;
    bool is_there[COLUMNS] = {false};
    for (size_t n = 0; n < run->network_count; n++) {
        for (size_t i = 0; i < OUTCOME_COUNT; i++)
            is_there[i] = is_there[i] || !isnan(record_number(&run->networks[n], OUTCOMES[i].key));
        is_there[REASON] = is_there[REASON] || record_text(&run->networks[n], "error");
    }
    if (shown < run->network_count)
        page_table(out, "The best %zu of %zu networks, best first.", shown, run->network_count);
    else
        page_table(out, "All networks, best first.");
    print_heads(out, first, is_there);
    for (size_t n = 0; n < shown; n++)
        print_network(out, first, &run->networks[n], is_there);
    page_table_end(out);
}

void print_sweep_page(FILE *out, const struct run *run, const char *name)
{
    char title[64];
    qsort(run->networks, run->network_count, sizeof *run->networks, by_merit);
    snprintf(title, sizeof title, "Sweep of %zu network%s", run->network_count, annc_plural(run->network_count));
    page_begin(out, title);
    fputs("<header>\n", out);
    page_element(out, "h1", "", "%s", title);
    page_element(out, "p", " class=\"said\"", "Written by annc-gpu %s from %s.", annc_build_info().version, name);
    fputs("</header>\n<main>\n", out);
    if (!run->has_result)
        print_missing(out, "The log has no result, so the sweep was interrupted.");
    print_table(out, run);
    page_element(out, "p", "",
                 "Networks are compared on the examples that the sweep held out, each at its epoch "
                 "with the smallest validation loss.");
    fputs("</main>\n", out);
    page_end(out);
}
