/* target_metrics.h - the measure of targets that each epoch has, too. */
#ifndef ANNC_TRAINING_RUN_TARGET_METRICS_H
#define ANNC_TRAINING_RUN_TARGET_METRICS_H

#include "annc.h"

/* Returns annc_multilabel.accuracy of the outputs, count x n_L, alone; NaN for data without several
 * labels per example. */
double annc_label_accuracy(const annc_shape *shape, const annc_dataset *dataset, const float *outputs);

#endif
