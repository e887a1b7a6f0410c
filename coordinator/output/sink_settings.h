// Reads an output's settings from the environment: LOCKSTEP_<PREFIX>_<NAME> before
// K6_<PREFIX>_<NAME>. Mistakes are collected; the message names the variable, the value and what is
// allowed.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

#include "coordinator/output/output.h"

namespace lockstep::coordinator {

// The variables of all outputs, behind LOCKSTEP_ or K6_; beside them there are those that begin
// with PROMETHEUS_RW_HEADERS_.
absl::Span<const absl::string_view> SinkVariables();

class SinkSettings {
 public:
  // `prefix`: "PROMETHEUS_RW". The context is borrowed.
  SinkSettings(const OutputContext& context, absl::string_view prefix);

  // One of SinkVariables, without its prefix.
  std::optional<std::string> Find(absl::string_view name);
  std::string Text(absl::string_view name, absl::string_view fallback);
  bool Bool(absl::string_view name, bool fallback);
  // > 0, with a unit or as milliseconds.
  absl::Duration Duration(absl::string_view name, absl::Duration fallback);
  int64_t Int(absl::string_view name, int64_t fallback, int64_t least);
  // Comma-separated; empty parts are left out.
  std::vector<std::string> List(absl::string_view name, std::vector<std::string> fallback);
  // A comma-separated list of pairs as "Name: value" headers; `separator` stands between a pair.
  std::vector<std::string> Headers(absl::string_view name, char separator);
  // "Name: value" for each variable that begins with the stem: of "HEADERS" X-Id is
  // K6_<PREFIX>_HEADERS_X-Id.
  std::vector<std::string> HeaderVariables(absl::string_view stem);
  // Where the output sends to: what -o says itself, or else the variable `name`.
  std::string Address(absl::string_view argument, absl::string_view name,
                      absl::string_view fallback);
  // Refuses anything but an http or https URL. `url`: what was made of the address.
  void CheckAddress(const std::string& url);
  // What a message about the address begins with: "K6_STATSD_ADDR: "; "" if -o says it.
  const std::string& address_place() const { return address_place_; }
  // The path of a file that can be read; "" if the variable is not set.
  std::string File(absl::string_view name);
  // Notes a mistake in what -o says itself.
  void Wrong(std::string mistake) { errors_.push_back(std::move(mistake)); }
  // Notes a mistake in the variable `name`.
  void Refuse(absl::string_view name, absl::string_view value, absl::string_view allowed);
  // InvalidArgument with all mistakes, one a line.
  absl::Status status() const;

 private:
  // As it was set, or else as k6 calls it.
  std::string VariableOf(absl::string_view name) const;

  const OutputContext& context_;
  std::string prefix_;
  std::string address_;
  std::string address_place_;
  std::vector<std::string> errors_;
};

}  // namespace lockstep::coordinator
