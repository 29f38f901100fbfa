/* cpu_transpose.h - transposes matrices. Part of cpu_loops.h. */
#ifndef ANNC_BACKEND_CPU_LOOPS_CPU_TRANSPOSE_H
#define ANNC_BACKEND_CPU_LOOPS_CPU_TRANSPOSE_H

#include "backend/cpu/loops/cpu_kernels.h"
#include "backend/cpu/loops/cpu_vector.h"

enum { TILE = 4, LINE_FLOATS = ANNC_LINE / (int)sizeof(float) };
typedef float four __attribute__((vector_size(TILE * sizeof(float))));

/* Each of these is one instruction. */
INLINE four low_pairs(four a, four b)
{
    return (four){a[0], b[0], a[1], b[1]};
}
INLINE four high_pairs(four a, four b)
{
    return (four){a[2], b[2], a[3], b[3]};
}
INLINE four low_halves(four a, four b)
{
    return (four){a[0], a[1], b[0], b[1]};
}
INLINE four high_halves(four a, four b)
{
    return (four){a[2], a[3], b[2], b[3]};
}

INLINE void transpose_tile(const float *from, size_t from_row, float *to, size_t to_row)
{
    four row[TILE];
    for (int r = 0; r < TILE; r++)
        memcpy(&row[r], from + (size_t)r * from_row, sizeof row[r]);
    const four ab_low = low_pairs(row[0], row[1]), ab_high = high_pairs(row[0], row[1]);
    const four cd_low = low_pairs(row[2], row[3]), cd_high = high_pairs(row[2], row[3]);
    const four column[TILE] = {low_halves(ab_low, cd_low), high_halves(ab_low, cd_low), low_halves(ab_high, cd_high),
                               high_halves(ab_high, cd_high)};
    for (int c = 0; c < TILE; c++)
        memcpy(to + (size_t)c * to_row, &column[c], sizeof column[c]);
}

/* Transposes up to a cache line's floats of each row of the result. */
INLINE void transpose_lines(size_t rows, size_t columns, const float *from, size_t from_row, float *to, size_t to_row)
{
    size_t c = 0;
    for (; columns - c >= TILE; c += TILE) {
        size_t r = 0;
        for (; rows - r >= TILE; r += TILE)
            transpose_tile(from + r * from_row + c, from_row, to + c * to_row + r, to_row);
        for (; r < rows; r++)
            for (size_t k = c; k < c + TILE; k++)
                to[k * to_row + r] = from[r * from_row + k];
    }
    for (; c < columns; c++)
        for (size_t r = 0; r < rows; r++)
            to[c * to_row + r] = from[r * from_row + c];
}

static void transpose(size_t rows, size_t columns, const float *from, size_t from_row, float *to, size_t to_row)
{
    size_t r = 0;
    for (; rows - r >= LINE_FLOATS; r += LINE_FLOATS)
        transpose_lines(LINE_FLOATS, columns, from + r * from_row, from_row, to + r, to_row);
    transpose_lines(rows - r, columns, from + r * from_row, from_row, to + r, to_row);
}

#endif
