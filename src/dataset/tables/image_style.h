/* image_style.h - what a model's training images look like, so that other pictures can be made to look alike. */
#ifndef ANNC_DATASET_TABLES_IMAGE_STYLE_H
#define ANNC_DATASET_TABLES_IMAGE_STYLE_H

#include "dataset/tables/table.h"
#include "formats/picture.h"

/* Of images, on which side of the middle their background is. */
enum annc_background { ANNC_BACKGROUND_MIXED, ANNC_BACKGROUND_DARK, ANNC_BACKGROUND_LIGHT, ANNC_BACKGROUND_COUNT };

struct annc_look {
    uint32_t rows, columns; /* 0: the inputs are no images */
    uint32_t white;         /* what white is among the inputs: 255 or 1 */
    enum annc_background background;
    bool flat;       /* the background is of one brightness */
    bool mnist_like; /* 28 x 28, ink in a box of 20, its centre of mass in the middle */
};

/* Looks at up to 1,000 of a table's images. Rows of features that can be square images are taken for such. */
annc_status annc_look_learn(const struct annc_table *table, struct annc_look *look);

/* What is assumed for a model of `inputs` inputs that says nothing. */
void annc_look_guess(uint32_t inputs, struct annc_look *look);

/* Edge of a picture: the outermost ring of its pixels, sorted into brightnesses. */
struct annc_ring {
    uint32_t count[256], pixels;
};

void annc_ring_add(struct annc_ring *ring, const uint8_t *grey, uint32_t rows, uint32_t columns);
/* The brightness that a share of the ring is at or below. */
uint8_t annc_ring_quantile(const struct annc_ring *ring, double share);

/* Whether a picture, light on dark, is as MNIST's are. */
bool annc_is_mnist_like(const uint8_t *grey, uint32_t rows, uint32_t columns);

#endif
