// Log records as lines of logfmt, as both programs write them where no person watches: whatever a
// message or a value holds, a record is one line.
#pragma once

#include <string>

#include "absl/time/time.h"

#include "common/base/log.h"

namespace lockstep {

// time="2026-01-02T03:04:05Z" level=info msg="..." source=console
std::string FormatLogfmt(const LogRecord& record);

// Of the above: 2026-01-02T03:04:05Z
std::string LogTimeText(absl::Time time);
// Of the above: " source=console", for each field.
std::string LogFieldsText(const LogRecord& record);

}  // namespace lockstep
