#include "mmse_table.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"

enum { NODES = MMSE_TABLE_NODES, MIDDLE = 2, TERMS = 2 * NODES, MAX_HALVINGS = 10 };

struct MmseTable {
    MmseNode node[NODES]; /* at equal steps of log t */
    double knot[TERMS];   /* each node twice */
    double term[TERMS];   /* of Newton's form of log mmse */
    int halvings;         /* how often the first one was halved to get here */
    bool good;            /* the polynomial may be used */
    MmseTable *half[2];   /* or NULL; owned */
};

/* Newton's form through `count` nodes with their slopes. */
static void interpolate(const MmseNode *const node[], int count, double knot[], double term[])
{
    const int terms = 2 * count;
    assert(terms >= 2 && terms <= TERMS);
    double table[TERMS];
    for (int k = 0; k < terms; k++) {
        knot[k] = node[k / 2]->log_t;
        table[k] = log(node[k / 2]->mmse.risk);
    }
    term[0] = table[0];
    for (int order = 1; order < terms; order++) {
        for (int k = 0; k + order < terms; k++) {
            const double step = knot[k + order] - knot[k];
            const Denoised *mmse = &node[k / 2]->mmse;
            table[k] =
                step == 0.0 ? mmse->slope / mmse->risk : (table[k + 1] - table[k]) / step;
        }
        term[order] = table[0];
    }
}

/* Horner's scheme; *slope: the derivative. */
static double value_at(const double knot[], const double term[], int terms, double x,
                       double *slope)
{
    double value = term[terms - 1];
    *slope = 0.0;
    for (int k = terms - 2; k >= 0; k--) {
        *slope = *slope * (x - knot[k]) + value;
        value = value * (x - knot[k]) + term[k];
    }
    return value;
}

/* Complete a table whose nodes are there. */
static void judge(MmseTable *table)
{
    const MmseNode *const n = table->node;
    double knot[TERMS], term[TERMS];
    double slope;
    bool positive = true;
    for (int k = 0; k < NODES; k++) {
        positive = positive && n[k].mmse.risk > 0.0;
    }
    if (!positive) {
        return; /* nothing is left to learn */
    }
    interpolate((const MmseNode *[]){n, n + 1, n + 3, n + 4}, NODES - 1, knot, term);
    const double guess = value_at(knot, term, TERMS - 2, n[MIDDLE].log_t, &slope);
    /* the slope too: a value alone may be met by chance */
    const double width = n[NODES - 1].log_t - n[0].log_t;
    const Denoised *middle = &n[MIDDLE].mmse;
    table->good =
        fabs(guess - log(middle->risk)) <= mmse_table_accuracy &&
        width * fabs(slope - middle->slope / middle->risk) <= 8.0 * mmse_table_accuracy;
    interpolate((const MmseNode *[]){n, n + 1, n + 2, n + 3, n + 4}, NODES, table->knot,
                table->term);
}

MmseTable *mmse_table_create(const MmseNode node[NODES])
{
    assert(node[0].log_t < node[NODES - 1].log_t);
    MmseTable *table = checked_alloc(1, sizeof *table);
    memcpy(table->node, node, sizeof table->node);
    judge(table);
    return table;
}

void mmse_table_free(MmseTable *table)
{
    if (table != NULL) {
        mmse_table_free(table->half[0]);
        mmse_table_free(table->half[1]);
        free(table);
    }
}

static MmseTable *half_of(MmseTable *table, const MmseSource *source, bool upper)
{
    if (table->half[upper] == NULL) {
        const MmseNode *from = table->node + (upper ? MIDDLE : 0);
        MmseNode node[NODES];
        for (int k = 0; k < NODES; k++) {
            node[k] = from[k / 2];
            if (k % 2 == 1) {
                node[k].log_t = 0.5 * (from[k / 2].log_t + from[k / 2 + 1].log_t);
                node[k].mmse = source->evaluate(source->context, node[k].log_t);
            }
        }
        table->half[upper] = mmse_table_create(node);
        table->half[upper]->halvings = table->halvings + 1;
    }
    return table->half[upper];
}

Denoised mmse_table_at(MmseTable *table, const MmseSource *source, double log_t)
{
    assert(log_t >= table->node[0].log_t && log_t <= table->node[NODES - 1].log_t);
    while (!table->good && table->halvings < MAX_HALVINGS) {
        table = half_of(table, source, log_t >= table->node[MIDDLE].log_t);
    }
    if (!table->good) {
        return source->evaluate(source->context, log_t);
    }
    double slope;
    const double risk = exp(value_at(table->knot, table->term, TERMS, log_t, &slope));
    return (Denoised){.risk = risk, .slope = slope * risk};
}
