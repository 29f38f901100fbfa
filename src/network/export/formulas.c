/* formulas.c - the formulas of annc_functions.h as text, for exports to other languages. */
#include "network/export/formulas.h"

#include <stddef.h>

/* Two steps, so that constants expand to their numbers first. functions.h is not included, so EXP
 * and similar macros stay names. */
#define TEXT(...)                                            #__VA_ARGS__
#define FORMULA(enumerator, name, value, ...)                [enumerator] = TEXT(value),
#define DERIVATIVE(enumerator, name, value, derivative, ...) [enumerator] = TEXT(derivative),

const char *annc_activation_formula(annc_activation activation)
{
    static const char *const formulas[ANNC_ACTIVATION_COUNT] = {ANNC_ACTIVATIONS(FORMULA)};
    return (unsigned)activation < ANNC_ACTIVATION_COUNT ? formulas[activation] : NULL;
}

const char *annc_activation_derivative_formula(annc_activation activation)
{
    static const char *const formulas[ANNC_ACTIVATION_COUNT] = {ANNC_ACTIVATIONS(DERIVATIVE)};
    return (unsigned)activation < ANNC_ACTIVATION_COUNT ? formulas[activation] : NULL;
}

const char *annc_cost_formula(annc_cost cost)
{
    static const char *const formulas[ANNC_COST_COUNT] = {ANNC_COSTS(FORMULA)};
    return (unsigned)cost < ANNC_COST_COUNT ? formulas[cost] : NULL;
}

const char *annc_cost_derivative_formula(annc_cost cost)
{
    static const char *const formulas[ANNC_COST_COUNT] = {ANNC_COSTS(DERIVATIVE)};
    return (unsigned)cost < ANNC_COST_COUNT ? formulas[cost] : NULL;
}
