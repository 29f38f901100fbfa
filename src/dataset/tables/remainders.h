/* remainders.h - what floats do not hold of a table's numbers, so that tables keep doubles. */
#ifndef ANNC_DATASET_TABLES_REMAINDERS_H
#define ANNC_DATASET_TABLES_REMAINDERS_H

#include "annc.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* The remainders of columns of numbers, each in units of 2^-53 of its float's power of two: float
 * and remainder together are the double. A column whose numbers are all floats has none, so that
 * only the others take twice the memory. Zero-initialise it. */
struct annc_remainders {
    uint32_t columns;
    int32_t **column; /* each NULL or one per row; NULL: no column has any */
};

/* Returns the power of two at or below a normal number. */
static inline double annc_power_below(double value)
{
    const uint64_t exponent = (uint64_t)0x7FF << 52;
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits &= exponent;
    memcpy(&value, &bits, sizeof bits);
    return value;
}

/* Returns the unit of the remainders of a float: 2^-53 of the power of two at or below it. */
static inline double annc_remainder_unit(double value)
{
    return annc_power_below(value) * 0x1p-53;
}

/* Returns how many units make 1: a factor, where a division takes several times as long. */
static inline double annc_remainder_units(double value)
{
    const uint64_t exponents = (uint64_t)(2 * 1023) << 52; /* of a power of two and its inverse, together */
    uint64_t bits;
    value = annc_power_below(value);
    memcpy(&bits, &value, sizeof bits);
    bits = exponents - bits;
    memcpy(&value, &bits, sizeof bits);
    return value * 0x1p53;
}

/* Returns the number of a float and its remainder: `value` in a column without remainders. */
static inline double annc_remainders_number(const struct annc_remainders *remainders, size_t row, uint32_t column,
                                            float value)
{
    if (!remainders->column || !remainders->column[column])
        return (double)value;
    return (double)value + remainders->column[column][row] * annc_remainder_unit((double)value);
}

/* Makes room for the remainders of a column, in a table with room for `rows` rows of `columns`
 * numbers; those of rows that are there already are 0. */
annc_status annc_remainders_add_column(struct annc_remainders *remainders, uint32_t rows, uint32_t columns,
                                       uint32_t column);

/* Lets copies of the struct, one per thread, write the remainders of different rows at once. */
annc_status annc_remainders_share(struct annc_remainders *remainders, uint32_t columns);

/* Ends this: no column has any, if none was made. */
void annc_remainders_settle(struct annc_remainders *remainders);

/* Returns the remainders of a column, which another thread may just make; NULL: it has none. */
static inline int32_t *annc_remainders_of(const struct annc_remainders *remainders, uint32_t column)
{
    return remainders->column ? __atomic_load_n(&remainders->column[column], __ATOMIC_ACQUIRE) : NULL;
}

/* Writes a number, NaN or at most FLT_MAX, as a float, and keeps its remainder: of one row of a
 * table with room for `rows` rows of `columns` numbers. A number below FLT_MIN is only the
 * float. Inline, as it is done for every cell. */
static inline annc_status annc_remainders_split(struct annc_remainders *remainders, uint32_t rows, uint32_t columns,
                                                uint32_t row, uint32_t column, double number, float *value)
{
    const double rounded = (double)(float)number;
    const bool is_float = !(fabs(number) >= (double)FLT_MIN) || rounded == number; /* or NaN */
    *value = (float)number;
    int32_t *own = annc_remainders_of(remainders, column);
    if (!own) {
        const annc_status status = is_float ? ANNC_OK : annc_remainders_add_column(remainders, rows, columns, column);
        if (is_float || status != ANNC_OK)
            return status;
        own = annc_remainders_of(remainders, column);
    }
    /* Exact: the difference is at most half the last place of a float, 2^29 units. */
    own[row] = is_float ? 0 : (int32_t)((number - rounded) * annc_remainder_units(rounded));
    return ANNC_OK;
}

/* Copies the remainders of row `from` to row `to`. */
void annc_remainders_move(struct annc_remainders *remainders, uint32_t from, uint32_t to);
void annc_remainders_free(struct annc_remainders *remainders);

#endif
