/* ink.c - tells ink from paper where ink touches the border of a picture. */
#include "dataset/pictures/ink.h"

#include <string.h>

enum { SIDE = 64, CELLS = SIDE * SIDE, SPECK = 200 };

/* A picture in at most SIDE x SIDE cells, each light if more than half of its pixels are. */
struct cells {
    uint32_t rows, columns;
    bool is_light[CELLS], is_counted[CELLS];
};

static void make_cells(const struct annc_picture *picture, int middle, struct cells *cells)
{
    int32_t balance[CELLS] = {0}; /* light pixels, less the dark ones */
    memset(cells, 0, sizeof *cells);
    cells->rows = picture->rows < SIDE ? picture->rows : SIDE;
    cells->columns = picture->columns < SIDE ? picture->columns : SIDE;
    for (uint32_t r = 0; r < picture->rows; r++) {
        const uint32_t row = (uint32_t)((uint64_t)r * cells->rows / picture->rows);
        for (uint32_t c = 0; c < picture->columns; c++) {
            const uint32_t column = (uint32_t)((uint64_t)c * cells->columns / picture->columns);
            balance[row * cells->columns + column] += picture->grey[(size_t)r * picture->columns + c] > middle ? 1 : -1;
        }
    }
    for (uint32_t i = 0; i < cells->rows * cells->columns; i++)
        cells->is_light[i] = balance[i] > 0;
}

/* Returns the number of cells in the piece of a cell, and marks them as counted: those of its side
 * that are reached through edges. */
static uint32_t count_piece(struct cells *cells, uint32_t cell)
{
    uint32_t stack[CELLS], waiting = 0, size = 0;
    const uint32_t n = cells->columns;
    const bool side = cells->is_light[cell];
    cells->is_counted[cell] = true;
    for (stack[waiting++] = cell; waiting > 0; size++) {
        const uint32_t at = stack[--waiting], row = at / n, column = at % n;
        const struct {
            bool there;
            uint32_t cell;
        } next[] = {{row > 0, at - n}, {row + 1 < cells->rows, at + n}, {column > 0, at - 1}, {column + 1 < n, at + 1}};
        for (size_t k = 0; k < sizeof next / sizeof *next; k++) {
            if (!next[k].there || cells->is_counted[next[k].cell] || cells->is_light[next[k].cell] != side)
                continue;
            cells->is_counted[next[k].cell] = true;
            stack[waiting++] = next[k].cell;
        }
    }
    return size;
}

bool annc_ink_is_dark(const struct annc_picture *picture, int middle)
{
    struct cells cells;
    uint32_t area[2] = {0, 0}, pieces[2] = {0, 0}; /* of the dark and the light side */
    make_cells(picture, middle, &cells);
    const uint32_t count = cells.rows * cells.columns;
    for (uint32_t i = 0; i < count; i++) {
        if (cells.is_counted[i])
            continue;
        const uint32_t size = count_piece(&cells, i);
        area[cells.is_light[i]] += size;
        pieces[cells.is_light[i]] += size >= (count + SPECK - 1) / SPECK;
    }
    return pieces[0] == pieces[1] ? area[0] < area[1] : pieces[0] < pieces[1];
}
