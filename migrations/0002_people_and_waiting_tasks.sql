-- Who may use the bot besides those that the configuration names, and who asked in vain.
--
-- role: 'owner', 'member' or 'stranger'. chat and thread: the private conversation in which the person was last heard.
CREATE TABLE people (
    platform    TEXT NOT NULL,
    person      TEXT NOT NULL,
    name        TEXT NOT NULL,
    role        TEXT NOT NULL,
    chat        TEXT,
    thread      TEXT,
    admitted_by TEXT,
    since       REAL NOT NULL,
    PRIMARY KEY (platform, person)
) STRICT, WITHOUT ROWID;

-- Tasks that have not begun: 'late' and 'offered' ones wait for a person's word, 'queued' ones for a free place.
CREATE TABLE waiting_tasks (
    sequence    INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    platform    TEXT NOT NULL,
    chat        TEXT NOT NULL,
    thread      TEXT,
    person_id   TEXT NOT NULL,
    person_name TEXT NOT NULL,
    agent       TEXT NOT NULL,
    prompt      TEXT NOT NULL,
    files       BLOB NOT NULL,
    state       TEXT NOT NULL,
    message     TEXT,
    created_at  REAL NOT NULL
) STRICT;

CREATE INDEX waiting_tasks_chat ON waiting_tasks (platform, chat);

-- The message that the notice replaces; without one it is a new message.
ALTER TABLE notices ADD COLUMN edits TEXT;
