-- The first schema.
--
-- Instants are REAL: seconds since 2001-01-01T00:00:00Z, which keeps them exact. To read one:
--   SELECT datetime(created_at + 978307200, 'unixepoch') FROM sessions;
-- BLOBs are JSON that its writer alone understands.

-- "AnyC": tells this database from any other.
PRAGMA application_id = 1097759043;

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What platforms delivered. A handled event loses its body and keeps its key, to recognise a repeat.
CREATE TABLE inbox (
    sequence    INTEGER PRIMARY KEY AUTOINCREMENT,
    platform    TEXT NOT NULL,
    key         TEXT NOT NULL,
    body        BLOB,
    received_at REAL NOT NULL,
    UNIQUE (platform, key)
) STRICT;

CREATE INDEX inbox_pending ON inbox (sequence) WHERE body IS NOT NULL;
CREATE INDEX inbox_finished ON inbox (received_at) WHERE body IS NULL;

CREATE TABLE platform_offsets (
    platform TEXT PRIMARY KEY,
    value    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    key           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    platform      TEXT NOT NULL,
    chat          TEXT NOT NULL,
    thread        TEXT,
    starter_id    TEXT NOT NULL,
    starter_name  TEXT NOT NULL,
    agent         TEXT NOT NULL,
    prompt        TEXT NOT NULL,
    created_at    REAL NOT NULL,
    is_live       INTEGER NOT NULL,
    state         TEXT NOT NULL,
    snapshot      BLOB NOT NULL,
    boot_attempts INTEGER NOT NULL,
    finished_at   REAL
) STRICT;

CREATE INDEX sessions_live ON sessions (platform, chat) WHERE is_live = 1;

-- The part of a session that changes with every event of its agent, kept apart because SQLite rewrites whole rows.
-- head is the newest transcript entry.
CREATE TABLE progress (
    session     INTEGER PRIMARY KEY REFERENCES sessions (key) ON DELETE CASCADE,
    incarnation INTEGER NOT NULL,
    cursor      INTEGER,
    head        INTEGER,
    updated_at  REAL NOT NULL
) STRICT;

-- Entries of all sessions in the order they came. Each names the entry before it of the same session, so that an
-- append touches only the table's last page, however many sessions stream at once.
CREATE TABLE transcript (
    sequence INTEGER PRIMARY KEY,
    previous INTEGER,
    body     BLOB NOT NULL
) STRICT;

CREATE TABLE interactions (
    id               TEXT NOT NULL UNIQUE,
    session          TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    kind             TEXT NOT NULL,
    request_key      TEXT NOT NULL,
    body             BLOB NOT NULL,
    state            TEXT NOT NULL,
    created_at       REAL NOT NULL,
    answered_at      REAL,
    answered_by_id   TEXT,
    answered_by_name TEXT,
    answer           BLOB,
    UNIQUE (session, request_key)
) STRICT;

-- What a button's opaque token stands for.
CREATE TABLE buttons (
    token       TEXT PRIMARY KEY,
    session     TEXT REFERENCES sessions (id) ON DELETE CASCADE,
    interaction TEXT REFERENCES interactions (id) ON DELETE CASCADE,
    action      BLOB NOT NULL,
    created_at  REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX buttons_session ON buttons (session);
CREATE INDEX buttons_interaction ON buttons (interaction);

-- The messages of a session's view, as far as the chat is known to show them.
CREATE TABLE slots (
    session    TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    key        TEXT NOT NULL,
    position   INTEGER NOT NULL,
    message    TEXT,
    state      TEXT NOT NULL,
    shown      BLOB NOT NULL,
    attempts   INTEGER NOT NULL,
    updated_at REAL NOT NULL,
    PRIMARY KEY (session, key)
) STRICT;

CREATE INDEX slots_message ON slots (message) WHERE message IS NOT NULL;

-- Messages that belong to no session.
CREATE TABLE notices (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    platform   TEXT NOT NULL,
    chat       TEXT NOT NULL,
    thread     TEXT,
    message    BLOB NOT NULL,
    nonce      TEXT NOT NULL,
    state      TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT;

CREATE INDEX notices_pending ON notices (platform, chat) WHERE state NOT IN ('sent', 'failed');

CREATE TABLE leases (
    id         TEXT NOT NULL UNIQUE,
    session    TEXT NOT NULL REFERENCES sessions (id),
    provider   TEXT NOT NULL,
    state      TEXT NOT NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    last_error TEXT
) STRICT;

CREATE INDEX leases_session ON leases (session);
CREATE INDEX leases_open ON leases (created_at) WHERE state <> 'destroyed';

-- Patches saved outside the sandboxes.
CREATE TABLE saves (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    session    TEXT NOT NULL REFERENCES sessions (id),
    path       TEXT NOT NULL,
    bytes      INTEGER NOT NULL,
    files      INTEGER NOT NULL,
    base       TEXT NOT NULL,
    reason     TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT;

CREATE INDEX saves_session ON saves (session);

-- A conversation without a thread has the thread ''.
CREATE TABLE settings (
    platform TEXT NOT NULL,
    chat     TEXT NOT NULL,
    thread   TEXT NOT NULL,
    key      TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (platform, chat, thread, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    at       REAL NOT NULL,
    actor    TEXT NOT NULL,
    verb     TEXT NOT NULL,
    target   TEXT
) STRICT;
