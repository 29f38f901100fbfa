/* trainer.c - trainers: their memory, their job, its steps by operations. */
#include "training/step/trainer.h"
#include "backend/backend.h"
#include "backend/engine.h"
#include "backend/registry.h"
#include "base/allocate.h"
#include "base/philox.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/prepare/dataset.h"
#include "network/network.h"
#include "network/shape.h"
#include "training/step/compatibility.h"
#include "training/step/engine_choice.h"
#include "training/step/feed.h"
#include "training/step/health.h"
#include "training/step/optimisation.h"
#include "training/step/propagate.h"
#include "training/step/shards.h"
#include "training/step/training_options.h"

#include <math.h>
#include <string.h>

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
    return !trainer ? 0 : trainer->feed.streams ? trainer->feed.window : trainer->count;
}

double annc_trainer_progress(const annc_trainer *trainer)
{
    return trainer ? (double)trainer->asked / trainer->steps : 0;
}

bool annc_trainer_asks_within(const annc_trainer *trainer, uint32_t m)
{
    return trainer->pass.stop && !trainer->engine && annc_pass_is_long(&trainer->pass, m);
}

/* Runs the cursor's next step on this rank's rows of its minibatch of m examples. A rank without
 * rows takes the first, which then does not count. */
static annc_status step_of(annc_trainer *trainer, uint32_t m)
{
    annc_status status = ANNC_OK;
    const struct annc_job *job = &trainer->job;
    struct annc_pass *pass = &trainer->pass;
    const uint32_t own = annc_group_share(&trainer->group, m).count, rows = own > 0 ? own : 1;
    const size_t bytes = pass->layout.count * sizeof(float);
    float *before = NULL;
    if (trainer->optimisation.in_place && annc_trainer_asks_within(trainer, rows)) {
        ANNC_TRY(annc_allocate(bytes, 1, "a copy of the parameters", (void **)&before));
        memcpy(before, job->theta, bytes);
    }
    ANNC_TRY(annc_pass_forward(pass, job->examples, job->cursor, rows, job->theta));
    /* Scored before the step, which need not wait for it. */
    ANNC_TRY(annc_pass_score(pass, job->cursor, rows, job->scores, NULL));
    ANNC_TRY(annc_optimisation_step(&trainer->optimisation, pass, job->cursor, m, own, job->theta));
out:
    if (status == ANNC_STOPPED && before) /* a step in place may be half done */
        memcpy(job->theta, before, bytes);
    annc_release(before);
    return status;
}

static annc_status step_of_job(const struct annc_job *job, uint32_t m)
{
    return step_of((annc_trainer *)job, m);
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
                            &trainer->pass.layout, trainer->job.theta, layers);
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
    if (options->precision != ANNC_FP32 && !annc_device_has_tensor_cores(device))
        return annc_fail(ANNC_DEVICE,
                         "the device '%s' computes in fp32; '%s' needs a GPU of compute capability 8.0 or newer",
                         device->info.kind, annc_precision_name(options->precision));
    ANNC_TRY(annc_examples_fit(shape, examples));
    if (examples->targets && (options->objective.class_weights || options->objective.label_smoothing > 0))
        return annc_fail(ANNC_INPUT, "class weights and label smoothing need labels, but the data have targets");
    ANNC_TRY(annc_augmentation_fits(train, &options->augmentation));
out:
    return status;
}

static float largest_input(const annc_examples *examples)
{
    const size_t count = (size_t)examples->count * examples->inputs;
    float largest = 0;
    if (examples->type == ANNC_BYTES)
        return 255 / examples->divisor;
    for (size_t i = 0; i < count; i++) {
        const float size = fabsf(((const float *)examples->x)[i]);
        largest = size > largest ? size : largest;
    }
    return largest;
}

/* Opens the memory of the job. */
static annc_status open_memory(annc_trainer *trainer)
{
    annc_status status = ANNC_OK;
    const struct annc_backend *backend = trainer->device->backend;
    const struct annc_layout *layout = &trainer->pass.layout;
    void *theta = NULL, *cursor = NULL, *scores = NULL;
    struct annc_job *job = &trainer->job;

    ANNC_TRY(backend->alloc(trainer->device, layout->count * sizeof(float), "the parameters", &theta));
    job->theta = theta;
    ANNC_TRY(backend->alloc(trainer->device, sizeof *job->cursor, "the cursor", &cursor));
    job->cursor = cursor;
    ANNC_TRY(backend->alloc(trainer->device, trainer->steps * sizeof *job->scores, "the scores", &scores));
    job->scores = scores;
    ANNC_TRY(backend->initialise(trainer->device, 0, 0, layout->count, false, 0, job->theta)); /* the gaps */
    ANNC_TRY(annc_layout_upload(layout, trainer->device, job->theta, trainer->network->theta));
out:
    return status;
}

/* Describes the steps in the job, and finds the best engine that accepts it. */
static annc_status choose_engine(annc_trainer *trainer)
{
    const annc_training_options *options = &trainer->options;
    const char *refusal;
    struct annc_job *job = &trainer->job;
    job->shape = &trainer->network->shape;
    job->batch = options->batch;
    job->training = options;
    annc_dataset_image_size(trainer->data, &job->rows, &job->columns);
    job->streams = trainer->feed.streams;
    job->group = &trainer->group;
    job->examples = &trainer->feed.staged;
    job->step = step_of_job;
    trainer->engine = annc_engine_find(trainer->device, job, options->engine, &refusal);
    if (!trainer->engine && options->engine != ANNC_ENGINE_AUTO && options->engine != ANNC_ENGINE_OPS)
        return annc_fail(ANNC_DEVICE, "the engine '%s' cannot run this training: %s", annc_engine_name(options->engine),
                         refusal);
    return ANNC_OK;
}

/* Opens the minibatch; engines with kernels for whole steps expect parameters without gaps. */
static annc_status open_pass(annc_trainer *trainer)
{
    annc_status status = ANNC_OK;
    const struct annc_job *job = &trainer->job;
    ANNC_TRY(annc_pass_open_training(trainer->device, job->shape, job->batch, &trainer->options, job->rows,
                                     job->columns, &trainer->pass));
    if (trainer->engine && !trainer->engine->of_operations)
        trainer->pass.layout = annc_layout_dense(job->shape);
out:
    return status;
}

/* Completes the job and opens its engine. */
static annc_status open_engine(annc_trainer *trainer)
{
    struct annc_job *job = &trainer->job;
    job->values = annc_pass_label_values(&trainer->pass);
    job->weights = trainer->pass.class_weights;
    job->rates = trainer->optimisation.d_rates;
    job->v = trainer->optimisation.v;
    job->s = trainer->optimisation.s;
    return trainer->engine ? trainer->engine->open(trainer->device, &job, 1, &trainer->engine_state) : ANNC_OK;
}

/* Sets up what only several ranks or shards need: connected devices, equal first parameters, the
 * fingerprint. */
static annc_status join(annc_trainer *trainer)
{
    const struct annc_group *group = &trainer->group;
    const uint32_t shards = annc_shards_of(&trainer->options);
    if (shards > 1)
        ANNC_RETURN_IF_FAILED(annc_shards_fingerprint(&trainer->options, trainer->data, group, &trainer->fingerprint));
    if (shards > 1 && trainer->feed.streams)
        return annc_fail(ANNC_DEVICE, "shards need a device that all examples, or those of its shard, fit on");
    if (group->size == 1)
        return ANNC_OK;
    if (trainer->feed.streams)
        return annc_fail(ANNC_DEVICE, "several ranks train together only if all examples fit on each device");
    ANNC_RETURN_IF_FAILED(annc_group_connect(group, trainer->device));
    return group->broadcast(group, 0, trainer->network->theta,
                            annc_shape_parameters(&trainer->network->shape) * sizeof(float));
}

annc_status annc_trainer_create_in(annc_device *device, annc_network *network, const annc_dataset *train,
                                   const annc_training_options *options, const struct annc_group *group,
                                   annc_trainer **result)
{
    annc_status status = ANNC_OK;
    const annc_examples *examples = annc_dataset_examples(train);
    annc_trainer *trainer = NULL;
    *result = NULL;
    ANNC_TRY(check_options(device, &network->shape, train, options));
    ANNC_TRY(annc_training_fits(device, &network->shape, options, train));
    ANNC_TRY(annc_shards_check(options, train, group));
    ANNC_TRY(annc_allocate(1, sizeof *trainer, "a trainer", (void **)&trainer));
    trainer->device = device;
    trainer->network = network;
    trainer->data = train;
    trainer->options = *options;
    trainer->group = *group;
    trainer->count = train->total;
    trainer->held = train->first;
    if (trainer->options.batch > trainer->count)
        trainer->options.batch = trainer->count;
    trainer->steps = (trainer->count - 1) / trainer->options.batch + 1;
    trainer->block = 1;
    trainer->largest_input = largest_input(examples);
    ANNC_TRY(annc_allocate(trainer->steps, sizeof *trainer->scores, "the scores", (void **)&trainer->scores));
    ANNC_TRY(annc_feed_open(device, examples, trainer->options.batch,
                            annc_training_bytes(device, &network->shape, options, examples), &trainer->feed));
    ANNC_TRY(join(trainer));
    ANNC_TRY(choose_engine(trainer));
    ANNC_TRY(open_pass(trainer));
    ANNC_TRY(open_memory(trainer));
    ANNC_TRY(annc_optimisation_open(device, &network->shape, &trainer->pass.layout, &trainer->options, &trainer->group,
                                    trainer->steps, &trainer->optimisation));
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
    return annc_trainer_create_in(device, network, train, options, &annc_group_alone, trainer);
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
    ANNC_TRY(annc_layout_download(&trainer->pass.layout, trainer->device, theta, trainer->job.theta));
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
