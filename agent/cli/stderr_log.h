// The agent's own messages, for whoever looks at its stderr. What scripts log goes to the
// coordinator instead.
#pragma once

#include "common/base/log.h"
#include "common/base/sync.h"

namespace lockstep::agent {

class StderrLog final : public Logger {
 public:
  StderrLog(std::string name, bool verbose) : name_(std::move(name)), verbose_(verbose) {}
  void Write(LogRecord record) override;

 private:
  const std::string name_;
  const bool verbose_;
  Mutex mutex_;
};

}  // namespace lockstep::agent
