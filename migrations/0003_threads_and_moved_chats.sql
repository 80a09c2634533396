-- Whether the session of a task that waits gets a thread of its own.
ALTER TABLE waiting_tasks ADD COLUMN opens_thread INTEGER NOT NULL DEFAULT 0;

-- Chats that go on under another id. What the configuration says of the old one holds for the new one.
CREATE TABLE moved_chats (
    platform TEXT NOT NULL,
    chat     TEXT NOT NULL,
    was      TEXT NOT NULL,
    PRIMARY KEY (platform, chat)
) STRICT, WITHOUT ROWID;
