/* remainders.c - what floats do not hold of a table's numbers. */
#include "dataset/tables/remainders.h"
#include "base/allocate.h"
#include "base/status.h"

#include <float.h>
#include <math.h>

static annc_status add_column(struct annc_remainders *remainders, uint32_t rows, uint32_t columns, uint32_t column)
{
    annc_status status = ANNC_OK;
    if (!remainders->column)
        ANNC_TRY(annc_allocate(columns, sizeof *remainders->column, "the exact numbers", (void **)&remainders->column));
    remainders->columns = columns;
    ANNC_TRY(
        annc_allocate(rows, sizeof **remainders->column, "the exact numbers", (void **)&remainders->column[column]));
out:
    return status;
}

annc_status annc_remainders_split(struct annc_remainders *remainders, uint32_t rows, uint32_t columns, uint32_t row,
                                  uint32_t column, double number, float *value)
{
    annc_status status = ANNC_OK;
    const double rounded = (double)(float)number;
    const bool is_float = !(fabs(number) >= (double)FLT_MIN) || rounded == number; /* or NaN */
    *value = (float)number;
    if (is_float && (!remainders->column || !remainders->column[column]))
        return ANNC_OK;
    if (!remainders->column || !remainders->column[column])
        ANNC_TRY(add_column(remainders, rows, columns, column));
    /* Exact: the difference is at most half the last place of a float, 2^29 units. */
    remainders->column[column][row] = is_float ? 0 : (int32_t)((number - rounded) / annc_remainder_unit(rounded));
out:
    return status;
}

void annc_remainders_move(struct annc_remainders *remainders, uint32_t from, uint32_t to)
{
    for (uint32_t j = 0; remainders->column && j < remainders->columns; j++)
        if (remainders->column[j])
            remainders->column[j][to] = remainders->column[j][from];
}

void annc_remainders_free(struct annc_remainders *remainders)
{
    for (uint32_t j = 0; remainders->column && j < remainders->columns; j++)
        annc_release(remainders->column[j]);
    annc_release(remainders->column);
    memset(remainders, 0, sizeof *remainders);
}
