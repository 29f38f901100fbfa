/* formulas.h - the formulas of annc_functions.h as text, for what is written out in other languages. */
#ifndef ANNC_NETWORK_EXPORT_FORMULAS_H
#define ANNC_NETWORK_EXPORT_FORMULAS_H

#include "annc.h"

/* f(z) of an activation as the C expression that annc_functions.h has, its casts to `real` included, its constants written out as numbers.
 * Static text; NULL where there is no such activation. */
const char *annc_activation_formula(annc_activation activation);

#endif
