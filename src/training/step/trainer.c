/* trainer.c - minibatch gradient descent. */
#include "training/step/trainer.h"
#include "backend/backend.h"
#include "backend/engine.h"
#include "backend/registry.h"
#include "base/allocate.h"
#include "base/clock.h"
#include "base/order.h"
#include "base/philox.h"
#include "base/status.h"
#include "base/text.h"
#include "network/network.h"
#include "training/step/compatibility.h"
#include "training/step/engine_choice.h"
#include "training/step/feed.h"
#include "training/step/health.h"
#include "training/step/optimisation.h"
#include "training/step/propagate.h"
#include "training/step/training_options.h"

#include <math.h>
#include <string.h>

/* Time between calls of `stop`; in between, the device works without the host. The number of steps
 * per block grows from one up to this time. */
static const double BLOCK_SECONDS = 0.1;

const float *annc_trainer_theta(const annc_trainer *trainer)
{
    return trainer->job.theta;
}

const char *annc_trainer_engine(const annc_trainer *trainer)
{
    if (!trainer)
        return NULL;
    return trainer->engine ? trainer->engine->describe(trainer->engine_state) : annc_engine_name(ANNC_ENGINE_OPS);
}

uint32_t annc_trainer_window(const annc_trainer *trainer)
{
    return trainer ? trainer->feed.window : 0;
}

double annc_trainer_progress(const annc_trainer *trainer)
{
    return trainer ? (double)trainer->asked / trainer->steps : 0;
}

/* Runs one step on this rank's rows of the cursor's minibatch of m examples. A rank without rows
 * takes the first, which then does not count. */
static annc_status step_of(annc_trainer *trainer, uint32_t m)
{
    annc_status status = ANNC_OK;
    const struct annc_job *job = &trainer->job;
    struct annc_pass *pass = &trainer->pass;
    const uint32_t own = annc_group_share(&trainer->group, m).count, rows = own > 0 ? own : 1;
    ANNC_TRY(annc_pass_forward(pass, job->examples, job->cursor, rows, job->theta));
    ANNC_TRY(annc_optimisation_step(&trainer->optimisation, pass, job->cursor, m, own, job->theta));
    ANNC_TRY(annc_pass_score(pass, job->cursor, rows, job->scores, NULL));
out:
    return status;
}

static annc_status step_of_job(const struct annc_job *job, uint32_t m)
{
    return step_of((annc_trainer *)job, m);
}

/* Runs `count` steps of m examples, by the engine or by operations. */
static annc_status run_steps(annc_trainer *trainer, uint32_t m, uint32_t count)
{
    annc_status status = ANNC_OK;
    if (trainer->engine)
        return trainer->engine->steps(trainer->engine_state, m, count);
    for (uint32_t i = 0; i < count; i++)
        ANNC_TRY(step_of(trainer, m));
out:
    return status;
}

/* ---------------------------------------------------------------- an epoch */

/* The progress of one pass through the examples, or through its remainder. */
struct course {
    struct annc_order order;
    bool (*stop)(void *context);
    void *context;
    uint32_t begin; /* position of the first example */
    uint32_t done;  /* completed steps of the epoch */
};

/* Returns the index of the epoch's step `first` in the device's cursor, scores and rates: the same,
 * or relative to the window if examples stream. */
static uint32_t step_on_device(const annc_trainer *trainer, uint32_t first)
{
    return trainer->feed.streams ? 0 : first;
}

/* Uploads a cursor at example `first` of the epoch, with this rank's rows of minibatches of m: in
 * the epoch's order, or, if examples stream, in the window's own. */
static annc_status send_cursor(annc_trainer *trainer, const struct course *course, uint32_t first, uint32_t m)
{
    const uint32_t batch = trainer->options.batch, step = step_on_device(trainer, course->done);
    struct annc_cursor cursor;
    memset(&cursor, 0, sizeof cursor);
    cursor.row = annc_group_share(&trainer->group, m).first;
    cursor.order = trainer->feed.streams ? annc_order_sequential(trainer->feed.window) : course->order;
    cursor.batch = batch;
    cursor.step = step;
    cursor.first = (uint64_t)(trainer->epoch - 1) * trainer->feed.examples->count + first - (uint64_t)step * batch;
    return trainer->device->backend->upload(trainer->device, trainer->job.cursor, &cursor, sizeof cursor);
}

static annc_status begin_window(annc_trainer *trainer, const struct course *course, uint32_t first, uint32_t count)
{
    annc_status status = ANNC_OK;
    const uint32_t batch = trainer->options.batch, step = step_on_device(trainer, course->done);
    ANNC_TRY(annc_feed_send(&trainer->feed, count));
    ANNC_TRY(annc_optimisation_send_rates(&trainer->optimisation, course->done - step, step + (count - 1) / batch + 1));
    ANNC_TRY(send_cursor(trainer, course, first, batch));
out:
    return status;
}

/* Calls `stop` at intervals and adapts the number of steps per block to them. */
static annc_status ask_for_stop(annc_trainer *trainer, const struct course *course, double start)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(trainer->device->backend->synchronise(trainer->device));
    trainer->asked = course->done;
    /* All ranks stop together, and have blocks of the same length. */
    double wish[] = {course->stop(course->context), trainer->group.rank == 0 ? annc_now() - start : 0};
    if (trainer->group.size > 1)
        ANNC_TRY(trainer->group.sum_numbers(&trainer->group, wish, sizeof wish / sizeof *wish));
    if (wish[0] > 0)
        return annc_fail(ANNC_STOPPED, "stopped in epoch %u after step %u of %u", trainer->epoch, course->done,
                         trainer->steps);
    const double seconds = wish[1];
    if (seconds < BLOCK_SECONDS / 2 && trainer->block < UINT32_MAX / 2)
        trainer->block *= 2;
    else if (seconds > BLOCK_SECONDS * 2 && trainer->block > 1)
        trainer->block /= 2;
out:
    return status;
}

/* Runs all steps of a window of `count` examples, in blocks that are whole ones of the engine. */
static annc_status run_window(annc_trainer *trainer, struct course *course, uint32_t count)
{
    annc_status status = ANNC_OK;
    const uint32_t batch = trainer->options.batch, full = count / batch, ragged = count % batch;
    for (uint32_t done = 0; done < full;) {
        const uint32_t block = annc_whole_blocks(trainer->engine, trainer->block);
        const uint32_t steps = course->stop && full - done > block ? block : full - done;
        const double start = annc_now();
        ANNC_TRY(run_steps(trainer, batch, steps));
        done += steps;
        course->done += steps;
        if (course->stop)
            ANNC_TRY(ask_for_stop(trainer, course, start));
    }
    if (ragged > 0) {
        if (trainer->group.size > 1)
            ANNC_TRY(send_cursor(trainer, course, course->done * batch, ragged));
        ANNC_TRY(run_steps(trainer, ragged, 1));
        course->done++;
    }
out:
    return status;
}

/* Adds the scores of all ranks, in place. */
static annc_status sum_over_ranks(annc_trainer *trainer, uint32_t before, uint32_t done)
{
    enum { NUMBERS = 3 };
    annc_status status = ANNC_OK;
    const struct annc_group *group = &trainer->group;
    const uint32_t n = trainer->feed.examples->count, batch = trainer->options.batch;
    double *numbers = NULL;
    ANNC_TRY(annc_allocate(done, NUMBERS * sizeof *numbers, "the scores", (void **)&numbers));
    for (uint32_t s = 0; s < done; s++) {
        const uint32_t left = n - (before + s) * batch;
        const struct annc_score *score = &trainer->scores[s];
        if (annc_group_share(group, left < batch ? left : batch).count == 0)
            continue; /* this rank's row did not count */
        numbers[NUMBERS * s] = score->cost;
        numbers[NUMBERS * s + 1] = score->correct;
        numbers[NUMBERS * s + 2] = score->examples;
    }
    ANNC_TRY(group->sum_numbers(group, numbers, (size_t)done * NUMBERS));
    for (uint32_t s = 0; s < done; s++)
        trainer->scores[s] = (struct annc_score){.cost = numbers[NUMBERS * s],
                                                 .correct = (uint32_t)numbers[NUMBERS * s + 1],
                                                 .examples = (uint32_t)numbers[NUMBERS * s + 2]};
out:
    annc_release(numbers);
    return status;
}

/* Downloads the scores of a window's steps and sums them in order; `before` steps of the epoch
 * precede them. */
static annc_status sum_scores(annc_trainer *trainer, uint32_t before, uint32_t done)
{
    annc_status status = ANNC_OK;
    annc_epoch *report = &trainer->report;
    ANNC_TRY(trainer->device->backend->download(trainer->device, trainer->scores,
                                                trainer->job.scores + step_on_device(trainer, before),
                                                done * sizeof *trainer->scores));
    if (trainer->group.size > 1)
        ANNC_TRY(sum_over_ranks(trainer, before, done));
    for (uint32_t s = 0; s < done; s++) {
        const struct annc_score *score = &trainer->scores[s];
        if (!isfinite(score->cost))
            return annc_fail(ANNC_DIVERGED,
                             "diverged: in epoch %u the cost is no longer finite at step %u of %u (learning rate %g, "
                             "largest |input| %g); "
                             "scale the data or lower " ANNC_FIELD_ETA,
                             trainer->epoch, before + s + 1, trainer->steps, trainer->options.eta,
                             (double)trainer->largest_input);
        report->loss += score->cost / score->examples;
        report->correct += score->correct;
        report->examples += score->examples;
    }
    report->steps = before + done;
out:
    return status;
}

/* Trains on a window; meanwhile the host fills the next one. */
static annc_status train_window(annc_trainer *trainer, struct course *course, uint32_t first)
{
    annc_status status = ANNC_OK;
    struct annc_feed *feed = &trainer->feed;
    const uint32_t n = feed->examples->count, count = n - first < feed->window ? n - first : feed->window;
    const uint32_t left = n - first - count, before = course->done;
    if (first == course->begin)
        annc_feed_fill(feed, &course->order, first, count);
    ANNC_TRY(begin_window(trainer, course, first, count));
    const annc_status ran = run_window(trainer, course, count);
    if (ran != ANNC_OK && ran != ANNC_STOPPED)
        return ran;
    if (left > 0 && ran == ANNC_OK)
        annc_feed_fill(feed, &course->order, first + count, left < feed->window ? left : feed->window);
    ANNC_TRY(sum_scores(trainer, before, course->done - before));
    status = ran;
out:
    return status;
}

/* Begins an epoch, unless the previous one is incomplete. */
static void begin_epoch(annc_trainer *trainer)
{
    if (trainer->epoch == 0 || trainer->report.steps == trainer->steps) {
        memset(&trainer->report, 0, sizeof trainer->report);
        trainer->report.epoch = ++trainer->epoch;
    }
    annc_optimisation_begin_epoch(&trainer->optimisation, trainer->epoch - 1);
}

annc_status annc_trainer_epoch(annc_trainer *trainer, bool (*stop)(void *context), void *context, annc_epoch *report)
{
    ANNC_REQUIRE(trainer, "trainer");
    ANNC_REQUIRE(report, "report");
    ANNC_RETURN_IF_FAILED(annc_device_check(trainer->device));
    annc_status status = ANNC_OK;
    const double start = annc_now();
    const uint32_t n = trainer->feed.examples->count, window = trainer->feed.window;
    begin_epoch(trainer);
    struct course course = {.stop = stop, .context = context, .done = trainer->report.steps};
    course.begin = course.done * trainer->options.batch;
    course.order = annc_order_shuffled(n, trainer->options.seed, trainer->epoch - 1);
    for (uint32_t first = course.begin; first < n && status == ANNC_OK; first = n - first < window ? n : first + window)
        status = train_window(trainer, &course, first);
    if (status == ANNC_STOPPED && course.done == trainer->steps)
        status = ANNC_OK; /* stopped after the last step */
    trainer->report.seconds += annc_now() - start;
    if (course.done > 0)
        trainer->report.rate = annc_optimisation_rate(&trainer->optimisation, course.done - 1);
    *report = trainer->report;
    return status;
}

/* ---------------------------------------------------------------- trainers */

void annc_trainer_report(annc_trainer *trainer, double loss)
{
    if (!trainer)
        return;
    annc_optimisation_report(&trainer->optimisation, loss);
}

annc_status annc_trainer_set_rate(annc_trainer *trainer, double eta)
{
    ANNC_REQUIRE(trainer, "trainer");
    ANNC_RETURN_IF_FAILED(annc_device_check(trainer->device));
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_rate_check(eta));
    trainer->options.eta = eta;
    if (trainer->engine)
        ANNC_TRY(trainer->engine->changed(trainer->engine_state));
out:
    return status;
}

annc_status annc_trainer_health(annc_trainer *trainer, annc_layer_health *layers)
{
    ANNC_REQUIRE(trainer, "trainer");
    ANNC_REQUIRE(layers, "layers");
    ANNC_RETURN_IF_FAILED(annc_device_check(trainer->device));
    return annc_health_look(trainer->device, trainer->job.shape, trainer->feed.examples, trainer->options.seed,
                            trainer->job.theta, layers);
}

/* Rejects augmentation of data that are not images. */
static annc_status check_augmentation(const annc_dataset *train, const annc_augmentation *augmentation)
{
    uint32_t rows, columns;
    annc_dataset_image_size(train, &rows, &columns);
    if (columns > 1 || (augmentation->shift == 0 && augmentation->rotation == 0 && augmentation->elastic == 0))
        return ANNC_OK;
    return annc_fail(ANNC_INPUT, "only images can be augmented, but the data are rows of %u feature%s", rows,
                     annc_plural(rows));
}

static annc_status check_options(const annc_device *device, const annc_shape *shape, const annc_dataset *train,
                                 const annc_training_options *options)
{
    annc_status status = ANNC_OK;
    const annc_examples *examples = annc_dataset_examples(train);
    ANNC_TRY(annc_training_check(options, shape));
    if (!annc_engine_exists(device, options->engine))
        return annc_fail(ANNC_DEVICE, "the device '%s' has no engine '%s'", device->info.kind,
                         annc_engine_name(options->engine));
    ANNC_TRY(annc_examples_fit(shape, examples));
    if (examples->targets && (options->objective.class_weights || options->objective.label_smoothing > 0))
        return annc_fail(ANNC_INPUT, "class weights and label smoothing need labels, but the data have targets");
    ANNC_TRY(check_augmentation(train, &options->augmentation));
out:
    return status;
}

static float largest_input(const annc_examples *examples)
{
    const size_t count = (size_t)examples->count * examples->inputs;
    float largest = 0;
    if (examples->type == ANNC_BYTES)
        return 255 / examples->divisor;
    for (size_t i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(((const float *)examples->x)[i]));
    return largest;
}

static annc_status open_job(annc_trainer *trainer)
{
    annc_status status = ANNC_OK;
    const struct annc_backend *backend = trainer->device->backend;
    const annc_shape *shape = &trainer->network->shape;
    const size_t bytes = annc_shape_parameters(shape) * sizeof(float);
    void *theta = NULL, *cursor = NULL, *scores = NULL;
    struct annc_job *job = &trainer->job;

    ANNC_TRY(backend->alloc(trainer->device, bytes, "the parameters", &theta));
    job->theta = theta;
    ANNC_TRY(backend->alloc(trainer->device, sizeof *job->cursor, "the cursor", &cursor));
    job->cursor = cursor;
    ANNC_TRY(backend->alloc(trainer->device, trainer->steps * sizeof *job->scores, "the scores", &scores));
    job->scores = scores;
    ANNC_TRY(backend->upload(trainer->device, job->theta, trainer->network->theta, bytes));
    job->shape = shape;
    job->examples = &trainer->feed.staged;
    job->batch = trainer->options.batch;
    job->step = step_of_job;
out:
    return status;
}

/* Describes the steps in the job, and opens the best engine that accepts it. */
static annc_status open_engine(annc_trainer *trainer)
{
    annc_status status = ANNC_OK;
    const annc_training_options *options = &trainer->options;
    const char *refusal;
    struct annc_job *job = &trainer->job;
    job->training = options;
    job->streams = trainer->feed.streams;
    job->group = &trainer->group;
    job->values = annc_pass_label_values(&trainer->pass);
    job->weights = trainer->pass.weights;
    job->rates = trainer->optimisation.d_rates;
    job->v = trainer->optimisation.v;
    job->s = trainer->optimisation.s;
    trainer->engine = annc_engine_find(trainer->device, job, options->engine, &refusal);
    if (!trainer->engine && options->engine != ANNC_ENGINE_AUTO && options->engine != ANNC_ENGINE_OPS)
        return annc_fail(ANNC_DEVICE, "the engine '%s' cannot run this training: %s", annc_engine_name(options->engine),
                         refusal);
    if (trainer->engine)
        ANNC_TRY(trainer->engine->open(trainer->device, &job, 1, &trainer->engine_state));
out:
    return status;
}

/* Sets up what only several ranks need: equal parameters at the start. */
static annc_status join(annc_trainer *trainer)
{
    const struct annc_group *group = &trainer->group;
    if (group->size == 1)
        return ANNC_OK;
    if (trainer->feed.streams)
        return annc_fail(ANNC_DEVICE, "several ranks train together only if all examples fit on each device");
    return group->broadcast(group, trainer->network->theta,
                            annc_shape_parameters(&trainer->network->shape) * sizeof(float));
}

annc_status annc_trainer_create_in(annc_device *device, annc_network *network, const annc_dataset *train,
                                   const annc_training_options *options, const struct annc_group *group,
                                   annc_trainer **result)
{
    annc_status status = ANNC_OK;
    const annc_examples *examples = annc_dataset_examples(train);
    annc_trainer *trainer = NULL;
    uint32_t rows, columns;
    *result = NULL;
    ANNC_TRY(check_options(device, &network->shape, train, options));
    ANNC_TRY(annc_training_fits(device, &network->shape, options, train));
    ANNC_TRY(annc_allocate(1, sizeof *trainer, "a trainer", (void **)&trainer));
    trainer->device = device;
    trainer->network = network;
    trainer->data = train;
    trainer->options = *options;
    trainer->group = *group;
    if (trainer->options.batch > examples->count)
        trainer->options.batch = examples->count;
    trainer->steps = (examples->count - 1) / trainer->options.batch + 1;
    trainer->block = 1;
    trainer->largest_input = largest_input(examples);
    ANNC_TRY(annc_allocate(trainer->steps, sizeof *trainer->scores, "the scores", (void **)&trainer->scores));
    ANNC_TRY(annc_feed_open(device, examples, trainer->options.batch,
                            annc_training_bytes(device, &network->shape, options, examples), &trainer->feed));
    ANNC_TRY(join(trainer));
    ANNC_TRY(open_job(trainer));
    annc_dataset_image_size(train, &rows, &columns);
    ANNC_TRY(annc_pass_open_training(device, &network->shape, trainer->options.batch, &trainer->options, rows, columns,
                                     &trainer->pass));
    ANNC_TRY(annc_optimisation_open(device, &network->shape, &trainer->options, &trainer->group, trainer->steps,
                                    &trainer->optimisation));
    ANNC_TRY(open_engine(trainer));
    *result = trainer;
    trainer = NULL;
out:
    annc_trainer_free(trainer);
    return status;
}

annc_status annc_trainer_create(annc_device *device, annc_network *network, const annc_dataset *train,
                                const annc_training_options *options, annc_trainer **trainer)
{
    ANNC_REQUIRE_RESULT(trainer, "trainer");
    ANNC_RETURN_IF_FAILED(annc_device_check(device));
    ANNC_REQUIRE(network, "network");
    ANNC_REQUIRE(train, "train");
    ANNC_REQUIRE(options, "options");
    const struct annc_group alone = {.rank = 0, .size = 1};
    return annc_trainer_create_in(device, network, train, options, &alone, trainer);
}

void annc_trainer_free(annc_trainer *trainer)
{
    if (!trainer)
        return;
    annc_device *device = trainer->device;
    const struct annc_backend *backend = device->backend;
    void *const memory[] = {trainer->job.theta, trainer->job.cursor, trainer->job.scores};
    if (trainer->engine_state)
        trainer->engine->close(trainer->engine_state);
    annc_pass_close(&trainer->pass);
    annc_optimisation_close(&trainer->optimisation);
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        if (memory[i])
            backend->free(device, memory[i]);
    annc_feed_close(&trainer->feed);
    annc_release(trainer->scores);
    annc_release(trainer);
}

annc_status annc_trainer_fetch_theta(const annc_trainer *trainer, float *theta)
{
    annc_status status = ANNC_OK;
    const size_t count = annc_shape_parameters(&trainer->network->shape);
    ANNC_TRY(trainer->device->backend->download(trainer->device, theta, trainer->job.theta, count * sizeof *theta));
    for (size_t i = 0; i < count; i++)
        if (!isfinite(theta[i]))
            return annc_fail(
                ANNC_DIVERGED,
                "diverged: after epoch %u parameter %zu is no longer finite (learning rate %g); lower " ANNC_FIELD_ETA,
                trainer->epoch, i, trainer->options.eta);
out:
    return status;
}

annc_status annc_trainer_store(annc_trainer *trainer)
{
    ANNC_REQUIRE(trainer, "trainer");
    ANNC_RETURN_IF_FAILED(annc_device_check(trainer->device));
    annc_status status = ANNC_OK;
    const size_t count = annc_shape_parameters(&trainer->network->shape);
    /* After a failed or non-finite fetch, the network keeps the stored parameters. */
    float *fetched = NULL;
    ANNC_TRY(annc_allocate(count, sizeof *fetched, "the parameters", (void **)&fetched));
    ANNC_TRY(annc_trainer_fetch_theta(trainer, fetched));
    memcpy(trainer->network->theta, fetched, count * sizeof *fetched);
out:
    annc_release(fetched);
    return status;
}
