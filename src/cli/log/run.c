/* run.c - a run as recorded in its log: folds and their mean, results. */
#include "cli/log/run.h"
#include "cli/options/option_table.h"
#include "cli/options/option_types.h"
#include "cli/terminal/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct fold *run_fold(struct run *run, double number)
{
    if (!(number >= 1 && number <= (double)OPTIONS[OPTION_FOLDS].high))
        return NULL;
    const size_t count = (size_t)number;
    if (count > run->fold_count) {
        run->folds = take_more(run->folds, count, &run->fold_room, sizeof *run->folds, "the folds");
        memset(run->folds + run->fold_count, 0, (count - run->fold_count) * sizeof *run->folds);
        run->fold_count = count;
    }
    return &run->folds[count - 1];
}

struct log_record *run_add_network(struct run *run)
{
    run->networks =
        take_more(run->networks, run->network_count + 1, &run->network_room, sizeof *run->networks, "the networks");
    struct log_record *network = &run->networks[run->network_count++];
    memset(network, 0, sizeof *network);
    return network;
}

/* ---------------------------------------------------------------- the mean of the folds */

static void copy(const struct history *from, struct history *to)
{
    to->layers = from->layers;
    for (size_t i = 0; i < from->count; i++)
        history_add(to, from->rows + i * history_width(from));
}

/* Adds the rows of a fold to those of the same epochs, and drops epochs that the fold lacks. */
static void add_rows(struct history *sum, const struct history *fold)
{
    const size_t width = history_width(sum);
    size_t kept = 0, k = 0;
    for (size_t i = 0; i < sum->count; i++) {
        const double *row = sum->rows + i * width;
        while (k < fold->count && fold->rows[k * width + EPOCH] < row[EPOCH])
            k++;
        if (k == fold->count || fold->rows[k * width + EPOCH] > row[EPOCH])
            continue;
        double *to = sum->rows + kept++ * width;
        for (size_t c = 0; c < width; c++)
            to[c] = c == EPOCH ? row[c] : row[c] + fold->rows[k * width + c];
    }
    sum->count = kept;
}

void run_average(struct run *run)
{
    size_t folds = 0;
    for (size_t f = 0; f < run->fold_count; f++) {
        const struct history *fold = &run->folds[f].history;
        if (fold->count == 0 || (folds > 0 && fold->layers != run->history.layers))
            continue;
        if (folds++ == 0)
            copy(fold, &run->history);
        else
            add_rows(&run->history, fold);
    }
    const size_t width = history_width(&run->history);
    for (size_t i = 0; i < run->history.count * width && folds > 1; i++)
        if (i % width != EPOCH)
            run->history.rows[i] /= (double)folds;
}

/* ---------------------------------------------------------------- access */

const char *run_text(const struct run *run, const char *key)
{
    return record_text(&run->result, key);
}

double run_number(const struct run *run, const char *key)
{
    return record_number(&run->result, key);
}

const char *run_option(const struct run *run, const char *name)
{
    return record_option(&run->result, name);
}

double run_kept_epoch(const struct run *run)
{
    const struct history *history = &run->history;
    const double *best = NULL;
    if (!run->folds)
        return run_number(run, "best_epoch");
    for (size_t i = 0; i < history->count; i++) {
        const double *row = history->rows + i * history_width(history);
        if (!isnan(row[VALIDATION_LOSS]) && (!best || row[VALIDATION_LOSS] < best[VALIDATION_LOSS]))
            best = row;
    }
    return best ? best[EPOCH] : NAN;
}

void run_free(struct run *run)
{
    for (size_t f = 0; f < run->fold_count; f++) {
        history_free(&run->folds[f].history);
        record_free(&run->folds[f].end);
    }
    for (size_t i = 0; i < run->network_count; i++)
        record_free(&run->networks[i]);
    free(run->folds);
    free(run->networks);
    history_free(&run->history);
    record_free(&run->result);
    memset(run, 0, sizeof *run);
}
