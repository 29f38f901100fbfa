/* formulas.h - the formulas of annc_functions.h as text, for exports to other languages. */
#ifndef ANNC_NETWORK_EXPORT_FORMULAS_H
#define ANNC_NETWORK_EXPORT_FORMULAS_H

#include "annc.h"

/* Returns f(z) of an activation as the C expression in annc_functions.h, with its casts to `real`,
 * and constants as numbers. The text is static; NULL for an unknown activation. */
const char *annc_activation_formula(annc_activation activation);
/* Returns f'(z), of z and a, likewise. */
const char *annc_activation_derivative_formula(annc_activation activation);
/* Returns the cost of one output, of z, a and y, and its derivative, likewise. */
const char *annc_cost_formula(annc_cost cost);
const char *annc_cost_derivative_formula(annc_cost cost);

#endif
