/* early_stopping.c - the best epoch and the patience: one rule for every training loop. */
#include "annc.h"

#include <math.h>

bool annc_epoch_is_better(double loss, uint32_t best_epoch, double best_loss)
{
    return isfinite(loss) && (best_epoch == 0 || loss < best_loss);
}

bool annc_patience_is_over(uint32_t patience, uint32_t epoch, uint32_t best_epoch)
{
    return patience > 0 && best_epoch > 0 && epoch - best_epoch >= patience;
}
