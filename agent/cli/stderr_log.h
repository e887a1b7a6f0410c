// The agent's own messages, for whoever looks at its stderr. What scripts log goes to the
// coordinator instead.
#pragma once

#include <string>

#include "common/base/log.h"
#include "common/base/writer_thread.h"

namespace lockstep::agent {

// Written by a thread: an agent whose stderr nobody reads goes on, without the lines that do not
// fit.
class StderrLog final : public Logger {
 public:
  StderrLog(std::string name, bool verbose);
  ~StderrLog() override { Flush(); }
  StderrLog(const StderrLog&) = delete;
  StderrLog& operator=(const StderrLog&) = delete;

  void Write(LogRecord record) override;
  // Waits a second at most for the last lines to get there.
  void Flush();

 private:
  const std::string name_;
  const bool verbose_;
  WriterThread writer_;
};

}  // namespace lockstep::agent
