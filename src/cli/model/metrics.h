/* metrics.h - measures of classification beyond accuracy. */
#ifndef ANNC_CLI_MODEL_METRICS_H
#define ANNC_CLI_MODEL_METRICS_H

#include "annc.h"

/* Measures of two classes; NaN if undefined. The AUC (area under the curve of true against false
 * positives, ties counted half) needs examples of both classes. The log loss (mean of -ln of the
 * true class's probability, at least 1e-15) needs outputs that are probabilities. */
struct binary_figures {
    double auc, log_loss;
};

/* outputs: count x n_L. */
struct binary_figures binary_figures(const annc_shape *shape, const annc_dataset *data, const float *outputs);

/* Classification results of one class, or of all. Without predicted or without true examples,
 * precision and recall are 0, and so is F1. */
struct class_figures {
    uint32_t support, predicted, correct;
    double precision, recall, f1;
};

/* The confusion matrix of a data set. */
struct confusion {
    uint32_t classes;
    uint32_t *count; /* classes x classes; rows: true class, columns: predicted class */
};

void confusion_open(const annc_dataset *data, const int32_t *predictions, struct confusion *confusion);
void confusion_close(struct confusion *confusion);
struct class_figures confusion_class(const struct confusion *confusion, uint32_t c);
/* Returns the mean over the classes that occur, each with equal weight or weighted by its
 * support. */
struct class_figures confusion_mean(const struct confusion *confusion, bool weighted);

/* Calibration: examples in equal bins of confidence, the output of the predicted class (Guo et al.
 * 2017). */
enum { CALIBRATION_BINS = 10 };
struct calibration {
    bool exists; /* the outputs are probabilities */
    uint32_t count[CALIBRATION_BINS];
    double confidence[CALIBRATION_BINS], accuracy[CALIBRATION_BINS]; /* means; 0 for an empty bin */
    double error; /* expected calibration error: mean |confidence - accuracy| over all examples */
};

struct calibration calibrate(const annc_shape *shape, const annc_dataset *data, const int32_t *predictions,
                             const float *outputs);

/* Checks that a threshold lies within the range of the outputs, ends included; otherwise ANNC_USAGE
 * with the range. */
annc_status check_threshold(const annc_shape *shape, double threshold);
/* Predicts the second of two classes if its output is above the threshold, and counts the correct
 * predictions. ANNC_USAGE for any other number of classes. */
annc_status apply_threshold(const annc_shape *shape, const annc_dataset *data, const float *outputs, double threshold,
                            int32_t *predictions, uint32_t *correct);

#endif
