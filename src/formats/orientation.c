/* orientation.c - turns pictures upright. */
#include "formats/orientation.h"
#include "base/allocate.h"
#include "base/status.h"

annc_status annc_picture_make_upright(struct annc_picture *picture)
{
    annc_status status = ANNC_OK;
    uint8_t *upright = NULL;
    const int orientation = picture->orientation;
    const bool is_turned = orientation >= 5; /* rows are columns */
    /* Which way the stored rows and columns count. */
    const bool rows_back = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const bool columns_back = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const uint32_t rows = is_turned ? picture->columns : picture->rows;
    const uint32_t columns = is_turned ? picture->rows : picture->columns;
    if (orientation < 2)
        return ANNC_OK;
    ANNC_TRY(annc_allocate(annc_product(rows, columns), 1, "a picture", (void **)&upright));
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t c = 0; c < columns; c++) {
            const uint32_t i = is_turned ? c : r, j = is_turned ? r : c;
            const size_t row = rows_back ? picture->rows - 1 - i : i;
            const size_t column = columns_back ? picture->columns - 1 - j : j;
            upright[(size_t)r * columns + c] = picture->grey[row * picture->columns + column];
        }
    annc_release(picture->grey);
    *picture = (struct annc_picture){.rows = rows, .columns = columns, .grey = upright};
out:
    return status;
}
