// The state of a run and of its fleet as rows of the table `state`: a row a field, named as here.
// What has not changed since it was written is not written again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"

#include "coordinator/core/checkpoint.h"
#include "coordinator/journal/database.h"
#include "coordinator/journal/sql_changes.h"

namespace lockstep::coordinator {

class StateRows {
 public:
  explicit StateRows(int64_t run) : run_(run) {}

  // What has changed since the last time. Whoever does not carry it out goes on with a new one.
  void Write(const RunCheckpoint& run, const FleetCheckpoint& fleet, SqlChanges& changes);

 private:
  class FieldWriter;
  // A field as it was last written.
  struct Field {
    std::string name;
    SqlValue value = {};
    std::shared_ptr<const void> shared = {};  // instead, of a value that copies share
  };
  void WriteMessages(const FleetCheckpoint& fleet, SqlChanges& changes);

  struct Messages {
    uint64_t first = 1;  // that is there
    uint64_t last = 0;
  };

  const int64_t run_;
  absl::flat_hash_map<std::string, std::vector<Field>> written_;  // by subject
  absl::flat_hash_map<uint32_t, Messages> messages_;              // by agent
};

// What Write has written. DataLoss: a field is missing or is of another kind.
absl::Status ReadStateRows(Database& database, int64_t run, RunCheckpoint* state,
                           FleetCheckpoint* fleet);

}  // namespace lockstep::coordinator
