/* image_style.h - the style of a model's training images, so that other pictures can be adapted to
 * it. */
#ifndef ANNC_DATASET_PICTURES_IMAGE_STYLE_H
#define ANNC_DATASET_PICTURES_IMAGE_STYLE_H

#include "dataset/tables/table.h"
#include "formats/picture.h"

/* The background of images: dark, light (below or above the middle) or mixed. */
enum annc_background { ANNC_BACKGROUND_MIXED, ANNC_BACKGROUND_DARK, ANNC_BACKGROUND_LIGHT, ANNC_BACKGROUND_COUNT };

struct annc_look {
    uint32_t rows, columns; /* 0: the inputs are not images */
    uint32_t white;         /* input value of white: 255 or 1 */
    enum annc_background background;
    bool flat;       /* the background has a uniform brightness */
    bool mnist_like; /* 28 x 28, ink in a box of 20, its centre of mass in the middle */
};

/* Examines up to 1,000 of a table's images. Rows of features that can form a square image count as
 * images. */
annc_status annc_look_learn(const struct annc_table *table, struct annc_look *look);

/* Sets the default style for a model of `inputs` inputs without a stored style. */
void annc_look_guess(uint32_t inputs, struct annc_look *look);

/* Edge of a picture: histogram of the outermost ring of its pixels. */
struct annc_ring {
    uint32_t count[256], pixels;
};

void annc_ring_add(struct annc_ring *ring, const uint8_t *grey, uint32_t rows, uint32_t columns);
/* Returns the brightness at a quantile of the ring. */
uint8_t annc_ring_quantile(const struct annc_ring *ring, double share);

/* Returns whether a picture, light on dark, is formatted like MNIST. */
bool annc_is_mnist_like(const uint8_t *grey, uint32_t rows, uint32_t columns);

#endif
