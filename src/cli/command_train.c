/* command_train.c - annc-gpu train */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a run of training has open. */
struct run {
    const struct options *options;
    annc_shape shape;
    annc_network *network;
    annc_data data;
    annc_device *device;
    annc_trainer *trainer;
    annc_evaluator *evaluator; /* of the test set, where there is one */
    annc_training_options training;
    float *class_weights; /* or NULL */
    FILE *log;
    uint32_t epochs; /* done */
    annc_epoch last;
    annc_evaluation test;
    double seconds, test_seconds;
};

static const char *text_of(const struct run *run, enum option_id id)
{
    return run->options->value[id].text;
}

static bool is_given(const struct run *run, enum option_id id)
{
    return run->options->value[id].given;
}

/* ---------------------------------------------------------------- before the work */

/* All that can be wrong without looking at the data. */
static annc_status prepare(struct run *run)
{
    annc_device_options device;
    annc_status status = device_options_from(run->options, &device);
    if (status == ANNC_OK && text_of(run, OPTION_LOAD))
        status = annc_model_load(text_of(run, OPTION_LOAD), &run->network);
    if (status == ANNC_OK)
        status = shape_from_options(run->options, run->network ? annc_network_shape(run->network) : NULL, &run->shape);
    if (status == ANNC_OK)
        status = training_from_options(run->options, &run->shape, &run->training);
    if (status == ANNC_OK && run->network && is_given(run, OPTION_INIT))
        status = usage_failed("--init and --load contradict each other: the model brings its parameters");
    if (status == ANNC_OK && text_of(run, OPTION_SAVE))
        status = annc_model_can_save(text_of(run, OPTION_SAVE));
    if (status == ANNC_OK && text_of(run, OPTION_LOG)) {
        run->log = fopen(text_of(run, OPTION_LOG), "we");
        if (!run->log) {
            usage_failed("%s: cannot be written: %s", text_of(run, OPTION_LOG), strerror(errno));
            status = ANNC_OUTPUT;
        }
    }
    return status;
}

static annc_status make_network(struct run *run)
{
    const annc_init init = annc_init_resolve((annc_init)run->options->value[OPTION_INIT].choice, &run->shape);
    const uint64_t seed = run->options->value[OPTION_SEED].whole;
    char layers[1024], activations[1024];
    print_layers(&run->shape, layers, sizeof layers);
    print_activations(&run->shape, activations, sizeof activations);
    note(run->options, "network: %s, %s, %s cost, %zu parameters, %s %s, seed %llu", layers, activations,
         annc_cost_name(run->shape.cost), annc_shape_parameters(&run->shape), run->network ? "from" : "init",
         run->network ? text_of(run, OPTION_LOAD) : annc_init_name(init), (unsigned long long)seed);
    if (run->network)
        return ANNC_OK;
    annc_status status = annc_network_create(&run->shape, &run->network);
    if (status == ANNC_OK)
        status = annc_network_initialise(run->network, run->device, init, seed);
    if (status == ANNC_OK)
        status = annc_network_set_metadata(run->network, "annc.init", annc_init_name(init));
    return status;
}

static void print_shapes(const struct run *run)
{
    const annc_data *data = &run->data;
    const annc_examples *train = annc_dataset_examples(data->train);
    if (is_given(run, OPTION_JSON) || is_given(run, OPTION_QUIET))
        return;
    printf("Training set size: (%u, %u, 1)\n", train->count, train->inputs);
    if (data->test)
        printf("Testing set size: (%u, %u, 1)\n", annc_dataset_examples(data->test)->count, train->inputs);
    printf("Training target size: (%u, %u, 1)\n", train->count, train->outputs);
    if (data->test)
        printf("Test target size: (%u, %u, 1)\n", annc_dataset_examples(data->test)->count, train->outputs);
    fflush(stdout);
}

static annc_status open_run(struct run *run)
{
    annc_status status = data_from_options(run->options, run->network, run->shape.width[run->shape.layers], true, false,
                                           true, &run->data);
    if (status == ANNC_OK)
        status = device_from_options(run->options, &run->device);
    if (status == ANNC_OK)
        status = make_network(run);
    if (status == ANNC_OK)
        status = weigh_classes(run->options, run->data.train, &run->class_weights);
    run->training.objective.class_weights = run->class_weights;
    if (status == ANNC_OK && run->training.batch > annc_dataset_examples(run->data.train)->count)
        note(run->options, "the minibatch is cut to the %u examples that there are",
             annc_dataset_examples(run->data.train)->count);
    if (status == ANNC_OK)
        status = annc_trainer_create(run->device, run->network, run->data.train, &run->training, &run->trainer);
    if (status == ANNC_OK && run->data.test)
        status = annc_evaluator_create(run->device, run->network, run->data.test, &run->evaluator);
    return status;
}

/* ---------------------------------------------------------------- the epochs */

static annc_status print_epoch(const struct run *run)
{
    const annc_epoch *epoch = &run->last;
    FILE *out = is_given(run, OPTION_JSON) && !is_given(run, OPTION_QUIET) ? stdout : NULL;
    if (out || run->log) {
        struct json json;
        json_begin(&json, "annc.epoch/1");
        json_whole(&json, "epoch", epoch->epoch);
        json_number(&json, "loss", epoch->loss);
        json_number(&json, "rate", epoch->rate);
        json_whole(&json, "training_correct", epoch->correct);
        json_whole(&json, "training_count", epoch->examples);
        if (run->evaluator) {
            json_whole(&json, "test_correct", run->test.correct);
            json_whole(&json, "test_count", run->test.count);
            json_number(&json, "test_loss", run->test.loss);
        }
        json_number(&json, "seconds", epoch->seconds);
        if (run->evaluator)
            json_number(&json, "test_seconds", run->test.seconds);
        json_number(&json, "examples_per_second", epoch->examples / epoch->seconds);
        const annc_status status = json_end(&json, out, run->log);
        if (status != ANNC_OK)
            return status;
    }
    if (is_given(run, OPTION_JSON) || is_given(run, OPTION_QUIET))
        return ANNC_OK;
    const uint32_t correct = run->evaluator ? run->test.correct : epoch->correct,
                   count = run->evaluator ? run->test.count : epoch->examples;
    printf("Epoch %u:  Loss: %.2f  %s set acc: %.2f%% (%u / %u)\n", epoch->epoch, epoch->loss,
           run->evaluator ? "test" : "training", 100.0 * correct / count, correct, count);
    return flush(stdout, "standard output");
}

static annc_status train(struct run *run)
{
    const uint64_t epochs = run->options->value[OPTION_EPOCHS].whole;
    annc_status status = ANNC_OK;
    while (run->epochs < epochs && status == ANNC_OK) {
        status = annc_trainer_epoch(run->trainer, should_stop, NULL, &run->last);
        run->seconds += run->last.seconds;
        if (status == ANNC_OK && run->evaluator) {
            status = annc_evaluator_run(run->evaluator, run->trainer, NULL, &run->test);
            run->test_seconds += run->test.seconds;
        }
        if (status == ANNC_OK) {
            annc_trainer_report(run->trainer, run->last.loss);
            run->epochs++;
            status = print_epoch(run);
        }
        if (status == ANNC_OK && stop_signal() && run->epochs < epochs)
            status = ANNC_STOPPED;
    }
    return status;
}

/* ---------------------------------------------------------------- after the work */

static annc_status set_number(annc_network *network, const char *key, double value)
{
    char text[64];
    snprintf(text, sizeof text, "%a", value);
    return annc_network_set_metadata(network, key, text);
}

static annc_status set_whole(annc_network *network, const char *key, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return annc_network_set_metadata(network, key, text);
}

/* The names of the classes as a JSON array. */
static annc_status set_classes(annc_network *network, const annc_dataset *data)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream || !annc_dataset_class_name(data, 0)) {
        if (stream)
            fclose(stream);
        free(text);
        return ANNC_OK;
    }
    for (uint32_t c = 0; annc_dataset_class_name(data, c); c++) {
        fputc(c ? ',' : '[', stream);
        print_json_string(stream, annc_dataset_class_name(data, c));
    }
    fputc(']', stream);
    fclose(stream);
    const annc_status status = annc_network_set_metadata(network, "annc.classes", text);
    free(text);
    return status;
}

/* The options of the run, as --config reads them. */
static annc_status set_config(const struct run *run)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return usage_failed("out of memory: the configuration");
    options_print(TRAIN, run->options, stream);
    fclose(stream);
    const annc_status status = annc_network_set_metadata(run->network, "annc.config", text);
    free(text);
    return status;
}

static annc_status describe_model(const struct run *run)
{
    const struct option_value *value = run->options->value;
    annc_network *network = run->network;
    annc_status status = set_whole(network, "annc.seed", value[OPTION_SEED].whole);
    if (status == ANNC_OK)
        status = set_whole(network, "annc.epochs", run->epochs);
    if (status == ANNC_OK)
        status = set_whole(network, "annc.batch", value[OPTION_BATCH].whole);
    if (status == ANNC_OK)
        status = set_number(network, "annc.lr", run->training.eta);
    if (status == ANNC_OK)
        status = set_config(run);
    if (status == ANNC_OK)
        status = set_number(network, "annc.divisor", (double)annc_dataset_examples(run->data.train)->divisor);
    if (status == ANNC_OK && value[OPTION_TRANSPOSE].given)
        status = annc_network_set_metadata(network, "annc.transpose", "true");
    if (status == ANNC_OK)
        status = annc_network_set_metadata(network, "annc.data", run->data.description);
    if (status == ANNC_OK)
        status = set_classes(network, run->data.train);
    return status;
}

static annc_status save(const struct run *run)
{
    annc_status status = annc_trainer_store(run->trainer);
    if (status != ANNC_OK || !text_of(run, OPTION_SAVE))
        return status;
    status = describe_model(run);
    if (status == ANNC_OK)
        status = annc_model_save(run->network, text_of(run, OPTION_SAVE));
    if (status == ANNC_OK)
        note(run->options, "saved: %s", text_of(run, OPTION_SAVE));
    return status;
}

static annc_status print_result(const struct run *run)
{
    const annc_device_info *info = annc_device_describe(run->device);
    FILE *out = is_given(run, OPTION_JSON) ? stdout : NULL;
    struct json json;
    char layers[1024];
    if (!out && !run->log)
        return ANNC_OK;
    print_layers(&run->shape, layers, sizeof layers);
    json_begin(&json, "annc.result/1");
    json_text(&json, "layers", layers);
    json_whole(&json, "parameters", annc_shape_parameters(&run->shape));
    json_text(&json, "device", info->kind);
    json_text(&json, "device_name", info->name);
    json_text(&json, "engine", annc_trainer_engine(run->trainer));
    json_whole(&json, "threads", (uint64_t)info->threads);
    json_whole(&json, "seed", run->options->value[OPTION_SEED].whole);
    json_whole(&json, "epochs", run->epochs);
    json_text(&json, "data", run->data.description);
    if (run->epochs > 0) {
        json_number(&json, "loss", run->last.loss);
        if (run->evaluator)
            json_number(&json, "accuracy", (double)run->test.correct / run->test.count);
        else
            json_number(&json, "training_accuracy", (double)run->last.correct / run->last.examples);
    }
    json_number(&json, "seconds", run->seconds);
    json_number(&json, "test_seconds", run->test_seconds);
    json_number(&json, "wall_seconds", since_start());
    if (text_of(run, OPTION_SAVE))
        json_text(&json, "model", text_of(run, OPTION_SAVE));
    return json_end(&json, out, run->log);
}

/* A run that was asked to stop keeps what it has, and says how to go on. */
static void explain_stop(const struct run *run)
{
    fprintf(stderr, "annc-gpu: %s\n", annc_last_error()[0] ? annc_last_error() : "stopped");
    if (text_of(run, OPTION_SAVE))
        fprintf(stderr, "annc-gpu: go on from there with --load %s\n", text_of(run, OPTION_SAVE));
}

annc_status run_train(const struct options *options)
{
    struct run run;
    memset(&run, 0, sizeof run);
    run.options = options;
    annc_status status = prepare(&run);
    if (status == ANNC_OK)
        status = open_run(&run);
    if (status == ANNC_OK) {
        print_shapes(&run);
        status = train(&run);
    }
    if (status == ANNC_OK || status == ANNC_STOPPED) {
        const annc_status saved = save(&run), printed = saved == ANNC_OK ? print_result(&run) : saved;
        if (status == ANNC_STOPPED)
            explain_stop(&run);
        status = printed == ANNC_OK ? status : printed;
    }
    annc_evaluator_free(run.evaluator);
    annc_trainer_free(run.trainer);
    annc_network_free(run.network);
    annc_data_free(&run.data);
    annc_device_close(run.device);
    free(run.class_weights);
    if (run.log && fclose(run.log) != 0 && status == ANNC_OK) {
        usage_failed("%s: cannot be written: %s", text_of(&run, OPTION_LOG), strerror(errno));
        status = ANNC_OUTPUT;
    }
    return status;
}
