// scalars.c — exp and log of one float64 number, for the energies of integrators (no C library is linked).
#include "elementary.h"

double scalar_exp(double x) { return exponential(splat(x))[0]; }
double scalar_log(double x) { return natural_log(splat(x))[0]; }
