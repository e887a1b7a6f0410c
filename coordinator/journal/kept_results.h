// What a run has measured, as rows: an aggregate each, as the batch of metrics that would make it,
// and the errors by cause and agent. Only what has changed is written.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"

#include "common/metrics/aggregate_store.h"
#include "common/metrics/error_table.h"
#include "coordinator/journal/database.h"
#include "coordinator/journal/sql_changes.h"

namespace lockstep::coordinator {

class KeptResults {
 public:
  // Both are borrowed. `last_id`: of the rows of all runs so far.
  KeptResults(Database& database, int64_t run, int64_t& last_id)
      : database_(database), run_(run), last_id_(last_id) {}

  // What has changed since the last time. Whoever does not carry it out goes on with a new one. Of
  // one store and one table.
  void Write(const AggregateStore& store, const ErrorTable& errors, SqlChanges& changes);
  // Into a store and a table that are configured for the test, and empty; Write goes on from there.
  // DataLoss: what is kept makes no sense.
  absl::Status Read(AggregateStore* store, ErrorTable* errors);

 private:
  void WritePart(const AggregateStore::Part& part, SqlChanges& changes);
  void WriteErrors(const ErrorTable& errors, SqlChanges& changes);
  absl::Status ReadParts(AggregateStore* store);
  absl::Status ReadErrors(ErrorTable* errors);

  struct Row {
    int64_t id = 0;
    uint64_t samples = 0;  // in it
  };
  Database& database_;
  const int64_t run_;
  int64_t& last_id_;
  absl::flat_hash_map<const Aggregate*, Row> rows_;
  std::map<std::string, uint64_t> errors_;  // counts by all texts and the agent
  AggregateStore::Counts counts_;
  uint64_t folded_ = 0;
  bool counts_written_ = false;
};

}  // namespace lockstep::coordinator
