/* preparation_text.h - a preparation as metadata of a network. */
#ifndef ANNC_DATASET_PREPARE_PREPARATION_TEXT_H
#define ANNC_DATASET_PREPARE_PREPARATION_TEXT_H

#include "annc.h"
#include "dataset/prepare/preparation.h"

/* Read a preparation from a network's metadata; write it there. */
annc_status annc_preparation_load(const annc_network *network, struct annc_preparation *preparation);
annc_status annc_preparation_store(const struct annc_preparation *preparation, annc_network *network);

#endif
