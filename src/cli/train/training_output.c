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
#include "cli/terminal/ranks.h"
#include "cli/terminal/screen.h"
#include "cli/terminal/usage.h"
#include "cli/train/session.h"
#include "cli/train/session_state.h"

#include <math.h>
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
    printf("Training set size: (%u, %u, 1)\n", annc_dataset_total(data->train), train->inputs);
    if (data->validation)
        printf("Validation set size: (%u, %u, 1)\n", annc_dataset_examples(data->validation)->count, train->inputs);
    if (data->test)
        printf("Testing set size: (%u, %u, 1)\n", annc_dataset_examples(data->test)->count, train->inputs);
    printf("Training target size: (%u, %u, 1)\n", annc_dataset_total(data->train), train->outputs);
    if (data->test)
        printf("Test target size: (%u, %u, 1)\n", annc_dataset_examples(data->test)->count, train->outputs);
    fflush(stdout);
}

void print_balance(const struct session *session)
{
    enum { MOST_SHOWN = 26, SHOWN = 64 };
    const uint32_t classes = annc_dataset_class_count(session->data.train);
    uint32_t counts[MOST_SHOWN] = {0};
    char line[MOST_SHOWN * (SHOWN + 16)] = "", name[SHOWN];
    size_t used = 0;
    if (classes == 0 || classes > MOST_SHOWN)
        return;
    annc_dataset_count_classes(session->data.train, counts);
    for (uint32_t c = 0; c < classes; c++)
        used +=
            (size_t)snprintf(line + used, sizeof line - used, "%s%s %u", c ? ", " : "",
                             plain_text(annc_dataset_class_name(session->data.train, c), name, sizeof name), counts[c]);
    note(session->options, "examples of each class: %s", line);
}

/* ---------------------------------------------------------------- epochs */

/* Returns whether the network distinguishes classes: labels, or one-hot targets that its outputs reach
 * unscaled. */
static bool has_accuracy(const struct session *session)
{
    return annc_dataset_has_classes(session->data.train) ||
           (annc_dataset_labels(session->data.train) && !annc_shape_takes_any_target(&session->shape));
}

static void json_named(struct json *json, const char *prefix, const char *name, double value)
{
    char key[64];
    snprintf(key, sizeof key, "%s%s", prefix, name);
    json_number(json, key, value);
}

/* Adds the measures that only some data or costs have. */
static void json_own_measures(struct json *json, const char *prefix, const annc_evaluation *evaluation)
{
    if (!isnan(evaluation->label_accuracy))
        json_named(json, prefix, "label_accuracy", evaluation->label_accuracy);
    if (!isnan(evaluation->pinball))
        json_named(json, prefix, "pinball", evaluation->pinball);
    if (!isnan(evaluation->poisson_deviance))
        json_named(json, prefix, "poisson_deviance", evaluation->poisson_deviance);
}

void json_measures(struct json *json, const struct session *session, const char *prefix,
                   const annc_evaluation *evaluation)
{
    char key[64];
    if (has_accuracy(session)) {
        snprintf(key, sizeof key, "%scorrect", prefix);
        json_whole(json, key, evaluation->correct);
    }
    snprintf(key, sizeof key, "%scount", prefix);
    json_whole(json, key, evaluation->count);
    json_named(json, prefix, "loss", evaluation->loss);
    if (has_accuracy(session))
        json_named(json, prefix, "accuracy", annc_evaluation_accuracy(evaluation));
    if (!annc_dataset_has_classes(session->data.train)) {
        json_named(json, prefix, "r2", evaluation->r2);
        json_named(json, prefix, "rmse", evaluation->rmse);
        json_named(json, prefix, "mae", evaluation->mae);
    }
    json_own_measures(json, prefix, evaluation);
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
    json_whole(&json, "epoch", session_epoch(session, last->epoch.epoch));
    json_number(&json, "loss", last->epoch.loss);
    json_number(&json, "mean_loss", session_mean_loss(&last->epoch));
    json_number(&json, "rate", last->epoch.rate);
    if (has_accuracy(session))
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

/* "  test set acc: 91.02% (9102 / 10000)", "  test set label acc: 91.02%" where each example has
 * several labels, "  test set pinball: 0.0871" and "  test set deviance: 1.024" of the costs
 * quantile and poisson, "  test set R2: 0.9923 RMSE: 0.123"; beside another set
 * "  test acc: 91.02%", "  test label acc: 91.02%", "  test R2: 0.9923", so that the line fits 80
 * columns. */
static void print_measures(const struct session *session, const char *name, const annc_evaluation *evaluation)
{
    const bool is_beside = session->data.validation && session->data.test, accuracy = has_accuracy(session);
    char r2[SHORT_NUMBER];
    if (!isnan(evaluation->label_accuracy)) {
        printf("  %s%s label acc: %.2f%%", name, is_beside ? "" : " set", 100 * evaluation->label_accuracy);
        return;
    }
    if (!isnan(evaluation->pinball) || !isnan(evaluation->poisson_deviance)) {
        const bool is_quantile = !isnan(evaluation->pinball);
        printf("  %s%s %s: %.4g", name, is_beside ? "" : " set", is_quantile ? "pinball" : "deviance",
               is_quantile ? evaluation->pinball : evaluation->poisson_deviance);
        return;
    }
    if (is_beside && accuracy)
        printf("  %s acc: %.2f%%", name, 100 * annc_evaluation_accuracy(evaluation));
    else if (is_beside)
        printf("  %s R2: %s", name, short_number(evaluation->r2, 4, r2));
    else if (accuracy)
        printf("  %s set acc: %.2f%% (%u / %u)", name, 100 * annc_evaluation_accuracy(evaluation), evaluation->correct,
               evaluation->count);
    if (!is_beside && !annc_dataset_has_classes(session->data.train))
        printf("  %s set R2: %s RMSE: %.4g", name, short_number(evaluation->r2, 4, r2), evaluation->rmse);
}

/* Returns whether the job is of the tutorial's kind, whose lines have the sum of the minibatches'
 * losses. */
static bool is_tutorial(const struct session *session)
{
    const annc_shape *shape = &session->shape;
    return shape->width[0] == 28 * 28 && shape->width[shape->layers] == 10 && shape->cost == ANNC_QUADRATIC &&
           session->run_options.training.optimiser == ANNC_SGD;
}

/* Prints "Epoch 3:  Loss: 220.95" for the tutorial, "Epoch 3:  Mean loss: 0.2118" for all else. */
static void print_loss(const struct session *session)
{
    const annc_epoch *epoch = &session->state.last.epoch;
    const bool sum = is_tutorial(session);
    const double loss = sum ? epoch->loss : session_mean_loss(epoch);
    char text[SHORT_NUMBER];
    if (loss < 1 || !sum)
        snprintf(text, sizeof text, "%.4g", loss);
    else
        short_number(loss, 2, text);
    printf("Epoch %u:  %s: %s", session_epoch(session, epoch->epoch), sum ? "Loss" : "Mean loss", text);
}

/* Returns whether the last epoch has a line: all of up to 40 epochs, about 30 of more; the log has
 * all. */
static bool has_line(const struct session *session)
{
    enum { ALL = 40, SHOWN = 30 };
    const uint32_t epochs = (uint32_t)session->options->value[OPTION_EPOCHS].whole,
                   epoch = session->state.last.epoch.epoch;
    const uint32_t every = epochs > ALL ? (epochs + SHOWN - 1) / SHOWN : 1;
    return epoch == 1 || epoch % every == 0 || epoch == epochs;
}

/* After the first epoch of a long run, tells that its model is not to be saved. */
static void note_long_run(const struct session *session)
{
    const double long_run = 20; /* seconds */
    const struct option_value *value = session->options->value;
    const annc_run_state *state = &session->state;
    if (state->epochs == 1 && state->seconds * (double)value[OPTION_EPOCHS].whole > long_run &&
        !value[OPTION_SAVE].text && !value[OPTION_CHECKPOINT].text)
        note(session->options, "the model will not be saved; to keep it, start again with --save FILE");
}

annc_status print_epoch(const struct session *session)
{
    const annc_outcome *last = &session->state.last;
    FILE *out = given(session, OPTION_JSON) && !given(session, OPTION_QUIET) ? stdout : NULL;
    note_long_run(session);
    if (out || session->log) {
        ANNC_RETURN_IF_FAILED(json_epoch(session, out));
    }
    if (quiet(session) || !has_line(session))
        return ANNC_OK;
    print_loss(session);
    if (session->data.validation)
        print_measures(session, "validation", &last->validation);
    if (session->data.test)
        print_measures(session, "test", &last->test);
    if (!session->data.validation && !session->data.test && has_accuracy(session))
        printf("  training set acc: %.2f%% (%u / %u)", 100.0 * last->epoch.correct / last->epoch.examples,
               last->epoch.correct, last->epoch.examples);
    printf("\n");
    return flush(stdout, "standard output");
}

annc_status print_untrained(const struct session *session)
{
    const annc_data *data = &session->data;
    const annc_dataset *dataset = data->test ? data->test : data->validation ? data->validation : data->train;
    const char *name = data->test ? "test" : data->validation ? "validation" : "training";
    annc_evaluator *evaluator = NULL;
    annc_evaluation evaluation;
    annc_status status = ANNC_OK;
    if (quiet(session) || session->options->value[OPTION_EPOCHS].whole > 0 || session->checkpoint)
        return ANNC_OK;
    ANNC_TRY(annc_evaluator_create(session->device, session->network, dataset, &evaluator));
    ANNC_TRY(annc_evaluator_run(evaluator, NULL, NULL, NULL, &evaluation));
    printf("Epoch %u:  Mean loss: %.4g", session_epoch(session, 0), evaluation.loss);
    print_measures(session, name, &evaluation);
    printf("\n");
    status = flush(stdout, "standard output");
out:
    annc_evaluator_free(evaluator);
    return status;
}

/* ---------------------------------------------------------------- results */

/* Adds the main measures: of the test set, or else of the available data. */
static void json_main_measures(struct json *json, const struct session *session)
{
    const annc_outcome *outcome = session_outcome(session);
    const bool classes = annc_dataset_has_classes(session->data.train);
    json_number(json, "loss", outcome->epoch.loss);
    json_number(json, "mean_loss", session_mean_loss(&outcome->epoch));
    if (session->data.test && has_accuracy(session))
        json_number(json, "accuracy", annc_evaluation_accuracy(&outcome->test));
    if (session->data.test && !classes) {
        json_number(json, "r2", outcome->test.r2);
        json_number(json, "rmse", outcome->test.rmse);
        json_number(json, "mae", outcome->test.mae);
    }
    if (session->data.test)
        json_own_measures(json, "", &outcome->test);
    if (session->data.validation) {
        json_whole(json, "best_epoch", session_epoch(session, outcome->epoch.epoch));
        json_measures(json, session, "validation_", &outcome->validation);
    }
    if (has_accuracy(session))
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
    if (session->shape.cost == ANNC_QUANTILE)
        json_number(json, "quantile", session->shape.quantile);
    json_whole(json, "parameters", annc_shape_parameters(&session->shape));
    json_text(json, "device", info->kind);
    json_text(json, "device_name", info->name);
    if (session->run)
        json_text(json, "engine", annc_trainer_engine(annc_run_trainer(session->run)));
    json_text(json, "precision", annc_precision_name((annc_precision)session->options->value[OPTION_PRECISION].choice));
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

/* Notes the next command for the saved model, or that the model was not saved. The model knows which
 * data to read, and how, but a pipe cannot be read again. */
static void note_model(const struct session *session)
{
    const struct option_value *value = session->options->value;
    const char *data = value[OPTION_TEST].text ? value[OPTION_TEST].text : value[OPTION_DATA].text;
    if (!value[OPTION_SAVE].text)
        note(session->options, "model not saved; add --save FILE");
    else if (!data || strcmp(data, "-") != 0)
        note(session->options, "next: annc-gpu eval %s", value[OPTION_SAVE].text);
}

void print_summary(const struct session *session)
{
    const annc_run_state *state = &session->state;
    const bool minutes = state->seconds >= 60;
    if (state->ending == ANNC_ENDED_BY_PATIENCE || state->ending == ANNC_ENDED_BY_TARGET ||
        state->ending == ANNC_ENDED_BY_TIME)
        note(session->options, "ended after %u epoch%s by --%s", state->epochs, annc_plural(state->epochs),
             ending_name(state->ending));
    if (state->epochs > 0)
        note(session->options, "trained %u epoch%s in %.3g %s", state->epochs, annc_plural(state->epochs),
             minutes ? state->seconds / 60 : state->seconds, minutes ? "min" : "s");
    if (state->best.epoch.epoch > 0)
        note(session->options, "kept: epoch %u of %u, the best by validation loss",
             session_epoch(session, state->best.epoch.epoch), session_epoch(session, state->epochs));
    if (state->epochs > 0 && !session->checkpoint)
        note_model(session);
}

annc_status print_result(const struct session *session)
{
    const char *saved = session->options->value[OPTION_SAVE].text;
    FILE *out = given(session, OPTION_JSON) ? stdout : NULL;
    struct json json;
    const annc_run_state *state = &session->state;
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
    json_whole(&json, "ranks", ranks_count());
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
    char how[8400];
    snprintf(how, sizeof how, "stopped in epoch %u", session_epoch(session, session->state.epochs + 1));
    complain(session->earlier > 0 ? how : stopped); /* the run's own text counts from its begin */
    if (checkpoint)
        snprintf(how, sizeof how, "resume with annc-gpu train --resume %s", checkpoint);
    else if (model)
        snprintf(how, sizeof how, "continue with annc-gpu train --config %s --load %s", model, model);
    if (checkpoint || model)
        complain(how);
}
