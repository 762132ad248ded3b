/* A descent is a chain of trained points along its time. */
#include "phasesweep/training/trainer.h"
#include "trained_chain.h"

const Method method_descent = {trained_chain, trained_seconds, trained_memory};
