// Command lines as a test sees them: taken for a command, or refused.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_join.h"

#include "coordinator/app/commands.h"

namespace lockstep::coordinator {

template <class T>
T Parsed(const std::vector<std::string>& args, const Environment& environment = {}) {
  auto result = ParseCommandLine(args, environment);
  if (const auto* exit = std::get_if<CommandLineExit>(&result)) {
    ADD_FAILURE() << exit->error;
    return T();
  }
  return std::get<T>(std::get<CommandLine>(result).command);
}

// What is wrong with the flags of a test is told along with what is wrong with the test.
inline CommandLineExit Refused(const std::vector<std::string>& args,
                               const Environment& environment = {}) {
  auto result = ParseCommandLine(args, environment);
  if (const auto* exit = std::get_if<CommandLineExit>(&result)) {
    return *exit;
  }
  const std::vector<std::string> errors = std::visit(
      [](const auto& command) -> std::vector<std::string> {
        if constexpr (requires { command.test; }) {
          return command.test.errors;
        } else {
          return {};
        }
      },
      std::get<CommandLine>(result).command);
  if (!errors.empty()) {
    return {.code = ExitCode::kOther, .error = absl::StrJoin(errors, "\n")};
  }
  ADD_FAILURE() << "was accepted";
  return {};
}

}  // namespace lockstep::coordinator
