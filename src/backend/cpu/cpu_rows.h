/* cpu_rows.h - functions of whole rows of a matrix: m rows of n numbers, `stride` apart. */
#ifndef ANNC_BACKEND_CPU_CPU_ROWS_H
#define ANNC_BACKEND_CPU_CPU_ROWS_H

#include "annc.h"

/* delta = delta times the Jacobian diag(a) - a a^T of a row-wise f. */
void annc_cpu_times_jacobian(uint32_t m, uint32_t n, size_t stride, const float *A, float *delta);

/* Returns the class of a row of outputs; a single output changes from class 0 to class 1 at
 * `middle`. */
uint32_t annc_cpu_class_of(uint32_t n, const float *row, float middle);

/* Returns the class of a row of targets. */
uint32_t annc_cpu_class_wanted(uint32_t n, const float *row);

/* Returns the weight of an example times that of its label's class; without the one or the other, 1
 * in its place. */
float annc_cpu_weight_of(const annc_examples *examples, const float *class_weights, size_t example);

#endif
