/* yaml_axes.h - private to job: nodes of libyaml, and the axes written in them.
 *
 * Pointers to nodes belong to the document and die with it.  All errors go to
 * reader->errors; nothing here dies but for want of memory.
 */
#ifndef PHASESWEEP_STUDY_YAML_AXES_H
#define PHASESWEEP_STUDY_YAML_AXES_H

#include <yaml.h>

#include "phasesweep/study/job.h"

/* The parts of an axis written as a mapping.  FROM to TIMES are the ones that a range must
 * have, FROM to SPACING those that do not go with VALUES. */
typedef enum RangeKey {
    RANGE_AS,
    RANGE_VALUES,
    RANGE_FROM,
    RANGE_TO,
    RANGE_TIMES,
    RANGE_SPACING,
    RANGE_COUNT
} RangeKey;

/* One part of an axis, written as `samples.count: 64`: it takes the place of that part in the
 * mappings of all sweeps. */
typedef struct Member {
    /* NULL: not given; borrowed from the document */
    const yaml_node_t *node;
    /* by a mapping that has such a part, in a sweep, or that sweeps take over */
    bool taken;
    /* by a mapping of `set`, which no sweep may take over */
    bool held;
} Member;

/* A document being read, and what was found wrong with it so far. */
typedef struct Reader {
    yaml_document_t document;
    Diagnostics errors;
    /* what the text, or whoever was asked, says of files of data: [source_count]; owned */
    DataSource *sources;
    size_t source_count;
    /* the first of them are from the text */
    size_t told;
    /* asked what is known of a file; NULL: the text alone knows */
    DataSurvey survey;
    /* of `override` */
    Member members[AXIS_COUNT][RANGE_COUNT];
    /* `set` is being read */
    bool in_set;
} Reader;

/* Local.  Line of the file where the node begins, from 1. */
size_t node_line(const yaml_node_t *node);

/* Local.  Text of a scalar, or a static name of what the node is instead. */
const char *node_text(const yaml_node_t *node);

/* Local.  Items of a list (0 for anything else), and one of them. */
size_t node_length(const yaml_node_t *list);
const yaml_node_t *node_item(Reader *reader, const yaml_node_t *list, size_t index);

/* Local.  Sort the values of a mapping by key: parts[k] belongs to names[k], NULL if not there.
 * Unknown and repeated keys, and a node that is no mapping, are errors of `owner`, the key
 * that the mapping belongs to (NULL: the root).  False if it is no mapping. */
bool node_collect(Reader *reader, const yaml_node_t *map, const char *owner,
                  const char *const names[], int count, const yaml_node_t *parts[]);

/* Local.  node_collect of a mapping that may also have members of axes, SAMPLES.COUNT: those go
 * to reader->members. */
bool node_collect_members(Reader *reader, const yaml_node_t *map, const char *owner,
                          const char *const names[], int count, const yaml_node_t *parts[]);

/* Local.  A sweep takes over what `set` says of an axis, and with it the members there. */
void node_take_members(Reader *reader, AxisId axis);

/* Local.  Once all axes are read: a member that no mapping took is an error. */
void node_check_members(Reader *reader);

/* Local.  Is `text` a part of an axis (as, values, from, to, count, spacing)?  NULL, or "; did
 * you mean ..." with what is allowed, owned by the caller. */
char *node_wrong_part(const char *text);

/* Local.  A list [1, 2], or {as: FORM, values: [...]}, or {as: FORM, from: A, to: B, count: K,
 * spacing: S}.  After an error the axis has no values. */
void node_read_axis(Reader *reader, const yaml_node_t *node, KeyId id, Axis *axis);

#endif
