/* training_output.c - the output of a session: lines for people and for scripts. */
#include "cli/train/training_output.h"
#include "base/status.h"
#include "base/text.h"
#include "cli/options/configuration.h"
#include "cli/options/note.h"
#include "cli/options/option_table.h"
#include "cli/options/option_types.h"
#include "cli/options/setup.h"
#include "cli/terminal/output.h"
#include "cli/terminal/process.h"
#include "cli/terminal/screen.h"
#include "cli/terminal/usage.h"
#include "cli/train/session.h"
#include "cli/train/session_state.h"

#include <stdio.h>
#include <string.h>

static bool given(const struct session *session, enum option_id id)
{
    return session->options->value[id].given;
}

static bool quiet(const struct session *session)
{
    return given(session, OPTION_JSON) || given(session, OPTION_QUIET);
}

/* ---------------------------------------------------------------- before training */

void print_shapes(const struct session *session)
{
    const annc_data *data = &session->data;
    const annc_examples *train = annc_dataset_examples(data->train);
    if (quiet(session))
        return;
    printf("Training set size: (%u, %u, 1)\n", train->count, train->inputs);
    if (data->validation)
        printf("Validation set size: (%u, %u, 1)\n", annc_dataset_examples(data->validation)->count, train->inputs);
    if (data->test)
        printf("Testing set size: (%u, %u, 1)\n", annc_dataset_examples(data->test)->count, train->inputs);
    printf("Training target size: (%u, %u, 1)\n", train->count, train->outputs);
    if (data->test)
        printf("Test target size: (%u, %u, 1)\n", annc_dataset_examples(data->test)->count, train->outputs);
    fflush(stdout);
}

void print_balance(const struct session *session)
{
    enum { MOST_SHOWN = 26, SHOWN = 64 };
    const annc_examples *train = annc_dataset_examples(session->data.train);
    const uint32_t classes = annc_dataset_class_count(session->data.train);
    uint32_t counts[MOST_SHOWN] = {0};
    char line[MOST_SHOWN * (SHOWN + 16)] = "", name[SHOWN];
    size_t used = 0;
    if (classes == 0 || classes > MOST_SHOWN)
        return;
    for (uint32_t i = 0; i < train->count; i++)
        counts[train->labels[i]]++;
    for (uint32_t c = 0; c < classes; c++)
        used +=
            (size_t)snprintf(line + used, sizeof line - used, "%s%s %u", c ? ", " : "",
                             plain_text(annc_dataset_class_name(session->data.train, c), name, sizeof name), counts[c]);
    note(session->options, "examples of each class: %s", line);
}

/* ---------------------------------------------------------------- epochs */

static void json_named(struct json *json, const char *prefix, const char *name, double value)
{
    char key[64];
    snprintf(key, sizeof key, "%s%s", prefix, name);
    json_number(json, key, value);
}

void json_measures(struct json *json, const struct session *session, const char *prefix,
                   const annc_evaluation *evaluation)
{
    char key[64];
    if (annc_dataset_has_classes(session->data.train)) {
        snprintf(key, sizeof key, "%scorrect", prefix);
        json_whole(json, key, evaluation->correct);
    }
    snprintf(key, sizeof key, "%scount", prefix);
    json_whole(json, key, evaluation->count);
    json_named(json, prefix, "loss", evaluation->loss);
    if (annc_dataset_has_classes(session->data.train)) {
        json_named(json, prefix, "accuracy", annc_evaluation_accuracy(evaluation));
    } else {
        json_named(json, prefix, "r2", evaluation->r2);
        json_named(json, prefix, "rmse", evaluation->rmse);
        json_named(json, prefix, "mae", evaluation->mae);
    }
}

static void json_health(struct json *json, const struct session *session)
{
    json_open(json, "saturated", '[');
    for (uint32_t l = 0; l < session->shape.layers; l++)
        json_number(json, NULL, session->state.last.health[l].saturated);
    json_close(json, ']');
    json_open(json, "dead", '[');
    for (uint32_t l = 0; l < session->shape.layers; l++)
        json_whole(json, NULL, session->state.last.health[l].dead);
    json_close(json, ']');
}

static annc_status json_epoch(const struct session *session, FILE *out)
{
    const annc_outcome *last = &session->state.last;
    struct json json;
    const bool alone = session->fold == 0; /* folds trained together report less each */
    json_begin(&json, "annc.epoch/1");
    if (!alone)
        json_whole(&json, "fold", session->fold);
    json_whole(&json, "epoch", last->epoch.epoch);
    json_number(&json, "loss", last->epoch.loss);
    json_number(&json, "rate", last->epoch.rate);
    if (annc_dataset_has_classes(session->data.train))
        json_whole(&json, "training_correct", last->epoch.correct);
    json_whole(&json, "training_count", last->epoch.examples);
    if (session->data.validation)
        json_measures(&json, session, "validation_", &last->validation);
    if (session->data.test && alone)
        json_measures(&json, session, "test_", &last->test);
    if (alone)
        json_health(&json, session);
    json_number(&json, "seconds", last->epoch.seconds);
    if (session->data.test && alone)
        json_number(&json, "test_seconds", last->test.seconds);
    json_number(&json, "examples_per_second", last->epoch.examples / last->epoch.seconds);
    return json_end(&json, out, session->log);
}

annc_status log_epoch(const struct session *session)
{
    return session->log ? json_epoch(session, NULL) : ANNC_OK;
}

/* "  test set acc: 91.02% (9102 / 10000)", "  test set R2: 0.9923 RMSE: 0.123". */
static void print_measures(const struct session *session, const char *name, const annc_evaluation *evaluation)
{
    char r2[SHORT_NUMBER];
    if (annc_dataset_has_classes(session->data.train))
        printf("  %s set acc: %.2f%% (%u / %u)", name, 100 * annc_evaluation_accuracy(evaluation), evaluation->correct,
               evaluation->count);
    else
        printf("  %s set R2: %s RMSE: %.4g", name, short_number(evaluation->r2, 4, r2), evaluation->rmse);
}

annc_status print_epoch(const struct session *session)
{
    const annc_outcome *last = &session->state.last;
    char loss[SHORT_NUMBER];
    FILE *out = given(session, OPTION_JSON) && !given(session, OPTION_QUIET) ? stdout : NULL;
    if (out || session->log) {
        ANNC_RETURN_IF_FAILED(json_epoch(session, out));
    }
    if (quiet(session))
        return ANNC_OK;
    if (last->epoch.loss < 1)
        printf("Epoch %u:  Loss: %.4g", last->epoch.epoch, last->epoch.loss);
    else
        printf("Epoch %u:  Loss: %s", last->epoch.epoch, short_number(last->epoch.loss, 2, loss));
    if (session->data.validation)
        print_measures(session, "validation", &last->validation);
    if (session->data.test)
        print_measures(session, "test", &last->test);
    if (!session->data.validation && !session->data.test && annc_dataset_has_classes(session->data.train))
        printf("  training set acc: %.2f%% (%u / %u)", 100.0 * last->epoch.correct / last->epoch.examples,
               last->epoch.correct, last->epoch.examples);
    printf("\n");
    return flush(stdout, "standard output");
}

/* ---------------------------------------------------------------- results */

/* Adds the main measures: of the test set, or else of the available data. */
static void json_main_measures(struct json *json, const struct session *session)
{
    const annc_outcome *outcome = session_outcome(session);
    const bool classes = annc_dataset_has_classes(session->data.train);
    json_number(json, "loss", outcome->epoch.loss);
    if (session->data.test && classes)
        json_number(json, "accuracy", annc_evaluation_accuracy(&outcome->test));
    if (session->data.test && !classes) {
        json_number(json, "r2", outcome->test.r2);
        json_number(json, "rmse", outcome->test.rmse);
        json_number(json, "mae", outcome->test.mae);
    }
    if (session->data.validation) {
        json_whole(json, "best_epoch", outcome->epoch.epoch);
        json_measures(json, session, "validation_", &outcome->validation);
    }
    if (classes)
        json_number(json, "training_accuracy", (double)outcome->epoch.correct / outcome->epoch.examples);
}

/* The names of options, where an option ends a training. */
static const char *ending_name(annc_ending ending)
{
    static const char *const names[] = {[ANNC_ENDED_NOT] = "epochs",
                                        [ANNC_ENDED_BY_EPOCHS] = "epochs",
                                        [ANNC_ENDED_BY_PATIENCE] = "patience",
                                        [ANNC_ENDED_BY_TARGET] = "target-accuracy",
                                        [ANNC_ENDED_BY_TIME] = "max-time",
                                        [ANNC_ENDED_BY_STOP] = "signal",
                                        [ANNC_ENDED_BY_DIVERGENCE] = "divergence"};
    return names[ending];
}

static void json_options(struct json *json, const struct options *options)
{
    json_open(json, "options", '{');
    for (int i = 0; i < OPTION_COUNT; i++) {
        const char *text = option_shown(TRAIN, options, (enum option_id)i);
        if (text)
            json_text(json, OPTIONS[i].name, text);
    }
    json_close(json, '}');
}

void json_network(struct json *json, const struct session *session)
{
    const annc_device_info *info = annc_device_describe(session->device);
    char layers[1024], activations[1024];
    print_layers(&session->shape, layers, sizeof layers);
    print_activations(&session->shape, activations, sizeof activations);
    json_text(json, "layers", layers);
    json_text(json, "activations", activations);
    json_text(json, "cost", annc_cost_name(session->shape.cost));
    json_whole(json, "parameters", annc_shape_parameters(&session->shape));
    json_text(json, "device", info->kind);
    json_text(json, "device_name", info->name);
    if (session->run)
        json_text(json, "engine", annc_trainer_engine(annc_run_trainer(session->run)));
    json_whole(json, "threads", (uint64_t)info->threads);
    json_whole(json, "seed", session->options->value[OPTION_SEED].whole);
}

void json_configuration(struct json *json, const struct session *session)
{
    const annc_build build = annc_build_info();
    json_number(json, "lr", session->run_options.training.eta);
    json_text(json, "version", build.version);
    json_text(json, "commit", build.commit);
    json_options(json, session->options);
}

annc_status print_result(const struct session *session)
{
    const char *saved = session->options->value[OPTION_SAVE].text;
    FILE *out = given(session, OPTION_JSON) ? stdout : NULL;
    struct json json;
    const annc_run_state *state = &session->state;
    if (state->ending == ANNC_ENDED_BY_PATIENCE || state->ending == ANNC_ENDED_BY_TARGET ||
        state->ending == ANNC_ENDED_BY_TIME)
        note(session->options, "ended after %u epoch%s by --%s", state->epochs, annc_plural(state->epochs),
             ending_name(state->ending));
    if (state->best.epoch.epoch > 0)
        note(session->options, "kept: epoch %u, the best by validation loss", state->best.epoch.epoch);
    if (!out && !session->log)
        return ANNC_OK;
    json_begin(&json, "annc.result/1");
    json_network(&json, session);
    json_whole(&json, "epochs", state->epochs);
    json_text(&json, "ended_by", ending_name(state->ending));
    if (state->ending == ANNC_ENDED_BY_DIVERGENCE)
        json_text(&json, "message", error_text());
    json_text(&json, "data", session->data.description);
    if (state->epochs > 0)
        json_main_measures(&json, session);
    json_number(&json, "seconds", state->seconds);
    json_number(&json, "test_seconds", state->evaluation_seconds);
    json_number(&json, "wall_seconds", since_start());
    if (saved && (state->best.epoch.epoch > 0 || state->ending != ANNC_ENDED_BY_DIVERGENCE))
        json_text(&json, "model", saved);
    json_configuration(&json, session);
    return json_end(&json, out, session->log);
}

static void warn_of_output(const struct session *session, const annc_layer_health *health)
{
    const char *name = annc_dataset_class_name(session->data.train, health->first_dead);
    if (name)
        note(
            session->options,
            "warning: the output for class '%.64s' is stuck: its slope f' is near 0 for every example, so it no longer "
            "learns; try another --seed, --init xavier, or a cross-entropy cost",
            name);
}

void print_warnings(const struct session *session)
{
    const uint32_t L = session->shape.layers;
    if (session->state.epochs == 0)
        return;
    for (uint32_t l = 1; l < L; l++) {
        const annc_layer_health *health = &session->health[l - 1];
        if (health->dead == session->shape.width[l])
            note(session->options,
                 "warning: layer %u is dead: the slope f' of all its %u unit%s is near 0 for every example, so nothing "
                 "below it learns; try a lower --lr, another --init or --scale standardise",
                 l, session->shape.width[l], annc_plural(session->shape.width[l]));
        else if (2 * health->dead > session->shape.width[l])
            note(session->options,
                 "warning: %u of the %u units of layer %u are dead: their slope is near 0 for every "
                 "example; try a lower --lr or another --init",
                 health->dead, session->shape.width[l], l);
    }
    if (session->health[L - 1].dead > 0 && session->shape.cost == ANNC_QUADRATIC && session->shape.width[L] > 1)
        warn_of_output(session, &session->health[L - 1]);
}

void print_stop(const struct session *session, const char *stopped, bool saved)
{
    const char *checkpoint = session->options->value[OPTION_CHECKPOINT].text,
               *model = saved ? session->options->value[OPTION_SAVE].text : NULL;
    char how[4200];
    complain(stopped);
    if (checkpoint)
        snprintf(how, sizeof how, "resume with annc-gpu train --resume %s", checkpoint);
    else if (model)
        snprintf(how, sizeof how, "continue with annc-gpu train --load %s", model);
    if (checkpoint || model)
        complain(how);
}
