/* command_sweep.c - annc-gpu sweep */
#include "cli/train/command_sweep.h"
#include "base/status.h"
#include "base/text.h"
#include "cli/options/note.h"
#include "cli/options/option_table.h"
#include "cli/options/option_types.h"
#include "cli/options/options.h"
#include "cli/options/setup.h"
#include "cli/options/training_from_options.h"
#include "cli/options/unused.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/output.h"
#include "cli/terminal/process.h"
#include "cli/terminal/screen.h"
#include "cli/terminal/usage.h"
#include "cli/train/grid.h"
#include "cli/train/saving.h"
#include "cli/train/session.h"
#include "cli/train/session_state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char DEFAULT_VALIDATION[] = "0.1";

/* A network of the sweep: a point of the grid and a seed. */
struct entry {
    uint32_t point;
    uint64_t seed;
};

struct sweep {
    const struct options *options;
    struct grid grid;
    uint32_t seeds, count; /* of networks: points x seeds */
    struct entry *entries;
    annc_candidate *candidates;
    annc_data data;
    float *class_weights;
    uint32_t done, best;          /* best: among those done; `count` before the first */
    annc_status status;           /* result of printing, in any thread */
    struct annc_kept_error error; /* of `status`, unless it is ANNC_OK */
};

/* ---------------------------------------------------------------- networks of the grid */

/* Texts of the options that define one of the networks. */
struct texts {
    char axis[MOST_AXES][POINT_TEXT], seed[32], split_seed[32];
};

/* Makes the options that would train one network alone; their texts are in `texts`. */
static annc_status options_of(const struct sweep *sweep, uint32_t i, struct texts *texts, struct options *options)
{
    const struct entry *entry = &sweep->entries[i];
    *options = *sweep->options;
    struct option_value *const value = options->value;
    if (!value[OPTION_SPLIT_SEED].given) { /* all networks use the same examples */
        snprintf(texts->split_seed, sizeof texts->split_seed, "%s", value[OPTION_SEED].text);
        ANNC_RETURN_IF_FAILED(option_parse(&OPTIONS[OPTION_SPLIT_SEED], texts->split_seed, &value[OPTION_SPLIT_SEED]));
        value[OPTION_SPLIT_SEED].given = true;
    }
    snprintf(texts->seed, sizeof texts->seed, "%llu", (unsigned long long)entry->seed);
    ANNC_RETURN_IF_FAILED(option_parse(&OPTIONS[OPTION_SEED], texts->seed, &value[OPTION_SEED]));
    if (!value[OPTION_VALIDATION].text)
        value[OPTION_VALIDATION].text = DEFAULT_VALIDATION;
    for (int a = 0; a < sweep->grid.axes; a++) {
        const enum option_id id = sweep->grid.axis[a].id;
        grid_value(&sweep->grid, entry->point, a, texts->axis[a]);
        value[id].given = value[id].typed = true;
        ANNC_RETURN_IF_FAILED(option_parse(&OPTIONS[id], texts->axis[a], &value[id]));
    }
    return ANNC_OK;
}

/* One network: its options and their texts, its shape and its training options. */
struct plan {
    struct texts texts;
    struct options options;
    annc_shape shape;
};

static annc_status plan_network(const struct sweep *sweep, uint32_t i, struct plan *plan)
{
    annc_candidate *candidate = &sweep->candidates[i];
    ANNC_RETURN_IF_FAILED(options_of(sweep, i, &plan->texts, &plan->options));
    ANNC_RETURN_IF_FAILED(shape_from_options(&plan->options, NULL, &plan->shape));
    ANNC_RETURN_IF_FAILED(training_from_options(&plan->options, &plan->shape, &candidate->options.training));
    candidate->options.training.objective.class_weights = sweep->class_weights;
    candidate->options.epochs = (uint32_t)plan->options.value[OPTION_EPOCHS].whole;
    candidate->options.patience = (uint32_t)plan->options.value[OPTION_PATIENCE].whole;
    return ANNC_OK;
}

/* Checks everything that does not need the data. */
static annc_status plan_all(struct sweep *sweep, annc_shape *first)
{
    struct unused unused = {.has_training = false};
    sweep->entries = take_memory(sweep->count, sizeof *sweep->entries, "the networks");
    sweep->candidates = take_memory(sweep->count, sizeof *sweep->candidates, "the networks");
    for (uint32_t i = 0; i < sweep->count; i++) {
        struct plan plan;
        sweep->entries[i] =
            (struct entry){i / sweep->seeds, sweep->options->value[OPTION_SEED].whole + i % sweep->seeds};
        ANNC_RETURN_IF_FAILED(plan_network(sweep, i, &plan));
        if (i == 0)
            *first = plan.shape;
        unused_add(&unused, &plan.options, &sweep->candidates[i].options.training);
        if (plan.shape.width[0] != first->width[0] ||
            plan.shape.width[plan.shape.layers] != first->width[first->layers])
            return annc_fail(ANNC_USAGE, "--grid: all networks of a sweep must have %u inputs and %u outputs",
                             first->width[0], first->width[first->layers]);
    }
    warn_unused_options(&unused, sweep->options);
    return ANNC_OK;
}

static annc_status make_network(const struct sweep *sweep, annc_device *device, uint32_t i)
{
    annc_candidate *candidate = &sweep->candidates[i];
    struct plan plan;
    ANNC_RETURN_IF_FAILED(plan_network(sweep, i, &plan)); /* again, now with class weights */
    const annc_init init = annc_init_resolve((annc_init)plan.options.value[OPTION_INIT].choice, &plan.shape);
    ANNC_RETURN_IF_FAILED(annc_network_create(&plan.shape, &candidate->network));
    ANNC_RETURN_IF_FAILED(annc_network_initialise(candidate->network, device, init, sweep->entries[i].seed));
    return annc_network_set_metadata(candidate->network, "annc.init", annc_init_name(init));
}

static annc_status make_networks(struct sweep *sweep)
{
    const annc_device_options cpu = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    annc_device *device = NULL;
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_device_open(&cpu, &device));
    for (uint32_t i = 0; i < sweep->count; i++)
        ANNC_TRY(make_network(sweep, device, i));
out:
    annc_device_close(device);
    return status;
}

/* ---------------------------------------------------------------- results */

/* Returns the evaluation of the kept parameters; its count is 0 without a result. */
static const annc_evaluation *validation_of(const annc_candidate *candidate)
{
    return &annc_run_kept(&candidate->result)->validation;
}

/* "lr=3 batch=16 seed=1" */
static void print_point(const struct sweep *sweep, uint32_t i, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int a = 0; a < sweep->grid.axes && used < size; a++) {
        char value[POINT_TEXT];
        grid_value(&sweep->grid, sweep->entries[i].point, a, value);
        used += (size_t)snprintf(text + used, size - used, "%s=%s ", OPTIONS[sweep->grid.axis[a].id].name, value);
    }
    if (used < size)
        snprintf(text + used, size - used, "seed=%llu", (unsigned long long)sweep->entries[i].seed);
}

static void print_merit(const struct sweep *sweep, const annc_candidate *candidate, char *text, size_t size)
{
    const annc_evaluation *validation = validation_of(candidate);
    char r2[SHORT_NUMBER];
    if (validation->count == 0)
        snprintf(text, size, "%s", candidate->reason);
    else if (annc_dataset_has_classes(sweep->data.train))
        snprintf(text, size, "%.2f%%", 100 * annc_evaluation_accuracy(validation));
    else
        snprintf(text, size, "R2 %s", short_number(validation->r2, 4, r2));
}

static void json_point(const struct sweep *sweep, uint32_t i, struct json *json)
{
    for (int a = 0; a < sweep->grid.axes; a++) {
        const struct option_spec *spec = &OPTIONS[sweep->grid.axis[a].id];
        char text[POINT_TEXT];
        struct option_value value;
        grid_value(&sweep->grid, sweep->entries[i].point, a, text);
        option_parse(spec, text, &value); /* parsed successfully before */
        if (spec->kind == WHOLE)
            json_whole(json, spec->name, value.whole);
        else if (spec->kind == CHOICE || spec->kind == TEXT)
            json_text(json, spec->name, text);
        else
            json_number(json, spec->name, value.number);
    }
    json_whole(json, "seed", sweep->entries[i].seed);
}

static void json_merit(const struct sweep *sweep, const annc_candidate *candidate, struct json *json)
{
    const annc_evaluation *validation = validation_of(candidate);
    const bool there = validation->count > 0;
    if (annc_dataset_has_classes(sweep->data.train)) {
        json_number(json, "validation_accuracy", there ? annc_evaluation_accuracy(validation) : NAN);
    } else {
        json_number(json, "validation_r2", there ? validation->r2 : NAN);
        json_number(json, "validation_rmse", there ? validation->rmse : NAN);
    }
    json_number(json, "validation_loss", there ? validation->loss : NAN);
}

/* Returns whether "epochs" is a member of json_point. */
static bool varies_epochs(const struct sweep *sweep)
{
    for (int a = 0; a < sweep->grid.axes; a++)
        if (sweep->grid.axis[a].id == OPTION_EPOCHS)
            return true;
    return false;
}

static annc_status print_json(const struct sweep *sweep, uint32_t i)
{
    const annc_candidate *candidate = &sweep->candidates[i];
    struct json json;
    json_begin(&json, "annc.sweep/1");
    json_whole(&json, "network", (uint64_t)i + 1);
    json_point(sweep, i, &json);
    json_merit(sweep, candidate, &json);
    json_whole(&json, varies_epochs(sweep) ? "epochs_done" : "epochs", candidate->result.epochs);
    json_whole(&json, "best_epoch", candidate->result.best.epoch.epoch);
    json_number(&json, "seconds", candidate->result.seconds);
    if (candidate->status != ANNC_OK)
        json_text(&json, "error", candidate->reason);
    return json_end(&json, stdout, NULL);
}

/* Reports a completed network: on a terminal as one progress line, otherwise one line per
 * network. */
static void tell(void *context, uint32_t i)
{
    struct sweep *sweep = context;
    annc_candidate *candidate = &sweep->candidates[i];
    const struct option_value *value = sweep->options->value;
    char point[512], merit[256], best[512], best_merit[256];
    if (candidate->status == ANNC_STOPPED)
        return;
    if (candidate->status != ANNC_OK) /* the last error belongs to this thread */
        snprintf(candidate->reason, sizeof candidate->reason, "%s", error_text());
    sweep->done++;
    if (validation_of(candidate)->count > 0 &&
        (sweep->best == sweep->count ||
         annc_candidate_merit(candidate) > annc_candidate_merit(&sweep->candidates[sweep->best])))
        sweep->best = i;
    if (value[OPTION_JSON].given && sweep->status == ANNC_OK) {
        sweep->status = print_json(sweep, i);
        annc_error_keep(&sweep->error);
    }
    if (value[OPTION_QUIET].given || value[OPTION_JSON].given)
        return;
    print_point(sweep, i, point, sizeof point);
    print_merit(sweep, candidate, merit, sizeof merit);
    if (!use_colour(stderr) || sweep->best == sweep->count) {
        fprintf(stderr, "%u of %u: %s: %s\n", sweep->done, sweep->count, point, merit);
        return;
    }
    print_point(sweep, sweep->best, best, sizeof best);
    print_merit(sweep, &sweep->candidates[sweep->best], best_merit, sizeof best_merit);
    fprintf(stderr, "\r\x1b[K%u of %u networks, the best %s: %s%s", sweep->done, sweep->count, best_merit, best,
            sweep->done == sweep->count ? "\n" : "");
}

/* ---------------------------------------------------------------- the best networks */

static annc_status print_table(const struct sweep *sweep, const uint32_t *ranked)
{
    const uint32_t top = (uint32_t)sweep->options->value[OPTION_TOP].whole;
    char point[512], merit[256];
    uint32_t count = 0;
    int wide = (int)strlen("validation");
    while (count < top && count < sweep->count && validation_of(&sweep->candidates[ranked[count]])->count > 0) {
        print_merit(sweep, &sweep->candidates[ranked[count++]], merit, sizeof merit);
        wide = (int)strlen(merit) > wide ? (int)strlen(merit) : wide;
    }
    printf("%-*s %-7s %-9s network\n", wide, "validation", "epoch", "seconds");
    for (uint32_t i = 0; i < count; i++) {
        const annc_candidate *candidate = &sweep->candidates[ranked[i]];
        print_point(sweep, ranked[i], point, sizeof point);
        print_merit(sweep, candidate, merit, sizeof merit);
        printf("%-*s %-7u %-9.3f %s\n", wide, merit, candidate->result.best.epoch.epoch, candidate->result.seconds,
               point);
    }
    return flush(stdout, "standard output");
}

static annc_status print_winner(const struct sweep *sweep, const uint32_t *ranked)
{
    const annc_candidate *best = &sweep->candidates[ranked[0]];
    double seconds = 0;
    uint32_t failed = 0;
    struct json json;
    for (uint32_t i = 0; i < sweep->count; i++) {
        seconds += sweep->candidates[i].result.seconds;
        failed += sweep->candidates[i].status != ANNC_OK && sweep->candidates[i].status != ANNC_STOPPED;
    }
    if (!sweep->options->value[OPTION_JSON].given)
        return print_table(sweep, ranked);
    json_begin(&json, "annc.sweep_result/1");
    json_whole(&json, "networks", sweep->done);
    json_whole(&json, "failed", failed);
    json_whole(&json, "best", (uint64_t)ranked[0] + 1);
    json_point(sweep, ranked[0], &json);
    json_merit(sweep, best, &json);
    json_number(&json, "seconds", seconds);
    json_number(&json, "wall_seconds", since_start());
    return json_end(&json, stdout, NULL);
}

/* Saves the best network, or the best ones joined to one. */
static annc_status save(const struct sweep *sweep, const uint32_t *ranked)
{
    const char *path = sweep->options->value[OPTION_SAVE].text;
    const uint32_t wanted = (uint32_t)sweep->options->value[OPTION_ENSEMBLE].whole;
    const annc_network *networks[MOST_JOINED];
    uint32_t count = 0;
    annc_network *joined = NULL;
    char layers[1024];
    struct texts texts;
    struct options options;
    while (count < wanted && count < sweep->count && validation_of(&sweep->candidates[ranked[count]])->count > 0) {
        networks[count] = sweep->candidates[ranked[count]].network;
        count++;
    }
    if (!path || count == 0)
        return ANNC_OK;
    const annc_candidate *best = &sweep->candidates[ranked[0]];
    const struct session session = {.options = &options, .run_options = best->options, .data = sweep->data};
    annc_status status = ANNC_OK;
    ANNC_TRY(options_of(sweep, ranked[0], &texts, &options));
    ANNC_TRY(count == 1 ? annc_network_copy(networks[0], &joined) : annc_network_join(networks, count, &joined));
    if (count > 1) { /* the configuration describes the saved network */
        print_layers(annc_network_shape(joined), layers, sizeof layers);
        options.value[OPTION_LAYERS].shown = layers;
        ANNC_TRY(annc_network_set_metadata(joined, "annc.ensemble", "mean of the last layers' z"));
    }
    ANNC_TRY(describe_network(&session, best->result.best.epoch.epoch, joined));
    ANNC_TRY(save_model(sweep->options, joined, path, count > 1 ? " (an ensemble)" : ""));
out:
    annc_network_free(joined);
    return status;
}

/* Returns the status of a network that failed for lack of memory or of a working device, and so is
 * missing from the results. */
static annc_status find_refused(const struct sweep *sweep)
{
    for (uint32_t i = 0; i < sweep->count; i++)
        if (sweep->candidates[i].status == ANNC_MEMORY || sweep->candidates[i].status == ANNC_DEVICE)
            return annc_fail(sweep->candidates[i].status, "network %u: %s", i + 1, sweep->candidates[i].reason);
    return ANNC_OK;
}

static annc_status finish(const struct sweep *sweep, annc_status status)
{
    uint32_t *ranked = take_memory(sweep->count, sizeof *ranked, "the networks");
    annc_status ended = annc_sweep_rank(sweep->candidates, sweep->count, ranked);
    if (sweep->status != ANNC_OK)
        ended = annc_fail_again(sweep->status, &sweep->error);
    /* Every network failed. */
    if (ended == ANNC_OK && sweep->best == sweep->count && status == ANNC_OK)
        ended = annc_fail(sweep->candidates[0].status, "%s", sweep->candidates[0].reason);
    if (ended == ANNC_OK && sweep->best < sweep->count)
        ended = print_winner(sweep, ranked);
    if ((ended == ANNC_OK || ended == ANNC_OUTPUT) && sweep->best < sweep->count) {
        const annc_status saved = save(sweep, ranked);
        ended = sweep->status == ANNC_OK ? (ended == ANNC_OK ? saved : ended)
                                         : annc_fail_again(sweep->status, &sweep->error);
    }
    free(ranked);
    if (ended == ANNC_OK)
        ended = find_refused(sweep);
    return ended == ANNC_OK ? status : ended;
}

/* ---------------------------------------------------------------- command */

static annc_status load(struct sweep *sweep, const annc_shape *shape)
{
    annc_data_options source;
    ANNC_RETURN_IF_FAILED(data_options_from(sweep->options, shape, &source));
    source.need_train = true;
    if (!source.validation_path && source.validation == 0) {
        source.validation = strtod(DEFAULT_VALIDATION, NULL);
        note(sweep->options, "networks are compared on a tenth of the training set, held out (--validation)");
    }
    ANNC_RETURN_IF_FAILED(
        load_data(sweep->options, sweep->options->value[OPTION_DATA].text, &source, true, &sweep->data));
    return weigh_classes(sweep->options, sweep->data.train, &sweep->class_weights);
}

static annc_status train_all(struct sweep *sweep)
{
    annc_device_options device;
    annc_shape shape;
    ANNC_RETURN_IF_FAILED(device_options_from(sweep->options, &device));
    ANNC_RETURN_IF_FAILED(plan_all(sweep, &shape));
    if (sweep->options->value[OPTION_SAVE].text)
        ANNC_RETURN_IF_FAILED(annc_model_can_save(sweep->options->value[OPTION_SAVE].text));
    ANNC_RETURN_IF_FAILED(load(sweep, &shape));
    ANNC_RETURN_IF_FAILED(make_networks(sweep));
    note(sweep->options, "%u network%s", sweep->count, annc_plural(sweep->count));
    set_stop_policy(sweep->options->value[OPTION_SAVE].text ? END_WHEN_ASKED : END_SOON);
    const annc_status status = annc_sweep(&device, sweep->candidates, sweep->count, sweep->data.train,
                                          sweep->data.validation, should_stop, tell, sweep);
    return status == ANNC_OK || status == ANNC_STOPPED ? finish(sweep, status) : status;
}

annc_status run_sweep(const struct options *options)
{
    struct sweep sweep = {.options = options, .seeds = (uint32_t)options->value[OPTION_SEEDS].whole};
    annc_status status = ANNC_OK;
    ANNC_TRY(grid_open(options, &sweep.grid));
    if ((uint64_t)sweep.grid.points * sweep.seeds > MOST_POINTS)
        ANNC_TRY(annc_fail(ANNC_USAGE, "more than %d networks: %u, times %u seeds", MOST_POINTS, sweep.grid.points,
                           sweep.seeds));
    sweep.count = sweep.best = sweep.grid.points * sweep.seeds;
    ANNC_TRY(train_all(&sweep));
out:
    for (uint32_t i = 0; sweep.candidates && i < sweep.count; i++)
        annc_network_free(sweep.candidates[i].network);
    free(sweep.candidates);
    free(sweep.entries);
    free(sweep.class_weights);
    annc_data_free(&sweep.data);
    grid_close(&sweep.grid);
    return status;
}
