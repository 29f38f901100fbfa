/* train.c - minibatch gradient descent. */
#include "train.h"
#include "allocate.h"
#include "clock.h"
#include "network.h"
#include "optimisation.h"
#include "status.h"

#include <math.h>
#include <string.h>

/* A stop is asked for about this often; in between, the device works without the host. */
static const double BLOCK_SECONDS = 0.1;
enum { FIRST_BLOCK = 64 };

struct annc_trainer {
    struct annc_job job; /* the first member: a step finds its trainer by it */
    annc_device *device;
    annc_network *network;
    annc_examples staged;
    struct annc_pass pass;
    struct annc_optimisation optimisation;
    annc_training_options options;
    struct annc_score *scores; /* of an epoch, on the host */
    uint32_t epoch;            /* epochs begun */
    uint32_t steps;            /* an epoch, the ragged last one included */
    uint32_t block;            /* steps between questions for a stop */
    float largest_input;
};

const float *annc_trainer_theta(const annc_trainer *trainer)
{
    return trainer->job.theta;
}

const char *annc_trainer_engine(const annc_trainer *trainer)
{
    return trainer->job.engine;
}

/* One step on the cursor's minibatch of m examples. */
static annc_status step_of(annc_trainer *trainer, uint32_t m)
{
    annc_status status = ANNC_OK;
    const struct annc_job *job = &trainer->job;
    struct annc_pass *pass = &trainer->pass;
    ANNC_TRY(annc_pass_forward(pass, job->examples, job->cursor, m, job->theta));
    ANNC_TRY(annc_optimisation_step(&trainer->optimisation, pass, job->cursor, m, job->theta));
    ANNC_TRY(annc_pass_score(pass, job->cursor, m, job->scores, NULL));
out:
    return status;
}

static annc_status full_step(const struct annc_job *job)
{
    return step_of((annc_trainer *)job, job->batch);
}

/* `count` steps of full minibatches, by the engine asked for. */
static annc_status full_steps(annc_trainer *trainer, uint32_t count)
{
    annc_status status = ANNC_OK;
    const struct annc_backend *backend = trainer->device->backend;
    if (backend->steps && trainer->options.engine != ANNC_ENGINE_OPS) {
        bool taken = false;
        ANNC_TRY(backend->steps(trainer->device, &trainer->job, count, &taken));
        if (taken)
            return ANNC_OK;
        if (trainer->options.engine != ANNC_ENGINE_AUTO)
            return annc_fail(ANNC_DEVICE, "the engine '%s' does not take this network on this device",
                             annc_engine_name(trainer->options.engine));
    }
    for (uint32_t i = 0; i < count; i++)
        ANNC_TRY(full_step(&trainer->job));
out:
    return status;
}

annc_engine annc_engine_choose(const annc_device *device, const annc_shape *shape, const char **why)
{
    (void)shape; /* every engine that there is takes every shape */
    *why = device->backend->steps ? "steps of any network are recorded in a CUDA graph and replayed"
                                  : "the operations run one after another; whole-step engines need a CUDA device";
    return device->backend->steps ? ANNC_ENGINE_RECORDED : ANNC_ENGINE_OPS;
}

/* ---------------------------------------------------------------- an epoch */

static annc_status begin_epoch(annc_trainer *trainer)
{
    annc_status status = ANNC_OK;
    struct annc_cursor cursor;
    memset(&cursor, 0, sizeof cursor);
    cursor.order = annc_order_shuffled(trainer->staged.count, trainer->options.seed, trainer->epoch);
    cursor.batch = trainer->options.batch;
    cursor.first = (uint64_t)trainer->epoch * trainer->staged.count;
    ANNC_TRY(annc_optimisation_begin_epoch(&trainer->optimisation, trainer->epoch));
    trainer->epoch++;
    ANNC_TRY(trainer->device->backend->upload(trainer->device, trainer->job.cursor, &cursor, sizeof cursor));
out:
    return status;
}

/* All steps of the epoch, in blocks; *done counts them. */
static annc_status run_steps(annc_trainer *trainer, bool (*stop)(void *), void *context, uint32_t *done)
{
    annc_status status = ANNC_OK;
    const uint32_t batch = trainer->options.batch, full = trainer->staged.count / batch,
                   ragged = trainer->staged.count % batch;
    *done = 0;
    while (*done < full) {
        const uint32_t count = full - *done < trainer->block ? full - *done : trainer->block;
        const double start = annc_now();
        ANNC_TRY(full_steps(trainer, count));
        *done += count;
        if (stop) {
            ANNC_TRY(trainer->device->backend->synchronise(trainer->device));
            if (stop(context))
                return annc_fail(ANNC_STOPPED, "stopped in epoch %u after step %u of %u", trainer->epoch, *done,
                                 trainer->steps);
            const double seconds = annc_now() - start;
            if (seconds < BLOCK_SECONDS / 2 && trainer->block < UINT32_MAX / 2)
                trainer->block *= 2;
            else if (seconds > BLOCK_SECONDS * 2 && trainer->block > 1)
                trainer->block /= 2;
        }
    }
    if (ragged > 0) {
        ANNC_TRY(step_of(trainer, ragged));
        ++*done;
    }
out:
    return status;
}

/* Fetches the scores of the steps done and sums them in their order. */
static annc_status sum_scores(annc_trainer *trainer, uint32_t done, annc_epoch *report)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(trainer->device->backend->download(trainer->device, trainer->scores, trainer->job.scores,
                                                done * sizeof *trainer->scores));
    for (uint32_t s = 0; s < done; s++) {
        const struct annc_score *score = &trainer->scores[s];
        if (!isfinite(score->cost))
            return annc_fail(ANNC_DIVERGED,
                             "diverged: in epoch %u the cost is no longer finite at step %u of %u (learning rate %g, "
                             "largest |input| %g); "
                             "scale the data or lower --lr",
                             trainer->epoch, s + 1, trainer->steps, trainer->options.eta,
                             (double)trainer->largest_input);
        report->loss += score->cost / score->examples;
        report->correct += score->correct;
        report->examples += score->examples;
    }
out:
    return status;
}

annc_status annc_trainer_epoch(annc_trainer *trainer, bool (*stop)(void *context), void *context, annc_epoch *report)
{
    annc_status status = ANNC_OK;
    const double start = annc_now();
    uint32_t done = 0;
    memset(report, 0, sizeof *report);
    ANNC_TRY(begin_epoch(trainer));
    const annc_status ran = run_steps(trainer, stop, context, &done);
    if (ran != ANNC_OK && ran != ANNC_STOPPED)
        return ran;
    ANNC_TRY(sum_scores(trainer, done, report));
    report->seconds = annc_now() - start;
    report->epoch = trainer->epoch;
    report->steps = done;
    report->rate = done > 0 ? annc_optimisation_rate(&trainer->optimisation, done - 1) : 0;
    status = ran;
out:
    return status;
}

/* ---------------------------------------------------------------- a trainer's life */

void annc_trainer_report(annc_trainer *trainer, double loss)
{
    annc_optimisation_report(&trainer->optimisation, loss);
}

annc_status annc_trainer_health(annc_trainer *trainer, annc_layer_health *layers)
{
    return annc_health_look(trainer->device, trainer->job.shape, &trainer->staged, trainer->options.seed,
                            trainer->job.theta, layers);
}

/* Rows of features are no images. */
static annc_status check_augmentation(const annc_dataset *train, const annc_augmentation *augmentation)
{
    uint32_t rows, columns;
    annc_dataset_image_size(train, &rows, &columns);
    if (columns > 1 || (augmentation->shift == 0 && augmentation->rotation == 0 && augmentation->elastic == 0))
        return ANNC_OK;
    return annc_fail(ANNC_INPUT, "only images can be moved, and the data are rows of %u features", rows);
}

static annc_status check_options(const annc_device *device, const annc_shape *shape, const annc_dataset *train,
                                 const annc_training_options *options)
{
    annc_status status = ANNC_OK;
    const annc_examples *examples = annc_dataset_examples(train);
    ANNC_TRY(annc_training_check(options, shape));
    if (options->engine == ANNC_ENGINE_RECORDED && !device->backend->steps)
        return annc_fail(ANNC_DEVICE, "the engine '%s' needs a CUDA device, not '%s'",
                         annc_engine_name(options->engine), device->info.kind);
    ANNC_TRY(annc_examples_fit(shape, examples));
    if (examples->targets && (options->objective.class_weights || options->objective.label_smoothing > 0))
        return annc_fail(ANNC_INPUT, "class weights and label smoothing need labels, and the data have targets");
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
    job->examples = &trainer->staged;
    job->batch = trainer->options.batch;
    job->step = full_step;
    job->engine = annc_engine_name(ANNC_ENGINE_OPS);
out:
    return status;
}

annc_status annc_trainer_create(annc_device *device, annc_network *network, const annc_dataset *train,
                                const annc_training_options *options, annc_trainer **result)
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
    trainer->options = *options;
    if (trainer->options.batch > examples->count)
        trainer->options.batch = examples->count;
    trainer->steps = (examples->count - 1) / trainer->options.batch + 1;
    trainer->block = FIRST_BLOCK;
    trainer->largest_input = largest_input(examples);
    ANNC_TRY(annc_allocate(trainer->steps, sizeof *trainer->scores, "the scores", (void **)&trainer->scores));
    ANNC_TRY(annc_examples_stage(device, examples, &trainer->staged));
    ANNC_TRY(open_job(trainer));
    annc_dataset_image_size(train, &rows, &columns);
    ANNC_TRY(annc_pass_open_training(device, &network->shape, trainer->options.batch, &trainer->options, rows, columns,
                                     &trainer->pass));
    ANNC_TRY(
        annc_optimisation_open(device, &network->shape, &trainer->options, trainer->steps, &trainer->optimisation));
    *result = trainer;
    trainer = NULL;
out:
    annc_trainer_free(trainer);
    return status;
}

void annc_trainer_free(annc_trainer *trainer)
{
    if (!trainer)
        return;
    annc_device *device = trainer->device;
    const struct annc_backend *backend = device->backend;
    void *const memory[] = {trainer->job.theta, trainer->job.cursor, trainer->job.scores};
    if (trainer->job.recording)
        backend->release(device, &trainer->job);
    annc_pass_close(&trainer->pass);
    annc_optimisation_close(&trainer->optimisation);
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        if (memory[i])
            backend->free(device, memory[i]);
    annc_examples_unstage(device, &trainer->staged);
    annc_release(trainer->scores);
    annc_release(trainer);
}

annc_status annc_trainer_store(annc_trainer *trainer)
{
    annc_status status = ANNC_OK;
    const size_t count = annc_shape_parameters(&trainer->network->shape);
    float *theta = trainer->network->theta;
    ANNC_TRY(trainer->device->backend->download(trainer->device, theta, trainer->job.theta, count * sizeof *theta));
    for (size_t i = 0; i < count; i++)
        if (!isfinite(theta[i]))
            return annc_fail(
                ANNC_DIVERGED,
                "diverged: after epoch %u parameter %zu is no longer finite (learning rate %g); lower --lr",
                trainer->epoch, i, trainer->options.eta);
out:
    return status;
}
