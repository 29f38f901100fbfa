/* formulas.h - the formulas of annc_functions.h as text, for programs in other languages. */
#ifndef ANNC_NETWORK_FORMULAS_H
#define ANNC_NETWORK_FORMULAS_H

#include "annc.h"

/* f as an expression in z, as the table of activations has it: "z > 0 ? z : (real)0.01 * z". Of softmax, what is done after z became
 * z - log of the sum of e^z. */
const char *annc_activation_formula(annc_activation f);
/* The constants that formulas use, a name and a value each: "ANNC_SELU_SCALE 1.0507..."; NULL past the last. */
const char *annc_formula_constant(size_t i);

#endif
