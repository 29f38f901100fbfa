/* remainders.c - what floats do not hold of a table's numbers. */
#include "dataset/tables/remainders.h"
#include "base/allocate.h"
#include "base/status.h"

annc_status annc_remainders_add_column(struct annc_remainders *remainders, uint32_t rows, uint32_t columns,
                                       uint32_t column)
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
