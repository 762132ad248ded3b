/* stream.h - private to the layer: the bytes of a file, compressed by gzip or not, in order. */
#ifndef PHASESWEEP_TABLE_STREAM_H
#define PHASESWEEP_TABLE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Stream Stream;

/* Local.  NULL or what is wrong, as in table.h; release with stream_close, which takes NULL
 * too. */
char *stream_open(const char *file, Stream **stream);
void stream_close(Stream *stream);

/* Local.  False if there are fewer bytes, or they cannot be read. */
bool stream_read(Stream *stream, void *bytes, size_t count);

/* Local.  Go to byte `place` of what is read, not before where the stream is; false if it
 * cannot be reached. */
bool stream_go(Stream *stream, int64_t place);

/* Local.  The next line without its end, borrowed until the next; NULL at the end. */
char *stream_line(Stream *stream);

/* Local.  False if the end that was reached is not that of a whole file. */
bool stream_sound(Stream *stream);

#endif
