// What the outputs that push to an HTTP server have in common: a pusher, an interval, and the words
// for what was lost.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "coordinator/output/http_pusher.h"
#include "coordinator/output/output.h"

namespace lockstep::coordinator {

class PushOutput : public Output {
 public:
  // `name` is the output's; `clock` is borrowed.
  PushOutput(std::string name, HttpTarget target, HttpPusher::Limits limits,
             absl::Duration interval, const Clock& clock);

  std::string Description() const final;
  absl::Status Start() final;
  void Flush() final;
  void BeginStop() final;
  absl::Status Stop() final;
  std::optional<std::string> Lost() const final;

 protected:
  // Puts what has come together since the last time into pusher(). `last`: it is the end.
  virtual void PushNow(bool last) = 0;
  // Before anything else is pushed.
  virtual void Greet() {}
  HttpPusher& pusher() { return pusher_; }
  const std::string& url() const { return url_; }
  const Clock& clock() const { return clock_; }

 private:
  const std::string name_;
  const std::string url_;
  HttpPusher pusher_;
  const absl::Duration interval_;
  const Clock& clock_;
  MonoTime next_;
  bool stopping_ = false;
  HttpPusher::Tally tally_;  // after Stop
};

}  // namespace lockstep::coordinator
