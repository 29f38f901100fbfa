/* report_folds.c - the section of a report with the results of each fold. */
#include "cli/report/report_folds.h"
#include "cli/log/log_record.h"
#include "cli/log/run.h"
#include "cli/report/page.h"
#include "cli/report/report_log.h"
#include "cli/report/report_subject.h"

#include <math.h>
#include <stdio.h>

/* Columns of the table of folds, if their lines have them. */
static const struct {
    const char *key, *name;
    enum { AS_COUNT, AS_SHARE, AS_SIZE } kind;
    bool has_mean;
} SHOWN[] = {{"training_count", ">trained on", AS_COUNT, false},
             {"validation_count", ">held out", AS_COUNT, false},
             {"validation_accuracy", ">accuracy", AS_SHARE, true},
             {"validation_r2", ">R\xC2\xB2", AS_SIZE, true},
             {"validation_rmse", ">RMSE", AS_SIZE, true},
             {"validation_mae", ">MAE", AS_SIZE, true},
             {"validation_loss", ">loss per example", AS_SIZE, true},
             {"best_epoch", ">epoch kept", AS_COUNT, false},
             {"epochs", ">epochs", AS_COUNT, false},
             {"seconds", ">seconds", AS_SIZE, false}};
enum { SHOWN_COUNT = sizeof SHOWN / sizeof *SHOWN };

/* Computes the mean and the sample standard deviation of a number over the folds that have it.
 * Returns their count. */
static size_t spread_of(const struct run *run, const char *key, double *mean, double *deviation)
{
    double sum = 0, squares = 0;
    size_t count = 0;
    for (size_t f = 0; f < run->fold_count; f++) {
        const double value = record_number(&run->folds[f].end, key);
        sum += isnan(value) ? 0 : value;
        count += !isnan(value);
    }
    *mean = count ? sum / (double)count : NAN;
    for (size_t f = 0; f < run->fold_count; f++) {
        const double difference = record_number(&run->folds[f].end, key) - *mean;
        squares += isnan(difference) ? 0 : difference * difference;
    }
    *deviation = count > 1 ? sqrt(squares / (double)(count - 1)) : NAN;
    return count;
}

static void print_value(FILE *out, int column, double value)
{
    if (isnan(value))
        page_number(out, "\xE2\x80\x93");
    else if (SHOWN[column].kind == AS_COUNT)
        page_number(out, "%.0f", value);
    else if (SHOWN[column].kind == AS_SHARE)
        page_number(out, "%.2f%%", 100 * value);
    else
        page_number(out, "%.*g", SHOWN[column].has_mean ? 6 : 3, value);
}

static void print_mean(FILE *out, const struct run *run, const bool *is_there)
{
    fputs("<tr class=\"best\">", out);
    page_row_head(out, "mean \xC2\xB1 sd");
    for (int i = 0; i < SHOWN_COUNT; i++) {
        double mean, deviation;
        if (!is_there[i])
            continue;
        if (!SHOWN[i].has_mean || spread_of(run, SHOWN[i].key, &mean, &deviation) < 2)
            page_number(out, "%s", "");
        else if (SHOWN[i].kind == AS_SHARE)
            page_number(out, "%.2f%% \xC2\xB1 %.2f%%", 100 * mean, 100 * deviation);
        else
            page_number(out, "%.6g \xC2\xB1 %.2g", mean, deviation);
    }
    fputs("</tr>\n", out);
}

void print_folds_section(FILE *out, const struct subject *subject)
{
    const struct run *run = subject->run;
    bool is_there[SHOWN_COUNT];
    double mean, deviation;
    print_section(out, subject, "Folds");
    page_table(out, "Folds: each network is trained on the other folds and evaluated on its own; sd: "
                    "sample standard deviation.");
    fputs("<thead><tr><th scope=\"col\">fold</th>", out);
    for (int i = 0; i < SHOWN_COUNT; i++) {
        is_there[i] = spread_of(run, SHOWN[i].key, &mean, &deviation) > 0;
        if (is_there[i])
            page_head(out, SHOWN[i].name);
    }
    fputs("</tr></thead>\n<tbody>\n", out);
    for (size_t f = 0; f < run->fold_count; f++) {
        fputs("<tr>", out);
        page_row_head(out, "%zu%s", f + 1, run->folds[f].end.count ? "" : ", not finished");
        for (int i = 0; i < SHOWN_COUNT; i++)
            if (is_there[i])
                print_value(out, i, record_number(&run->folds[f].end, SHOWN[i].key));
        fputs("</tr>\n", out);
    }
    print_mean(out, run, is_there);
    page_table_end(out);
    page_element(out, "p", "",
                 "Each fold trains its own network and none is saved, so there are no mistakes or "
                 "weights to show. Train once on all data with --save to see them.");
}
