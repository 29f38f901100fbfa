/* metrics.c - measures of classification beyond accuracy. */
#include "base/allocate.h"
#include "base/status.h"
#include "dataset/prepare/dataset.h"
#include "network/shape.h"

#include <math.h>
#include <stdlib.h>

static const double LEAST_PROBABILITY = 1e-15;

/* Checks that tables may be indexed with a shape's enumerators; the rest of it does not matter. */
static annc_status check_range(const annc_shape *shape)
{
    return annc_shape_is_in_range(shape) ? ANNC_OK : annc_shape_check(shape);
}

/* ---------------------------------------------------------------- two classes */

/* An example's output for class 1 of two, its weight, and whether that is its class. */
struct scored {
    float output;
    double weight;
    bool positive;
};

static int by_output(const void *a, const void *b)
{
    const float x = ((const struct scored *)a)->output, y = ((const struct scored *)b)->output;
    return (x > y) - (x < y);
}

static float positive_output(const annc_examples *examples, const float *outputs, uint32_t i)
{
    return examples->outputs == 1 ? outputs[i] : outputs[2 * (size_t)i + 1];
}

/* Returns the share of pairs of a positive and a negative example with outputs in the right order;
 * a pair weighs the product of their weights. */
static double rank_pairs(struct scored *scored, uint32_t count)
{
    double positives = 0, negatives = 0, pairs = 0;
    qsort(scored, count, sizeof *scored, by_output);
    for (uint32_t first = 0; first < count;) {
        double equal_positives = 0, equal_negatives = 0;
        uint32_t i = first;
        for (; i < count && scored[i].output == scored[first].output; i++)
            *(scored[i].positive ? &equal_positives : &equal_negatives) += scored[i].weight;
        pairs += equal_positives * (negatives + equal_negatives / 2);
        positives += equal_positives;
        negatives += equal_negatives;
        first = i;
    }
    return positives > 0 && negatives > 0 ? pairs / (positives * negatives) : NAN;
}

annc_status annc_auc_measure(const annc_dataset *dataset, const float *outputs, double *auc)
{
    ANNC_REQUIRE(dataset, "dataset");
    ANNC_REQUIRE(outputs, "outputs");
    ANNC_REQUIRE(auc, "auc");
    const annc_examples *examples = annc_dataset_examples(dataset);
    const int32_t *labels = annc_dataset_labels(dataset);
    struct scored *scored;
    bool has_nan = false; /* which has no place in the order */
    *auc = NAN;
    if (annc_dataset_class_count(dataset) != 2)
        return ANNC_OK;
    ANNC_RETURN_IF_FAILED(annc_allocate(examples->count, sizeof *scored, "the scores", (void **)&scored));
    for (uint32_t i = 0; i < examples->count; i++) {
        scored[i] =
            (struct scored){positive_output(examples, outputs, i), annc_dataset_weight(dataset, i), labels[i] == 1};
        has_nan = has_nan || isnan(scored[i].output);
    }
    if (!has_nan)
        *auc = rank_pairs(scored, examples->count);
    annc_release(scored);
    return ANNC_OK;
}

annc_status annc_threshold_check(const annc_shape *shape, double threshold)
{
    ANNC_RETURN_IF_FAILED(check_range(shape));
    const annc_activation f = shape->activation[shape->layers - 1];
    const struct annc_range range = annc_activation_range(f);
    if (threshold >= range.low && threshold <= range.high)
        return ANNC_OK;
    if (isinf(range.high))
        return annc_fail(ANNC_USAGE, ANNC_FIELD_THRESHOLD " %g: the outputs of %s are never below %g", threshold,
                         annc_activation_name(f), range.low);
    return annc_fail(ANNC_USAGE, ANNC_FIELD_THRESHOLD " %g: the outputs of %s lie between %g and %g", threshold,
                     annc_activation_name(f), range.low, range.high);
}

annc_status annc_threshold_apply(const annc_shape *shape, const annc_dataset *dataset, const float *outputs,
                                 double threshold, int32_t *predictions, annc_evaluation *evaluation)
{
    ANNC_REQUIRE(shape, "shape");
    ANNC_REQUIRE(dataset, "dataset");
    ANNC_REQUIRE(outputs, "outputs");
    ANNC_REQUIRE(predictions, "predictions");
    ANNC_REQUIRE(evaluation, "evaluation");
    const annc_examples *examples = annc_dataset_examples(dataset);
    const uint32_t classes = annc_dataset_class_count(dataset);
    if (classes == 0)
        return annc_fail(ANNC_USAGE, ANNC_FIELD_THRESHOLD " needs two classes, but the data have targets");
    if (classes != 2)
        return annc_fail(ANNC_USAGE, ANNC_FIELD_THRESHOLD " needs two classes, but there are %u", classes);
    ANNC_RETURN_IF_FAILED(annc_threshold_check(shape, threshold));
    evaluation->correct = 0;
    evaluation->correct_weight = 0;
    for (uint32_t i = 0; i < examples->count; i++) {
        predictions[i] = (double)positive_output(examples, outputs, i) > threshold;
        const bool is_correct = predictions[i] == annc_dataset_labels(dataset)[i];
        evaluation->correct += is_correct;
        evaluation->correct_weight += is_correct && examples->weights ? (double)examples->weights[i] : 0;
    }
    return ANNC_OK;
}

/* ---------------------------------------------------------------- by class */

/* Checks predictions, which become indices. `measure` needs them. */
static annc_status check_predictions(const annc_dataset *dataset, const int32_t *predictions, const char *measure)
{
    const uint32_t count = annc_dataset_examples(dataset)->count, classes = annc_dataset_class_count(dataset);
    if (classes == 0)
        return annc_fail(ANNC_USAGE, "%s needs classes, but the data have targets", measure);
    for (uint32_t i = 0; i < count; i++)
        if (predictions[i] < 0 || (uint32_t)predictions[i] >= classes)
            return annc_fail(ANNC_USAGE, ANNC_FIELD_PREDICTIONS " has class %d for row %u, outside 0...%u",
                             predictions[i], i + 1, classes - 1);
    return ANNC_OK;
}

static int by_place(const void *a, const void *b)
{
    const annc_confusion_cell *x = a, *y = b;
    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    return (x->predicted > y->predicted) - (x->predicted < y->predicted);
}

/* Makes a cell of each example, sorts them and joins equal ones. */
static annc_status count_cells(annc_confusion *confusion, const annc_dataset *dataset, const int32_t *predictions)
{
    annc_status status = ANNC_OK;
    const annc_examples *examples = annc_dataset_examples(dataset);
    const int32_t *labels = annc_dataset_labels(dataset);
    ANNC_TRY(
        annc_allocate(examples->count, sizeof *confusion->cell, "the confusion matrix", (void **)&confusion->cell));
    for (uint32_t i = 0; i < examples->count; i++)
        confusion->cell[i] = (annc_confusion_cell){(uint32_t)labels[i], (uint32_t)predictions[i], 1};
    qsort(confusion->cell, examples->count, sizeof *confusion->cell, by_place);
    for (uint32_t i = 0; i < examples->count; i++) {
        annc_confusion_cell *last = confusion->cells ? &confusion->cell[confusion->cells - 1] : NULL;
        if (last && by_place(last, &confusion->cell[i]) == 0)
            last->count++;
        else
            confusion->cell[confusion->cells++] = confusion->cell[i];
    }
out:
    return status;
}

static void weigh_classes(annc_confusion *confusion, const annc_dataset *dataset, const int32_t *predictions)
{
    const int32_t *labels = annc_dataset_labels(dataset);
    for (uint32_t i = 0; i < annc_dataset_examples(dataset)->count; i++) {
        const double weight = annc_dataset_weight(dataset, i);
        confusion->support_weight[labels[i]] += weight;
        confusion->predicted_weight[predictions[i]] += weight;
        confusion->correct_weight[labels[i]] += labels[i] == predictions[i] ? weight : 0;
    }
}

annc_status annc_confusion_create(const annc_dataset *dataset, const int32_t *predictions, annc_confusion **result)
{
    ANNC_REQUIRE_RESULT(result, "confusion");
    ANNC_REQUIRE(dataset, "dataset");
    ANNC_REQUIRE(predictions, "predictions");
    annc_status status = ANNC_OK;
    const uint32_t classes = annc_dataset_class_count(dataset);
    annc_confusion *confusion = NULL;
    ANNC_TRY(check_predictions(dataset, predictions, "a confusion matrix"));
    ANNC_TRY(annc_allocate(1, sizeof *confusion, "the confusion matrix", (void **)&confusion));
    confusion->classes = classes;
    uint32_t **const sums[] = {&confusion->support, &confusion->predicted, &confusion->correct};
    double **const weights[] = {&confusion->support_weight, &confusion->predicted_weight, &confusion->correct_weight};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        ANNC_TRY(annc_allocate(classes, sizeof **sums[i], "the confusion matrix", (void **)sums[i]));
        ANNC_TRY(annc_allocate(classes, sizeof **weights[i], "the confusion matrix", (void **)weights[i]));
    }
    ANNC_TRY(count_cells(confusion, dataset, predictions));
    weigh_classes(confusion, dataset, predictions);
    for (uint32_t i = 0; i < confusion->cells; i++) {
        const annc_confusion_cell *cell = &confusion->cell[i];
        confusion->support[cell->label] += cell->count;
        confusion->predicted[cell->predicted] += cell->count;
        if (cell->label == cell->predicted)
            confusion->correct[cell->label] = cell->count;
    }
    *result = confusion;
    confusion = NULL;
out:
    annc_confusion_free(confusion);
    return status;
}

void annc_confusion_free(annc_confusion *confusion)
{
    if (!confusion)
        return;
    annc_release(confusion->cell);
    annc_release(confusion->support);
    annc_release(confusion->predicted);
    annc_release(confusion->correct);
    annc_release(confusion->support_weight);
    annc_release(confusion->predicted_weight);
    annc_release(confusion->correct_weight);
    annc_release(confusion);
}

uint32_t annc_confusion_count(const annc_confusion *confusion, uint32_t label, uint32_t predicted)
{
    const annc_confusion_cell wanted = {label, predicted, 0};
    const annc_confusion_cell *found =
        confusion ? bsearch(&wanted, confusion->cell, confusion->cells, sizeof wanted, by_place) : NULL;
    return found ? found->count : 0;
}

uint32_t annc_confusion_pairs(const annc_confusion *confusion, uint32_t most, annc_confusion_cell *pairs)
{
    uint32_t count = 0;
    for (uint32_t i = 0; confusion && pairs && i < confusion->cells; i++) {
        const annc_confusion_cell cell = confusion->cell[i];
        if (cell.label == cell.predicted || (count == most && (most == 0 || cell.count <= pairs[most - 1].count)))
            continue;
        uint32_t at = count < most ? count++ : most - 1;
        for (; at > 0 && cell.count > pairs[at - 1].count; at--)
            pairs[at] = pairs[at - 1];
        pairs[at] = cell;
    }
    return count;
}

annc_class_measures annc_confusion_class(const annc_confusion *confusion, uint32_t class_index)
{
    if (!confusion || class_index >= confusion->classes)
        return (annc_class_measures){.support = 0};
    annc_class_measures measures = {.support = confusion->support[class_index],
                                    .predicted = confusion->predicted[class_index],
                                    .correct = confusion->correct[class_index]};
    const double support = confusion->support_weight[class_index], correct = confusion->correct_weight[class_index],
                 predicted = confusion->predicted_weight[class_index];
    measures.precision = predicted > 0 ? correct / predicted : 0;
    measures.recall = support > 0 ? correct / support : 0;
    const double sum = measures.precision + measures.recall;
    measures.f1 = sum > 0 ? 2 * measures.precision * measures.recall / sum : 0;
    return measures;
}

annc_class_measures annc_confusion_mean(const annc_confusion *confusion, bool weighted)
{
    annc_class_measures mean = {.support = 0};
    double all = 0;
    if (!confusion)
        return mean;
    for (uint32_t c = 0; c < confusion->classes; c++) {
        const annc_class_measures one = annc_confusion_class(confusion, c);
        const double weight = weighted ? confusion->support_weight[c] : one.support + one.predicted > 0;
        all += weight;
        mean.support += one.support;
        mean.predicted += one.predicted;
        mean.correct += one.correct;
        mean.precision += weight * one.precision;
        mean.recall += weight * one.recall;
        mean.f1 += weight * one.f1;
    }
    mean.precision /= all;
    mean.recall /= all;
    mean.f1 /= all;
    return mean;
}

/* ---------------------------------------------------------------- probabilities */

/* Returns the output of a class, or, of a single output, of class 1 and 1 minus it of class 0. */
static double probability_of(const annc_examples *examples, const float *outputs, uint32_t i, int32_t class_index)
{
    const size_t n = examples->outputs;
    const double output = (double)outputs[i * n + (n == 1 ? 0 : (size_t)class_index)];
    return n == 1 && class_index == 0 ? 1 - output : output;
}

double annc_log_loss_measure(const annc_shape *shape, const annc_dataset *dataset, const float *outputs)
{
    if (!annc_shape_is_in_range(shape) || !dataset || !outputs)
        return NAN;
    const annc_examples *examples = annc_dataset_examples(dataset);
    const annc_activation f = shape->activation[shape->layers - 1];
    const int32_t *labels = annc_dataset_labels(dataset);
    double sum = 0;
    if (!labels || !(f == ANNC_SOFTMAX || (f == ANNC_SIGMOID && examples->outputs == 1)))
        return NAN;
    for (uint32_t i = 0; i < examples->count; i++) {
        const double p = probability_of(examples, outputs, i, labels[i]);
        sum -= annc_dataset_weight(dataset, i) * log(p < LEAST_PROBABILITY ? LEAST_PROBABILITY : p); /* NaN stays */
    }
    return sum / annc_dataset_weight_of_all(dataset);
}

/* Returns the bin of a confidence; NaN and what is below 0 count to the first. */
static int bin_of(double confidence)
{
    if (confidence >= 1)
        return ANNC_CALIBRATION_BINS - 1;
    return confidence > 0 ? (int)(confidence * ANNC_CALIBRATION_BINS) : 0;
}

annc_status annc_calibration_measure(const annc_shape *shape, const annc_dataset *dataset, const int32_t *predictions,
                                     const float *outputs, annc_calibration *calibration)
{
    ANNC_RETURN_IF_FAILED(check_range(shape));
    ANNC_REQUIRE(dataset, "dataset");
    ANNC_REQUIRE(predictions, "predictions");
    ANNC_REQUIRE(outputs, "outputs");
    ANNC_REQUIRE(calibration, "calibration");
    const annc_examples *examples = annc_dataset_examples(dataset);
    const annc_activation f = shape->activation[shape->layers - 1];
    *calibration = (annc_calibration){.error = NAN};
    ANNC_RETURN_IF_FAILED(check_predictions(dataset, predictions, "a calibration"));
    if (f != ANNC_SOFTMAX && f != ANNC_SIGMOID)
        return ANNC_OK;
    calibration->error = 0;
    double weights[ANNC_CALIBRATION_BINS] = {0};
    for (uint32_t i = 0; i < examples->count; i++) {
        const double confidence = probability_of(examples, outputs, i, predictions[i]);
        const int bin = bin_of(confidence);
        const double weight = annc_dataset_weight(dataset, i);
        weights[bin] += weight;
        calibration->count[bin]++;
        calibration->confidence[bin] += weight * confidence;
        calibration->accuracy[bin] += predictions[i] == annc_dataset_labels(dataset)[i] ? weight : 0;
    }
    const double all = annc_dataset_weight_of_all(dataset);
    for (int bin = 0; bin < ANNC_CALIBRATION_BINS; bin++) {
        const double weight = weights[bin] > 0 ? weights[bin] : 1;
        calibration->error += fabs(calibration->confidence[bin] - calibration->accuracy[bin]) / all;
        calibration->confidence[bin] /= weight;
        calibration->accuracy[bin] /= weight;
    }
    return ANNC_OK;
}
