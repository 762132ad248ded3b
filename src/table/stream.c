#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#ifdef WITH_ZLIB
#include <zlib.h>
#else
#include <stdio.h>
#endif

#include "phasesweep/base/check.h"
#include "formats.h"

enum { BUFFER = 1 << 16, LINE_FIRST = 1 << 12 };

/* zlib reads a file that is not compressed as it is, and seeks in it. */
#ifdef WITH_ZLIB
typedef gzFile Handle;
#else
typedef FILE *Handle;
#endif

struct Stream {
    Handle handle;
    char *line; /* [room]; owned */
    size_t room;
};

static Handle open_handle(const char *file)
{
#ifdef WITH_ZLIB
    Handle handle = gzopen(file, "rb");
    if (handle != NULL) {
        gzbuffer(handle, BUFFER);
    }
    return handle;
#else
    return fopen(file, "rb");
#endif
}

static bool readable_without_zlib(const char *file)
{
#ifdef WITH_ZLIB
    (void)file;
    return true;
#else
    return !name_packed(file);
#endif
}

char *stream_open(const char *file, Stream **stream)
{
    struct stat status;
    *stream = NULL;
    if (stat(file, &status) != 0) {
        return table_error(file, "%s", strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return table_error(file, "is no file");
    }
    if (!readable_without_zlib(file)) {
        return table_error(file, "is compressed, and this program was built without zlib");
    }
    const Handle handle = open_handle(file);
    if (handle == NULL) {
        return table_error(file, "cannot be opened: %s", strerror(errno));
    }
    *stream = checked_alloc(1, sizeof **stream);
    (*stream)->handle = handle;
    (*stream)->room = LINE_FIRST;
    (*stream)->line = checked_alloc(LINE_FIRST, 1);
    return NULL;
}

void stream_close(Stream *stream)
{
    if (stream == NULL) {
        return;
    }
#ifdef WITH_ZLIB
    gzclose(stream->handle);
#else
    fclose(stream->handle);
#endif
    free(stream->line);
    free(stream);
}

bool stream_read(Stream *stream, void *bytes, size_t count)
{
#ifdef WITH_ZLIB
    return gzfread(bytes, 1, count, stream->handle) == count;
#else
    return fread(bytes, 1, count, stream->handle) == count;
#endif
}

bool stream_go(Stream *stream, int64_t place)
{
#ifdef WITH_ZLIB
    return gzseek(stream->handle, (z_off_t)place, SEEK_SET) == (z_off_t)place;
#else
    return fseeko(stream->handle, (off_t)place, SEEK_SET) == 0;
#endif
}

/* Like fgets; false at the end. */
static bool get_part(Stream *stream, char part[], int room)
{
#ifdef WITH_ZLIB
    return gzgets(stream->handle, part, room) != NULL;
#else
    return fgets(part, room, stream->handle) != NULL;
#endif
}

char *stream_line(Stream *stream)
{
    size_t length = 0;
    while (get_part(stream, stream->line + length, (int)(stream->room - length))) {
        length += strlen(stream->line + length);
        if (length > 0 && stream->line[length - 1] == '\n') {
            break;
        }
        if (length + 1 == stream->room) {
            stream->room *= 2;
            stream->line = checked_realloc(stream->line, stream->room, 1);
        }
    }
    while (length > 0 &&
           (stream->line[length - 1] == '\n' || stream->line[length - 1] == '\r')) {
        length--;
        stream->line[length] = '\0';
        if (length == 0) {
            return stream->line; /* an empty line is one */
        }
    }
    return length > 0 ? stream->line : NULL;
}

bool stream_sound(Stream *stream)
{
#ifdef WITH_ZLIB
    int error;
    gzerror(stream->handle, &error);
    return error == Z_OK || error == Z_STREAM_END;
#else
    return !ferror(stream->handle);
#endif
}
