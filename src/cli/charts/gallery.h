/* gallery.h - views of data and models as images. */
#ifndef ANNC_CLI_CHARTS_GALLERY_H
#define ANNC_CLI_CHARTS_GALLERY_H

#include "annc.h"
#include "cli/options/option_types.h"

enum { CAPTION_SIZE = 40 };

/* A gallery and its memory. */
struct gallery {
    annc_gallery images;
    uint8_t *pixels;
    char (*text)[CAPTION_SIZE];
    const char **captions;
};

/* Allocates `count` images of one size, with or without captions. */
void gallery_open(uint32_t count, uint32_t rows, uint32_t columns, bool captions, const char *title,
                  struct gallery *gallery);
void gallery_close(struct gallery *gallery);
/* Formats the caption of image i; the text must be printable. */
void gallery_caption(struct gallery *gallery, uint32_t i, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Draws a gallery on the screen, or writes it to the file of --out and notes that. */
annc_status gallery_present(const struct options *options, const struct gallery *gallery);

/* Writes rows and columns of a network's training images; false if its inputs are not images. */
bool network_takes_images(const annc_network *network, uint32_t *rows, uint32_t *columns);

/* Examples of a data set of images from `first` on, with their classes. ANNC_INPUT if the examples
 * are not images. */
annc_status gallery_of_examples(const annc_dataset *dataset, uint32_t first, uint32_t count, struct gallery *gallery);
/* The mean image of each class. */
annc_status gallery_of_means(const annc_dataset *dataset, struct gallery *gallery);
/* The weights of layer l. For the first layer of a network with image inputs: one image for each of
 * the first `count` units. Otherwise one image with a row per unit. Positive weights are orange,
 * negative ones blue, 0 is black; brightness is relative to the largest weight of an image. */
void gallery_of_weights(const annc_network *network, uint32_t l, uint32_t count, struct gallery *gallery);
/* An example, and how strongly each of its pixels would raise (orange) or lower (blue) the cost:
 * slope, dC/dx. ANNC_INPUT if the examples are not images. */
annc_status gallery_of_saliency(const annc_dataset *dataset, uint32_t example, const double *slope,
                                struct gallery *gallery);
/* The `count` examples, or fewer, that the network misclassified by the largest margin, worst
 * first, with captions like "7 not 2". outputs: count x n_L. */
annc_status gallery_of_mistakes(const annc_dataset *dataset, const int32_t *predictions, const float *outputs,
                                uint32_t count, struct gallery *gallery);

/* A misclassified example. */
struct mistake {
    uint32_t example;
    float margin; /* predicted minus true output; for one output: distance from middle */
};

/* Returns the misclassified examples by decreasing margin; the caller frees them. */
struct mistake *find_mistakes(const annc_dataset *dataset, const int32_t *predictions, const float *outputs,
                              uint32_t *count);

#endif
