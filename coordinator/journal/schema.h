// The tables of a journal. A change of them, or of what the rows of `state` are, is a new number.
#pragma once

namespace lockstep::coordinator {

// "LKST", by which `file` and we tell a journal from other databases.
inline constexpr int kJournalApplication = 0x4c4b5354;
inline constexpr int kJournalSchema = 11;

inline constexpr char kJournalTables[] = R"sql(
CREATE TABLE run (               -- the history: a row a run
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  script TEXT NOT NULL,          -- as the user named it
  test_hash TEXT NOT NULL,       -- of all that the test was made of
  version TEXT NOT NULL,
  boot TEXT NOT NULL,            -- of the machine's start
  agents INTEGER NOT NULL,
  settings TEXT NOT NULL,        -- of the command line, JSON
  begun_ns INTEGER NOT NULL,     -- since 1970
  ended_ns INTEGER,              -- NULL: not by itself
  duration_ns INTEGER NOT NULL DEFAULT 0,
  exit_code INTEGER NOT NULL DEFAULT -1,
  verdict TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  validity TEXT NOT NULL DEFAULT '',
  requests INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  iterations INTEGER NOT NULL DEFAULT 0,
  result TEXT,                   -- lockstep.result/1, as JSON
  shown TEXT NOT NULL DEFAULT '',  -- summary and verdict, as plain text
  alive_ns INTEGER               -- of a run that has ended: when its process was last known to be there, on the
                                 -- machine's monotonic clock; NULL: it has given its exit code
);
-- What follows is of runs that have not ended.
CREATE TABLE test (
  run INTEGER PRIMARY KEY,
  inspected BLOB NOT NULL,       -- lockstep.v1.Inspected
  options TEXT NOT NULL,         -- canonical, JSON
  http_errors INTEGER NOT NULL   -- whether they were asked for
);
CREATE TABLE file (              -- of the script
  run INTEGER NOT NULL, url TEXT NOT NULL, content BLOB NOT NULL,
  PRIMARY KEY (run, url)
);
CREATE TABLE missing_file (      -- asked for in vain; why, with a canonical status code
  run INTEGER NOT NULL, url TEXT NOT NULL, code INTEGER NOT NULL, why TEXT NOT NULL,
  PRIMARY KEY (run, url)
);
CREATE TABLE kept (              -- the last commit
  run INTEGER PRIMARY KEY, wall_ns INTEGER NOT NULL, mono_ns INTEGER NOT NULL
);
CREATE TABLE state (             -- of the run and of each agent: a row a field
  run INTEGER NOT NULL, subject TEXT NOT NULL, field TEXT NOT NULL, value,
  PRIMARY KEY (run, subject, field)
) WITHOUT ROWID;
CREATE TABLE message (           -- to agents, not acknowledged: lockstep.v1.CoordinatorMessage
  run INTEGER NOT NULL, agent INTEGER NOT NULL, number INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (run, agent, number)
) WITHOUT ROWID;
CREATE TABLE aggregate (         -- of AggregateStore::Part::Kind `kind`: lockstep.v1.MetricBatch
  id INTEGER PRIMARY KEY, run INTEGER NOT NULL, kind INTEGER NOT NULL, submetric TEXT NOT NULL,
  state BLOB NOT NULL
);
CREATE INDEX aggregate_run ON aggregate (run);
CREATE TABLE output (            -- files of samples, and how much of them belongs to the last commit
  run INTEGER NOT NULL, spec TEXT NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (run, spec)
);
CREATE TABLE chart (             -- the run over time: lockstep.result/1's history, as JSON
  run INTEGER NOT NULL,
  first INTEGER NOT NULL,        -- of its points; -1: all that is no point
  history TEXT NOT NULL,
  PRIMARY KEY (run, first)
) WITHOUT ROWID;
CREATE TABLE counts (
  run INTEGER PRIMARY KEY, batches INTEGER NOT NULL, samples INTEGER NOT NULL,
  refused_points INTEGER NOT NULL, refused_samples INTEGER NOT NULL,
  folded_errors INTEGER NOT NULL
);
CREATE TABLE error (             -- what failed, by cause; `agent` empty: of those beyond the limit
  run INTEGER NOT NULL, cause TEXT NOT NULL, method TEXT NOT NULL, name TEXT NOT NULL,
  agent TEXT NOT NULL, count INTEGER NOT NULL, first_unix_ns INTEGER NOT NULL,
  PRIMARY KEY (run, cause, method, name, agent)
) WITHOUT ROWID;
)sql";

}  // namespace lockstep::coordinator
