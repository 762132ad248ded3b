/* Networks trained on drawn data. */
#include "phasesweep/training/trainer.h"
#include "trained_chain.h"

const Method method_training = {trained_chain, trained_seconds, trained_memory};
