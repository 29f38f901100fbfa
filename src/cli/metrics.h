/* metrics.h - measures of classification beyond accuracy. */
#ifndef ANNC_CLI_METRICS_H
#define ANNC_CLI_METRICS_H

#include "annc.h"

/* NaN where a figure does not exist: the AUC (area under the curve of true against false positives, ties counted half) needs two classes, both
 * present; the log loss (mean of -ln of the true class's probability, at least 1e-15) outputs that are probabilities. */
struct binary_figures {
    double auc, log_loss;
};

/* outputs: count x n_L. */
struct binary_figures binary_figures(const annc_shape *shape, const annc_dataset *data, const float *outputs);

/* Predicts the second of two classes where its output is above a threshold; counts what is then right. ANNC_USAGE for other than two. */
annc_status apply_threshold(const annc_shape *shape, const annc_dataset *data, const float *outputs, double threshold,
                            int32_t *predictions, uint32_t *correct);

#endif
