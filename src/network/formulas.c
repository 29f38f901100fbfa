#include "formulas.h"

#define FORMULA(enumerator, name, value, ...) [enumerator] = #value,
static const char *const FORMULAS[] = {ANNC_ACTIVATIONS(FORMULA)};

#define TEXT(value)    #value
#define CONSTANT(name) #name " " TEXT(name)
static const char *const CONSTANTS[] = {CONSTANT(ANNC_SELU_SCALE), CONSTANT(ANNC_SELU_LOWEST),
                                        CONSTANT(ANNC_NORMAL_DENSITY_0), NULL};

const char *annc_activation_formula(annc_activation f)
{
    return FORMULAS[f];
}

const char *annc_formula_constant(size_t i)
{
    return CONSTANTS[i];
}
