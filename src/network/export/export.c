/* export.c - exports a network in a given format, and implements NPZ. */
#include "network/export/export.h"
#include "base/allocate.h"
#include "base/safe_file.h"
#include "base/status.h"
#include "formats/zip_write.h"
#include "network/export/export_c.h"
#include "network/export/export_html.h"
#include "network/export/export_onnx.h"
#include "network/export/export_text.h"
#include "network/files/model_check.h"
#include "network/network.h"

#include <stdio.h>

static const struct {
    const char *name;
    annc_status (*write)(const annc_network *network, struct annc_safe_file *file);
} FORMATS[ANNC_EXPORT_COUNT] = {[ANNC_EXPORT_ONNX] = {"onnx", annc_export_onnx},
                                [ANNC_EXPORT_NPZ] = {"npz", annc_export_npz},
                                [ANNC_EXPORT_JSON] = {"json", annc_export_json},
                                [ANNC_EXPORT_C] = {"c", annc_export_c},

                                [ANNC_EXPORT_HTML] = {"html", annc_export_html}};

const char *annc_export_name(annc_export format)
{
    return (unsigned)format < ANNC_EXPORT_COUNT ? FORMATS[format].name : NULL;
}

annc_status annc_model_export(const annc_network *network, annc_export format, const char *path)
{
    ANNC_REQUIRE(network, "network");
    ANNC_REQUIRE(path, "path");
    annc_status status = ANNC_OK;
    struct annc_safe_file file;
    if ((unsigned)format >= ANNC_EXPORT_COUNT)
        return annc_fail(ANNC_USAGE, "export format %d does not exist; valid values are 0 to %d", (int)format,
                         ANNC_EXPORT_COUNT - 1);
    ANNC_RETURN_IF_FAILED(annc_model_check_metadata(network));
    ANNC_TRY(annc_safe_open(path, &file));
    ANNC_TRY(FORMATS[format].write(network, &file));
    ANNC_TRY(annc_safe_commit(&file));
out:
    annc_safe_abandon(&file);
    return status;
}

/* ---------------------------------------------------------------- NPZ */

annc_status annc_export_npz(const annc_network *network, struct annc_safe_file *file)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = &network->shape;
    struct annc_zip_writer writer;
    char name[32];
    annc_zip_write_begin(file, &writer);
    for (uint32_t l = 1; l <= shape->layers; l++) {
        snprintf(name, sizeof name, "%u.weight", 2 * (l - 1));
        ANNC_TRY(annc_zip_write_floats(&writer, name, shape->width[l], shape->width[l - 1],
                                       network->theta + annc_shape_weights_at(shape, l)));
        snprintf(name, sizeof name, "%u.bias", 2 * (l - 1));
        ANNC_TRY(
            annc_zip_write_floats(&writer, name, shape->width[l], 0, network->theta + annc_shape_biases_at(shape, l)));
    }
    return annc_zip_write_end(&writer, true);
out:
    annc_zip_write_end(&writer, false);
    return status;
}
