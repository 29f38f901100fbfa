/* Measures of classification and balanced class weights, against values worked by hand. */
#include "support/problem.h"
#include "support/test.h"

static const double EXACT = 1e-15; /* up to rounding */

/* A data set with labels, or, without them, with targets of 0; its inputs are of no interest. */
static annc_dataset *examples_of(uint32_t outputs, uint32_t count, const int32_t *labels)
{
    annc_dataset *dataset = NULL;
    uint8_t *x = calloc(count, 1);
    float *targets = calloc((size_t)count * outputs, sizeof *targets);
    const annc_examples examples = {.count = count,
                                    .inputs = 1,
                                    .outputs = outputs,
                                    .type = ANNC_BYTES,
                                    .divisor = 1,
                                    .x = x,
                                    .labels = labels,
                                    .targets = labels ? NULL : targets};
    CHECK(x && targets && annc_dataset_create(&examples, &dataset) == ANNC_OK);
    free(x);
    free(targets);
    return dataset;
}

static annc_shape shape_of(annc_activation output)
{
    return problem_shape("1-1", ANNC_SIGMOID, output, ANNC_QUADRATIC);
}

static bool refused(annc_status status, const char *text)
{
    return status == ANNC_USAGE && strstr(annc_last_error(), text) != NULL;
}

static void classes_and_accuracy(void)
{
    const annc_evaluation evaluation = {.count = 4, .correct = 3};
    static const int32_t labels[] = {0, 1};
    const struct {
        uint32_t outputs;
        const int32_t *labels;
        uint32_t classes;
    } cases[] = {{1, labels, 2}, {2, labels, 2}, {5, labels, 5}, {1, NULL, 0}, {3, NULL, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        annc_dataset *dataset = examples_of(cases[i].outputs, 2, cases[i].labels);
        CHECK(annc_dataset_class_count(dataset) == cases[i].classes);
        CHECK(annc_dataset_has_classes(dataset) == (cases[i].classes > 0));
        annc_dataset_free(dataset);
    }
    CHECK(annc_evaluation_accuracy(&evaluation) == 0.75);
}

/* A data set with 3 rows of 2 targets. */
static annc_dataset *three_rows_of(const float targets[6])
{
    static const uint8_t x[3] = {0};
    const annc_examples examples = {
        .count = 3, .inputs = 1, .outputs = 2, .type = ANNC_BYTES, .divisor = 1, .x = x, .targets = targets};
    annc_dataset *dataset = NULL;
    CHECK(annc_dataset_create(&examples, &dataset) == ANNC_OK);
    return dataset;
}

/* Pinball loss and coverage, Poisson deviance; each for its own cost only. */
static void quantiles_and_counts(void)
{
    annc_shape shape = problem_shape("1-2", ANNC_TANH, ANNC_IDENTITY, ANNC_QUANTILE);
    annc_dataset *data = three_rows_of((const float[]){1, 2, 3, 0, 5, 6});
    const float outputs[] = {2, 2, 1, 4, 5, 10};
    annc_cost_measures got = annc_cost_measure(&shape, data, outputs);
    /* 0.75 (1 for y above a) and 0.25 for a above y: 0.25 + 0 + 1.5 + 1 + 0 + 1 */
    CHECK_NEAR(got.pinball, 3.75 / 6, EXACT);
    CHECK_NEAR(got.coverage, 5.0 / 6, EXACT);
    CHECK(isnan(got.poisson_deviance));
    shape = problem_shape("1-2", ANNC_TANH, ANNC_EXP, ANNC_POISSON);
    got = annc_cost_measure(&shape, data, outputs);
    CHECK_NEAR(got.poisson_deviance, 2 * ((log(0.5) + 1) + 0 + (3 * log(3) - 2) + 4 + 0 + (6 * log(0.6) + 4)) / 6,
               1e-14);
    CHECK(isnan(got.pinball) && isnan(got.coverage));
    CHECK(isnan(annc_cost_measure(NULL, data, outputs).pinball));
    CHECK(annc_multilabel_measure(&shape, data, outputs).labels == 0);
    annc_dataset_free(data);
}

static void several_labels(void)
{
    const annc_shape shape = problem_shape("1-2", ANNC_TANH, ANNC_SIGMOID, ANNC_CROSS_ENTROPY);
    annc_dataset *data = three_rows_of((const float[]){1, 1, 0, 1, 0, 0});
    const float outputs[] = {0.9F, 0.8F, 0.6F, 0.7F, 0.1F, 0.6F};
    const annc_multilabel got = annc_multilabel_measure(&shape, data, outputs);
    const annc_class_measures second = annc_multilabel_target(&shape, data, outputs, 1);
    CHECK(got.labels == 2 && got.exact == 1);
    CHECK_NEAR(got.accuracy, 4.0 / 6, EXACT);
    CHECK(second.support == 2 && second.predicted == 3 && second.correct == 2);
    CHECK_NEAR(second.precision, 2.0 / 3, EXACT);
    CHECK_NEAR(second.f1, 0.8, EXACT);
    CHECK(got.micro.support == 3 && got.micro.predicted == 5 && got.micro.correct == 3);
    CHECK_NEAR(got.micro.f1, 0.75, EXACT);
    CHECK_NEAR(got.macro.f1, (2.0 / 3 + 0.8) / 2, EXACT);
    CHECK(annc_multilabel_target(&shape, data, outputs, 2).support == 0);
    annc_dataset_free(data);
    data = three_rows_of((const float[]){1, 0, 0, 1, 1, 0}); /* one-hot: classes */
    CHECK(annc_multilabel_measure(&shape, data, outputs).labels == 0);
    annc_dataset_free(data);
}

/* Targets are classes where one of each row is 1 and the others are 0, and not otherwise. */
static void one_hot_targets(void)
{
    static const struct {
        float targets[6];
        bool is_one_hot;
    } cases[] = {{{0, 1, 0, 0, 0, 1}, true},
                 {{0, 1, 0, 0, 1, 1}, false},
                 {{0, 1, 0, 0, 0, 0}, false},
                 {{0, 1, 0, 0.5f, 0, 0.5f}, false},
                 {{0, 1, 0, -1, 1, 1}, false}};
    const float x[2] = {0, 0};
    const int32_t predictions[] = {1, 0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const annc_examples examples = {
            .count = 2, .inputs = 1, .outputs = 3, .type = ANNC_FLOATS, .x = x, .targets = cases[i].targets};
        annc_confusion *confusion = NULL;
        annc_dataset *dataset;
        REQUIRE_OK(annc_dataset_create(&examples, &dataset));
        const int32_t *labels = annc_dataset_labels(dataset);
        CHECK((labels != NULL) == cases[i].is_one_hot && !annc_dataset_has_classes(dataset));
        CHECK(annc_dataset_class_count(dataset) == (cases[i].is_one_hot ? 3 : 0));
        CHECK(!labels || (labels[0] == 1 && labels[1] == 2));
        CHECK((annc_confusion_create(dataset, predictions, &confusion) == ANNC_OK) == cases[i].is_one_hot);
        CHECK(!labels || annc_confusion_count(confusion, 2, 0) == 1);
        annc_confusion_free(confusion);
        annc_dataset_free(dataset);
    }
}

/* ---------------------------------------------------------------- AUC and log loss */

static double auc_of(uint32_t outputs, uint32_t count, const int32_t *labels, const float *values)
{
    double auc = -1;
    annc_dataset *dataset = examples_of(outputs, count, labels);
    CHECK(annc_auc_measure(dataset, values, &auc) == ANNC_OK);
    annc_dataset_free(dataset);
    return auc;
}

/* Of four pairs three are in order and one is a tie: 3.5 / 4. */
static void auc(void)
{
    static const int32_t labels[] = {1, 0, 1, 0}, ones[] = {1, 1, 1, 1};
    static const float values[] = {0.8f, 0.4f, 0.4f, 0.1f}, turned[] = {-0.8f, -0.4f, -0.4f, -0.1f}, equal[4] = {0},
                       pairs[] = {0.2f, 0.8f, 0.6f, 0.4f, 0.6f, 0.4f, 0.9f, 0.1f}, none[12] = {0},
                       with_nan[] = {NAN, 0.4f, NAN, 0.1f};
    CHECK_NEAR(auc_of(1, 4, labels, values), 0.875, EXACT);
    CHECK_NEAR(auc_of(2, 4, labels, pairs), 0.875, EXACT);
    CHECK_NEAR(auc_of(1, 4, labels, turned), 0.125, EXACT);
    CHECK_NEAR(auc_of(1, 4, labels, equal), 0.5, EXACT);
    CHECK(isnan(auc_of(1, 4, ones, values)));
    CHECK(isnan(auc_of(3, 4, labels, none)));
    CHECK(isnan(auc_of(1, 4, NULL, values)));
    CHECK(isnan(auc_of(1, 4, labels, with_nan)));
}

static double log_loss_of(annc_activation output, uint32_t outputs, uint32_t count, const int32_t *labels,
                          const float *values)
{
    const annc_shape shape = shape_of(output);
    annc_dataset *dataset = examples_of(outputs, count, labels);
    const double log_loss = annc_log_loss_measure(&shape, dataset, values);
    annc_dataset_free(dataset);
    return log_loss;
}

/* The true classes have the probabilities 1/2, 3/4 and 0, which counts as 1e-15. */
static void log_loss(void)
{
    static const int32_t labels[] = {1, 0, 1}, many[] = {2, 0, 1};
    static const float values[] = {0.5f, 0.25f, 0}, wrong[] = {0.5f, 0.25f, NAN},
                       rows[] = {0.25f, 0.25f, 0.5f, 0.75f, 0.25f, 0, 0.5f, 0, 0.5f};
    const double want = (log(2) + log(4.0 / 3) + 15 * log(10)) / 3;
    CHECK_NEAR(log_loss_of(ANNC_SIGMOID, 1, 3, labels, values), want, 1e-14);
    CHECK_NEAR(log_loss_of(ANNC_SOFTMAX, 3, 3, many, rows), want, 1e-14);
    CHECK(isnan(log_loss_of(ANNC_SIGMOID, 3, 3, many, rows)));
    CHECK(isnan(log_loss_of(ANNC_IDENTITY, 1, 3, labels, values)));
    CHECK(isnan(log_loss_of(ANNC_SIGMOID, 1, 3, NULL, values)));
    CHECK(isnan(log_loss_of(ANNC_SIGMOID, 1, 3, labels, wrong)));
}

/* ---------------------------------------------------------------- thresholds */

static void threshold_ranges(void)
{
    const struct {
        annc_activation output;
        double threshold;
        const char *refusal; /* NULL: accepted */
    } cases[] = {{ANNC_SIGMOID, 0, NULL},
                 {ANNC_SIGMOID, 1, NULL},
                 {ANNC_SIGMOID, 1.5, "'threshold' 1.5: the outputs of sigmoid lie between 0 and 1"},
                 {ANNC_SIGMOID, -0.5, "'threshold' -0.5: the outputs of sigmoid lie between 0 and 1"},
                 {ANNC_SIGMOID, NAN, "'threshold' nan"},
                 {ANNC_TANH, -1, NULL},
                 {ANNC_TANH, 2, "'threshold' 2: the outputs of tanh lie between -1 and 1"},
                 {ANNC_RELU, 1e30, NULL},
                 {ANNC_RELU, -0.5, "'threshold' -0.5: the outputs of relu are never below 0"},
                 {ANNC_IDENTITY, -1e30, NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const annc_shape shape = shape_of(cases[i].output);
        const annc_status status = annc_threshold_check(&shape, cases[i].threshold);
        if (!cases[i].refusal)
            CHECK(status == ANNC_OK);
        else
            CHECK_MSG(refused(status, cases[i].refusal), "%s", annc_last_error());
    }
}

/* Only an output above the threshold is class 1. */
static void threshold_applied(void)
{
    static const int32_t labels[] = {1, 0, 1};
    static const float single[] = {0.75f, 0.5f, 0.25f}, pairs[] = {0.25f, 0.75f, 0.5f, 0.5f, 0.75f, 0.25f};
    const annc_shape shape = shape_of(ANNC_SIGMOID);
    for (uint32_t outputs = 1; outputs <= 2; outputs++) {
        annc_dataset *dataset = examples_of(outputs, 3, labels);
        const float *values = outputs == 1 ? single : pairs;
        int32_t predictions[3] = {7, 7, 7};
        annc_evaluation evaluation = {.correct = 7};
        REQUIRE_OK(annc_threshold_apply(&shape, dataset, values, 0.5, predictions, &evaluation));
        CHECK(predictions[0] == 1 && predictions[1] == 0 && predictions[2] == 0 && evaluation.correct == 2);
        REQUIRE_OK(annc_threshold_apply(&shape, dataset, values, 0, predictions, &evaluation));
        CHECK(predictions[0] == 1 && predictions[1] == 1 && predictions[2] == 1 && evaluation.correct == 2);
        REQUIRE_OK(annc_threshold_apply(&shape, dataset, values, 1, predictions, &evaluation));
        CHECK(predictions[0] == 0 && predictions[1] == 0 && predictions[2] == 0 && evaluation.correct == 1);
        CHECK_NEAR(evaluation.correct_weight, 0, 0);
        annc_dataset_free(dataset);
    }
}

static void threshold_refused(void)
{
    static const int32_t labels[] = {1, 0};
    static const float values[6] = {0};
    const struct {
        uint32_t outputs;
        const int32_t *labels;
        double threshold;
        const char *refusal;
    } cases[] = {{1, NULL, 0.5, "'threshold' needs two classes, but the data have targets"},
                 {3, labels, 0.5, "'threshold' needs two classes, but there are 3"},
                 {1, labels, 2, "'threshold' 2: the outputs of sigmoid"}};
    const annc_shape shape = shape_of(ANNC_SIGMOID);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        annc_dataset *dataset = examples_of(cases[i].outputs, 2, cases[i].labels);
        int32_t predictions[2] = {7, 7};
        annc_evaluation evaluation = {.correct = 7, .correct_weight = 7};
        const annc_status status =
            annc_threshold_apply(&shape, dataset, values, cases[i].threshold, predictions, &evaluation);
        CHECK_MSG(refused(status, cases[i].refusal), "%s", annc_last_error());
        CHECK(predictions[0] == 7 && predictions[1] == 7 && evaluation.correct == 7);
        CHECK_NEAR(evaluation.correct_weight, 7, 0);
        annc_dataset_free(dataset);
    }
}

/* ---------------------------------------------------------------- confusion */

static annc_confusion *confusion_of(uint32_t outputs, uint32_t count, const int32_t *labels, const int32_t *predictions)
{
    annc_confusion *confusion = NULL;
    annc_dataset *dataset = examples_of(outputs, count, labels);
    CHECK(annc_confusion_create(dataset, predictions, &confusion) == ANNC_OK && confusion);
    annc_dataset_free(dataset);
    return confusion;
}

static void check_measures(annc_class_measures got, annc_class_measures want)
{
    CHECK(got.support == want.support && got.predicted == want.predicted && got.correct == want.correct);
    CHECK_NEAR(got.precision, want.precision, EXACT);
    CHECK_NEAR(got.recall, want.recall, EXACT);
    CHECK_NEAR(got.f1, want.f1, EXACT);
}

/* Class 2 is never predicted, and class 3 does not occur: the macro mean is over three classes. */
static void confusion(void)
{
    static const int32_t labels[] = {0, 0, 0, 1, 1, 2}, predictions[] = {0, 1, 0, 0, 1, 1};
    static const uint32_t want[16] = {2, 1, 0, 0, 1, 1, 0, 0, 0, 1};
    annc_confusion *matrix = confusion_of(4, 6, labels, predictions);
    if (!matrix)
        return;
    CHECK(matrix->classes == 4 && matrix->cells == 5);
    for (uint32_t c = 0; c < 16; c++)
        CHECK(annc_confusion_count(matrix, c / 4, c % 4) == want[c]);
    CHECK(annc_confusion_count(matrix, 4, 0) == 0 && annc_confusion_count(matrix, 0, UINT32_MAX) == 0);
    check_measures(annc_confusion_class(matrix, 0), (annc_class_measures){3, 3, 2, 2.0 / 3, 2.0 / 3, 2.0 / 3});
    check_measures(annc_confusion_class(matrix, 1), (annc_class_measures){2, 3, 1, 1.0 / 3, 0.5, 0.4});
    check_measures(annc_confusion_class(matrix, 2), (annc_class_measures){1, 0, 0, 0, 0, 0});
    check_measures(annc_confusion_class(matrix, 3), (annc_class_measures){0, 0, 0, 0, 0, 0});
    check_measures(annc_confusion_mean(matrix, false), (annc_class_measures){6, 6, 3, 1.0 / 3, 7.0 / 18, 16.0 / 45});
    check_measures(annc_confusion_mean(matrix, true), (annc_class_measures){6, 6, 3, 4.0 / 9, 0.5, 7.0 / 15});
    annc_confusion_free(matrix);
}

/* The largest cells off the diagonal: of equals the earlier first, and no more than are wanted. */
static void confused_pairs(void)
{
    static const int32_t labels[] = {0, 0, 1, 1, 2, 2, 2, 0}, predictions[] = {1, 1, 0, 2, 1, 1, 2, 0};
    static const annc_confusion_cell want[] = {{0, 1, 2}, {2, 1, 2}, {1, 0, 1}, {1, 2, 1}};
    annc_confusion *matrix = confusion_of(3, 8, labels, predictions);
    annc_confusion_cell pairs[5];
    if (!matrix)
        return;
    for (uint32_t most = 0; most <= 5; most++) {
        const uint32_t count = annc_confusion_pairs(matrix, most, pairs);
        CHECK(count == (most < 4 ? most : 4) && memcmp(pairs, want, count * sizeof *want) == 0);
    }
    CHECK(annc_confusion_pairs(NULL, 5, pairs) == 0 && annc_confusion_pairs(matrix, 5, NULL) == 0);
    annc_confusion_free(matrix);
}

/* A million classes need no table of all pairs. */
static void many_classes(void)
{
    enum { CLASSES = 1000000 };
    static const int32_t labels[] = {0, CLASSES - 1, 7}, predictions[] = {CLASSES - 1, 0, 7};
    annc_confusion *matrix = confusion_of(CLASSES, 3, labels, predictions);
    if (!matrix)
        return;
    CHECK(matrix->cells == 3 && annc_confusion_count(matrix, 0, CLASSES - 1) == 1);
    CHECK(annc_confusion_class(matrix, 7).correct == 1 && annc_confusion_class(matrix, 8).support == 0);
    annc_confusion_free(matrix);
}

/* A class that is only predicted counts in the macro mean, and has no weight in the other. */
static void confusion_of_a_single_output(void)
{
    static const int32_t labels[] = {0, 0}, predictions[] = {0, 1};
    annc_confusion *matrix = confusion_of(1, 2, labels, predictions);
    if (!matrix)
        return;
    CHECK(matrix->classes == 2);
    check_measures(annc_confusion_mean(matrix, false), (annc_class_measures){2, 2, 1, 0.5, 0.25, 1.0 / 3});
    check_measures(annc_confusion_mean(matrix, true), (annc_class_measures){2, 2, 1, 1, 0.5, 2.0 / 3});
    annc_confusion_free(matrix);
}

static void predictions_refused(void)
{
    static const int32_t labels[] = {0, 2}, below[] = {0, -1}, above[] = {3, 0}, fine[] = {0, 2};
    static const float values[6] = {0};
    const annc_shape shape = shape_of(ANNC_SOFTMAX);
    const struct {
        const int32_t *labels, *predictions;
        const char *refusal;
    } cases[] = {{labels, below, "'predictions' has class -1 for row 2, outside 0...2"},
                 {labels, above, "'predictions' has class 3 for row 1, outside 0...2"},
                 {NULL, fine, "needs classes, but the data have targets"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        annc_dataset *dataset = examples_of(3, 2, cases[i].labels);
        annc_confusion untouched, *matrix = &untouched;
        annc_calibration calibration;
        CHECK(refused(annc_confusion_create(dataset, cases[i].predictions, &matrix), cases[i].refusal));
        CHECK(matrix == NULL);
        CHECK(refused(annc_calibration_measure(&shape, dataset, cases[i].predictions, values, &calibration),
                      cases[i].refusal));
        CHECK(isnan(calibration.error));
        annc_dataset_free(dataset);
    }
    annc_confusion_free(NULL);
}

/* ---------------------------------------------------------------- calibration */

static annc_calibration calibration_of(annc_activation output, uint32_t outputs, uint32_t count, const int32_t *labels,
                                       const int32_t *predictions, const float *values)
{
    const annc_shape shape = shape_of(output);
    annc_calibration calibration = {.error = -1};
    annc_dataset *dataset = examples_of(outputs, count, labels);
    CHECK(annc_calibration_measure(&shape, dataset, predictions, values, &calibration) == ANNC_OK);
    annc_dataset_free(dataset);
    return calibration;
}

/* Checks that all examples are in these bins, and that the other bins are 0. */
static void check_bins(const annc_calibration *calibration, const uint32_t want[ANNC_CALIBRATION_BINS])
{
    for (int bin = 0; bin < ANNC_CALIBRATION_BINS; bin++) {
        CHECK_MSG(calibration->count[bin] == want[bin], "bin %d has %u", bin, calibration->count[bin]);
        CHECK(want[bin] > 0 || (calibration->confidence[bin] == 0 && calibration->accuracy[bin] == 0));
    }
}

/* Confidences 15/16 (right), 15/16 (wrong, of class 0), 1 (right) and 9/16 (right):
 * |2 7/8 - 2| / 4 + |9/16 - 1| / 4. */
static void calibration_of_single_outputs(void)
{
    static const int32_t labels[] = {1, 1, 1, 1}, predictions[] = {1, 0, 1, 1};
    static const float values[] = {0.9375f, 0.0625f, 1, 0.5625f};
    const annc_calibration calibration = calibration_of(ANNC_SIGMOID, 1, 4, labels, predictions, values);
    check_bins(&calibration, (const uint32_t[ANNC_CALIBRATION_BINS]){[5] = 1, [9] = 3});
    CHECK_NEAR(calibration.confidence[5], 0.5625, EXACT);
    CHECK_NEAR(calibration.confidence[9], 2.875 / 3, EXACT);
    CHECK_NEAR(calibration.accuracy[5], 1, EXACT);
    CHECK_NEAR(calibration.accuracy[9], 2.0 / 3, EXACT);
    CHECK_NEAR(calibration.error, 0.328125, EXACT);
}

/* The confidence is the predicted class's output, also if another is larger. */
static void calibration_of_many_outputs(void)
{
    static const int32_t labels[] = {2, 0}, predictions[] = {2, 1};
    static const float values[] = {0.25f, 0.25f, 0.5f, 1, 0, 0};
    const annc_calibration calibration = calibration_of(ANNC_SOFTMAX, 3, 2, labels, predictions, values);
    check_bins(&calibration, (const uint32_t[ANNC_CALIBRATION_BINS]){[0] = 1, [5] = 1});
    CHECK_NEAR(calibration.error, 0.25, EXACT);
}

static void calibration_undefined(void)
{
    static const int32_t labels[] = {1, 0}, predictions[] = {1, 1};
    static const float values[] = {0.75f, NAN};
    const annc_calibration other = calibration_of(ANNC_TANH, 1, 2, labels, predictions, values),
                           with_nan = calibration_of(ANNC_SIGMOID, 1, 2, labels, predictions, values);
    check_bins(&other, (const uint32_t[ANNC_CALIBRATION_BINS]){0});
    CHECK(isnan(other.error) && isnan(with_nan.error));
}

/* ---------------------------------------------------------------- measures of an evaluation */

/* What the evaluator returns fits: softmax's cross-entropy is the log loss, and a single output's
 * own rule is a threshold of 1/2. */
static void of_an_evaluation(void)
{
    const annc_device_options options = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    const annc_shape shapes[] = {problem_shape("5-4-3", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY),
                                 problem_shape("5-4-1", ANNC_TANH, ANNC_SIGMOID, ANNC_CROSS_ENTROPY)};
    enum { COUNT = 200 };
    annc_device *cpu = NULL;
    REQUIRE_OK(annc_device_open(&options, &cpu));
    for (int i = 0; i < 2; i++) {
        struct problem problem;
        annc_evaluator *evaluator = NULL;
        annc_evaluation evaluation;
        annc_confusion *matrix = NULL;
        int32_t predictions[COUNT], again[COUNT];
        float outputs[COUNT * 3];
        annc_evaluation cut = {.correct = 0};
        CHECK(problem_make(&problem, &shapes[i], ANNC_FLOATS, true, COUNT, ANNC_INIT_AUTO, 1));
        REQUIRE_OK(annc_evaluator_create(cpu, problem.network, problem.data, &evaluator));
        REQUIRE_OK(annc_evaluator_run(evaluator, NULL, predictions, outputs, &evaluation));
        CHECK_NEAR(annc_log_loss_measure(&shapes[i], problem.data, outputs), evaluation.loss, 1e-6);
        REQUIRE_OK(annc_confusion_create(problem.data, predictions, &matrix));
        CHECK(annc_confusion_mean(matrix, false).correct == evaluation.correct && evaluation.correct > 0);
        CHECK_NEAR(annc_confusion_mean(matrix, true).recall, annc_evaluation_accuracy(&evaluation), 1e-12);
        if (shapes[i].width[2] == 1) {
            REQUIRE_OK(annc_threshold_apply(&shapes[i], problem.data, outputs, 0.5, again, &cut));
            CHECK(cut.correct == evaluation.correct && memcmp(again, predictions, sizeof again) == 0);
        }
        annc_confusion_free(matrix);
        annc_evaluator_free(evaluator);
        problem_free(&problem);
    }
    annc_device_close(cpu);
}

/* ---------------------------------------------------------------- weights of rows */

/* A data set of weighted rows. Their weights are scaled: 1, 0.5, 1.5, 1. */
static annc_dataset *weighted_of(uint32_t outputs, const int32_t *labels, const float *targets)
{
    static const uint8_t x[4] = {0};
    static const float weights[] = {4, 2, 6, 4};
    const annc_examples examples = {.count = 4,
                                    .inputs = 1,
                                    .outputs = outputs,
                                    .type = ANNC_BYTES,
                                    .divisor = 1,
                                    .x = x,
                                    .labels = labels,
                                    .targets = targets,
                                    .weights = weights};
    annc_dataset *dataset = NULL;
    CHECK(annc_dataset_create(&examples, &dataset) == ANNC_OK);
    return dataset;
}

static void weights_of_rows(void)
{
    static const int32_t labels[] = {0, 1, 1, 0};
    const struct {
        float weights[4];
        const char *refusal;
    } cases[] = {{{1, -1, 1, 1}, "row 2 has the weight -1"},
                 {{1, 1, NAN, 1}, "row 3 has the weight nan"},
                 {{1, 1, 1, INFINITY}, "row 4 has the weight inf"},
                 {{0, 0, 0, 0}, "the weight of every row is 0"}};
    annc_dataset *dataset = weighted_of(2, labels, NULL), *other = examples_of(2, 4, labels);
    const float *weights = annc_dataset_examples(dataset)->weights;
    CHECK(weights[0] == 1 && weights[1] == 0.5f && weights[2] == 1.5f && weights[3] == 1);
    CHECK(annc_dataset_fingerprint(dataset) != annc_dataset_fingerprint(other));
    annc_examples examples = *annc_dataset_examples(other);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        annc_dataset *none = NULL;
        examples.weights = cases[i].weights;
        CHECK(annc_dataset_create(&examples, &none) == ANNC_INPUT && !none);
        CHECK_MSG(strstr(annc_last_error(), cases[i].refusal), "%s", annc_last_error());
    }
    annc_dataset_free(dataset);
    examples.weights = (const float[]){0.1f, 0.1f, 0.1f, 0.1f}; /* equal ones are as none */
    REQUIRE_OK(annc_dataset_create(&examples, &dataset));
    CHECK(!annc_dataset_examples(dataset)->weights);
    CHECK(annc_dataset_fingerprint(dataset) == annc_dataset_fingerprint(other));
    annc_dataset_free(dataset);
    annc_dataset_free(other);
}

/* Classes 0, 1, 1, 0 of weights 1, 0.5, 1.5, 1. */
static void weighted_classes(void)
{
    static const int32_t labels[] = {0, 1, 1, 0}, predictions[] = {0, 0, 1, 1};
    static const float outputs[] = {0.75f, 0.25f, 0.5f, 0.5f, 0.25f, 0.75f, 0.25f, 0.75f};
    const annc_shape shape = problem_shape("1-2", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    annc_dataset *dataset = weighted_of(2, labels, NULL);
    annc_confusion *matrix = NULL;
    annc_calibration calibration;
    double auc = 0;
    float balanced[2];
    /* Pairs of a positive and a negative one: 0.5 x 1 right, 0.5 x 1 wrong, 1.5 x 1 right, 1.5 x 1
     * equal. */
    REQUIRE_OK(annc_auc_measure(dataset, outputs, &auc));
    CHECK_NEAR(auc, (0.5 + 1.5 + 0.75) / 4, EXACT);
    CHECK_NEAR(annc_log_loss_measure(&shape, dataset, outputs),
               -(log(0.75) + 0.5 * log(0.5) + 1.5 * log(0.75) + log(0.25)) / 4, EXACT);
    REQUIRE_OK(annc_confusion_create(dataset, predictions, &matrix));
    const annc_class_measures zero = annc_confusion_class(matrix, 0), mean = annc_confusion_mean(matrix, true);
    CHECK(zero.support == 2 && zero.predicted == 2 && zero.correct == 1);
    CHECK_NEAR(zero.precision, 1 / 1.5, EXACT);
    CHECK_NEAR(zero.recall, 0.5, EXACT);
    CHECK_NEAR(mean.precision, (1 / 1.5 + 1.5 / 2.5) / 2, EXACT);
    CHECK_NEAR(mean.recall, 2.5 / 4, EXACT);
    REQUIRE_OK(annc_calibration_measure(&shape, dataset, predictions, outputs, &calibration));
    CHECK(calibration.count[7] == 3);
    CHECK_NEAR(calibration.accuracy[7], 2.5 / 3.5, EXACT);
    CHECK_NEAR(calibration.error, (0.25 + (3.5 * 0.75 - 2.5)) / 4, EXACT);
    REQUIRE_OK(annc_class_weights_balanced(dataset, balanced)); /* weights 2 and 2 */
    CHECK(balanced[0] == 1 && balanced[1] == 1);
    annc_confusion_free(matrix);
    annc_dataset_free(dataset);
}

static void weighted_targets(void)
{
    const float one[] = {0, 1, 1, 0}, outputs[] = {0.25f, 0, 1, 1};
    const float two[] = {1, 1, 0, 1, 0, 0, 1, 1}, labels_out[] = {1, 0, 0, 1, 0, 1, 0, 1};
    annc_shape shape = problem_shape("1-1", ANNC_TANH, ANNC_IDENTITY, ANNC_QUANTILE);
    annc_dataset *dataset = weighted_of(1, NULL, one);
    annc_target_measures got;
    /* errors 1/4, -1, 0, 1; the mean target is 2/4 */
    REQUIRE_OK(annc_target_measure(dataset, outputs, 0, &got));
    CHECK_NEAR(got.rmse, sqrt((1.0 / 16 + 0.5 + 1) / 4), EXACT);
    CHECK_NEAR(got.mae, (0.25 + 0.5 + 1) / 4, EXACT);
    CHECK_NEAR(got.r2, 1 - (1.0 / 16 + 0.5 + 1) / 1, EXACT);
    CHECK_NEAR(got.accuracy, 2.5 / 4, EXACT);
    const annc_cost_measures of_cost = annc_cost_measure(&shape, dataset, outputs);
    CHECK_NEAR(of_cost.coverage, 3.5 / 4, EXACT);
    CHECK_NEAR(of_cost.pinball, (0.25 * 0.25 + 0.5 * 0.75 + 0.25) / 4, EXACT);
    annc_dataset_free(dataset);
    shape = problem_shape("1-2", ANNC_TANH, ANNC_SIGMOID, ANNC_CROSS_ENTROPY);
    dataset = weighted_of(2, NULL, two);
    /* Label 0: rows 0 and 3 are, 0 is predicted. Label 1: rows 0, 1, 3 are, 1, 2, 3 are predicted. */
    const annc_multilabel labels = annc_multilabel_measure(&shape, dataset, labels_out);
    CHECK(labels.labels == 2 && labels.exact == 1);
    CHECK_NEAR(annc_multilabel_target(&shape, dataset, labels_out, 0).recall, 0.5, EXACT);
    CHECK_NEAR(annc_multilabel_target(&shape, dataset, labels_out, 1).precision, 1.5 / 3, EXACT);
    CHECK_NEAR(labels.micro.precision, 2.5 / 4, EXACT);
    CHECK_NEAR(labels.accuracy, 1 - 3.5 / 8, EXACT);
    annc_dataset_free(dataset);
}

/* ---------------------------------------------------------------- class weights */

static void balanced_weights(void)
{
    static const int32_t labels[] = {0, 0, 1, 0};
    float three[3] = {7, 7, 7}, two[2] = {7, 7}, unchanged = 7;
    annc_dataset *classes = examples_of(3, 4, labels), *single = examples_of(1, 4, labels),
                 *targets = examples_of(1, 4, NULL);
    REQUIRE_OK(annc_class_weights_balanced(classes, three));
    CHECK(three[0] == (float)(4.0 / 9) && three[1] == (float)(4.0 / 3) && three[2] == 0);
    REQUIRE_OK(annc_class_weights_balanced(single, two));
    CHECK(two[0] == (float)(2.0 / 3) && two[1] == 2);
    CHECK(refused(annc_class_weights_balanced(targets, &unchanged), "'class_weights' need classes"));
    CHECK(unchanged == 7);
    annc_dataset_free(classes);
    annc_dataset_free(single);
    annc_dataset_free(targets);
}

/* Single precision cannot count beyond 2^24. */
static void balanced_weights_of_many(void)
{
    enum { MANY = (1 << 24) + 4 };
    float weights[2];
    int32_t *labels = calloc(MANY, sizeof *labels);
    CHECK(labels != NULL);
    if (!labels)
        return;
    labels[0] = 1;
    annc_dataset *dataset = examples_of(1, MANY, labels);
    REQUIRE_OK(annc_class_weights_balanced(dataset, weights));
    CHECK(weights[0] == (float)(MANY / (2 * (MANY - 1.0))) && weights[1] == (float)(MANY / 2.0));
    annc_dataset_free(dataset);
    free(labels);
}

TEST_MAIN(TEST(quantiles_and_counts), TEST(several_labels), TEST(classes_and_accuracy), TEST(one_hot_targets),
          TEST(auc), TEST(log_loss), TEST(threshold_ranges), TEST(threshold_applied), TEST(threshold_refused),
          TEST(confusion), TEST(confusion_of_a_single_output), TEST(confused_pairs), TEST(many_classes),
          TEST(predictions_refused), TEST(calibration_of_single_outputs), TEST(calibration_of_many_outputs),
          TEST(calibration_undefined), TEST(of_an_evaluation), TEST(weights_of_rows), TEST(weighted_classes),
          TEST(weighted_targets), TEST(balanced_weights), TEST(balanced_weights_of_many))
