/* picture_folder.h - reads a folder with one subfolder of pictures per class. */
#ifndef ANNC_DATASET_PICTURES_PICTURE_FOLDER_H
#define ANNC_DATASET_PICTURES_PICTURE_FOLDER_H

#include "dataset/pictures/image_style.h"

/* Writes whether a path is a folder that has subfolders, other than hidden ones. Fails only with
 * ANNC_MEMORY. */
annc_status annc_find_subfolders(const char *path, bool *found);

/* Reads the pictures of all subfolders, in the order of their names, with the names of the subfolders
 * as labels (none if unlabelled). Without a look (NULL), as for training, pictures are taken as they
 * are, in the size of the first, to which others are fitted; with that of the training images,
 * each is adapted to it as by annc_picture_table. Files that are no pictures, or damaged ones, are
 * left out; notes (of `size` bytes) tell their number and the first. ANNC_INPUT if none is left, or if
 * the first is too large for a network. */
annc_status annc_picture_folder(const char *folder, const struct annc_look *look, bool unlabelled,
                                struct annc_table *table, char *notes, size_t size);

#endif
