/* remainders.c - what floats do not hold of a table's numbers. */
#include "dataset/tables/remainders.h"
#include "base/allocate.h"
#include "base/status.h"

/* Returns where a column begins in its block. Large blocks all begin at the same place of a page, so that
 * the remainders of a row would otherwise share one set of the first cache, which holds few of them. */
static size_t offset_of(uint32_t column)
{
    enum { PLACES = 32, LINE = 32 }; /* of 128 bytes: a page */
    return (size_t)(column % PLACES) * LINE;
}

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
    const size_t offset = offset_of(column);
    int32_t *made = NULL, *none = NULL;
    ANNC_TRY(annc_remainders_share(remainders, columns));
    ANNC_TRY(annc_allocate(rows + offset, sizeof *made, "the exact numbers", (void **)&made));
    /* Another thread may have made the same. */
    if (!__atomic_compare_exchange_n(&remainders->column[column], &none, made + offset, false, __ATOMIC_ACQ_REL,
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
        if (remainders->column[j])
            annc_release(remainders->column[j] - offset_of(j));
    annc_release(remainders->column);
    memset(remainders, 0, sizeof *remainders);
}
