/* command_train.c - annc-gpu train */
#include "cli/train/command_train.h"
#include "base/status.h"
#include "base/text.h"
#include "cli/charts/curves.h"
#include "cli/options/configuration.h"
#include "cli/options/inferred.h"
#include "cli/options/note.h"
#include "cli/options/option_types.h"
#include "cli/options/setup.h"
#include "cli/options/training_from_options.h"
#include "cli/options/unused.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/process.h"
#include "cli/terminal/ranks.h"
#include "cli/terminal/screen.h"
#include "cli/terminal/usage.h"
#include "cli/train/folds.h"
#include "cli/train/saving.h"
#include "cli/train/session.h"
#include "cli/train/session_state.h"
#include "cli/train/train_log.h"
#include "cli/train/training_output.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const struct session *session, enum option_id id)
{
    return session->options->value[id].text;
}

/* ---------------------------------------------------------------- preparation */

/* Checks for options that contradict each other. */
static annc_status check_combination(const struct session *session)
{
    const struct option_value *value = session->options->value;
    if (value[OPTION_LOAD].text && !session->checkpoint && value[OPTION_INIT].given &&
        value[OPTION_INIT].choice != ANNC_INIT_AUTO)
        return annc_fail(ANNC_USAGE, "--init and --load cannot be combined: the model already has parameters");
    if (value[OPTION_FOLDS].given && ranks_count() > 1 && (value[OPTION_CHECKPOINT].text || session->checkpoint))
        return annc_fail(ANNC_USAGE, "--folds and --checkpoint cannot be combined in %u processes: give --save-all DIR",
                         ranks_count());
    if (value[OPTION_FOLDS].given && ranks_count() > 1 && value[OPTION_MAX_TIME].given)
        return annc_fail(ANNC_USAGE, "--folds and --max-time cannot be combined in %u processes", ranks_count());
    if (value[OPTION_SAVE_ALL].given && !value[OPTION_FOLDS].given)
        return annc_fail(ANNC_USAGE, "--save-all needs --folds; --save keeps a single network");
    if (value[OPTION_SAVE_ALL].given && value[OPTION_CHECKPOINT].text)
        return annc_fail(ANNC_USAGE, "--save-all and --checkpoint cannot be combined: either continues the folds");
    if (value[OPTION_FOLDS].given && value[OPTION_SAVE].given)
        return annc_fail(ANNC_USAGE,
                         "--folds and --save cannot be combined: every fold trains its own network; train one on "
                         "all data to save it");
    if (value[OPTION_FOLDS].given && value[OPTION_LOAD].given)
        return annc_fail(ANNC_USAGE,
                         "--folds and --load cannot be combined: the model has seen the rows that folds hold out");
    if (value[OPTION_FOLDS].given && value[OPTION_EPOCHS].whole == 0)
        return annc_fail(ANNC_USAGE,
                         "--folds and --epochs 0 cannot be combined: untrained networks have no results to average");
    if (value[OPTION_PATIENCE].whole > 0 && !value[OPTION_VALIDATION].given && !value[OPTION_FOLDS].given)
        return annc_fail(ANNC_USAGE, "--patience needs validation data: add --validation 0.1");
    return ANNC_OK;
}

/* Checks that --plot is possible: the file is an SVG, and folds have no plot. */
static annc_status check_plot(const struct session *session)
{
    const char *path = text_of(session, OPTION_PLOT), *end = path ? strrchr(path, '.') : NULL;
    if (!path)
        return ANNC_OK;
    if (!end || strcasecmp(end, ".svg") != 0)
        return annc_fail(ANNC_USAGE, "--plot takes a name that ends in .svg, not '%.64s'", path);
    if (session->options->value[OPTION_FOLDS].given)
        return annc_fail(ANNC_USAGE, "--folds and --plot cannot be combined: a plot shows one training");
    return annc_model_can_save(path);
}

/* Warns of options without effect, except in a resumed training, whose first run has warned. */
static void warn_unused(const struct session *session)
{
    struct unused unused = {.has_training = false};
    unused_add(&unused, session->options, &session->run_options.training);
    if (!session->checkpoint)
        warn_unused_options(&unused, session->options);
}

/* Chooses what the options leave open by the data, which stay loaded, unless folds are to load
 * them. */
static annc_status infer(struct session *session, struct inferred *inferred)
{
    annc_data_options source;
    const annc_shape *model = session->network ? annc_network_shape(session->network) : NULL;
    ANNC_RETURN_IF_FAILED(data_options_from(session->options, model, &source));
    source.model = session->network;
    ANNC_RETURN_IF_FAILED(options_infer(TRAIN, session->options, &source, inferred, &session->data));
    session->options = &inferred->options;
    return ANNC_OK;
}

/* Compares the options of all ranks, before the data fill in what they leave open. */
static annc_status compare_options(const struct options *options)
{
    struct annc_buffer text = {.bytes = NULL};
    options_print(TRAIN, options, &text);
    const annc_status status = annc_group_same(ranks_group(), "options", text.bytes);
    text_free(&text);
    return status;
}

/* Checks everything that does not need the data. *checkpoint is the network of --resume, owned by
 * the caller. */
static annc_status prepare(struct session *session, struct inferred *inferred, annc_data_options *source,
                           annc_network **checkpoint)
{
    annc_device_options device;
    const double limit = session->options->value[OPTION_MAX_TIME].number;
    session->deadline = limit > 0 ? since_start() + limit : 0;
    ANNC_RETURN_IF_FAILED(device_options_from(session->options, &device));
    if (text_of(session, OPTION_RESUME))
        ANNC_RETURN_IF_FAILED(annc_model_load(text_of(session, OPTION_RESUME), NULL, checkpoint));
    else if (text_of(session, OPTION_LOAD))
        ANNC_RETURN_IF_FAILED(load_model(session->options, text_of(session, OPTION_LOAD), &session->network));
    if (session->network)
        ANNC_RETURN_IF_FAILED(annc_checkpoint_strip(session->network));
    session->checkpoint = *checkpoint;
    const annc_network *given = session->checkpoint ? session->checkpoint : session->network;
    ANNC_RETURN_IF_FAILED(checkpoint_interval(session->options, &session->run_options));
    ANNC_RETURN_IF_FAILED(check_combination(session));
    if (text_of(session, OPTION_SAVE))
        ANNC_RETURN_IF_FAILED(annc_model_can_save(text_of(session, OPTION_SAVE)));
    if (text_of(session, OPTION_CHECKPOINT) && own_rank() == 0)
        ANNC_RETURN_IF_FAILED(annc_model_can_save(text_of(session, OPTION_CHECKPOINT)));
    ANNC_RETURN_IF_FAILED(check_plot(session));
    ANNC_RETURN_IF_FAILED(log_open(session));
    if (!session->checkpoint)
        ANNC_RETURN_IF_FAILED(infer(session, inferred));
    ANNC_RETURN_IF_FAILED(
        shape_from_options(session->options, given ? annc_network_shape(given) : NULL, &session->shape));
    ANNC_RETURN_IF_FAILED(training_from_options(session->options, &session->shape, &session->run_options.training));
    ANNC_RETURN_IF_FAILED(data_options_from(session->options, &session->shape, source));
    warn_unused(session);
    /* Without data the device is opened when they are loaded; folds load theirs one after
     * another. */
    return session->data.train || source->folds > 0 ? session_open_device(session) : ANNC_OK;
}

/* Prepares the training, with the data unless folds load them. If one rank cannot, none goes on. */
static annc_status prepare_together(struct session *session, struct inferred *inferred, annc_data_options *source,
                                    annc_network **checkpoint)
{
    annc_status status = prepare(session, inferred, source, checkpoint);
    if (status == ANNC_OK && source->folds == 0)
        status = session_prepare(session, source, true, print_epoch);
    return annc_group_agree(ranks_group(), status);
}

/* ---------------------------------------------------------------- saving */

static annc_status save(const struct session *session)
{
    const char *path = text_of(session, OPTION_SAVE);
    const uint32_t best = session->state.best.epoch.epoch;
    if (!path)
        return ANNC_OK;
    ANNC_RETURN_IF_FAILED(describe_network(session, best > 0 ? best : session->state.epochs, session->network));
    return save_model(session->options, session->network, path, "");
}

/* Saves the curves of --plot, of the epochs trained by this process: those of earlier runs are
 * unknown here. */
static annc_status save_plot(const struct session *session)
{
    const char *path = text_of(session, OPTION_PLOT);
    struct annc_buffer text = {.bytes = NULL};
    char name[1200], layers[1024], epochs[64];
    const uint32_t count = (uint32_t)session->history.count;
    if (!path)
        return ANNC_OK;
    if (count == 0 && session->state.epochs > 0) {
        note(session->options, "no epochs were left to train: %s is unchanged", path);
        return ANNC_OK;
    }
    const uint32_t last = session_epoch(session, session->state.epochs);
    if (count == last)
        snprintf(epochs, sizeof epochs, "%u epoch%s", count, annc_plural(count));
    else
        snprintf(epochs, sizeof epochs, "epochs %u to %u", last - count + 1, last);
    print_layers(&session->shape, layers, sizeof layers);
    snprintf(name, sizeof name, "Training of %s, %s cost: %s", layers, annc_cost_name(session->shape.cost), epochs);
    const struct named_history run = {
        .name = name, .history = &session->history, .kept_epoch = session_kept_epoch(session)};
    FILE *stream = text_stream(&text);
    curves_print(&run, stream);
    fclose(stream);
    const annc_status status = annc_file_save(path, text.bytes, text.length);
    text_free(&text);
    if (status == ANNC_OK)
        note(session->options, "wrote %s (curves)", path);
    return status;
}

/* Returns whether an interrupted training has parameters worth saving: the best epoch, or all
 * completed steps, which it fetches. */
static bool has_something(struct session *session)
{
    if (session->state.best.epoch.epoch > 0)
        return true;
    return session->run && session->state.epochs > 0 && session->state.ending != ANNC_ENDED_BY_DIVERGENCE &&
           annc_trainer_store(annc_run_trainer(session->run)) == ANNC_OK;
}

/* Saves the network when memory runs out: freeing trainer and evaluators may make enough room. */
static void rescue(void *context)
{
    struct session *session = context;
    if (!has_something(session))
        return;
    session_end_training(session);
    save(session);
}

/* Saves the network after the training, also in a second attempt with less memory in use. */
static annc_status save_end(struct session *session)
{
    struct annc_kept_error first;
    const annc_status status = save(session);
    if (status != ANNC_MEMORY)
        return status;
    annc_error_keep(&first);
    rescue(session);
    return annc_fail_again(status, &first);
}

static void note_ranks(const struct session *session)
{
    const int threads = annc_device_describe(session->device)->threads;
    const char *exchange = annc_group_exchange(session->device), *library = annc_group_library(ranks_group());
    if (exchange)
        note(session->options, "ranks: %u, by %s; gradients are summed %s", ranks_count(), library, exchange);
    else if (ranks_group())
        note(session->options, "ranks: %u, by %s; rank 0 computes with %d thread%s", ranks_count(), library, threads,
             annc_plural((uint64_t)threads));
}

/* Trains one network on all data. */
static annc_status train_one(struct session *session)
{
    struct annc_kept_error first;
    char stopped[ANNC_ERROR_SIZE];
    ANNC_RETURN_IF_FAILED(session_open(session));
    note_ranks(session);
    print_balance(session);
    print_shapes(session);
    set_rescue(rescue, session);
    const annc_status status = session_train(session);
    const bool ended = status == ANNC_OK || status == ANNC_STOPPED, has_diverged = status == ANNC_DIVERGED;
    annc_error_keep(&first); /* report this error, whatever follows */
    snprintf(stopped, sizeof stopped, "%s", error_text());
    if (has_diverged && text_of(session, OPTION_CHECKPOINT))
        note(session->options, "the last checkpoint before that is in %s", text_of(session, OPTION_CHECKPOINT));
    annc_status said = ended || has_something(session) ? save_end(session) : ANNC_OK;
    set_rescue(NULL, NULL);
    if (!ended)
        annc_fail_again(status, &first);
    if (!ended && !has_diverged)
        return status;
    if (said == ANNC_OK && ended)
        said = print_untrained(session);
    if (said == ANNC_OK)
        said = save_plot(session);
    if (ended)
        print_warnings(session);
    if (ended)
        print_summary(session);
    if (said == ANNC_OK)
        said = print_result(session);
    if (status == ANNC_STOPPED && own_rank() == 0)
        print_stop(session, stopped, said == ANNC_OK);
    said = annc_group_agree(ranks_group(), said);
    return said == ANNC_OK || has_diverged ? status : said;
}

annc_status run_train(const struct options *options)
{
    struct session session;
    struct inferred inferred;
    annc_data_options source;
    annc_network *checkpoint = NULL;
    memset(&session, 0, sizeof session);
    session.options = options;
    annc_status status = compare_options(options);
    if (status == ANNC_OK)
        status = prepare_together(&session, &inferred, &source, &checkpoint);
    FILE *log = session.log;
    if (status == ANNC_OK)
        status = source.folds > 0 ? train_folds(&session, &source) : train_one(&session);
    annc_device *device = session.device;
    session_close(&session);
    annc_network_free(checkpoint);
    annc_device_close(device);
    if (log && fclose(log) != 0 && status == ANNC_OK)
        status =
            annc_fail(ANNC_OUTPUT, "%.300s: cannot be written: %s", options->value[OPTION_LOG].text, strerror(errno));
    return status;
}
