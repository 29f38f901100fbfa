/* metrics.h - measures of classification beyond accuracy. */
#ifndef ANNC_CLI_MODEL_METRICS_H
#define ANNC_CLI_MODEL_METRICS_H

#include "annc.h"

/* NaN where a figure does not exist: the AUC (area under the curve of true against false positives, ties counted half) needs two classes, both
 * present; the log loss (mean of -ln of the true class's probability, at least 1e-15) outputs that are probabilities. */
struct binary_figures {
    double auc, log_loss;
};

/* outputs: count x n_L. */
struct binary_figures binary_figures(const annc_shape *shape, const annc_dataset *data, const float *outputs);

/* How examples of a class, or of all, were classified. Without any predicted, or any there, precision and recall are 0, and so is F1. */
struct class_figures {
    uint32_t support, predicted, correct;
    double precision, recall, f1;
};

/* How the examples of a data set were classified. */
struct confusion {
    uint32_t classes;
    uint32_t *count; /* classes x classes: rows are labels, columns what was predicted */
};

void confusion_open(const annc_dataset *data, const int32_t *predictions, struct confusion *confusion);
void confusion_close(struct confusion *confusion);
struct class_figures confusion_class(const struct confusion *confusion, uint32_t c);
/* The mean over the classes that occur, each counted once, or by its support. */
struct class_figures confusion_mean(const struct confusion *confusion, bool weighted);

/* How far what outputs say of their own class can be trusted: examples by their confidence, the output of the predicted class, in equal bins
 * (Guo et al. 2017). */
enum { CALIBRATION_BINS = 10 };
struct calibration {
    bool exists; /* the outputs are probabilities */
    uint32_t count[CALIBRATION_BINS];
    double confidence[CALIBRATION_BINS], accuracy[CALIBRATION_BINS]; /* means; 0 where there are none */
    double error; /* the expected calibration error: the mean of |confidence - accuracy| over the examples' bins */
};

struct calibration calibrate(const annc_shape *shape, const annc_dataset *data, const int32_t *predictions,
                             const float *outputs);

/* Whether the outputs of a shape can lie on both sides of a threshold, its ends included: ANNC_USAGE with their range otherwise. */
annc_status check_threshold(const annc_shape *shape, double threshold);
/* Predicts the second of two classes where its output is above a threshold; counts what is then right. ANNC_USAGE for other than two. */
annc_status apply_threshold(const annc_shape *shape, const annc_dataset *data, const float *outputs, double threshold,
                            int32_t *predictions, uint32_t *correct);

#endif
