// A logger that keeps what it is told.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/base/log.h"

namespace lockstep::testing {

// Keeps the messages of `least` and above, in their order. For one thread.
class CollectingLogger final : public Logger {
 public:
  explicit CollectingLogger(LogLevel least = LogLevel::kDebug) : least_(least) {}
  void Write(LogRecord record) override {
    if (record.level >= least_) {
      messages.push_back(std::move(record.message));
    }
  }

  std::vector<std::string> messages;

 private:
  const LogLevel least_;
};

}  // namespace lockstep::testing
