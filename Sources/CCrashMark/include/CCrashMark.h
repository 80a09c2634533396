#pragma once

// From now on a crash of this process (a trap, an abort, an access to memory that is not there) creates the file at
// `path` before it goes on as it would have. Returns 0, or -1 when the path is too long.
int anycode_mark_crashes(const char *path);
