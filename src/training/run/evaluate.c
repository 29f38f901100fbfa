/* evaluate.c - accuracy and loss of a network on a data set. */
#include "backend/backend.h"
#include "backend/engine.h"
#include "backend/registry.h"
#include "base/allocate.h"
#include "base/clock.h"
#include "base/order.h"
#include "base/philox.h"
#include "base/status.h"
#include "dataset/prepare/dataset.h"
#include "network/network.h"
#include "training/run/evaluate_beside.h"
#include "training/run/target_metrics.h"
#include "training/step/compatibility.h"
#include "training/step/engine_choice.h"
#include "training/step/feed.h"
#include "training/step/propagate.h"
#include "training/step/trainer.h"

#include <math.h>
#include <string.h>

/* Rows of a product of predictions, and of a chunk of a device with memory of its own. */
enum { SMALLEST_BLOCK = 16, LARGEST_BLOCK = 1024, LARGEST_CHUNK = 1 << 14 };

/* Activations of a block take at most the first of these, those of a chunk at most a share of a
 * device's memory up to the second. */
enum { BLOCK_BYTES = 8 << 20, MOST_CHUNK_BYTES = 256 << 20, SHARE_OF_MEMORY = 256 };

struct annc_evaluator {
    annc_device *device;
    const annc_network *network;
    const annc_examples *examples;
    struct annc_feed feed;
    struct annc_pass pass;
    /* Examples that are gathered, activated and scored at once, and their number of chunks. */
    uint32_t chunk, chunks;
    uint32_t block; /* rows of each product of predictions; a chunk has whole blocks */
    /* The network's own parameters, on first use; a trainer supplies its own. */
    float *d_theta;
    struct annc_cursor *d_cursor;
    struct annc_job job;
    const struct annc_engine_ops *engine; /* NULL = the operations */
    void *engine_state;                   /* NULL until first use */
    struct annc_score *d_scores, *scores; /* one per chunk; on the device, on the host */
    int32_t *d_predictions;
    const annc_dataset *dataset;
    float *outputs;   /* of all examples, on the host, for targets */
    int32_t *classes; /* predicted, likewise, for weights */
    double seconds;   /* of the host, to begin the evaluation that runs beside a training */
};

/* Returns the bytes for a chunk's activations. They depend on the size of a device's memory, not on
 * what is free of it: equal runs on a device have equal chunks, and so equal bits. */
static size_t chunk_bytes(const annc_device *device)
{
    const uint64_t share = device->backend->host_memory ? 0 : device->info.memory_bytes / SHARE_OF_MEMORY;
    return share < MOST_CHUNK_BYTES ? (size_t)share : MOST_CHUNK_BYTES;
}

/* Returns the largest power of two, so that the pieces of a reader end where blocks end, from
 * SMALLEST_BLOCK to `most`, of which so many rows of activations fit. */
static uint32_t rows_within(size_t bytes, const annc_shape *shape, uint32_t most)
{
    size_t row = 0;
    for (uint32_t l = 0; l <= shape->layers; l++)
        row += 2 * sizeof(float) * shape->width[l];
    uint32_t rows = SMALLEST_BLOCK;
    while (rows < most && 2 * (size_t)rows <= bytes / row)
        rows *= 2;
    return rows;
}

/* Sets the sizes of blocks and chunks. A device with memory of its own has blocks of one size, so
 * that each example has the same bits in any number of them, and chunks of many blocks where its
 * memory allows: few launches and large products. */
static void set_chunks(struct annc_evaluator *evaluator)
{
    const bool on_host = evaluator->device->backend->host_memory;
    const size_t bytes = chunk_bytes(evaluator->device);
    const annc_shape *shape = &evaluator->network->shape;
    const uint32_t examples = evaluator->examples->count;
    const uint32_t block = rows_within(bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES, shape, LARGEST_BLOCK);
    const uint32_t most = bytes > BLOCK_BYTES ? rows_within(bytes, shape, LARGEST_CHUNK) : block;
    const uint32_t needed = on_host ? examples : (examples - 1) / block * block + block;
    evaluator->block = block;
    evaluator->chunk = needed < most ? needed : most;
    evaluator->chunks = (examples - 1) / evaluator->chunk + 1;
}

/* Gives the rows beyond the last example, which a device may compute, a value. In later chunks they
 * have those of the chunk before. */
static annc_status clear_inputs(const annc_evaluator *evaluator)
{
    annc_status status = ANNC_OK;
    const size_t count = evaluator->examples->count, inputs = evaluator->examples->inputs;
    void *zeros = NULL;
    if (evaluator->device->backend->host_memory || count >= evaluator->chunk)
        return ANNC_OK;
    ANNC_TRY(annc_allocate(annc_product(evaluator->chunk - count, inputs), sizeof(float), "a block", &zeros));
    ANNC_TRY(evaluator->device->backend->upload(evaluator->device, evaluator->pass.A[0] + count * inputs, zeros,
                                                (evaluator->chunk - count) * inputs * sizeof(float)));
out:
    annc_release(zeros);
    return status;
}

static annc_status open_memory(annc_evaluator *evaluator)
{
    annc_status status = ANNC_OK;
    annc_device *device = evaluator->device;
    const struct annc_backend *backend = device->backend;
    const annc_shape *shape = &evaluator->network->shape;
    void *memory = NULL;
    ANNC_TRY(backend->alloc(device, sizeof(struct annc_cursor), "the cursor", &memory));
    evaluator->d_cursor = memory;
    ANNC_TRY(backend->alloc(device, evaluator->chunks * sizeof(struct annc_score), "the scores", &memory));
    evaluator->d_scores = memory;
    ANNC_TRY(backend->alloc(device, evaluator->feed.window * sizeof(int32_t), "the predictions", &memory));
    evaluator->d_predictions = memory;
    ANNC_TRY(annc_allocate(evaluator->chunks, sizeof(struct annc_score), "the scores", (void **)&evaluator->scores));
    if (evaluator->examples->targets)
        ANNC_TRY(annc_allocate(annc_product(evaluator->examples->count, evaluator->examples->outputs), sizeof(float),
                               "the outputs", (void **)&evaluator->outputs));
    if (evaluator->examples->weights)
        ANNC_TRY(annc_allocate(evaluator->examples->count, sizeof *evaluator->classes, "the predictions",
                               (void **)&evaluator->classes));
    ANNC_TRY(annc_pass_open(device, shape, evaluator->chunk, &evaluator->pass));
    ANNC_TRY(clear_inputs(evaluator));
out:
    return status;
}

/* Returns an evaluator's device bytes without its examples: its parameters and the layers of a
 * chunk. */
static uint64_t own_bytes(const annc_evaluator *evaluator)
{
    const annc_shape *shape = &evaluator->network->shape;
    const annc_training_options plain = {.batch = evaluator->chunk};
    return annc_layout_of(evaluator->device->backend, shape).count * sizeof(float) +
           annc_pass_bytes(evaluator->device->backend, shape, evaluator->chunk, &plain);
}

annc_status annc_evaluator_create(annc_device *device, const annc_network *network, const annc_dataset *dataset,
                                  annc_evaluator **result)
{
    ANNC_REQUIRE_RESULT(result, "evaluator");
    ANNC_RETURN_IF_FAILED(annc_device_check(device));
    ANNC_REQUIRE(network, "network");
    ANNC_REQUIRE(dataset, "dataset");
    annc_status status = ANNC_OK;
    const annc_examples *examples = annc_dataset_examples(dataset);
    annc_evaluator *evaluator = NULL;
    const char *refusal;
    ANNC_TRY(dataset->unlabelled ? annc_examples_counts_fit(&network->shape, examples)
                                 : annc_examples_fit(&network->shape, examples));
    ANNC_TRY(annc_allocate(1, sizeof *evaluator, "an evaluator", (void **)&evaluator));
    evaluator->device = device;
    evaluator->network = network;
    evaluator->dataset = dataset;
    evaluator->examples = examples;
    set_chunks(evaluator);
    ANNC_TRY(annc_feed_open(device, examples, evaluator->chunk, own_bytes(evaluator), &evaluator->feed));
    ANNC_TRY(open_memory(evaluator));
    evaluator->job = (struct annc_job){.shape = &network->shape,
                                       .streams = evaluator->feed.streams,
                                       .examples = &evaluator->feed.staged,
                                       .cursor = evaluator->d_cursor,
                                       .scores = evaluator->d_scores,
                                       .predictions = evaluator->d_predictions,
                                       .batch = evaluator->chunk,
                                       .values = annc_pass_label_values(&evaluator->pass)};
    evaluator->engine = annc_engine_find(device, &evaluator->job, ANNC_ENGINE_AUTO, &refusal);
    *result = evaluator;
    evaluator = NULL;
out:
    annc_evaluator_free(evaluator);
    return status;
}

void annc_evaluator_free(annc_evaluator *evaluator)
{
    if (!evaluator)
        return;
    if (evaluator->engine_state)
        evaluator->engine->close(evaluator->engine_state);
    void *const memory[] = {evaluator->d_theta, evaluator->d_cursor, evaluator->d_scores, evaluator->d_predictions};
    annc_pass_close(&evaluator->pass);
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        if (memory[i])
            evaluator->device->backend->free(evaluator->device, memory[i]);
    annc_feed_close(&evaluator->feed);
    annc_release(evaluator->scores);
    annc_release(evaluator->outputs);
    annc_release(evaluator->classes);
    annc_release(evaluator);
}

double annc_evaluation_accuracy(const annc_evaluation *evaluation)
{
    if (!evaluation || evaluation->count == 0)
        return (double)NAN;
    return evaluation->weight > 0 ? evaluation->correct_weight / evaluation->weight
                                  : (double)evaluation->correct / evaluation->count;
}

/* Destinations of an evaluation's results; NULL = not wanted. */
struct results {
    int32_t *predictions;
    float *outputs;
    bool by_rows;   /* each example's bits depend on that example alone */
    bool by_engine; /* engines return no outputs and are not by_rows */
};

/* Runs the chunks of `count` examples with the engine. */
static annc_status run_engine(annc_evaluator *evaluator, const float *theta, uint32_t count)
{
    annc_status status = ANNC_OK;
    const struct annc_engine_ops *engine = evaluator->engine;
    const uint32_t full = count / evaluator->chunk, ragged = count % evaluator->chunk;
    struct annc_job *job = &evaluator->job;
    job->theta = (float *)theta; /* these steps only read it */
    if (!evaluator->engine_state)
        ANNC_TRY(engine->open(evaluator->device, &job, 1, &evaluator->engine_state));
    ANNC_TRY(engine->steps(evaluator->engine_state, evaluator->chunk, full));
    if (ragged > 0)
        ANNC_TRY(engine->steps(evaluator->engine_state, ragged, 1));
out:
    return status;
}

/* Runs them with operations. */
static annc_status run_operations(annc_evaluator *evaluator, const float *theta, uint32_t first, uint32_t count,
                                  const struct results *results)
{
    annc_status status = ANNC_OK;
    const struct annc_backend *backend = evaluator->device->backend;
    struct annc_pass *pass = &evaluator->pass;
    const size_t n = evaluator->examples->outputs, L = evaluator->network->shape.layers;
    const uint32_t chunk = evaluator->chunk;
    float *outputs = results->outputs;
    pass->block = results->by_rows ? evaluator->block : 0;
    for (uint32_t done = 0; done < count; done += count - done < chunk ? count - done : chunk) {
        const uint32_t m = count - done < chunk ? count - done : chunk;
        ANNC_TRY(annc_pass_forward(pass, &evaluator->feed.staged, evaluator->d_cursor, m, theta));
        ANNC_TRY(annc_pass_score(pass, evaluator->d_cursor, m, evaluator->d_scores, evaluator->d_predictions));
        if (outputs)
            ANNC_TRY(backend->download(evaluator->device, outputs + ((size_t)first + done) * n, pass->A[L],
                                       m * n * sizeof(float)));
    }
out:
    return status;
}

/* Returns the examples of the window from `first` on; 0 after the last. */
static uint32_t window_at(const annc_evaluator *evaluator, uint32_t first)
{
    const uint32_t left = evaluator->examples->count - first, window = evaluator->feed.window;
    return left < window ? left : window;
}

/* Gathers the window from `first` on and begins its copy, if there is one. */
static annc_status fill_window(annc_evaluator *evaluator, uint32_t first)
{
    const struct annc_order order = annc_order_sequential(evaluator->examples->count);
    const uint32_t count = window_at(evaluator, first);
    return count > 0 ? annc_feed_fill(&evaluator->feed, &order, first, count) : ANNC_OK;
}

/* Begins the chunks of a window of `count` examples from `first` on; meanwhile the next one is
 * gathered and copied. */
static annc_status begin_window(annc_evaluator *evaluator, const float *theta, uint32_t first, uint32_t count,
                                const struct results *results)
{
    annc_status status = ANNC_OK;
    annc_device *device = evaluator->device;
    struct annc_cursor cursor;
    memset(&cursor, 0, sizeof cursor);
    cursor.order = annc_order_sequential(evaluator->feed.window);
    cursor.batch = evaluator->chunk;
    ANNC_TRY(annc_feed_advance(&evaluator->feed, count));
    ANNC_TRY(device->backend->upload(device, evaluator->d_cursor, &cursor, sizeof cursor));
    if (results->by_engine)
        ANNC_TRY(run_engine(evaluator, theta, count));
    else
        ANNC_TRY(run_operations(evaluator, theta, first, count, results));
    ANNC_TRY(fill_window(evaluator, first + count));
out:
    return status;
}

/* Waits for a window and fetches its results. */
static annc_status end_window(annc_evaluator *evaluator, uint32_t first, uint32_t count, const struct results *results)
{
    annc_status status = ANNC_OK;
    annc_device *device = evaluator->device;
    const uint32_t chunk = evaluator->chunk;
    ANNC_TRY(device->backend->download(device, evaluator->scores + first / chunk, evaluator->d_scores,
                                       ((count - 1) / chunk + 1) * sizeof *evaluator->scores));
    if (results->predictions)
        ANNC_TRY(device->backend->download(device, results->predictions + first, evaluator->d_predictions,
                                           count * sizeof *results->predictions));
out:
    return status;
}

/* Runs all windows, or a single one if all examples are staged. */
static annc_status run_windows(annc_evaluator *evaluator, const float *theta, const struct results *results)
{
    annc_status status = ANNC_OK;
    uint32_t count = 0;
    ANNC_TRY(fill_window(evaluator, 0));
    for (uint32_t first = 0; first < evaluator->examples->count; first += count) {
        count = window_at(evaluator, first);
        ANNC_TRY(begin_window(evaluator, theta, first, count, results));
        ANNC_TRY(end_window(evaluator, first, count, results));
    }
out:
    return status;
}

/* Weighted sums over the examples of one target, in the units of the file. */
struct target_sums {
    double squares, deviations, absolute; /* of errors; of the target from its mean; of errors */
    double weight, right;                 /* of all; of predictions on the target's side of 1/2 */
    bool are_answers;                     /* the target is 0 or 1 everywhere */
};

static struct target_sums sum_target(const annc_dataset *dataset, const float *outputs, size_t j)
{
    const annc_examples *examples = annc_dataset_examples(dataset);
    const size_t count = examples->count, n = examples->outputs;
    const double rounding = 1e-6; /* of a target that is stored scaled */
    struct target_sums sums = {.are_answers = true};
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += annc_dataset_weight(dataset, i) * annc_dataset_target(dataset, i, j);
    sums.weight = annc_dataset_weight_of_all(dataset);
    for (size_t i = 0; i < count; i++) {
        const double y = annc_dataset_target(dataset, i, j);
        const double a = annc_dataset_in_units(dataset, j, (double)outputs[i * n + j]), error = a - y;
        const double w = annc_dataset_weight(dataset, i), deviation = y - sum / sums.weight;
        sums.squares += w * (error * error);
        sums.absolute += w * fabs(error);
        sums.deviations += w * (deviation * deviation);
        sums.right += (a > 0.5) == (y > 0.5) ? w : 0;
        sums.are_answers = sums.are_answers && fabs(y * (y - 1)) < rounding;
    }
    return sums;
}

static double r2_of(const struct target_sums *sums)
{
    return sums->deviations > 0 ? 1 - sums->squares / sums->deviations : sums->squares == 0;
}

annc_status annc_target_measure(const annc_dataset *dataset, const float *outputs, uint32_t target,
                                annc_target_measures *measures)
{
    ANNC_REQUIRE(dataset, "dataset");
    ANNC_REQUIRE(outputs, "outputs");
    ANNC_REQUIRE(measures, "measures");
    const annc_examples *examples = annc_dataset_examples(dataset);
    if (!examples->targets)
        return annc_fail(ANNC_USAGE, "the data have labels, not targets");
    if (target >= examples->outputs)
        return annc_fail(ANNC_USAGE, "target %u does not exist: the data have %u", target, examples->outputs);
    const struct target_sums sums = sum_target(dataset, outputs, target);
    *measures = (annc_target_measures){.r2 = r2_of(&sums),
                                       .rmse = sqrt(sums.squares / sums.weight),
                                       .mae = sums.absolute / sums.weight,
                                       .accuracy = sums.are_answers ? sums.right / sums.weight : (double)NAN};
    return ANNC_OK;
}

/* Computes R^2, RMSE and MAE of outputs and targets, in the units of the file: R^2 is the mean over
 * the targets, the others are over all numbers. */
static void measure_targets(const annc_evaluator *evaluator, const float *outputs, annc_evaluation *evaluation)
{
    const size_t n = evaluator->examples->outputs;
    const double all = annc_dataset_weight_of_all(evaluator->dataset) * (double)n;
    double squares = 0, absolute = 0, r2 = 0;
    for (size_t j = 0; j < n; j++) {
        const struct target_sums sums = sum_target(evaluator->dataset, outputs, j);
        r2 += r2_of(&sums);
        squares += sums.squares;
        absolute += sums.absolute;
    }
    evaluation->r2 = r2 / (double)n;
    evaluation->rmse = sqrt(squares / all);
    evaluation->mae = absolute / all;
}

/* Counts the one-hot targets that are the largest outputs, in the units of the file. */
static void measure_classes(const annc_evaluator *evaluator, const float *outputs, int32_t *predictions,
                            annc_evaluation *evaluation)
{
    const int32_t *wanted = annc_dataset_labels(evaluator->dataset);
    const uint32_t n = evaluator->examples->outputs;
    if (!wanted)
        return;
    evaluation->correct = 0;
    for (uint32_t i = 0; i < evaluator->examples->count; i++) {
        int32_t best = 0;
        double most = -INFINITY;
        for (uint32_t j = 0; j < n; j++) {
            const double a = annc_dataset_in_units(evaluator->dataset, j, (double)outputs[(size_t)i * n + j]);
            best = a > most ? (int32_t)j : best;
            most = a > most ? a : most;
        }
        evaluation->correct += best == wanted[i];
        if (predictions)
            predictions[i] = best;
    }
}

/* Adds up the weights of the examples, of all and of the correct ones. */
static void weigh_examples(const annc_evaluator *evaluator, const int32_t *predictions, annc_evaluation *evaluation)
{
    const int32_t *wanted = annc_dataset_labels(evaluator->dataset);
    for (uint32_t i = 0; i < evaluator->examples->count && evaluator->examples->weights; i++) {
        const double weight = (double)evaluator->examples->weights[i];
        evaluation->weight += weight;
        if (wanted && predictions[i] == wanted[i])
            evaluation->correct_weight += weight;
    }
}

/* Allocates the evaluator's own parameters, once, in the layout of operations; others are smaller. */
static annc_status open_parameters(annc_evaluator *evaluator)
{
    annc_status status = ANNC_OK;
    void *memory = evaluator->d_theta;
    const struct annc_layout layout = annc_layout_of(evaluator->device->backend, &evaluator->network->shape);
    if (!memory)
        ANNC_TRY(evaluator->device->backend->alloc(evaluator->device, layout.count * sizeof(float), "the parameters",
                                                   &memory));
    evaluator->d_theta = memory;
out:
    return status;
}

/* Uploads the network's parameters. */
static annc_status send_parameters(annc_evaluator *evaluator)
{
    annc_device *device = evaluator->device;
    ANNC_RETURN_IF_FAILED(open_parameters(evaluator));
    evaluator->pass.layout = annc_layout_of(device->backend, &evaluator->network->shape);
    return annc_layout_upload(&evaluator->pass.layout, device, evaluator->d_theta, evaluator->network->theta);
}

/* Copies a trainer's parameters, once its steps have ended. */
static annc_status copy_parameters(annc_evaluator *evaluator, const annc_trainer *trainer)
{
    annc_device *device = evaluator->device;
    ANNC_RETURN_IF_FAILED(trainer->device->backend->synchronise(trainer->device));
    ANNC_RETURN_IF_FAILED(device->backend->copy_beside(device, evaluator->d_theta, annc_trainer_theta(trainer),
                                                       trainer->pass.layout.count * sizeof(float)));
    evaluator->pass.layout = trainer->pass.layout;
    return device->backend->await_copies(device);
}

static struct results results_for(const annc_evaluator *evaluator, const annc_trainer *trainer, int32_t *predictions,
                                  float *outputs)
{
    const bool operations = trainer && trainer->options.engine == ANNC_ENGINE_OPS;
    struct results results = {.predictions = predictions ? predictions : evaluator->classes,
                              .outputs = outputs ? outputs : evaluator->outputs};
    results.by_rows = predictions || results.outputs;
    results.by_engine = evaluator->engine && !operations && !results.by_rows;
    return results;
}

/* Sets the measure that belongs to the cost of quantiles or counts. */
static void measure_cost(const annc_evaluator *evaluator, const float *outputs, annc_evaluation *evaluation)
{
    const annc_shape *shape = &evaluator->network->shape;
    if (shape->cost != ANNC_QUANTILE && shape->cost != ANNC_POISSON)
        return;
    const annc_cost_measures measures = annc_cost_measure(shape, evaluator->dataset, outputs);
    evaluation->pinball = measures.pinball;
    evaluation->poisson_deviance = measures.poisson_deviance;
}

/* Adds up the results. */
static void sum_up(const annc_evaluator *evaluator, const struct results *results, annc_evaluation *evaluation)
{
    memset(evaluation, 0, sizeof *evaluation);
    for (uint32_t c = 0; c < evaluator->chunks; c++) {
        evaluation->count += evaluator->scores[c].examples;
        evaluation->correct += evaluator->scores[c].correct;
        evaluation->loss += evaluator->scores[c].cost;
    }
    evaluation->loss /= annc_dataset_weight_of_all(evaluator->dataset);
    evaluation->r2 = evaluation->rmse = evaluation->mae = evaluation->label_accuracy = NAN;
    evaluation->pinball = evaluation->poisson_deviance = NAN;
    if (evaluator->examples->targets) {
        evaluation->label_accuracy =
            annc_label_accuracy(&evaluator->network->shape, evaluator->dataset, results->outputs);
        measure_cost(evaluator, results->outputs, evaluation);
        measure_targets(evaluator, results->outputs, evaluation);
        measure_classes(evaluator, results->outputs, results->predictions, evaluation);
    }
    weigh_examples(evaluator, results->predictions, evaluation);
}

annc_status annc_evaluator_run(annc_evaluator *evaluator, const annc_trainer *trainer, int32_t *predictions,
                               float *outputs, annc_evaluation *evaluation)
{
    ANNC_REQUIRE(evaluator, "evaluator");
    ANNC_REQUIRE(evaluation, "evaluation");
    ANNC_RETURN_IF_FAILED(annc_device_check(evaluator->device));
    annc_status status = ANNC_OK;
    const double start = annc_now();
    memset(evaluation, 0, sizeof *evaluation);
    if (trainer)
        evaluator->pass.layout = trainer->pass.layout;
    else
        ANNC_TRY(send_parameters(evaluator));
    const struct results results = results_for(evaluator, trainer, predictions, outputs);
    ANNC_TRY(run_windows(evaluator, trainer ? annc_trainer_theta(trainer) : evaluator->d_theta, &results));
    sum_up(evaluator, &results, evaluation);
    evaluation->seconds = annc_now() - start;
out:
    return status;
}

/* ---------------------------------------------------------------- beside a training */

bool annc_evaluator_may_run_beside(annc_evaluator *evaluator)
{
    return !evaluator->feed.streams && !evaluator->outputs && open_parameters(evaluator) == ANNC_OK;
}

annc_status annc_evaluator_begin(annc_evaluator *evaluator, const annc_trainer *trainer)
{
    const double start = annc_now();
    const struct results results = results_for(evaluator, trainer, NULL, NULL);
    ANNC_RETURN_IF_FAILED(copy_parameters(evaluator, trainer));
    ANNC_RETURN_IF_FAILED(begin_window(evaluator, evaluator->d_theta, 0, evaluator->examples->count, &results));
    evaluator->seconds = annc_now() - start;
    return ANNC_OK;
}

bool annc_evaluator_has_ended(const annc_evaluator *evaluator)
{
    return evaluator->device->backend->is_idle(evaluator->device);
}

annc_status annc_evaluator_end(annc_evaluator *evaluator, annc_evaluation *evaluation)
{
    const double start = annc_now();
    const struct results results = results_for(evaluator, NULL, NULL, NULL);
    ANNC_RETURN_IF_FAILED(end_window(evaluator, 0, evaluator->examples->count, &results));
    sum_up(evaluator, &results, evaluation);
    evaluation->seconds = evaluator->seconds + annc_now() - start;
    return ANNC_OK;
}
