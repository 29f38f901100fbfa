/* gallery.h - what there is to see of data and models, as images. */
#ifndef ANNC_CLI_CHARTS_GALLERY_H
#define ANNC_CLI_CHARTS_GALLERY_H

#include "annc.h"

enum { CAPTION_SIZE = 40 };

/* A gallery and its memory. */
struct gallery {
    annc_gallery images;
    uint8_t *pixels;
    char (*text)[CAPTION_SIZE];
    const char **captions;
};

/* Room for `count` images of a size, with captions or without. */
void gallery_open(uint32_t count, uint32_t rows, uint32_t columns, bool captions, const char *title,
                  struct gallery *gallery);
void gallery_close(struct gallery *gallery);
/* The caption of image i, printable. */
void gallery_caption(struct gallery *gallery, uint32_t i, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Examples of a data set of images, from `first` on, with their classes; ANNC_INPUT where they are none. */
annc_status gallery_of_examples(const annc_dataset *dataset, uint32_t first, uint32_t count, struct gallery *gallery);
/* The mean of the images of each class. */
annc_status gallery_of_means(const annc_dataset *dataset, struct gallery *gallery);
/* The weights of layer l: of the first layer of a network that looks at images an image for each of the `count` first units; otherwise all in
 * one, a row a unit. Orange above 0, blue below, black 0; the largest of an image is brightest. */
void gallery_of_weights(const annc_network *network, uint32_t l, uint32_t count, struct gallery *gallery);
/* The `count` examples (or fewer) whose class a network missed by most, the worst first: "7 not 2". Outputs: count x n_L. */
annc_status gallery_of_mistakes(const annc_dataset *dataset, const int32_t *predictions, const float *outputs,
                                uint32_t count, struct gallery *gallery);

/* An example that was taken for another class. */
struct mistake {
    uint32_t example;
    float
        margin; /* of the output of the class that was predicted over the right one's; of one output, its distance from the middle */
};

/* The wrong examples, by falling margin; the caller frees them. */
struct mistake *find_mistakes(const annc_dataset *dataset, const int32_t *predictions, const float *outputs,
                              uint32_t *count);

#endif
