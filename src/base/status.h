/* status.h - error handling: a status, and this thread's last error message. */
#ifndef ANNC_BASE_STATUS_H
#define ANNC_BASE_STATUS_H

#include "annc.h"

/* Sets this thread's last error and returns `status`: `return annc_fail(ANNC_INPUT, "%s: ...",
 * name)`. Pass external text (names, cells) through annc_printable first. */
annc_status annc_fail(annc_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum { ANNC_ERROR_SIZE = 2048 }; /* bytes, enough for any message */

/* A message names the field of the options struct, or the argument, that the caller can change:
 * annc_fail(ANNC_DIVERGED, "...; lower " ANNC_FIELD_ETA). annc_last_error() quotes it, 'eta'. A
 * program with other names, such as the option --lr, gets the message from annc_error_naming.
 * Control characters mark the name, because annc_fail escapes all others in a message. */
#define ANNC_FIELD(name)           "\1" name "\2"
#define ANNC_FIELD_ACTIVATION      ANNC_FIELD("activation") /* of the output layer */
#define ANNC_FIELD_ASSUMED         ANNC_FIELD("assumed")
#define ANNC_FIELD_CLASS_WEIGHTS   ANNC_FIELD("class_weights")
#define ANNC_FIELD_WEIGHT          ANNC_FIELD("weight")
#define ANNC_FIELD_COST            ANNC_FIELD("cost")
#define ANNC_FIELD_DECIMAL         ANNC_FIELD("decimal")
#define ANNC_FIELD_CATEGORICAL     ANNC_FIELD("categorical")
#define ANNC_FIELD_NUMERIC         ANNC_FIELD("numeric")
#define ANNC_FIELD_DROP            ANNC_FIELD("drop")
#define ANNC_FIELD_ETA             ANNC_FIELD("eta")
#define ANNC_FIELD_FETCH           ANNC_FIELD("annc_mnist_fetch") /* a function */
#define ANNC_FIELD_FOLDER          ANNC_FIELD("folder")
#define ANNC_FIELD_FOLDS           ANNC_FIELD("folds")
#define ANNC_FIELD_LABEL           ANNC_FIELD("label")
#define ANNC_FIELD_LABEL_SEPARATOR ANNC_FIELD("label_separator")
#define ANNC_FIELD_LABELS_PATH     ANNC_FIELD("labels_path")
#define ANNC_FIELD_MISSING         ANNC_FIELD("missing")
#define ANNC_FIELD_PREDICTIONS     ANNC_FIELD("predictions")
#define ANNC_FIELD_QUANTILE        ANNC_FIELD("quantile")
#define ANNC_FIELD_SHARDS          ANNC_FIELD("shards")
#define ANNC_FIELD_BATCH           ANNC_FIELD("batch")
#define ANNC_FIELD_TARGET          ANNC_FIELD("target")
#define ANNC_FIELD_TARGET_ACCURACY ANNC_FIELD("target_accuracy")
#define ANNC_FIELD_TEST_PATH       ANNC_FIELD("test_path")
#define ANNC_FIELD_THOUSANDS       ANNC_FIELD("thousands")
#define ANNC_FIELD_THRESHOLD       ANNC_FIELD("threshold")
#define ANNC_FIELD_TRANSPOSE       ANNC_FIELD("transpose")
#define ANNC_FIELD_UNLABELLED      ANNC_FIELD("unlabelled")
#define ANNC_FIELD_WEIGHTS_PATH    ANNC_FIELD("weights_path")
#define ANNC_FIELD_WIDTH           ANNC_FIELD("width")
#define ANNC_FIELD_X_NAME          ANNC_FIELD("x_name")
#define ANNC_FIELD_Y_NAME          ANNC_FIELD("y_name")

/* Writes this thread's last error to `text`, cut to fit, with each field replaced by the result of
 * `name`, or quoted if that is NULL. Returns `text`. */
const char *annc_error_naming(const char *(*name)(const char *field), char *text, size_t size);

/* A copy of this thread's last error, with its fields: later failures must not hide the first. */
struct annc_kept_error {
    char text[ANNC_ERROR_SIZE];
};
void annc_error_keep(struct annc_kept_error *kept);
annc_status annc_fail_again(annc_status status, const struct annc_kept_error *kept);

/* Returns from a public function if a required argument is NULL: the message quotes its name. */
#define ANNC_REQUIRE(argument, name)                                                                                   \
    do {                                                                                                               \
        if (!(argument))                                                                                               \
            return annc_fail(ANNC_USAGE, ANNC_FIELD(name) " must not be NULL");                                        \
    } while (0)

/* The same for the place of a new object, which is NULL after any failure. */
#define ANNC_REQUIRE_RESULT(place, name)                                                                               \
    do {                                                                                                               \
        ANNC_REQUIRE(place, name);                                                                                     \
        *(place) = NULL;                                                                                               \
    } while (0)

/* Jumps to the label `out` if a call fails; needs `annc_status status = ANNC_OK;`. */
#define ANNC_TRY(expression)                                                                                           \
    do {                                                                                                               \
        status = (expression);                                                                                         \
        if (status != ANNC_OK)                                                                                         \
            goto out;                                                                                                  \
    } while (0)

/* Returns from a function without clean-up if a call fails, with the call's status. */
#define ANNC_RETURN_IF_FAILED(expression)                                                                              \
    do {                                                                                                               \
        const annc_status failed_with = (expression);                                                                  \
        if (failed_with != ANNC_OK)                                                                                    \
            return failed_with;                                                                                        \
    } while (0)

#endif
