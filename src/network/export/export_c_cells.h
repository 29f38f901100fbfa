/* export_c_cells.h - exported C code that takes rows of cells, for models with columns of words or dates. */
#ifndef ANNC_NETWORK_EXPORT_EXPORT_C_CELLS_H
#define ANNC_NETWORK_EXPORT_EXPORT_C_CELLS_H

#include "annc.h"
#include "dataset/categories/categories.h"

struct annc_buffer;

/* Writes the columns with their levels, and model_encode, which makes inputs of a row of cells. dates:
 * the inputs that are dates, or NULL. */
void annc_export_c_columns(struct annc_buffer *text, uint32_t inputs, const struct annc_categories *categories,
                           const bool *dates);
/* Writes the program of the file up to the printing of a row's outputs y. */
void annc_export_c_cells_main(struct annc_buffer *text);

#endif
