/* remainders.c - what floats do not hold of a table's numbers. */
#include "dataset/tables/remainders.h"
#include "base/allocate.h"
#include "base/status.h"

annc_status annc_remainders_share(struct annc_remainders *remainders, uint32_t columns)
{
    remainders->columns = columns;
    if (remainders->column) /* a row has such numbers */
        return ANNC_OK;
    return annc_allocate(columns, sizeof *remainders->column, "the exact numbers", (void **)&remainders->column);
}

void annc_remainders_settle(struct annc_remainders *remainders)
{
    for (uint32_t j = 0; j < remainders->columns; j++)
        if (remainders->column[j])
            return;
    annc_remainders_free(remainders);
}

annc_status annc_remainders_add_column(struct annc_remainders *remainders, uint32_t rows, uint32_t columns,
                                       uint32_t column)
{
    annc_status status = ANNC_OK;
    int32_t *made = NULL, *none = NULL;
    ANNC_TRY(annc_remainders_share(remainders, columns));
    ANNC_TRY(annc_allocate(rows, sizeof *made, "the exact numbers", (void **)&made));
    /* Another thread may have made the same. */
    if (!__atomic_compare_exchange_n(&remainders->column[column], &none, made, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
        annc_release(made);
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
