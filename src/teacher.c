#include "phasesweep/teacher.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/check.h"

Teacher teacher_create(double source_exponent, size_t dimension)
{
    assert(source_exponent > 0.5 && dimension >= 2);
    Teacher teacher = {.count = dimension,
                       .eigenvalue = checked_alloc(dimension, sizeof(double))};
    double square = 0.0;
    double sum = 0.0;
    for (size_t i = dimension; i-- > 0;) { /* small terms first */
        teacher.eigenvalue[i] = pow((double)(i + 1), -source_exponent);
        square += teacher.eigenvalue[i] * teacher.eigenvalue[i];
        sum += teacher.eigenvalue[i];
    }
    const double scale = sqrt((double)dimension / square);
    for (size_t i = 0; i < dimension; i++) {
        teacher.eigenvalue[i] *= scale;
    }
    teacher.mean = scale * sum / (double)dimension;
    return teacher;
}

void teacher_free(Teacher *teacher)
{
    free(teacher->eigenvalue);
    *teacher = (Teacher){0};
}

void teacher_resolvent(const Teacher *teacher, double complex w, double complex *g,
                       double complex *derivative)
{
    const double u = creal(w);
    const double v = cimag(w);
    const double *s = teacher->eigenvalue;
    double g_real = 0.0;
    double g_imag = 0.0;
    double d_real = 0.0;
    double d_imag = 0.0;
#pragma omp simd reduction(+ : g_real, g_imag, d_real, d_imag)
    for (size_t i = 0; i < teacher->count; i++) {
        const double x = u - s[i];
        const double inverse = 1.0 / (x * x + v * v);
        const double re = x * inverse;  /* 1/(w - s) = re - i im */
        const double im = v * inverse;
        g_real += re;
        g_imag -= im;
        d_real -= re * re - im * im;
        d_imag += 2.0 * re * im;
    }
    const double d = (double)teacher->count;
    *g = (g_real + I * g_imag) / d;
    *derivative = (d_real + I * d_imag) / d;
}

void teacher_lorentzian(const Teacher *teacher, double u, double y, double *sum,
                        double *derivative)
{
    const double *s = teacher->eigenvalue;
    double total = 0.0;
    double squares = 0.0;
#pragma omp simd reduction(+ : total, squares)
    for (size_t i = 0; i < teacher->count; i++) {
        const double x = u - s[i];
        const double inverse = 1.0 / (x * x + y);
        total += inverse;
        squares += inverse * inverse;
    }
    *sum = total / (double)teacher->count;
    *derivative = -squares / (double)teacher->count;
}
