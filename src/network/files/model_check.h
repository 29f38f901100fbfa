/* model_check.h - checks the metadata of a network. */
#ifndef ANNC_NETWORK_FILES_MODEL_CHECK_H
#define ANNC_NETWORK_FILES_MODEL_CHECK_H

#include "annc.h"

/* The metadata key of the checksum. A network in memory does not have it; the file does. */
#define ANNC_CHECKSUM_KEY "annc.checksum"

/* Checks the version in the metadata. ANNC_INPUT if it is malformed, or newer than this program. */
annc_status annc_model_check_version(const annc_network *network);
/* Checks the keys and values that begin with "annc.": ANNC_INPUT names the first that is unknown,
 * malformed, or contradicts the network's shape. */
annc_status annc_model_check_metadata(const annc_network *network);

#endif
