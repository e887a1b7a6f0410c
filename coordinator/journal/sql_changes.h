// Statements that change a database, put together on one thread and run on another.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "coordinator/journal/database.h"

namespace lockstep::coordinator {

class SqlChanges {
 public:
  void Add(std::string sql, std::vector<SqlValue> values) {
    changes_.emplace_back(std::move(sql), std::move(values));
  }
  // In a transaction. Errors are those of Database::Run.
  absl::Status RunOn(Database& database) const {
    for (const auto& [sql, values] : changes_) {
      if (absl::Status done = database.Run(sql.c_str(), values); !done.ok()) {
        return done;
      }
    }
    return absl::OkStatus();
  }

 private:
  std::vector<std::pair<std::string, std::vector<SqlValue>>> changes_;
};

}  // namespace lockstep::coordinator
