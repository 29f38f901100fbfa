/* formulas.c - the formulas of annc_functions.h as text, for exports to other languages. */
#include "network/export/formulas.h"

#include <stddef.h>

/* Two steps, so that constants expand to their numbers first. functions.h is not included, so EXP
 * and similar macros stay names. */
#define TEXT(...)                             #__VA_ARGS__
#define FORMULA(enumerator, name, value, ...) [enumerator] = TEXT(value),

const char *annc_activation_formula(annc_activation activation)
{
    static const char *const formulas[ANNC_ACTIVATION_COUNT] = {ANNC_ACTIVATIONS(FORMULA)};
    return (unsigned)activation < ANNC_ACTIVATION_COUNT ? formulas[activation] : NULL;
}
