/* command_sweep.c - annc-gpu sweep */
#include "cli/train/command_sweep.h"
#include "base/status.h"
#include "base/text.h"
#include "cli/options/inferred.h"
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
#include "cli/terminal/ranks.h"
#include "cli/terminal/screen.h"
#include "cli/terminal/usage.h"
#include "cli/train/grid.h"
#include "cli/train/kept_networks.h"
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

/* Texts of the options that define one of the networks. */
struct texts {
    char axis[MOST_AXES][POINT_TEXT], seed[32], split_seed[32];
    struct inferred inferred; /* what follows from an axis */
};

struct sweep {
    const struct options *given, *options; /* by the user; completed from the data */
    struct inferred inferred;
    struct grid grid;
    struct texts first;    /* of the grid's first point */
    uint32_t seeds, count; /* of networks: points x seeds */
    struct entry *entries;
    annc_candidate *candidates;
    annc_data data;
    float *class_weights;
    uint32_t done, best;          /* best: among those done; `count` before the first */
    bool *has_ended;              /* of each network */
    uint32_t printed;             /* networks with a line */
    uint64_t fingerprint;         /* of the data */
    annc_status status;           /* result of printing and saving, in any thread */
    struct annc_kept_error error; /* of `status`, unless it is ANNC_OK */
};

/* ---------------------------------------------------------------- networks of the grid */

/* What follows from the data and the value of an axis, and whether options_infer notes it. */
static const struct {
    enum option_id axis, id;
    bool is_noted;
} FOLLOWS[] = {{OPTION_OPTIMIZER, OPTION_LR, true},
               {OPTION_OPTIMIZER, OPTION_WEIGHT_DECAY, true},
               {OPTION_COST, OPTION_OUTPUT_ACTIVATION, false},
               {OPTION_COST, OPTION_LABEL_SMOOTHING, true},
               {OPTION_OUTPUT_ACTIVATION, OPTION_COST, false},
               {OPTION_OUTPUT_ACTIVATION, OPTION_LABEL_SMOOTHING, true}};

static bool is_axis(const struct grid *grid, enum option_id id)
{
    for (int a = 0; a < grid->axes; a++)
        if (grid->axis[a].id == id)
            return true;
    return false;
}

/* Sets the options of the grid to their values at a point. */
static annc_status set_axes(const struct sweep *sweep, uint32_t point, struct texts *texts, struct options *options)
{
    for (int a = 0; a < sweep->grid.axes; a++) {
        const enum option_id id = sweep->grid.axis[a].id;
        struct option_value *value = &options->value[id];
        grid_value(&sweep->grid, point, a, texts->axis[a]);
        value->given = value->typed = true;
        ANNC_RETURN_IF_FAILED(option_parse(&OPTIONS[id], texts->axis[a], value));
    }
    return ANNC_OK;
}

/* Chooses by the data what follows from an axis and is neither given nor an axis itself. */
static annc_status infer_followers(const struct sweep *sweep, struct texts *texts, struct options *options)
{
    bool any = false;
    for (size_t i = 0; i < sizeof FOLLOWS / sizeof *FOLLOWS; i++) {
        const enum option_id id = FOLLOWS[i].id;
        if (!is_axis(&sweep->grid, FOLLOWS[i].axis) || is_axis(&sweep->grid, id) || sweep->given->value[id].given)
            continue;
        options->value[id] = sweep->given->value[id];
        any = true;
    }
    if (!any || !sweep->data.train)
        return ANNC_OK;
    ANNC_RETURN_IF_FAILED(options_infer_from(SWEEP, options, sweep->data.train, &texts->inferred));
    *options = texts->inferred.options;
    return ANNC_OK;
}

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
    ANNC_RETURN_IF_FAILED(set_axes(sweep, entry->point, texts, options));
    return infer_followers(sweep, texts, options);
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

/* "lr=3 batch=16 seed=1", without what all networks have in common. */
static void print_point(const struct sweep *sweep, uint32_t i, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int a = 0; a < sweep->grid.axes && used < size; a++) {
        char value[POINT_TEXT];
        if (sweep->grid.axis[a].count == 1)
            continue;
        grid_value(&sweep->grid, sweep->entries[i].point, a, value);
        used += (size_t)snprintf(text + used, size - used, "%s%s=%s", used > 0 ? " " : "",
                                 OPTIONS[sweep->grid.axis[a].id].name, value);
    }
    if (used < size && (sweep->seeds > 1 || used == 0))
        snprintf(text + used, size - used, "%sseed=%llu", used > 0 ? " " : "",
                 (unsigned long long)sweep->entries[i].seed);
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

static annc_status print_json(const struct sweep *sweep, uint32_t i)
{
    const annc_candidate *candidate = &sweep->candidates[i];
    struct json json;
    json_begin(&json, "annc.sweep/1");
    json_whole(&json, "network", (uint64_t)i + 1);
    json_point(sweep, i, &json);
    json_merit(sweep, candidate, &json);
    json_whole(&json, is_axis(&sweep->grid, OPTION_EPOCHS) ? "epochs_done" : "epochs", candidate->result.epochs);
    json_whole(&json, "best_epoch", candidate->result.best.epoch.epoch);
    json_number(&json, "seconds", candidate->result.seconds);
    if (candidate->engine[0])
        json_text(&json, "engine", candidate->engine);
    if (candidate->status != ANNC_OK)
        json_text(&json, "error", candidate->reason);
    return json_end(&json, stdout, NULL);
}

/* Keeps the first error of printing and saving. */
static void keep_error(struct sweep *sweep, annc_status status)
{
    if (sweep->status != ANNC_OK || status == ANNC_OK)
        return;
    sweep->status = status;
    annc_error_keep(&sweep->error);
}

/* Returns whether one progress line on the terminal stands for all networks. */
static bool has_live_line(const struct sweep *sweep)
{
    const struct option_value *value = sweep->options->value;
    return !value[OPTION_QUIET].given && !value[OPTION_JSON].given && use_colour(stderr);
}

static void draw_live_line(const struct sweep *sweep)
{
    char best[512], best_merit[256] = "none";
    best[0] = '\0';
    if (sweep->best < sweep->count) {
        print_point(sweep, sweep->best, best, sizeof best);
        print_merit(sweep, &sweep->candidates[sweep->best], best_merit, sizeof best_merit);
    }
    fprintf(stderr, "\r\x1b[K%u of %u networks, the best %s%s%s%s", sweep->done, sweep->count, best_merit,
            best[0] ? ": " : "", best, sweep->done == sweep->count ? "\n" : "");
}

/* Prints the line of a network that has ended. */
static void print_line(struct sweep *sweep, uint32_t i)
{
    const struct option_value *value = sweep->options->value;
    char point[512], merit[256];
    sweep->printed++;
    if (value[OPTION_JSON].given && sweep->status == ANNC_OK)
        keep_error(sweep, print_json(sweep, i));
    if (value[OPTION_QUIET].given || value[OPTION_JSON].given || has_live_line(sweep))
        return;
    print_point(sweep, i, point, sizeof point);
    print_merit(sweep, &sweep->candidates[i], merit, sizeof merit);
    fprintf(stderr, "%u of %u: %s: %s\n", sweep->printed, sweep->count, point, merit);
}

/* Counts a network that has ended. The lines come in the order of the grid, whichever thread or rank
 * trained them. */
static void count_network(struct sweep *sweep, uint32_t i)
{
    const annc_candidate *candidate = &sweep->candidates[i];
    sweep->done++;
    if (validation_of(candidate)->count > 0 &&
        (sweep->best == sweep->count ||
         annc_candidate_merit(candidate) > annc_candidate_merit(&sweep->candidates[sweep->best])))
        sweep->best = i;
    sweep->has_ended[i] = true;
    while (sweep->printed < sweep->count && sweep->has_ended[sweep->printed])
        print_line(sweep, sweep->printed);
    if (has_live_line(sweep))
        draw_live_line(sweep);
}

/* Prints the lines of a stopped sweep that wait for those before them. */
static void print_waiting_lines(struct sweep *sweep)
{
    for (uint32_t i = sweep->printed; i < sweep->count; i++)
        if (sweep->has_ended[i])
            print_line(sweep, i);
}

/* Makes the session that would train one network alone. */
static annc_status session_of(const struct sweep *sweep, uint32_t i, struct texts *texts, struct options *options,
                              struct session *session)
{
    *session = (struct session){.options = options, .run_options = sweep->candidates[i].options, .data = sweep->data};
    return options_of(sweep, i, texts, options);
}

static annc_status keep_in_folder(const struct sweep *sweep, uint32_t i)
{
    struct texts texts;
    struct options options;
    struct session session;
    if (!sweep->options->value[OPTION_SAVE_ALL].text)
        return ANNC_OK;
    ANNC_RETURN_IF_FAILED(session_of(sweep, i, &texts, &options, &session));
    return keep_network(&session, i, sweep->fingerprint, &sweep->candidates[i]);
}

/* Saves and reports a network that has ended. */
static void finish_network(void *context, uint32_t i)
{
    struct sweep *sweep = context;
    annc_candidate *candidate = &sweep->candidates[i];
    if (candidate->status == ANNC_STOPPED)
        return;
    if (candidate->status != ANNC_OK) /* the last error belongs to this thread */
        snprintf(candidate->reason, sizeof candidate->reason, "%s", error_text());
    else
        keep_error(sweep, keep_in_folder(sweep, i));
    count_network(sweep, i);
}

/* Restores the networks that an interrupted sweep has saved. */
static annc_status restore_networks(struct sweep *sweep)
{
    uint32_t complete = 0;
    if (!sweep->options->value[OPTION_SAVE_ALL].text)
        return ANNC_OK;
    sweep->fingerprint = kept_networks_fingerprint(&sweep->data);
    for (uint32_t i = 0; i < sweep->count; i++) {
        struct texts texts;
        struct options options;
        struct session session;
        ANNC_RETURN_IF_FAILED(session_of(sweep, i, &texts, &options, &session));
        ANNC_RETURN_IF_FAILED(restore_kept_network(&session, i, sweep->fingerprint, &sweep->candidates[i]));
        complete += sweep->candidates[i].is_complete;
    }
    note_kept_networks(sweep->options, complete, sweep->count);
    return ANNC_OK;
}

/* Tells which engines trained how many of the networks. */
static void tell_engines(const struct sweep *sweep)
{
    for (uint32_t i = 0; i < sweep->count; i++) {
        const char *engine = sweep->candidates[i].engine;
        uint32_t before = 0, count = 0;
        for (uint32_t j = 0; engine[0] && j < sweep->count; j++) {
            const char *other = sweep->candidates[j].engine;
            const bool same = strcmp(other, engine) == 0;
            before += same && j < i;
            count += same;
        }
        if (count > 0 && before == 0)
            fprintf(stderr, "engine: %s (%u network%s)\n", engine, count, annc_plural(count));
    }
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
    if (count == top && top < sweep->done)
        note(sweep->options, "the best %u of %u networks; --top K lists more", count, sweep->done);
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
    struct session session;
    annc_status status = ANNC_OK;
    ANNC_TRY(session_of(sweep, ranked[0], &texts, &options, &session));
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

/* Tells how far a stopped sweep came, what is kept of it, and how to go on. */
static void print_sweep_stop(const struct sweep *sweep)
{
    const char *path = sweep->options->value[OPTION_SAVE].text;
    char kept[4200];
    snprintf(kept, sizeof kept, "stopped after %u of %u networks", sweep->done, sweep->count);
    complain(kept);
    if (sweep->done == sweep->count)
        return;
    if (!path)
        snprintf(kept, sizeof kept, "no model is saved; --save FILE saves the best");
    else if (sweep->best == sweep->count)
        snprintf(kept, sizeof kept, "no network was complete: %s is unchanged", path);
    else
        snprintf(kept, sizeof kept, "the best so far is in %s", path);
    complain(kept);
    complain(sweep->options->value[OPTION_SAVE_ALL].text
                 ? "the networks that are trained are kept; repeat the command to train the rest"
                 : "repeat it with --save-all DIR to be able to continue it when it is interrupted");
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

static annc_status finish(struct sweep *sweep, annc_status status)
{
    print_waiting_lines(sweep);
    uint32_t *ranked = take_memory(sweep->count, sizeof *ranked, "the networks");
    annc_status ended = annc_sweep_rank(sweep->candidates, sweep->count, ranked);
    if (sweep->status != ANNC_OK)
        ended = annc_fail_again(sweep->status, &sweep->error);
    /* Every network failed. */
    if (ended == ANNC_OK && sweep->best == sweep->count && status == ANNC_OK)
        ended = annc_fail(sweep->candidates[0].status, "%s", sweep->candidates[0].reason);
    if (!sweep->options->value[OPTION_QUIET].given && !sweep->options->value[OPTION_JSON].given)
        tell_engines(sweep);
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
    if (status == ANNC_STOPPED && (ended == ANNC_OK || ended == ANNC_STOPPED))
        print_sweep_stop(sweep);
    return ended == ANNC_OK ? status : ended;
}

/* ---------------------------------------------------------------- command */

/* Fills the options for reading data for networks of a shape, or, with NULL, for ones yet to be
 * chosen. */
static annc_status data_source(const struct sweep *sweep, const annc_shape *shape, annc_data_options *source)
{
    ANNC_RETURN_IF_FAILED(data_options_from(sweep->options, shape, source));
    source->need_train = true;
    if (!source->validation_path && source->validation == 0)
        source->validation = strtod(DEFAULT_VALIDATION, NULL);
    return ANNC_OK;
}

/* Chooses what options and grid leave open by the data, which stay loaded: here for the grid's
 * first point, without what follows from an axis, and in options_of for the others. */
static annc_status infer(struct sweep *sweep)
{
    annc_data_options source;
    struct options first = *sweep->options;
    for (int a = 0; a < sweep->grid.axes; a++)
        if (sweep->grid.axis[a].id == OPTION_LAYERS)
            return ANNC_OK;
    ANNC_RETURN_IF_FAILED(set_axes(sweep, 0, &sweep->first, &first));
    for (size_t i = 0; i < sizeof FOLLOWS / sizeof *FOLLOWS; i++)
        if (FOLLOWS[i].is_noted && is_axis(&sweep->grid, FOLLOWS[i].axis))
            first.value[FOLLOWS[i].id].given = true; /* not one value for all */
    ANNC_RETURN_IF_FAILED(data_source(sweep, NULL, &source));
    ANNC_RETURN_IF_FAILED(options_infer(SWEEP, &first, &source, &sweep->inferred, &sweep->data));
    sweep->options = &sweep->inferred.options;
    return ANNC_OK;
}

static annc_status load(struct sweep *sweep, const annc_shape *shape)
{
    annc_data_options source;
    ANNC_RETURN_IF_FAILED(data_source(sweep, shape, &source));
    if (!sweep->options->value[OPTION_VALIDATION].text)
        note(sweep->options, "networks are compared on a tenth of the training set, held out (--validation)");
    if (!sweep->data.train)
        ANNC_RETURN_IF_FAILED(
            load_data(sweep->options, sweep->options->value[OPTION_DATA].text, &source, true, &sweep->data));
    return weigh_classes(sweep->options, sweep->data.train, &sweep->class_weights);
}

/* Checks, before the work, that the model could be loaded again. */
static annc_status check_saving(const struct sweep *sweep)
{
    struct texts texts;
    struct options options;
    annc_network *network = NULL;
    struct session session;
    annc_status status = ANNC_OK;
    if (!sweep->options->value[OPTION_SAVE].text && !sweep->options->value[OPTION_SAVE_ALL].text)
        return ANNC_OK;
    ANNC_TRY(session_of(sweep, 0, &texts, &options, &session));
    ANNC_TRY(annc_network_copy(sweep->candidates[0].network, &network));
    ANNC_TRY(describe_network(&session, 0, network));
    ANNC_TRY(annc_model_check(network));
out:
    annc_network_free(network);
    return status;
}

/* Prepares everything before the training. */
static annc_status prepare(struct sweep *sweep, annc_device_options *device)
{
    annc_shape shape;
    ANNC_RETURN_IF_FAILED(device_options_from(sweep->options, device));
    ANNC_RETURN_IF_FAILED(kept_networks_open(sweep->options));
    if (sweep->options->value[OPTION_SAVE].text)
        ANNC_RETURN_IF_FAILED(annc_model_can_save(sweep->options->value[OPTION_SAVE].text));
    ANNC_RETURN_IF_FAILED(infer(sweep));
    ANNC_RETURN_IF_FAILED(plan_all(sweep, &shape));
    ANNC_RETURN_IF_FAILED(load(sweep, &shape));
    ANNC_RETURN_IF_FAILED(make_networks(sweep));
    ANNC_RETURN_IF_FAILED(check_saving(sweep));
    note(sweep->options, "%u network%s", sweep->count, annc_plural(sweep->count));
    return restore_networks(sweep);
}

/* Trains all networks, in all ranks; rank 0 has the results. */
static annc_status train_all(struct sweep *sweep)
{
    annc_device_options device;
    annc_group *group = ranks_group();
    ANNC_RETURN_IF_FAILED(annc_group_agree(group, prepare(sweep, &device)));
    sweep->has_ended = take_memory(sweep->count, sizeof *sweep->has_ended, "the networks");
    for (uint32_t i = 0; i < sweep->count; i++)
        if (sweep->candidates[i].is_complete)
            count_network(sweep, i);
    set_stop_policy(sweep->options->value[OPTION_SAVE].text || group ? END_WHEN_ASKED : END_SOON);
    const annc_status status = annc_sweep(&device, group, sweep->candidates, sweep->count, sweep->data.train,
                                          sweep->data.validation, should_stop, finish_network, sweep);
    if (status != ANNC_OK && status != ANNC_STOPPED)
        return status;
    return annc_group_agree(group, own_rank() == 0 ? finish(sweep, status) : status);
}

annc_status run_sweep(const struct options *options)
{
    struct sweep sweep = {.given = options, .options = options, .seeds = (uint32_t)options->value[OPTION_SEEDS].whole};
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
    free(sweep.has_ended);
    free(sweep.entries);
    free(sweep.class_weights);
    annc_data_free(&sweep.data);
    grid_close(&sweep.grid);
    return status;
}
