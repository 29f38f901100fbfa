/* grid.h - the grid of a sweep: options and their values at each point. */
#ifndef ANNC_CLI_TRAIN_GRID_H
#define ANNC_CLI_TRAIN_GRID_H

#include "cli/options/option_types.h"

enum { MOST_AXES = MOST_REPEATED, MOST_POINTS = 100000, POINT_TEXT = 64 };

/* One --grid: an option and its values, or, with --random, its range. */
struct axis {
    enum option_id id;
    char *text; /* memory of the values */
    char **values;
    uint32_t count;
    bool is_range;
    double low, high;
};

struct grid {
    struct axis axis[MOST_AXES];
    int axes;
    uint32_t points; /* without the seeds */
    bool random;
    uint64_t seed; /* of the random values */
};

/* Parses all --grid options. ANNC_USAGE with the invalid one and the reason. */
annc_status grid_open(const struct options *options, struct grid *grid);
void grid_close(struct grid *grid);

/* Writes the value of axis `a` at a point as text. */
void grid_value(const struct grid *grid, uint32_t point, int a, char text[POINT_TEXT]);

#endif
