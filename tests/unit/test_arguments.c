/* test_arguments.c - every public function without a required argument, and with enumerators out
 * of range: ANNC_USAGE with the name of the argument, or an empty result; never a crash.
 * tests/structure.py checks that no function of annc.h is left out. */
#include "annc.h"
#include "support/problem.h"
#include "support/test.h"

#include <limits.h>

/* The call must return ANNC_USAGE with a message that quotes the argument. */
#define REFUSES(argument, call)                                                                                        \
    do {                                                                                                               \
        const annc_status got_ = (call);                                                                               \
        CHECK_MSG(got_ == ANNC_USAGE && strstr(annc_last_error(), "'" argument "'"), "%s: %d, %s", #call, (int)got_,   \
                  annc_last_error());                                                                                  \
    } while (0)

/* The call must return ANNC_USAGE with a message that has the text. */
#define SAYS(text, call)                                                                                               \
    do {                                                                                                               \
        const annc_status got_ = (call);                                                                               \
        CHECK_MSG(got_ == ANNC_USAGE && strstr(annc_last_error(), text), "%s: %d, %s", #call, (int)got_,               \
                  annc_last_error());                                                                                  \
    } while (0)

/* What a call leaves in the place of its result must be NULL, also after a refusal. */
#define CLEARS(type, call)                                                                                             \
    do {                                                                                                               \
        type *result = (type *)&given;                                                                                 \
        CHECK((call) == ANNC_USAGE && result == NULL);                                                                 \
    } while (0)

enum { EXAMPLES = 40 };

static struct problem given; /* a small network and its examples */
static annc_device *device;
static const annc_shape *shape;
static float outputs[EXAMPLES * 2], some[EXAMPLES * 3];
static double exact[EXAMPLES * 3];
static int32_t predictions[EXAMPLES];
static double theta[64], gradient[64];

static const int wrong[] = {-1, INT_MIN, INT_MAX, 1000};
#define FOR_WRONG(i) for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)

static void status_and_names(void)
{
    char text[8] = "x";
    CHECK(annc_last_error() != NULL && annc_build_info().version != NULL);
    CHECK(annc_printable(NULL, text, sizeof text) == text && text[0] == '\0');
    CHECK(annc_struct_size(NULL) == 0);
    CHECK(annc_printable("text", NULL, 4) == NULL && annc_printable("text", text, 0) == text);
    FOR_WRONG(i)
    {
        CHECK(!annc_activation_name((annc_activation)wrong[i]) && !annc_cost_name((annc_cost)wrong[i]));
        CHECK(!annc_init_name((annc_init)wrong[i]) && !annc_optimiser_name((annc_optimiser)wrong[i]));
        CHECK(!annc_scale_name((annc_scale)wrong[i]) && !annc_engine_name((annc_engine)wrong[i]));
        CHECK(!annc_schedule_name((annc_schedule_kind)wrong[i]) && !annc_export_name((annc_export)wrong[i]));
        CHECK(!annc_device_kind_name((annc_device_kind)wrong[i]));
        CHECK(annc_training_defaults((annc_optimiser)wrong[i]).batch > 0);
    }
    CHECK(!annc_activation_name(ANNC_ACTIVATION_COUNT) && !annc_cost_name(ANNC_COST_COUNT));
    CHECK(!annc_init_name(ANNC_INIT_COUNT) && !annc_optimiser_name(ANNC_OPTIMISER_COUNT));
    CHECK(!annc_precision_name(ANNC_PRECISION_COUNT) && !annc_engine_name(ANNC_ENGINE_COUNT) &&
          !annc_device_kind_name(ANNC_DEVICE_COUNT));
    CHECK(!annc_schedule_name(ANNC_SCHEDULE_COUNT) && !annc_export_name(ANNC_EXPORT_COUNT));
    CHECK(!annc_scale_name(ANNC_SCALE_COUNT));
}

static void shapes(void)
{
    annc_shape odd = *shape;
    REFUSES("shape", annc_shape_check(NULL));
    CHECK(!annc_shape_takes_any_target(NULL) && annc_shape_parameters(NULL) == 0);
    CHECK(annc_shape_weights_at(NULL, 1) == 0 && annc_shape_biases_at(NULL, 1) == 0);
    CHECK(annc_shape_weights_at(shape, UINT32_MAX) == 0 && annc_shape_biases_at(shape, 0) == 0);
    CHECK(annc_init_resolve(ANNC_INIT_AUTO, NULL) == ANNC_INIT_AUTO);
    CHECK(annc_init_resolve(ANNC_INIT_HE, NULL) == ANNC_INIT_HE);
    odd.layers = UINT32_MAX;
    CHECK(annc_shape_parameters(&odd) == 0 && !annc_shape_takes_any_target(&odd));
    odd.layers = 0;
    CHECK(!annc_shape_takes_any_target(&odd) && annc_init_resolve(ANNC_INIT_AUTO, &odd) == ANNC_INIT_AUTO);
    FOR_WRONG(i)
    {
        odd = *shape;
        odd.activation[0] = (annc_activation)wrong[i];
        SAYS("activation", annc_shape_check(&odd));
        CHECK(!annc_shape_takes_any_target(&odd) && annc_init_resolve(ANNC_INIT_AUTO, &odd) == ANNC_INIT_AUTO);
        CHECK(isnan(annc_log_loss_measure(&odd, given.data, outputs)));
        SAYS("activation", annc_threshold_check(&odd, 0.5));
        odd = *shape;
        odd.cost = (annc_cost)wrong[i];
        SAYS("cost", annc_shape_check(&odd));
        CHECK(!annc_shape_takes_any_target(&odd));
        CHECK(annc_init_resolve((annc_init)wrong[i], shape) == (annc_init)wrong[i]);
    }
}

static void networks(void)
{
    annc_network *network = NULL;
    const annc_network *none[2] = {given.network, NULL};
    const char *key, *value;
    REFUSES("shape", annc_network_create(NULL, &network));
    REFUSES("network", annc_network_create(shape, NULL));
    CLEARS(annc_network, annc_network_create(NULL, &result));
    REFUSES("network", annc_network_copy(NULL, &network));
    REFUSES("copy", annc_network_copy(given.network, NULL));
    CLEARS(annc_network, annc_network_copy(NULL, &result));
    REFUSES("networks", annc_network_join(NULL, 2, &network));
    REFUSES("networks", annc_network_join(none, 2, &network));
    REFUSES("joined", annc_network_join(none, 1, NULL));
    CLEARS(annc_network, annc_network_join(none, 2, &result));
    CHECK(!annc_network_shape(NULL) && !annc_network_parameters(NULL) && !annc_network_parameters_const(NULL));
    REFUSES("network", annc_network_set_block(NULL, "name", some));
    REFUSES("name", annc_network_set_block(given.network, NULL, some));
    CHECK(!annc_network_block(NULL, "name") && !annc_network_block(given.network, NULL));
    REFUSES("network", annc_network_set_metadata(NULL, "key", "value"));
    REFUSES("key", annc_network_set_metadata(given.network, NULL, "value"));
    CHECK(!annc_network_metadata(NULL, "key") && !annc_network_metadata(given.network, NULL));
    CHECK(!annc_network_metadata_at(NULL, 0, &key, &value));
    CHECK(!annc_network_metadata_at(given.network, 0, NULL, &value));
    CHECK(!annc_network_metadata_at(given.network, 0, &key, NULL));
    REFUSES("network", annc_network_initialise(NULL, device, ANNC_INIT_AUTO, 1));
    REFUSES("device", annc_network_initialise(given.network, NULL, ANNC_INIT_AUTO, 1));
    FOR_WRONG(i)
    SAYS("initialiser", annc_network_initialise(given.network, device, (annc_init)wrong[i], 1));
    SAYS("initialiser", annc_network_initialise(given.network, device, ANNC_INIT_COUNT, 1));
    REFUSES("network", annc_network_predict(NULL, device, 1, some, predictions, outputs));
    REFUSES("x", annc_network_predict(given.network, device, 1, NULL, predictions, outputs));
    const annc_arrays rows = {.count = 1, .inputs = shape->width[0], .type = ANNC_NUMBER_FLOAT32};
    REFUSES("network", annc_network_predict_arrays(NULL, device, &rows, predictions, exact, NULL, 0));
    REFUSES("arrays", annc_network_predict_arrays(given.network, device, NULL, predictions, exact, NULL, 0));
    REFUSES("x", annc_network_predict_arrays(given.network, device, &rows, predictions, exact, NULL, 0));
    CHECK(annc_network_predict(given.network, NULL, 1, some, NULL, NULL) == ANNC_OK);
    REFUSES("network", annc_network_predict_f64(NULL, device, 1, exact, predictions, exact));
    REFUSES("x", annc_network_predict_f64(given.network, device, 1, NULL, predictions, exact));
    CHECK(annc_network_predict_f64(given.network, NULL, 1, exact, NULL, NULL) == ANNC_OK);
    char name[8];
    CHECK(!annc_network_class_name(NULL, 0, name, sizeof name));
    CHECK(!annc_network_class_name(given.network, 0, NULL, sizeof name));
    CHECK(annc_network_class_name(given.network, 0, name, 0));
    annc_network_free(NULL);
}

static void datasets(void)
{
    annc_dataset *dataset = NULL;
    annc_examples examples = *annc_dataset_examples(given.data);
    uint32_t rows = 7, columns = 7;
    uint8_t grey[8];
    REFUSES("examples", annc_dataset_create(NULL, &dataset));
    REFUSES("dataset", annc_dataset_create(&examples, NULL));
    CLEARS(annc_dataset, annc_dataset_create(NULL, &result));
    FOR_WRONG(i)
    {
        examples.type = (annc_input_type)wrong[i];
        SAYS("type", annc_dataset_create(&examples, &dataset));
    }
    examples.type = ANNC_FLOATS;
    examples.x = NULL;
    SAYS("inputs", annc_dataset_create(&examples, &dataset));
    CHECK(!annc_dataset_examples(NULL) && annc_dataset_fingerprint(NULL) == 0);
    CHECK(!annc_dataset_has_classes(NULL) && annc_dataset_class_count(NULL) == 0 && !annc_dataset_labels(NULL));
    annc_dataset_count_classes(NULL, &rows);
    annc_dataset_count_classes(given.data, NULL);
    CHECK(annc_dataset_total(NULL) == 0);
    CHECK(!annc_dataset_class_name(NULL, 0) && !annc_dataset_target_name(NULL, 0) && annc_dataset_row(NULL, 0) == 0);
    annc_dataset_image_size(NULL, &rows, &columns);
    CHECK(rows == 0 && columns == 0);
    annc_dataset_image_size(given.data, NULL, NULL);
    annc_dataset_image(NULL, 0, grey);
    annc_dataset_image(given.data, 0, NULL);
    annc_dataset_image(given.data, EXAMPLES, grey);
    annc_dataset_unscale(NULL, 1, some);
    annc_dataset_unscale(given.data, 1, NULL);
    annc_dataset_unscale_f64(NULL, 1, some, exact);
    annc_dataset_unscale_f64(given.data, 1, NULL, exact);
    annc_dataset_unscale_f64(given.data, 1, some, NULL);
    CHECK(annc_dataset_target_digits(NULL, 0) == 9 && annc_dataset_target_digits(given.data, UINT32_MAX) == 9);
    annc_dataset_free(NULL);
}

/* Options with an enumerator out of range: the field must be named. */
static void data_enumerators(annc_data_options good)
{
    annc_data data;
    annc_data_options options;
    FOR_WRONG(i)
    {
        options = good;
        options.source = (annc_source)wrong[i];
        REFUSES("source", annc_data_load(&options, &data));
        options = good;
        options.scale = (annc_scale)wrong[i];
        REFUSES("scale", annc_data_load(&options, &data));
        options = good;
        options.target_scale = (annc_scale)wrong[i];
        REFUSES("target_scale", annc_data_load(&options, &data));
        options = good;
        options.text.header = (annc_choice)wrong[i];
        REFUSES("header", annc_data_load(&options, &data));
        options = good;
        options.text.missing = (annc_missing)wrong[i];
        REFUSES("missing", annc_data_load(&options, &data));
    }
}

static void loading(void)
{
    annc_data_options options = {.source = ANNC_SOURCE_PATH, .need_train = true};
    annc_data data;
    annc_reader *reader = NULL;
    annc_dataset *piece = NULL;
    char folder[4096];
    memset(&data, 1, sizeof data);
    REFUSES("options", annc_data_load(NULL, &data));
    annc_data_free(&data); /* empty after the failure */
    REFUSES("data", annc_data_load(&options, NULL));
    REFUSES("path", annc_data_load(&options, &data));
    options.source = ANNC_SOURCE_ARRAYS;
    REFUSES("arrays", annc_data_load(&options, &data));
    options.source = ANNC_SOURCE_PATH;
    options.path = "/none";
    data_enumerators(options);
    for (options.folds = 1; options.folds < 3; options.folds++) {
        options.fold = options.folds == 1 ? 0 : 2;
        REFUSES("folds", annc_data_load(&options, &data));
    }
    options.folds = 0;
    annc_data_free(NULL);
    memset(&data, 0, sizeof data);
    REFUSES("data", annc_data_describe(NULL, given.network));
    REFUSES("data", annc_data_describe(&data, given.network));
    REFUSES("network", annc_data_describe(&data, NULL));
    REFUSES("options", annc_reader_open(NULL, &reader));
    REFUSES("reader", annc_reader_open(&options, NULL));
    CLEARS(annc_reader, annc_reader_open(NULL, &result));
    options.model = given.network;
    options.path = NULL;
    REFUSES("path", annc_reader_open(&options, &reader));
    REFUSES("reader", annc_reader_next(NULL, &piece));
    REFUSES("piece", annc_reader_next(NULL, NULL));
    CHECK(!annc_reader_description(NULL) && !annc_reader_notes(NULL));
    annc_reader_close(NULL);
    REFUSES("path", annc_mnist_find(NULL, 8));
    REFUSES("options", annc_mnist_fetch(NULL, folder, sizeof folder));
    REFUSES("folder", annc_mnist_fetch(&(annc_fetch_options){.connect_seconds = 1}, NULL, 8));
}

static void devices(void)
{
    annc_device_options options = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    annc_training_options training = annc_training_defaults(ANNC_SGD);
    annc_engine_info engines[4];
    annc_device *opened = NULL;
    REFUSES("options", annc_device_open(NULL, &opened));
    REFUSES("device", annc_device_open(&options, NULL));
    CLEARS(annc_device, annc_device_open(NULL, &result));
    REFUSES("options", annc_device_open_for(NULL, shape, &training, NULL, 0, &opened));
    REFUSES("shape", annc_device_open_for(&options, NULL, &training, NULL, 0, &opened));
    REFUSES("device", annc_device_open_for(&options, shape, &training, NULL, 0, NULL));
    CLEARS(annc_device, annc_device_open_for(NULL, shape, NULL, NULL, 0, &result));
    FOR_WRONG(i)
    {
        options.kind = (annc_device_kind)wrong[i];
        SAYS("device kind", annc_device_open(&options, &opened));
        SAYS("device kind", annc_device_open_for(&options, shape, &training, NULL, 0, &opened));
    }
    options.kind = ANNC_DEVICE_COUNT;
    SAYS("device kind", annc_device_open(&options, &opened));
    CHECK(!annc_device_describe(NULL));
    CHECK(annc_device_cuda_count(NULL, 10) >= 0 && annc_device_cuda_count(NULL, 0) >= 0);
    CHECK(annc_device_engines(NULL, shape, &training, engines, 4) == 0);
    CHECK(annc_device_engines(device, NULL, &training, engines, 4) == 0);
    CHECK(annc_device_engines(device, shape, NULL, engines, 4) == 0);
    CHECK(annc_device_engines(device, shape, &training, NULL, 4) == 0);
    CHECK(annc_device_engines(device, shape, &training, engines, 0) == 0);
    annc_device_close(NULL);
}

static void training_enumerators(void)
{
    const annc_training_options good = annc_training_defaults(ANNC_SGD);
    annc_training_options options;
    annc_trainer *trainer = NULL;
    FOR_WRONG(i)
    {
        options = good;
        options.optimiser = (annc_optimiser)wrong[i];
        SAYS("optimiser", annc_training_check(&options, shape));
        SAYS("optimiser", annc_trainer_create(device, given.network, given.data, &options, &trainer));
        options = good;
        options.precision = (annc_precision)wrong[i];
        SAYS("precision", annc_training_check(&options, shape));
        options.precision = ANNC_FP32;
        options.engine = (annc_engine)wrong[i];
        SAYS("engine", annc_training_check(&options, shape));
        SAYS("engine", annc_trainer_create(device, given.network, given.data, &options, &trainer));
        options = good;
        options.schedule.kind = (annc_schedule_kind)wrong[i];
        SAYS("schedule", annc_training_check(&options, shape));
        CHECK(isnan(annc_schedule_rate(&options.schedule, 1, 0, 0, 1)));
    }
    CHECK(isnan(annc_schedule_rate(NULL, 1, 0, 0, 1)));
}

static void trainers(void)
{
    const annc_training_options options = annc_training_defaults(ANNC_SGD);
    annc_trainer *trainer = NULL;
    annc_network *checkpoint = NULL;
    annc_epoch report;
    annc_layer_health health[8];
    annc_plan plan;
    REFUSES("train", annc_plan_make(NULL, NULL, &plan));
    REFUSES("plan", annc_plan_make(given.data, NULL, NULL));
    REFUSES("dataset", annc_class_weights_balanced(NULL, some));
    REFUSES("weights", annc_class_weights_balanced(given.data, NULL));
    REFUSES("options", annc_training_check(NULL, shape));
    REFUSES("shape", annc_training_check(&options, NULL));
    REFUSES("device", annc_training_fits(NULL, shape, &options, given.data));
    REFUSES("shape", annc_training_fits(device, NULL, &options, given.data));
    REFUSES("options", annc_training_fits(device, shape, NULL, given.data));
    REFUSES("train", annc_training_fits(device, shape, &options, NULL));
    CHECK(!annc_epoch_is_better(NAN, 0, NAN) && !annc_patience_is_over(0, 9, 1));
    REFUSES("device", annc_trainer_create(NULL, given.network, given.data, &options, &trainer));
    REFUSES("network", annc_trainer_create(device, NULL, given.data, &options, &trainer));
    REFUSES("train", annc_trainer_create(device, given.network, NULL, &options, &trainer));
    REFUSES("options", annc_trainer_create(device, given.network, given.data, NULL, &trainer));
    REFUSES("trainer", annc_trainer_create(device, given.network, given.data, &options, NULL));
    CLEARS(annc_trainer, annc_trainer_create(NULL, NULL, NULL, NULL, &result));
    REFUSES("trainer", annc_trainer_epoch(NULL, NULL, NULL, &report));
    REFUSES("trainer", annc_trainer_set_rate(NULL, 1));
    annc_trainer_report(NULL, 1);
    CHECK(annc_trainer_progress(NULL) == 0 && !annc_trainer_engine(NULL) && annc_trainer_window(NULL) == 0);
    REFUSES("trainer", annc_trainer_store(NULL));
    REFUSES("trainer", annc_trainer_checkpoint(NULL, &checkpoint));
    REFUSES("trainer", annc_trainer_resume(NULL, given.network));
    REFUSES("trainer", annc_trainer_health(NULL, health));
    REQUIRE_OK(annc_trainer_create(device, given.network, given.data, &options, &trainer));
    REFUSES("report", annc_trainer_epoch(trainer, NULL, NULL, NULL));
    REFUSES("checkpoint", annc_trainer_checkpoint(trainer, NULL));
    REFUSES("checkpoint", annc_trainer_resume(trainer, NULL));
    REFUSES("layers", annc_trainer_health(trainer, NULL));
    annc_trainer_free(trainer);
    annc_trainer_free(NULL);
}

static void evaluators(void)
{
    annc_evaluator *evaluator = NULL;
    annc_evaluation evaluation = {.count = 0};
    REFUSES("device", annc_evaluator_create(NULL, given.network, given.data, &evaluator));
    REFUSES("network", annc_evaluator_create(device, NULL, given.data, &evaluator));
    REFUSES("dataset", annc_evaluator_create(device, given.network, NULL, &evaluator));
    REFUSES("evaluator", annc_evaluator_create(device, given.network, given.data, NULL));
    CLEARS(annc_evaluator, annc_evaluator_create(NULL, NULL, NULL, &result));
    REFUSES("evaluator", annc_evaluator_run(NULL, NULL, NULL, NULL, &evaluation));
    REQUIRE_OK(annc_evaluator_create(device, given.network, given.data, &evaluator));
    REFUSES("evaluation", annc_evaluator_run(evaluator, NULL, NULL, NULL, NULL));
    annc_evaluator_free(evaluator);
    annc_evaluator_free(NULL);
    annc_importance importance[8];
    const annc_importance_options options = {.repeats = 1};
    REFUSES("device", annc_importance_measure(NULL, given.network, given.data, &options, importance, NULL));
    REFUSES("network", annc_importance_measure(device, NULL, given.data, &options, importance, NULL));
    REFUSES("dataset", annc_importance_measure(device, given.network, NULL, &options, importance, NULL));
    REFUSES("options", annc_importance_measure(device, given.network, given.data, NULL, importance, NULL));
    REFUSES("importance", annc_importance_measure(device, given.network, given.data, &options, NULL, NULL));
    annc_input_columns *columns = NULL;
    REFUSES("network", annc_input_columns_create(NULL, &columns));
    REFUSES("columns", annc_input_columns_create(given.network, NULL));
    annc_input_columns_free(NULL);
    CHECK(isnan(annc_evaluation_accuracy(NULL)) && isnan(annc_evaluation_accuracy(&evaluation)));
}

static void measures(void)
{
    double auc;
    annc_evaluation evaluation;
    annc_confusion *confusion = NULL;
    annc_calibration calibration;
    annc_target_measures target;
    REFUSES("dataset", annc_target_measure(NULL, outputs, 0, &target));
    REFUSES("outputs", annc_target_measure(given.data, NULL, 0, &target));
    REFUSES("measures", annc_target_measure(given.data, outputs, 0, NULL));
    CHECK(annc_target_measure(given.data, outputs, 0, &target) == ANNC_USAGE); /* labels */
    REFUSES("dataset", annc_auc_measure(NULL, outputs, &auc));
    REFUSES("outputs", annc_auc_measure(given.data, NULL, &auc));
    REFUSES("auc", annc_auc_measure(given.data, outputs, NULL));
    CHECK(isnan(annc_log_loss_measure(NULL, given.data, outputs)));
    CHECK(isnan(annc_cost_measure(NULL, given.data, outputs).pinball));
    CHECK(isnan(annc_cost_measure(shape, NULL, outputs).pinball));
    CHECK(isnan(annc_cost_measure(shape, given.data, NULL).pinball));
    CHECK(annc_multilabel_measure(NULL, given.data, outputs).labels == 0);
    CHECK(annc_multilabel_measure(shape, NULL, outputs).labels == 0);
    CHECK(annc_multilabel_measure(shape, given.data, NULL).labels == 0);
    CHECK(annc_multilabel_target(NULL, given.data, outputs, 0).support == 0);
    CHECK(annc_multilabel_target(shape, NULL, outputs, 0).support == 0);
    CHECK(annc_multilabel_target(shape, given.data, NULL, 0).support == 0);
    CHECK(isnan(annc_log_loss_measure(shape, NULL, outputs)));
    CHECK(isnan(annc_log_loss_measure(shape, given.data, NULL)));
    REFUSES("shape", annc_threshold_check(NULL, 0.5));
    REFUSES("shape", annc_threshold_apply(NULL, given.data, outputs, 0.5, predictions, &evaluation));
    REFUSES("dataset", annc_threshold_apply(shape, NULL, outputs, 0.5, predictions, &evaluation));
    REFUSES("outputs", annc_threshold_apply(shape, given.data, NULL, 0.5, predictions, &evaluation));
    REFUSES("predictions", annc_threshold_apply(shape, given.data, outputs, 0.5, NULL, &evaluation));
    REFUSES("evaluation", annc_threshold_apply(shape, given.data, outputs, 0.5, predictions, NULL));
    REFUSES("dataset", annc_confusion_create(NULL, predictions, &confusion));
    REFUSES("predictions", annc_confusion_create(given.data, NULL, &confusion));
    REFUSES("confusion", annc_confusion_create(given.data, predictions, NULL));
    CLEARS(annc_confusion, annc_confusion_create(NULL, predictions, &result));
    CHECK(annc_confusion_class(NULL, 0).support == 0 && annc_confusion_mean(NULL, true).support == 0);
    REQUIRE_OK(annc_confusion_create(given.data, predictions, &confusion));
    CHECK(annc_confusion_class(confusion, 2).support == 0 && annc_confusion_class(confusion, UINT32_MAX).support == 0);
    CHECK(annc_confusion_count(NULL, 0, 0) == 0 && annc_confusion_count(confusion, 2, 0) == 0);
    CHECK(annc_confusion_pairs(NULL, 1, NULL) == 0 && annc_confusion_pairs(confusion, 1, NULL) == 0);
    annc_confusion_free(confusion);
    annc_confusion_free(NULL);
    REFUSES("shape", annc_calibration_measure(NULL, given.data, predictions, outputs, &calibration));
    REFUSES("dataset", annc_calibration_measure(shape, NULL, predictions, outputs, &calibration));
    REFUSES("predictions", annc_calibration_measure(shape, given.data, NULL, outputs, &calibration));
    REFUSES("outputs", annc_calibration_measure(shape, given.data, predictions, NULL, &calibration));
    REFUSES("calibration", annc_calibration_measure(shape, given.data, predictions, outputs, NULL));
}

static annc_status begin_nothing(void *context, uint32_t fold, annc_candidate *candidate)
{
    (void)context;
    (void)fold;
    (void)candidate;
    return ANNC_OK;
}

static void runs(void)
{
    const annc_run_options options = {.training = annc_training_defaults(ANNC_SGD)};
    const annc_folds_options folding = {.folds = 2, .begin = begin_nothing};
    const annc_device_options cpu = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    annc_candidate candidate = {.options = options};
    annc_run *run = NULL;
    annc_folds folds;
    uint32_t ranked[1];
    REFUSES("device", annc_run_create(NULL, given.network, given.data, &options, &run));
    REFUSES("network", annc_run_create(device, NULL, given.data, &options, &run));
    REFUSES("train", annc_run_create(device, given.network, NULL, &options, &run));
    REFUSES("options", annc_run_create(device, given.network, given.data, NULL, &run));
    REFUSES("run", annc_run_create(device, given.network, given.data, &options, NULL));
    CLEARS(annc_run, annc_run_create(NULL, NULL, NULL, NULL, &result));
    REFUSES("run", annc_run_train(NULL));
    CHECK(!annc_stop_when_set(NULL));
    CHECK(!annc_run_progress(NULL) && !annc_run_kept(NULL) && !annc_run_trainer(NULL));
    annc_run_free(NULL);
    REFUSES("network", annc_checkpoint_strip(NULL));
    REFUSES("group", annc_group_open(NULL));
    REFUSES("what", annc_group_same(NULL, NULL, "text"));
    REFUSES("text", annc_group_same(NULL, "options", NULL));
    CHECK(annc_group_started(NULL) == 1 && annc_group_size(NULL) == 1 && annc_group_rank(NULL) == 0);
    CHECK(!annc_group_library(NULL) && !annc_group_exchange(NULL) && annc_group_threads(NULL) == 0);
    CHECK(annc_group_agree(NULL, ANNC_INPUT) == ANNC_INPUT && annc_group_has_agreed(NULL, ANNC_INPUT));
    annc_group_abort(NULL, 1);
    annc_group_close(NULL);
    REFUSES("device", annc_sweep(NULL, NULL, &candidate, 1, given.data, NULL, NULL, NULL, NULL));
    REFUSES("candidates", annc_sweep(&cpu, NULL, NULL, 1, given.data, NULL, NULL, NULL, NULL));
    REFUSES("network", annc_sweep(&cpu, NULL, &candidate, 1, given.data, NULL, NULL, NULL, NULL));
    candidate.network = given.network;
    FOR_WRONG(i)
    {
        const annc_device_options unknown = {.kind = (annc_device_kind)wrong[i]};
        SAYS("device kind", annc_sweep(&unknown, NULL, &candidate, 1, given.data, NULL, NULL, NULL, NULL));
    }
    CHECK(isinf(annc_candidate_merit(NULL)));
    REFUSES("candidate", annc_candidate_store(NULL, 0, given.network));
    REFUSES("network", annc_candidate_store(&candidate, 0, NULL));
    REFUSES("network", annc_candidate_restore(NULL, 0, &candidate));
    REFUSES("candidate", annc_candidate_restore(given.network, 0, NULL));
    REFUSES("network", annc_candidate_restore(given.network, 0, &(annc_candidate){.status = ANNC_OK}));
    REFUSES("candidates", annc_sweep_rank(NULL, 1, ranked));
    REFUSES("ranked", annc_sweep_rank(&candidate, 1, NULL));
    annc_spread_add(NULL, 1);
    CHECK(isnan(annc_spread_mean(NULL)) && isnan(annc_spread_deviation(NULL)));
    REFUSES("device", annc_cross_validate(NULL, &folding, &folds));
    REFUSES("options", annc_cross_validate(device, NULL, &folds));
    REFUSES("folds", annc_cross_validate(device, &folding, NULL));
    REFUSES("begin", annc_cross_validate(device, &(annc_folds_options){.folds = 2}, &folds));
    REFUSES("checkpoint", annc_folds_restore(NULL, &folds));
    REFUSES("folds", annc_folds_restore(given.network, NULL));
}

static void gradients(void)
{
    const annc_check_options options = {.batch = 4};
    annc_device *const list[] = {device}, *const none[] = {NULL};
    annc_check_row *rows = NULL;
    annc_trace *trace = NULL;
    size_t count;
    double cost;
    REFUSES("shape", annc_reference_gradient(NULL, theta, given.data, 0, gradient, &cost));
    REFUSES("theta", annc_reference_gradient(shape, NULL, given.data, 0, gradient, &cost));
    REFUSES("dataset", annc_reference_gradient(shape, theta, NULL, 0, gradient, &cost));
    REFUSES("gradient", annc_reference_gradient(shape, theta, given.data, 0, NULL, &cost));
    REFUSES("cost", annc_reference_gradient(shape, theta, given.data, 0, gradient, NULL));
    REFUSES("shape", annc_trace_create(NULL, theta, given.data, 0, &trace));
    REFUSES("theta", annc_trace_create(shape, NULL, given.data, 0, &trace));
    REFUSES("dataset", annc_trace_create(shape, theta, NULL, 0, &trace));
    REFUSES("trace", annc_trace_create(shape, theta, given.data, 0, NULL));
    CLEARS(annc_trace, annc_trace_create(NULL, theta, given.data, 0, &result));
    annc_trace_free(NULL);
    REFUSES("network", annc_check(NULL, given.data, list, 1, &options, &rows, &count));
    REFUSES("dataset", annc_check(given.network, NULL, list, 1, &options, &rows, &count));
    REFUSES("devices", annc_check(given.network, given.data, NULL, 1, &options, &rows, &count));
    REFUSES("device", annc_check(given.network, given.data, none, 1, &options, &rows, &count));
    REFUSES("options", annc_check(given.network, given.data, list, 1, NULL, &rows, &count));
    REFUSES("rows", annc_check(given.network, given.data, list, 1, &options, NULL, &count));
    REFUSES("count", annc_check(given.network, given.data, list, 1, &options, &rows, NULL));
    CLEARS(annc_check_row, annc_check(NULL, NULL, NULL, 0, NULL, &result, &count));
    annc_check_free(NULL);
}

static void files(void)
{
    annc_network *network = NULL;
    const uint8_t pixels[3] = {0};
    annc_gallery gallery = {.count = 1, .rows = 1, .columns = 1, .title = "title"};
    REFUSES("network", annc_model_save(NULL, "/none/model"));
    REFUSES("path", annc_model_save(given.network, NULL));
    REFUSES("path", annc_model_can_save(NULL));
    REFUSES("network", annc_model_check(NULL));
    REFUSES("path", annc_model_load(NULL, NULL, &network));
    REFUSES("network", annc_model_load("/none/model", NULL, NULL));
    CLEARS(annc_network, annc_model_load(NULL, NULL, &result));
    REFUSES("network", annc_model_export(NULL, ANNC_EXPORT_JSON, "/none/model"));
    REFUSES("path", annc_model_export(given.network, ANNC_EXPORT_JSON, NULL));
    FOR_WRONG(i)
    SAYS("format", annc_model_export(given.network, (annc_export)wrong[i], "/none/model"));
    SAYS("format", annc_model_export(given.network, ANNC_EXPORT_COUNT, "/none/model"));
    REFUSES("gallery", annc_gallery_draw(NULL, "/none/x.svg"));
    REFUSES("pixels", annc_gallery_draw(&gallery, "/none/x.svg"));
    gallery.pixels = pixels;
    REFUSES("path", annc_gallery_draw(&gallery, NULL));
    gallery.title = NULL;
    REFUSES("title", annc_gallery_draw(&gallery, "/none/x.svg"));
    REFUSES("path", annc_file_save(NULL, "data", 4));
    REFUSES("data", annc_file_save("/none/file", NULL, 4));
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(status_and_names),
                                        TEST(shapes),
                                        TEST(networks),
                                        TEST(datasets),
                                        TEST(loading),
                                        TEST(devices),
                                        TEST(trainers),
                                        TEST(measures),
                                        TEST(training_enumerators),
                                        TEST(evaluators),
                                        TEST(runs),
                                        TEST(gradients),
                                        TEST(files)};
    const annc_shape small = problem_shape("3-4-2", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    if (!problem_make(&given, &small, ANNC_FLOATS, true, EXAMPLES, ANNC_INIT_XAVIER, 1) ||
        annc_device_open(&(annc_device_options){.kind = ANNC_DEVICE_CPU, .threads = 1}, &device) != ANNC_OK)
        return 1;
    shape = annc_network_shape(given.network);
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    annc_device_close(device);
    problem_free(&given);
    return result;
}
