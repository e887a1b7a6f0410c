#include "coordinator/app/control.h"

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/clock.h"
#include "common/messages/words.h"
#include "common/trust/credentials.h"
#include "coordinator/console/status_text.h"
#include "coordinator/console/streams.h"
#include "coordinator/console/terminal.h"
#include "coordinator/rpc/control_client.h"

namespace lockstep::coordinator {
namespace {

void Print(const std::string& text) {
  WriteStdout(text);
}

// Where statuses go: lines, or on a terminal that can do it and is to be watched, one place.
class StatusPrinter {
 public:
  StatusPrinter(const ControlCommand& command, const Environment& environment) : command_(command) {
    const auto term = environment.find("TERM");
    const bool capable =
        term != environment.end() && IsCapableTerminal(STDOUT_FILENO, term->second);
    at_terminal_ = capable;
    color_ = capable && !command.log.no_color;
    in_place_ = capable && command.watch && !command.json;
  }
  // The last one stays.
  ~StatusPrinter() {
    if (in_place_) {
      terminal_.Leave(lines_);
    }
  }
  StatusPrinter(const StatusPrinter&) = delete;
  StatusPrinter& operator=(const StatusPrinter&) = delete;

  void Show(const v1::RunStatus& status) {
    if (command_.json) {
      Print(JsonInWords(status, !command_.watch));
      return;
    }
    lines_ = RenderStatus(status, {.columns = at_terminal_ ? SizeOfTerminal(STDOUT_FILENO).columns
                                                           : std::numeric_limits<int>::max(),
                                   .color = color_});
    if (in_place_) {
      terminal_.Draw(lines_);
    } else {
      Print(absl::StrCat(absl::StrJoin(lines_, "\n"), "\n"));
    }
  }

 private:
  const ControlCommand& command_;
  bool at_terminal_ = false;
  bool color_ = false;
  bool in_place_ = false;
  std::vector<std::string> lines_;
  Terminal terminal_{[](absl::string_view text) { Print(std::string(text)); },
                     [] { return SizeOfTerminal(STDOUT_FILENO); }};
};

}  // namespace

ExitCode ExecuteControl(const ControlCommand& command, const Environment& environment,
                        Logger& logger) {
  absl::StatusOr<std::optional<Credentials>> credentials =
      ChooseCredentials(command.transport.insecure, command.transport.credentials, environment,
                        Role::kOperator, SystemClock().Wall());
  if (!credentials.ok()) {
    logger.Error(std::string(credentials.status().message()));
    return ExitCode::kInvalidConfig;
  }
  ControlClient client(command.address, credentials->has_value() ? &**credentials : nullptr);
  absl::Status failure;
  std::optional<StatusPrinter> printer(std::in_place, command, environment);
  if (command.verb == ControlCommand::Verb::kStatus && command.watch) {
    failure = client.Watch([&](const v1::RunStatus& status) {
      printer->Show(status);
      return true;
    });
  } else {
    absl::StatusOr<v1::RunStatus> status;
    switch (command.verb) {
      case ControlCommand::Verb::kStatus:
        status = client.GetStatus();
        break;
      case ControlCommand::Verb::kPause:
        status = client.Pause();
        break;
      case ControlCommand::Verb::kResume:
        status = client.Resume();
        break;
      case ControlCommand::Verb::kScale:
        status = client.Scale(command.vus, command.max_vus, command.agents);
        break;
      case ControlCommand::Verb::kStop:
        status = client.Stop(command.now);
        break;
    }
    failure = status.status();
    if (status.ok()) {
      printer->Show(*status);
    }
  }
  printer.reset();
  if (!failure.ok()) {
    logger.Error(std::string(failure.message()));
    return ExitCode::kOther;
  }
  return ExitCode::kSuccess;
}

}  // namespace lockstep::coordinator
